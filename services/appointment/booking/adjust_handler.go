package booking

import (
	"context"
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/internal/protoconv"
)

// AdjustAppointment changes when an appointment ends. It plans what follows anew where it is to move, and the transaction of the change checks
// that the plan is still good.
func (b *Bookings) AdjustAppointment(
	ctx context.Context, req *appointmentv1.AdjustAppointmentRequest,
) (*appointmentv1.AdjustAppointmentResponse, error) {
	if _, err := protoconv.Time("end_time", req.GetEndTime()); err != nil {
		return nil, err
	}
	end, caller := req.GetEndTime().AsTime(), auth.Caller(ctx)
	return retry(func(bool) (*appointmentv1.AdjustAppointmentResponse, error) {
		a, err := b.store.Appointment(ctx, req.GetAppointmentId(), caller)
		if err != nil {
			return nil, err
		}
		return b.adjust(ctx, caller, a, end, req)
	})
}

func (b *Bookings) adjust(
	ctx context.Context, caller auth.Principal, a *Appointment, end time.Time, req *appointmentv1.AdjustAppointmentRequest,
) (*appointmentv1.AdjustAppointmentResponse, error) {
	by := By{Actor: a.ActorFor(caller), AccountID: caller.UserID, Now: b.deps.Time()}
	_, refused := next(Adjust, by, a.standing(), a.Start(), false)
	if refused == nil && end.Equal(a.End()) { // a repeated call, which may have an older etag
		return &appointmentv1.AdjustAppointmentResponse{Appointment: toProto(a, caller)}, nil
	}
	if err := etag.Match(req.GetEtag(), a.Version); err != nil {
		return nil, err
	}
	if refused != nil {
		return nil, refused
	}
	if a.GroupSessionID != "" {
		return nil, errPlaceEnds
	}
	if err := a.checkEnd(end); err != nil {
		return nil, err
	}
	p, err := b.planAdjustment(ctx, caller, a, end, req, by)
	if err != nil {
		return nil, err
	}
	response := &appointmentv1.AdjustAppointmentResponse{Following: shown(p.moves, caller)}
	if !req.GetMoveFollowing() {
		response.Following = shown(p.collisions, caller)
	}
	switch {
	case req.GetValidateOnly():
		version := a.Version
		err = a.Adjust(end, p.claims, reasonOf(req), by)
		a.Version = version // that of the etag which the call itself needs
	case len(p.collisions) > 0 && !req.GetMoveFollowing():
		return nil, p.collide(caller, errAdjustTaken)
	default:
		a, err = b.store.Adjust(ctx, caller, a, p, func(a *Appointment, f follower) error {
			if f.Appointment == nil {
				return a.Adjust(end, p.claims, reasonOf(req), by)
			}
			mover := By{Actor: a.ActorFor(caller), AccountID: caller.UserID, Now: by.Now}
			return a.Reschedule(p.rules, f.plan, f.overlap, reasonOf(req), mover)
		})
	}
	if err != nil {
		return nil, b.replan(ctx, p.rules, err, p.needed())
	}
	response.Appointment = toProto(a, caller)
	return response, nil
}
