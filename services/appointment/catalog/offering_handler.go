package catalog

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/types/known/emptypb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/claims"
	"github.com/beauty-salon/platform/services/appointment/people"
	"github.com/beauty-salon/platform/services/appointment/salon"
)

// ListOfferings implements CatalogServiceServer.
func (c *Catalog) ListOfferings(
	ctx context.Context, req *appointmentv1.ListOfferingsRequest,
) (*appointmentv1.ListOfferingsResponse, error) {
	offerings, next, err := pagetoken.List(c.pages, req,
		func(after *ServiceCursor, limit int) ([]Offering, error) {
			if _, err := c.master(ctx, req.GetMasterId()); err != nil {
				return nil, err
			}
			return postgres.Recent(ctx, c.deps.DB, func(ctx context.Context, db *postgres.DB) ([]Offering, error) {
				return NewStore(db).OfferingsOf(ctx, req.GetMasterId(), after, limit)
			})
		},
		func(o Offering) ServiceCursor { return ServiceCursor{Name: o.Service.Name, ID: o.Service.ID} }, offeringToProto)
	if err != nil {
		return nil, err
	}
	return &appointmentv1.ListOfferingsResponse{Offerings: offerings, NextPageToken: next}, nil
}

// PutOffering implements CatalogServiceServer.
func (c *Catalog) PutOffering(
	ctx context.Context, req *appointmentv1.PutOfferingRequest,
) (*appointmentv1.Offering, error) {
	var o Offering
	err := c.changeOfferings(ctx, req.GetMasterId(), func(tx *postgres.DB, master people.Master) error {
		store := NewStore(tx)
		// Shared, so that the currency stays what the price is checked against, and so that a change of the
		// service knows all masters who offer it.
		s, err := store.Service(ctx, req.GetServiceId(), lockForShare)
		if err != nil {
			return err
		}
		if s.SalonID != master.SalonID {
			return errOtherSalon
		}
		now := c.deps.Time()
		before, deleted, err := store.LockOrMakeOffering(ctx, master.ID, s, now)
		if err != nil {
			return err
		}
		o = before
		version := before.Version
		if deleted { // there is nothing to change yet
			o.CreateTime, version = now, 0
		}
		if err := etag.Match(req.GetEtag(), version); err != nil {
			return err
		}
		o.PriceOverrideMinor, o.DurationOverrideMinutes = nil, req.DurationOverrideMinutes
		o.PhasesOverride = phasesFromProto(req.GetPhasesOverride())
		o.BufferBeforeOverrideMinutes, o.BufferAfterOverrideMinutes = req.BufferBeforeOverrideMinutes, req.BufferAfterOverrideMinutes
		if price := req.GetPriceOverride(); price != nil {
			if price.GetCurrencyCode() != s.Currency {
				return apierr.InvalidField("price_override.currency_code",
					fmt.Sprintf("must be the service's currency, %s", s.Currency))
			}
			o.PriceOverrideMinor = price.AmountMinor
		}
		if !deleted && o.sameOverrides(before) {
			return nil
		}
		if err := o.checkOverrides(); err != nil {
			return err
		}
		if err := store.checkKinds(ctx, o.SalonID, "phases_override", o.PhasesOverride); err != nil {
			return err
		}
		o.Version++
		o.UpdateTime = now
		if err := store.PutOffering(ctx, o); err != nil {
			return err
		}
		return salon.ChangeRules(ctx, tx, o.SalonID)
	})
	if err != nil {
		return nil, err
	}
	return offeringToProto(o), nil
}

// DeleteOffering implements CatalogServiceServer.
func (c *Catalog) DeleteOffering(
	ctx context.Context, req *appointmentv1.DeleteOfferingRequest,
) (*emptypb.Empty, error) {
	err := c.changeOfferings(ctx, req.GetMasterId(), func(tx *postgres.DB, master people.Master) error {
		o, err := NewStore(tx).LockOffering(ctx, master.ID, req.GetServiceId())
		if err != nil {
			return err
		}
		if err := etag.Match(req.GetEtag(), o.Version); err != nil {
			return err
		}
		if err := c.deleteOfferings(ctx, tx, []Offering{o}); err != nil {
			return err
		}
		return salon.ChangeRules(ctx, tx, o.SalonID)
	})
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}

// master returns a master who takes bookings. A master who is unknown, deleted or disabled is NOT_FOUND.
func (c *Catalog) master(ctx context.Context, id string) (people.Master, error) {
	m, err := c.people.Master(ctx, id)
	if errors.Is(err, people.ErrMasterUnavailable) {
		return people.Master{}, errNoMaster
	}
	return m, err
}

// changeOfferings runs change in a transaction that holds the lock of a master of a salon that the caller
// manages.
func (c *Catalog) changeOfferings(
	ctx context.Context, masterID string, change func(tx *postgres.DB, master people.Master) error,
) error {
	known, err := c.master(ctx, masterID)
	if err != nil {
		return err
	}
	if !auth.Caller(ctx).Manages(known.SalonID) {
		return salon.ErrNotManager
	}
	return c.deps.DB.InTx(ctx, func(tx *postgres.DB) error {
		// In a statement of its own: what is read after it is as new as the lock.
		if err := claims.Lock(ctx, tx, masterID); err != nil {
			return err
		}
		master, err := people.NewStore(tx).Master(ctx, masterID)
		if err != nil {
			return err
		}
		if !master.Bookable() || master.SalonID != known.SalonID {
			return claims.ErrContention
		}
		return change(tx, master)
	})
}
