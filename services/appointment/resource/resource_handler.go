package resource

import (
	"context"
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/internal/fieldmask"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/salon"
)

// ListResources implements ResourceServiceServer.
func (r *Resources) ListResources(
	ctx context.Context, req *appointmentv1.ListResourcesRequest,
) (*appointmentv1.ListResourcesResponse, error) {
	if _, err := r.salons.Get(ctx, req.GetSalonId()); err != nil {
		return nil, err
	}
	if err := checkStaff(ctx, req.GetSalonId(), salon.ErrNotFound); err != nil {
		return nil, err
	}
	resources, next, err := pagetoken.List(r.pages, req,
		func(after *Cursor, limit int) ([]Listed, error) {
			f := Filter{SalonID: req.GetSalonId(), KindID: req.GetResourceKindId(), After: after, Limit: limit}
			return postgres.Recent(ctx, r.deps.DB, func(ctx context.Context, db *postgres.DB) ([]Listed, error) {
				return NewStore(db).List(ctx, f)
			})
		},
		func(l Listed) Cursor { return Cursor{KindName: l.KindName, Name: l.Name, ID: l.ID} },
		func(l Listed) *appointmentv1.Resource { return toProto(l.Resource) })
	if err != nil {
		return nil, err
	}
	return &appointmentv1.ListResourcesResponse{Resources: resources, NextPageToken: next}, nil
}

// CreateResource implements ResourceServiceServer.
func (r *Resources) CreateResource(
	ctx context.Context, req *appointmentv1.CreateResourceRequest,
) (*appointmentv1.Resource, error) {
	if _, err := r.salons.Get(ctx, req.GetSalonId()); err != nil {
		return nil, err
	}
	if err := checkManager(ctx, req.GetSalonId(), salon.ErrNotFound); err != nil {
		return nil, err
	}
	now := r.deps.Time()
	created := Resource{
		ID:         id.New(),
		SalonID:    req.GetSalonId(),
		KindID:     req.GetResourceKindId(),
		Name:       req.GetName(),
		Active:     req.Active == nil || req.GetActive(),
		Version:    1,
		CreateTime: now,
		UpdateTime: now,
	}
	key := idempotency.Key{
		Caller:    auth.Caller(ctx).UserID,
		Method:    appointmentv1.ResourceService_CreateResource_FullMethodName,
		RequestID: req.GetRequestId(),
	}
	return idempotency.Run(ctx, r.requests, r.deps.DB, key, req, func(tx *postgres.DB) (*appointmentv1.Resource, error) {
		if err := salon.LockRules(ctx, tx, created.SalonID); err != nil {
			return nil, err
		}
		store := NewStore(tx)
		if err := store.ShareKind(ctx, created.SalonID, created.KindID); err != nil {
			return nil, err
		}
		if err := store.Create(ctx, created); err != nil {
			return nil, err
		}
		if err := salon.ChangeRules(ctx, tx, created.SalonID); err != nil {
			return nil, err
		}
		return toProto(created), nil
	})
}

// UpdateResource implements ResourceServiceServer.
func (r *Resources) UpdateResource(
	ctx context.Context, req *appointmentv1.UpdateResourceRequest,
) (*appointmentv1.UpdateResourceResponse, error) {
	fields, err := fieldmask.Paths(req)
	if err != nil {
		return nil, err
	}
	salonID, err := r.forChange(ctx, req.GetResourceId())
	if err != nil {
		return nil, err
	}
	var (
		after  Resource
		impact Impact
	)
	err = r.change(ctx, salonID, req.GetValidateOnly(), func(tx *postgres.DB, store *Store) error {
		before, err := store.Resource(ctx, req.GetResourceId(), postgres.LockForChange)
		if err != nil {
			return err
		}
		if err := etag.Match(req.GetEtag(), before.Version); err != nil {
			return err
		}
		after, impact = before, Impact{}
		fieldmask.Write(fields, "name", &after.Name, req.GetName())
		fieldmask.Write(fields, "active", &after.Active, req.GetActive())
		if fields.Has("active") && !after.Active {
			now := r.deps.Time()
			if impact, err = store.Impact(ctx, after, now, time.Time{}, now); err != nil {
				return err
			}
		}
		if after == before {
			return nil
		}
		written := after
		written.Version++
		written.UpdateTime = r.deps.Time()
		if err := store.Update(ctx, written); err != nil {
			return err
		}
		if !req.GetValidateOnly() { // else the resource keeps its etag
			after = written
		}
		return salon.ChangeRules(ctx, tx, salonID)
	})
	if err != nil {
		return nil, err
	}
	answer := impact.toProto()
	answer.Resource = toProto(after)
	return answer, nil
}

// DeleteResource implements ResourceServiceServer.
func (r *Resources) DeleteResource(
	ctx context.Context, req *appointmentv1.DeleteResourceRequest,
) (*appointmentv1.UpdateResourceResponse, error) {
	salonID, err := r.forChange(ctx, req.GetResourceId())
	if err != nil {
		return nil, err
	}
	var impact Impact
	err = r.change(ctx, salonID, req.GetValidateOnly(), func(tx *postgres.DB, store *Store) error {
		resource, err := store.Resource(ctx, req.GetResourceId(), postgres.LockForChange)
		if err != nil {
			return err
		}
		if err := etag.Match(req.GetEtag(), resource.Version); err != nil {
			return err
		}
		now := r.deps.Time()
		if impact, err = store.Impact(ctx, resource, now, time.Time{}, now); err != nil {
			return err
		}
		resource.Version++
		resource.UpdateTime = now
		if err := store.Delete(ctx, resource); err != nil {
			return err
		}
		return salon.ChangeRules(ctx, tx, salonID)
	})
	if err != nil {
		return nil, err
	}
	return impact.toProto(), nil
}

// forChange returns the salon of a resource that the caller may change.
func (r *Resources) forChange(ctx context.Context, resourceID string) (salonID string, err error) {
	known, err := r.store.Resource(ctx, resourceID)
	if err != nil {
		return "", err
	}
	return known.SalonID, checkManager(ctx, known.SalonID, errNoResource)
}
