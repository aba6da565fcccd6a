package salon

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/types/known/emptypb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/internal/fieldmask"
	"github.com/beauty-salon/platform/internal/fold"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/postgres"
)

// GetSalon implements SalonServiceServer.
func (s *Salons) GetSalon(ctx context.Context, req *appointmentv1.GetSalonRequest) (*appointmentv1.Salon, error) {
	found, err := s.store.Salon(ctx, req.GetSalonId())
	if err != nil {
		return nil, err
	}
	return toProto(found), nil
}

// ListSalons implements SalonServiceServer.
func (s *Salons) ListSalons(
	ctx context.Context, req *appointmentv1.ListSalonsRequest,
) (*appointmentv1.ListSalonsResponse, error) {
	salons, next, err := pagetoken.List(s.pages, req,
		func(after *Cursor, limit int) ([]Salon, error) {
			return postgres.Recent(ctx, s.deps.DB, func(ctx context.Context, db *postgres.DB) ([]Salon, error) {
				return NewStore(db).List(ctx, fold.Text(req.GetQuery()), after, limit)
			})
		},
		func(s Salon) Cursor { return Cursor{Name: s.Name, ID: s.ID} }, toProto)
	if err != nil {
		return nil, err
	}
	return &appointmentv1.ListSalonsResponse{Salons: salons, NextPageToken: next}, nil
}

// CreateSalon implements SalonServiceServer.
func (s *Salons) CreateSalon(ctx context.Context, req *appointmentv1.CreateSalonRequest) (*appointmentv1.Salon, error) {
	now := s.deps.Time()
	created := Salon{
		ID:          id.New(),
		Name:        req.GetName(),
		Slug:        req.GetSlug(),
		Description: req.GetDescription(),
		Address:     req.GetAddress(),
		Phone:       req.GetPhone(),
		Email:       req.GetEmail(),
		WebsiteURL:  req.GetWebsiteUrl(),
		TimeZone:    req.GetTimeZone(),
		Currency:    req.GetCurrencyCode(),
		Version:     1,
		CreateTime:  now,
		UpdateTime:  now,
	}
	if err := created.check(nil); err != nil {
		return nil, err
	}
	policy := DefaultPolicy()
	policy.UpdateTime = now
	key := idempotency.Key{
		Caller:    auth.Caller(ctx).UserID,
		Method:    appointmentv1.SalonService_CreateSalon_FullMethodName,
		RequestID: req.GetRequestId(),
	}
	return idempotency.Run(ctx, s.requests, s.deps.DB, key, req, func(tx *postgres.DB) (*appointmentv1.Salon, error) {
		if err := NewStore(tx).Create(ctx, created, policy); err != nil {
			return nil, err
		}
		return toProto(created), nil
	})
}

// UpdateSalon implements SalonServiceServer.
func (s *Salons) UpdateSalon(ctx context.Context, req *appointmentv1.UpdateSalonRequest) (*appointmentv1.Salon, error) {
	fields, err := fieldmask.Paths(req)
	if err != nil {
		return nil, err
	}
	if err := s.checkManager(ctx, req.GetSalonId()); err != nil {
		return nil, err
	}
	var salon Salon
	err = s.deps.DB.InTx(ctx, func(tx *postgres.DB) error {
		if fields.Has("time_zone") { // in which hours and dates are read
			if err := LockRules(ctx, tx, req.GetSalonId()); err != nil {
				return err
			}
		}
		store := NewStore(tx)
		before, err := store.Salon(ctx, req.GetSalonId(), postgres.LockForChange)
		if err != nil {
			return err
		}
		if err := etag.Match(req.GetEtag(), before.Version); err != nil {
			return err
		}
		salon = before
		salon.write(req, fields)
		if salon == before {
			return nil
		}
		if err := salon.check(&before); err != nil {
			return err
		}
		if salon.Currency != before.Currency {
			has, err := store.HasServices(ctx, salon.ID)
			if err != nil {
				return err
			}
			if has {
				return apierr.InvalidField("currency_code",
					fmt.Sprintf("must stay %s while the salon has services", before.Currency))
			}
		}
		salon.Version++
		salon.UpdateTime = s.deps.Time()
		tx.OnCommit(func() { s.Forget(salon.ID) })
		if err := store.Update(ctx, salon); err != nil || salon.TimeZone == before.TimeZone {
			return err
		}
		return ChangeRules(ctx, tx, salon.ID)
	})
	if err != nil {
		return nil, err
	}
	return toProto(salon), nil
}

// checkManager returns ErrNotFound when there is no such salon, and ErrNotManager when the caller does not manage it.
func (s *Salons) checkManager(ctx context.Context, salonID string) error {
	if _, err := s.store.Salon(ctx, salonID); err != nil {
		return err
	}
	if !auth.Caller(ctx).Manages(salonID) {
		return ErrNotManager
	}
	return nil
}

// write applies the fields of a request.
func (s *Salon) write(req *appointmentv1.UpdateSalonRequest, fields fieldmask.Set) {
	fieldmask.Write(fields, "name", &s.Name, req.GetName())
	fieldmask.Write(fields, "slug", &s.Slug, req.GetSlug())
	fieldmask.Write(fields, "description", &s.Description, req.GetDescription())
	fieldmask.Write(fields, "address", &s.Address, req.GetAddress())
	fieldmask.Write(fields, "phone", &s.Phone, req.GetPhone())
	fieldmask.Write(fields, "email", &s.Email, req.GetEmail())
	fieldmask.Write(fields, "website_url", &s.WebsiteURL, req.GetWebsiteUrl())
	fieldmask.Write(fields, "time_zone", &s.TimeZone, req.GetTimeZone())
	fieldmask.Write(fields, "currency_code", &s.Currency, req.GetCurrencyCode())
}

// DeleteSalon implements SalonServiceServer.
func (s *Salons) DeleteSalon(ctx context.Context, req *appointmentv1.DeleteSalonRequest) (*emptypb.Empty, error) {
	err := s.deps.DB.InTx(ctx, func(tx *postgres.DB) error {
		store := NewStore(tx)
		salon, err := store.Salon(ctx, req.GetSalonId(), lockForDelete)
		if err != nil {
			return err
		}
		if err := etag.Match(req.GetEtag(), salon.Version); err != nil {
			return err
		}
		if salon.IsDefault {
			return ErrDefault
		}
		// In a statement after the lock, so what was added before it is seen.
		empty, err := store.IsEmpty(ctx, salon.ID)
		if err != nil {
			return err
		}
		if !empty {
			return ErrNotEmpty
		}
		salon.Version++
		salon.UpdateTime = s.deps.Time()
		tx.OnCommit(func() { s.Forget(salon.ID) })
		return store.Delete(ctx, salon)
	})
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}

// SetDefaultSalon implements SalonServiceServer.
func (s *Salons) SetDefaultSalon(
	ctx context.Context, req *appointmentv1.SetDefaultSalonRequest,
) (*appointmentv1.Salon, error) {
	var salon Salon
	err := s.deps.DB.InTx(ctx, func(tx *postgres.DB) error {
		store := NewStore(tx)
		before, err := store.DefaultForChange(ctx)
		if err != nil {
			return err
		}
		salon, err = store.Salon(ctx, req.GetSalonId(), postgres.LockForChange)
		if err != nil || salon.IsDefault {
			return err
		}
		now := s.deps.Time()
		// The former default first: only one salon can be the default.
		for _, changed := range []*Salon{&before, &salon} {
			changed.IsDefault = changed == &salon
			changed.Version++
			changed.UpdateTime = now
			if err := store.Update(ctx, *changed); err != nil {
				return err
			}
		}
		tx.OnCommit(func() { s.Forget(before.ID); s.Forget(salon.ID) })
		return nil
	})
	if err != nil {
		return nil, err
	}
	return toProto(salon), nil
}
