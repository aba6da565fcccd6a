package resource

import (
	"context"

	"google.golang.org/protobuf/types/known/emptypb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/salon"
)

// ListResourceKinds implements ResourceServiceServer.
func (r *Resources) ListResourceKinds(
	ctx context.Context, req *appointmentv1.ListResourceKindsRequest,
) (*appointmentv1.ListResourceKindsResponse, error) {
	if _, err := r.salons.Get(ctx, req.GetSalonId()); err != nil {
		return nil, err
	}
	kinds, err := postgres.Recent(ctx, r.deps.DB, func(ctx context.Context, db *postgres.DB) ([]Kind, error) {
		return NewStore(db).Kinds(ctx, req.GetSalonId())
	})
	if err != nil {
		return nil, err
	}
	list := make([]*appointmentv1.ResourceKind, len(kinds))
	for i, k := range kinds {
		list[i] = kindToProto(k)
	}
	return &appointmentv1.ListResourceKindsResponse{ResourceKinds: list}, nil
}

// CreateResourceKind implements ResourceServiceServer.
func (r *Resources) CreateResourceKind(
	ctx context.Context, req *appointmentv1.CreateResourceKindRequest,
) (*appointmentv1.ResourceKind, error) {
	if _, err := r.salons.Get(ctx, req.GetSalonId()); err != nil {
		return nil, err
	}
	caller := auth.Caller(ctx)
	if !caller.Manages(req.GetSalonId()) {
		return nil, salon.ErrNotManager
	}
	created := Kind{ID: id.New(), SalonID: req.GetSalonId(), Name: req.GetName(), CreateTime: r.deps.Time()}
	key := idempotency.Key{
		Caller:    caller.UserID,
		Method:    appointmentv1.ResourceService_CreateResourceKind_FullMethodName,
		RequestID: req.GetRequestId(),
	}
	return idempotency.Run(ctx, r.requests, r.deps.DB, key, req, func(tx *postgres.DB) (*appointmentv1.ResourceKind, error) {
		if err := salon.LockRules(ctx, tx, created.SalonID); err != nil {
			return nil, err
		}
		store := NewStore(tx)
		if err := store.CreateKind(ctx, created); err != nil {
			return nil, err
		}
		if err := salon.ChangeRules(ctx, tx, created.SalonID); err != nil {
			return nil, err
		}
		// After the lock of the salon's row, so that the kinds of all others are counted.
		n, err := store.CountKinds(ctx, created.SalonID)
		if err != nil {
			return nil, err
		}
		if n > maxKinds {
			return nil, errTooManyKinds
		}
		return kindToProto(created), nil
	})
}

// DeleteResourceKind implements ResourceServiceServer.
func (r *Resources) DeleteResourceKind(
	ctx context.Context, req *appointmentv1.DeleteResourceKindRequest,
) (*emptypb.Empty, error) {
	known, err := r.store.Kind(ctx, req.GetResourceKindId())
	if err != nil {
		return nil, err
	}
	if !auth.Caller(ctx).Manages(known.SalonID) {
		return nil, salon.ErrNotManager
	}
	err = r.change(ctx, known.SalonID, false, func(tx *postgres.DB, store *Store) error {
		kind, err := store.Kind(ctx, known.ID, postgres.LockForChange)
		if err != nil {
			return err
		}
		// In a statement after the lock, so that what refers to the kind is seen.
		used, err := store.KindInUse(ctx, kind)
		if err != nil {
			return err
		}
		if used {
			return errKindInUse
		}
		if err := store.DeleteKind(ctx, kind, r.deps.Time()); err != nil {
			return err
		}
		return salon.ChangeRules(ctx, tx, kind.SalonID)
	})
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}
