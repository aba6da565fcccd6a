package resource

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/protoconv"
	"github.com/beauty-salon/platform/services/appointment/salon"
)

// ListResourceClosures implements ResourceServiceServer.
func (r *Resources) ListResourceClosures(
	ctx context.Context, req *appointmentv1.ListResourceClosuresRequest,
) (*appointmentv1.ListResourceClosuresResponse, error) {
	from, err := protoconv.Time("from_time", req.GetFromTime())
	if err != nil {
		return nil, err
	}
	resource, err := r.store.Resource(ctx, req.GetResourceId())
	if err != nil {
		return nil, err
	}
	if err := checkStaff(ctx, resource.SalonID, errNoResource); err != nil {
		return nil, err
	}
	closures, next, err := pagetoken.List(r.pages, req,
		func(after *ClosureCursor, limit int) ([]Closure, error) {
			return postgres.Recent(ctx, r.deps.DB, func(ctx context.Context, db *postgres.DB) ([]Closure, error) {
				return NewStore(db).Closures(ctx, resource, from, after, limit)
			})
		},
		func(c Closure) ClosureCursor { return ClosureCursor{Start: c.Start, ID: c.ID} }, closureToProto)
	if err != nil {
		return nil, err
	}
	return &appointmentv1.ListResourceClosuresResponse{ResourceClosures: closures, NextPageToken: next}, nil
}

// CreateResourceClosure implements ResourceServiceServer.
func (r *Resources) CreateResourceClosure(
	ctx context.Context, req *appointmentv1.CreateResourceClosureRequest,
) (*appointmentv1.CreateResourceClosureResponse, error) {
	salonID, err := r.forChange(ctx, req.GetResourceId())
	if err != nil {
		return nil, err
	}
	created := Closure{
		ID: id.New(), SalonID: salonID, ResourceID: req.GetResourceId(), Note: req.GetNote(), CreateTime: r.deps.Time(),
	}
	if created.Start, err = exactTime("start_time", req.GetStartTime()); err != nil {
		return nil, err
	}
	if created.End, err = exactTime("end_time", req.GetEndTime()); err != nil {
		return nil, err
	}
	if err := created.check(); err != nil {
		return nil, err
	}
	if req.GetValidateOnly() {
		var response *appointmentv1.CreateResourceClosureResponse
		err := r.change(ctx, salonID, true, func(tx *postgres.DB, _ *Store) error {
			var err error
			response, err = r.createClosure(ctx, tx, created)
			return err
		})
		if err != nil {
			return nil, err
		}
		response.ResourceClosure.Id = ""
		return response, nil
	}
	key := idempotency.Key{
		Caller:    auth.Caller(ctx).UserID,
		Method:    appointmentv1.ResourceService_CreateResourceClosure_FullMethodName,
		RequestID: req.GetRequestId(),
	}
	return idempotency.Run(ctx, r.requests, r.deps.DB, key, req,
		func(tx *postgres.DB) (*appointmentv1.CreateResourceClosureResponse, error) {
			if err := salon.LockRules(ctx, tx, salonID); err != nil {
				return nil, err
			}
			return r.createClosure(ctx, tx, created)
		})
}

// createClosure adds a closure in a transaction that holds the locks of all masters of the salon.
func (r *Resources) createClosure(
	ctx context.Context, tx *postgres.DB, created Closure,
) (*appointmentv1.CreateResourceClosureResponse, error) {
	store := NewStore(tx)
	resource, err := store.Resource(ctx, created.ResourceID, postgres.LockForChange)
	if err != nil {
		return nil, err
	}
	impact, err := store.Impact(ctx, resource, created.Start, created.End, r.deps.Time())
	if err != nil {
		return nil, err
	}
	if err := store.CreateClosure(ctx, created); err != nil {
		return nil, err
	}
	if err := salon.ChangeRules(ctx, tx, created.SalonID); err != nil {
		return nil, err
	}
	answer := &appointmentv1.CreateResourceClosureResponse{ResourceClosure: closureToProto(created)}
	answer.Conflicts, answer.MoreConflicts = impact.appointmentsToProto()
	answer.GroupSessions, answer.MoreGroupSessions = impact.sessionsToProto()
	return answer, nil
}

// exactTime returns a time with all its digits, so that a fraction that the database would drop is seen.
func exactTime(field string, t *timestamppb.Timestamp) (time.Time, error) {
	if _, err := protoconv.Time(field, t); err != nil {
		return time.Time{}, err
	}
	return t.AsTime(), nil
}

// DeleteResourceClosure implements ResourceServiceServer.
func (r *Resources) DeleteResourceClosure(
	ctx context.Context, req *appointmentv1.DeleteResourceClosureRequest,
) (*emptypb.Empty, error) {
	known, err := r.store.Closure(ctx, req.GetResourceClosureId())
	if err != nil {
		return nil, err
	}
	if err := checkManager(ctx, known.SalonID, errNoClosure); err != nil {
		return nil, err
	}
	err = r.change(ctx, known.SalonID, false, func(tx *postgres.DB, store *Store) error {
		if err := store.DeleteClosure(ctx, known); err != nil {
			return err
		}
		return salon.ChangeRules(ctx, tx, known.SalonID)
	})
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}
