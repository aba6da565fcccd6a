package booking

import (
	"context"
	"errors"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/protoconv"
)

// GetAppointment returns an appointment.
func (b *Bookings) GetAppointment(
	ctx context.Context, req *appointmentv1.GetAppointmentRequest,
) (*appointmentv1.Appointment, error) {
	caller := auth.Caller(ctx)
	a, err := b.store.Appointment(ctx, req.GetAppointmentId(), caller)
	if err != nil {
		return nil, err
	}
	return toProto(a, caller), nil
}

// ListAppointments finds appointments.
func (b *Bookings) ListAppointments(
	ctx context.Context, req *appointmentv1.ListAppointmentsRequest,
) (_ *appointmentv1.ListAppointmentsResponse, err error) {
	caller := auth.Caller(ctx)
	filter := Filter{
		VisibleTo:  caller,
		SalonID:    req.GetSalonId(),
		MasterID:   req.GetMasterId(),
		CustomerID: req.GetCustomerId(),
		Descending: req.GetOrderBy() == "start_time desc",
	}
	for _, s := range req.GetStates() {
		filter.States = append(filter.States, stateFromProto(s))
	}
	if filter.From, err = protoconv.Time("from", req.GetFrom()); err != nil {
		return nil, err
	}
	if filter.To, err = protoconv.Time("to", req.GetTo()); err != nil {
		return nil, err
	}
	filter.Archived = b.archivedSince(filter.From)
	fetch := func(after *Cursor, limit int) ([]*Appointment, error) {
		filter.After, filter.Limit = after, limit
		return postgres.Recent(ctx, b.deps.DB, func(ctx context.Context, db *postgres.DB) ([]*Appointment, error) {
			return b.store.In(db).List(ctx, filter)
		})
	}
	appointments, next, err := pagetoken.List(b.pages, req, fetch,
		func(a *Appointment) Cursor { return Cursor{Start: a.Start(), ID: a.ID} },
		func(a *Appointment) *appointmentv1.Appointment { return toProto(a, caller) })
	if err != nil {
		return nil, err
	}
	return &appointmentv1.ListAppointmentsResponse{Appointments: appointments, NextPageToken: next}, nil
}

// CancelAppointment cancels an appointment.
func (b *Bookings) CancelAppointment(
	ctx context.Context, req *appointmentv1.CancelAppointmentRequest,
) (*appointmentv1.Appointment, error) {
	return b.update(ctx, req.GetAppointmentId(), req.GetEtag(), func(a *Appointment, by By) error {
		return a.CancelWithFee(by, req.GetReason(), req.GetWaiveFee())
	})
}

// DeclineAppointment refuses a request.
func (b *Bookings) DeclineAppointment(
	ctx context.Context, req *appointmentv1.DeclineAppointmentRequest,
) (*appointmentv1.Appointment, error) {
	return b.update(ctx, req.GetAppointmentId(), req.GetEtag(), func(a *Appointment, by By) error {
		return a.Decline(by, req.GetReason())
	})
}

// ConfirmAppointment accepts an appointment.
func (b *Bookings) ConfirmAppointment(
	ctx context.Context, req *appointmentv1.ConfirmAppointmentRequest,
) (*appointmentv1.Appointment, error) {
	return b.do(ctx, Confirm, req.GetAppointmentId(), req.GetEtag(), false)
}

// CompleteAppointment records that an appointment took place.
func (b *Bookings) CompleteAppointment(
	ctx context.Context, req *appointmentv1.CompleteAppointmentRequest,
) (*appointmentv1.Appointment, error) {
	return b.do(ctx, Complete, req.GetAppointmentId(), req.GetEtag(), req.GetEarly())
}

// MarkNoShow records that the customer did not come.
func (b *Bookings) MarkNoShow(
	ctx context.Context, req *appointmentv1.MarkNoShowRequest,
) (*appointmentv1.Appointment, error) {
	return b.update(ctx, req.GetAppointmentId(), req.GetEtag(), func(a *Appointment, by By) error {
		return a.Miss(by, req.GetWaiveFee())
	})
}

func (b *Bookings) do(ctx context.Context, action Action, id, tag string, early bool) (*appointmentv1.Appointment, error) {
	change := func(a *Appointment, by By) error { return a.Do(action, by, early) }
	a, err := b.update(ctx, id, tag, change)
	if errors.Is(err, errNoTime) {
		return b.retake(ctx, id, tag, change)
	}
	return a, err
}

// update changes an appointment that has the caller's etag. What was done before succeeds with an older
// etag too: a client that repeats a call sends the etag from before the first one, and nothing changes.
func (b *Bookings) update(
	ctx context.Context, id, tag string, change func(*Appointment, By) error,
) (*appointmentv1.Appointment, error) {
	caller := auth.Caller(ctx)
	a, err := b.store.Update(ctx, id, caller, b.checked(caller, tag, change))
	if err != nil {
		return nil, err
	}
	return toProto(a, caller), nil
}

// checked is a change by a caller that is refused when the appointment has another etag.
func (b *Bookings) checked(caller auth.Principal, tag string, change func(*Appointment, By) error) func(*Appointment) error {
	now := b.deps.Time()
	return func(a *Appointment) error {
		mismatch := etag.Match(tag, a.Version)
		err := change(a, By{Actor: a.ActorFor(caller), AccountID: caller.UserID, Now: now})
		if repeated := err == nil && a.change == nil; repeated && errors.Is(mismatch, apierr.ErrEtagMismatch) {
			return nil
		}
		if mismatch != nil {
			return mismatch
		}
		return err
	}
}
