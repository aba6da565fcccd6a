package series

import (
	"context"
	"slices"
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/booking"
	"github.com/beauty-salon/platform/services/appointment/civil"
)

// CancelAppointmentSeries cancels an appointment of a series and all that follow.
func (s *All) CancelAppointmentSeries(
	ctx context.Context, req *appointmentv1.CancelAppointmentSeriesRequest,
) (*appointmentv1.AppointmentSeries, error) {
	found, err := s.store.Series(ctx, req.GetSeriesId(), auth.Caller(ctx))
	if err != nil {
		return nil, err
	}
	dates, err := found.from(req.FromAppointmentId, req.FromDate)
	if err != nil {
		return nil, err
	}
	if len(dates) > 0 {
		ids, positions := idsOf(dates)
		refused, err := s.bookings.CancelSeveral(ctx, ids, req.GetReason())
		if err != nil {
			return nil, err
		}
		if len(refused) > 0 {
			return nil, refusals(refused, positions)
		}
	}
	return s.GetAppointmentSeries(ctx, &appointmentv1.GetAppointmentSeriesRequest{SeriesId: found.ID})
}

// idsOf are the ids of the appointments of dates, and their places in the series.
func idsOf(dates []Date) (ids []string, positions map[string]int32) {
	positions = make(map[string]int32, len(dates))
	for _, d := range dates {
		ids = append(ids, d.AppointmentID)
		positions[d.AppointmentID] = d.Position
	}
	return ids, positions
}

// RescheduleAppointmentSeries moves an appointment of a series and all that follow.
func (s *All) RescheduleAppointmentSeries(
	ctx context.Context, req *appointmentv1.RescheduleAppointmentSeriesRequest,
) (*appointmentv1.AppointmentSeries, error) {
	if req.LocalTime == nil && req.GetShiftDays() == 0 && len(req.GetSegments()) == 0 {
		return nil, apierr.InvalidField("local_time", "must be present, or else shift_days, which is not 0, or segments")
	}
	found, err := s.store.Series(ctx, req.GetSeriesId(), auth.Caller(ctx))
	if err != nil {
		return nil, err
	}
	dates, err := found.from(req.FromAppointmentId, req.FromDate)
	if err != nil {
		return nil, err
	}
	dates = slices.DeleteFunc(dates, func(d Date) bool { return d.Moved() && !req.GetIncludeMoved() })
	ids, positions := idsOf(dates)
	to, err := targets(req, dates)
	if err != nil {
		return nil, err
	}
	moves := booking.SeveralMoves{
		SalonID: found.SalonID, IDs: ids,
		To: func(id string, zone *time.Location) time.Time { return to(id, zone).Start },
		Request: &appointmentv1.RescheduleAppointmentRequest{
			Segments: req.GetSegments(), Override: req.GetOverride(), AllowCustomerOverlap: req.GetAllowCustomerOverlap(),
		},
	}
	refuse := func(p *booking.PlannedMoves) error { return notMovable(p, positions) }
	if req.GetValidateOnly() {
		p, err := s.bookings.PlanMoves(ctx, moves)
		if err != nil {
			return nil, err
		}
		if len(p.Refusals) > 0 {
			return nil, refuse(p)
		}
		return preview(found, p, positions)
	}
	key := idempotency.Key{
		Caller: auth.Caller(ctx).UserID, Method: appointmentv1.AppointmentSeriesService_RescheduleAppointmentSeries_FullMethodName,
		RequestID: req.GetRequestId(),
	}
	return s.bookings.MoveSeveral(ctx, moves, key, req, refuse,
		func(tx *postgres.DB, p *booking.PlannedMoves) (*appointmentv1.AppointmentSeries, error) {
			put := make([]Date, len(p.Moves))
			for i, m := range p.Moves {
				put[i] = Date{Position: positions[m.Appointment.ID], Occurrence: to(m.Appointment.ID, p.Rules.Zone)}
			}
			store := s.store.In(tx)
			if err := store.Put(ctx, found, put); err != nil {
				return nil, err
			}
			after, err := store.Series(ctx, found.ID, auth.Caller(ctx))
			if err != nil {
				return nil, err
			}
			return toProto(after)
		})
}

// targets reads where the appointments of dates are to begin: at the new wall time, or that which they have, so many days later.
// One that was moved by itself goes on from where it is.
func targets(
	req *appointmentv1.RescheduleAppointmentSeriesRequest, dates []Date,
) (func(id string, zone *time.Location) Occurrence, error) {
	var wall *civil.WallTime
	if req.LocalTime != nil {
		parsed, err := civil.ParseWallTime(req.GetLocalTime())
		if err != nil {
			return nil, apierr.InvalidField("local_time", err.Error())
		}
		wall = &parsed
	}
	of := make(map[string]Date, len(dates))
	for _, d := range dates {
		of[d.AppointmentID] = d
	}
	return func(id string, zone *time.Location) Occurrence {
		d := of[id]
		o := d.Occurrence
		if d.Moved() {
			o.Date, o.Wall = civil.Local(d.Begins, zone)
		}
		if o.Date = o.Date.AddDays(int(req.GetShiftDays())); wall != nil {
			o.Wall = *wall
		}
		o.Start = o.Date.At(o.Wall, zone).UTC()
		return o
	}, nil
}

// notMovable is the error of moves that the caller cannot make, or that are not possible.
func notMovable(p *booking.PlannedMoves, positions map[string]int32) error {
	if len(p.Refusals) > 0 {
		return refusals(p.Refusals, positions)
	}
	var list []*appointmentv1.SeriesConflict
	for _, m := range p.Moves {
		if m.Fitted.Plan == nil {
			c := conflict(positions[m.Appointment.ID], m.Start, p.Rules.Zone)
			c.AppointmentId, c.Reasons = m.Appointment.ID, m.Fitted.Reasons()
			list = append(list, c)
		}
	}
	return refused(errConflict, list, "series_id", "must be one whose appointments can be on these dates:")
}

// preview shows where the appointments of a series would be moved to, and what speaks against that.
func preview(s *Series, p *booking.PlannedMoves, positions map[string]int32) (*appointmentv1.AppointmentSeries, error) {
	shown := *s
	shown.Dates = nil
	answer, err := toProto(&shown)
	if err != nil {
		return nil, err
	}
	for _, m := range p.Moves {
		o := occurrence(m.Start, p.Rules.Zone)
		o.Position, o.AppointmentId = positions[m.Appointment.ID], m.Appointment.ID
		o.State = stateToProto(m.Appointment.State)
		o.Conflicts, o.Alternatives = m.Fitted.Blocks(), m.Fitted.Nearest
		answer.Occurrences = append(answer.Occurrences, o)
	}
	return answer, nil
}
