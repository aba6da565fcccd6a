package resource

import (
	"context"
	"errors"

	"google.golang.org/grpc"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/service"
	"github.com/beauty-salon/platform/services/appointment/salon"
)

// Resources is the root of the package: it implements ResourceService. It is safe for concurrent use.
type Resources struct {
	appointmentv1.UnimplementedResourceServiceServer

	deps     service.Deps
	salons   *salon.Salons
	store    *Store
	requests *idempotency.Guard
	pages    *pagetoken.Codec
}

// New returns the root. It connects to nothing.
func New(d service.Deps, salons *salon.Salons) *Resources {
	return &Resources{
		deps:     d,
		salons:   salons,
		store:    NewStore(d.DB),
		requests: idempotency.New(d.Keys, d.PreviousKeys, d.Now),
		pages:    pagetoken.New(d.Keys),
	}
}

// Register adds ResourceService to a server.
func (r *Resources) Register(s grpc.ServiceRegistrar) {
	appointmentv1.RegisterResourceServiceServer(s, r)
}

// checkStaff returns absent unless the caller may see the resources of a salon: its staff and administrators do.
func checkStaff(ctx context.Context, salonID string, absent error) error {
	if caller := auth.Caller(ctx); !caller.IsAdmin() && !caller.Has(salonID, auth.Staff...) {
		return absent
	}
	return nil
}

// checkManager returns absent when the caller may not see the resources of a salon, and salon.ErrNotManager when the caller may
// see them and not change them.
func checkManager(ctx context.Context, salonID string, absent error) error {
	if err := checkStaff(ctx, salonID, absent); err != nil {
		return err
	}
	if !auth.Caller(ctx).Manages(salonID) {
		return salon.ErrNotManager
	}
	return nil
}

// change runs fn in a transaction that holds the locks of all masters of a salon. With validateOnly, it rolls back what fn did.
func (r *Resources) change(
	ctx context.Context, salonID string, validateOnly bool, fn func(tx *postgres.DB, store *Store) error,
) error {
	err := r.deps.DB.InTx(ctx, func(tx *postgres.DB) error {
		if err := salon.LockRules(ctx, tx, salonID); err != nil {
			return err
		}
		if err := fn(tx, NewStore(tx)); err != nil {
			return err
		}
		if validateOnly {
			return errValidated
		}
		return nil
	})
	if errors.Is(err, errValidated) {
		return nil
	}
	return err
}
