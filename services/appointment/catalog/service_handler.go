package catalog

import (
	"context"

	"google.golang.org/protobuf/types/known/emptypb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/internal/fieldmask"
	"github.com/beauty-salon/platform/internal/fold"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/salon"
)

// priceCurrency is the field of a price's currency.
const priceCurrency = "price.currency_code"

// GetService implements CatalogServiceServer.
func (c *Catalog) GetService(ctx context.Context, req *appointmentv1.GetServiceRequest) (*appointmentv1.Service, error) {
	return c.services.Get(ctx, req.GetServiceId())
}

// ListServices implements CatalogServiceServer.
func (c *Catalog) ListServices(
	ctx context.Context, req *appointmentv1.ListServicesRequest,
) (*appointmentv1.ListServicesResponse, error) {
	services, next, err := pagetoken.List(c.pages, req,
		func(after *ServiceCursor, limit int) ([]Service, error) {
			f := ServiceFilter{
				SalonID:  req.GetSalonId(),
				Category: req.GetCategory(),
				Text:     fold.Text(req.GetQuery()),
				Active:   req.Active,
				After:    after,
				Limit:    limit,
			}
			return postgres.Recent(ctx, c.deps.DB, func(ctx context.Context, db *postgres.DB) ([]Service, error) {
				return NewStore(db).Services(ctx, f)
			})
		},
		func(s Service) ServiceCursor { return ServiceCursor{Category: s.Category, Name: s.Name, ID: s.ID} }, serviceToProto)
	if err != nil {
		return nil, err
	}
	return &appointmentv1.ListServicesResponse{Services: services, NextPageToken: next}, nil
}

// CreateService implements CatalogServiceServer.
func (c *Catalog) CreateService(
	ctx context.Context, req *appointmentv1.CreateServiceRequest,
) (*appointmentv1.Service, error) {
	caller := auth.Caller(ctx)
	of, err := c.salons.ForCreate(ctx, caller, req.GetSalonId(), "salon_id", apiv1.SalonRole_SALON_ROLE_MANAGER)
	if err != nil {
		return nil, err
	}
	if !caller.Manages(of.ID) {
		return nil, salon.ErrNotManager
	}
	now := c.deps.Time()
	created := Service{
		ID:                      id.New(),
		SalonID:                 of.ID,
		Name:                    req.GetName(),
		Description:             req.GetDescription(),
		Category:                req.GetCategory(),
		PriceMinor:              req.GetPrice().GetAmountMinor(),
		Currency:                req.GetPrice().GetCurrencyCode(),
		BufferBeforeMinutes:     req.GetBufferBeforeMinutes(),
		BufferAfterMinutes:      req.GetBufferAfterMinutes(),
		Active:                  req.Active == nil || req.GetActive(),
		OnlineBookable:          req.OnlineBookable == nil || req.GetOnlineBookable(),
		LeadTimeOverrideMinutes: req.LeadTimeOverrideMinutes,
		HorizonOverrideDays:     req.HorizonOverrideDays,
		SlotStepOverrideMinutes: req.SlotStepOverrideMinutes,
		Capacity:                max(req.GetCapacity(), 1),
		Version:                 1,
		CreateTime:              now,
		UpdateTime:              now,
	}
	if err := created.setPhases(phasesFromProto(req.GetPhases()), req.DurationMinutes); err != nil {
		return nil, err
	}
	key := idempotency.Key{
		Caller:    caller.UserID,
		Method:    appointmentv1.CatalogService_CreateService_FullMethodName,
		RequestID: req.GetRequestId(),
	}
	return idempotency.Run(ctx, c.requests, c.deps.DB, key, req, func(tx *postgres.DB) (*appointmentv1.Service, error) {
		store := NewStore(tx)
		if err := store.checkKinds(ctx, of.ID, "phases", created.Phases); err != nil {
			return nil, err
		}
		if err := store.CreateService(ctx, created); err != nil {
			return nil, err
		}
		if err := salon.ChangeRules(ctx, tx, of.ID); err != nil {
			return nil, err
		}
		if err := checkCurrency(ctx, tx, created); err != nil {
			return nil, err
		}
		return serviceToProto(created), nil
	})
}

// UpdateService implements CatalogServiceServer.
func (c *Catalog) UpdateService(
	ctx context.Context, req *appointmentv1.UpdateServiceRequest,
) (*appointmentv1.Service, error) {
	fields, err := fieldmask.Paths(req)
	if err != nil {
		return nil, err
	}
	var s Service
	err = c.changeService(ctx, req.GetServiceId(), func(tx *postgres.DB, before Service) error {
		if err := etag.Match(req.GetEtag(), before.Version); err != nil {
			return err
		}
		s = before
		if err := s.write(req, fields); err != nil {
			return err
		}
		if s.equal(before) {
			return nil
		}
		store := NewStore(tx)
		if fields.Has("phases") {
			if err := store.checkKinds(ctx, s.SalonID, "phases", s.Phases); err != nil {
				return err
			}
			if len(s.Phases) > 1 {
				if err := store.refuseDurationOverrides(ctx, s.ID); err != nil {
					return err
				}
			}
		}
		if s.Currency != before.Currency {
			if err := store.refuseForeignOverrides(ctx, before); err != nil {
				return err
			}
		}
		s.Version++
		s.UpdateTime = c.deps.Time()
		// Before the commit: a process that ends in between would leave an old price in the cache.
		c.services.Drop(ctx, s.ID, s.Version)
		if err := store.UpdateService(ctx, s); err != nil {
			return err
		}
		if err := salon.ChangeRules(ctx, tx, s.SalonID); err != nil || !fields.Has("price") {
			return err
		}
		return checkCurrency(ctx, tx, s)
	})
	if err != nil {
		return nil, err
	}
	return serviceToProto(s), nil
}

// checkCurrency returns INVALID_FIELDS unless a service has its price in the salon's currency. The row of the salon is locked, so
// that the currency stays as it is.
func checkCurrency(ctx context.Context, tx *postgres.DB, s Service) error {
	of, err := salon.NewStore(tx).Salon(ctx, s.SalonID)
	if err != nil {
		return err
	}
	return of.CheckPriceCurrency(priceCurrency, s.Currency)
}

// write applies the fields of a request. A duration that does not fit the phases, and phases that cannot be, are INVALID_FIELDS.
func (s *Service) write(req *appointmentv1.UpdateServiceRequest, fields fieldmask.Set) error {
	fieldmask.Write(fields, "name", &s.Name, req.GetName())
	fieldmask.Write(fields, "description", &s.Description, req.GetDescription())
	fieldmask.Write(fields, "category", &s.Category, req.GetCategory())
	fieldmask.Write(fields, "price", &s.PriceMinor, req.GetPrice().GetAmountMinor())
	fieldmask.Write(fields, "price", &s.Currency, req.GetPrice().GetCurrencyCode())
	fieldmask.Write(fields, "buffer_before_minutes", &s.BufferBeforeMinutes, req.GetBufferBeforeMinutes())
	fieldmask.Write(fields, "buffer_after_minutes", &s.BufferAfterMinutes, req.GetBufferAfterMinutes())
	fieldmask.Write(fields, "active", &s.Active, req.GetActive())
	fieldmask.Write(fields, "online_bookable", &s.OnlineBookable, req.GetOnlineBookable())
	fieldmask.Write(fields, "lead_time_override_minutes", &s.LeadTimeOverrideMinutes, req.LeadTimeOverrideMinutes)
	fieldmask.Write(fields, "horizon_override_days", &s.HorizonOverrideDays, req.HorizonOverrideDays)
	fieldmask.Write(fields, "slot_step_override_minutes", &s.SlotStepOverrideMinutes, req.SlotStepOverrideMinutes)
	fieldmask.Write(fields, "capacity", &s.Capacity, max(req.GetCapacity(), 1))
	var minutes *int32
	if fields.Has("duration_minutes") {
		minutes = req.DurationMinutes
	}
	switch phases := phasesFromProto(req.GetPhases()); {
	case fields.Has("phases") && len(phases) == 0 && minutes == nil:
		return s.setPhases(nil, &s.DurationMinutes)
	case fields.Has("phases"):
		return s.setPhases(phases, minutes)
	case minutes != nil:
		return s.setDuration(*minutes)
	}
	return nil
}

// DeleteService implements CatalogServiceServer. The offerings of the service go with it.
func (c *Catalog) DeleteService(ctx context.Context, req *appointmentv1.DeleteServiceRequest) (*emptypb.Empty, error) {
	err := c.changeService(ctx, req.GetServiceId(), func(tx *postgres.DB, s Service) error {
		if err := etag.Match(req.GetEtag(), s.Version); err != nil {
			return err
		}
		store := NewStore(tx)
		offerings, err := store.LockOfferingsFor(ctx, s.ID)
		if err != nil {
			return err
		}
		if err := c.deleteOfferings(ctx, tx, offerings); err != nil {
			return err
		}
		s.Version++
		s.UpdateTime = c.deps.Time()
		// Before the commit: a process that ends in between would leave a deleted service in the cache.
		c.services.Drop(ctx, s.ID, s.Version)
		if err := store.DeleteService(ctx, s); err != nil {
			return err
		}
		return salon.ChangeRules(ctx, tx, s.SalonID)
	})
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}
