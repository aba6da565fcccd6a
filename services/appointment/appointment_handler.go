package appointment

import (
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/internal/pagetoken"
)

// appointmentHandler answers appointmentv1.AppointmentService. CreateAppointment
// is in booking_handler.go.
type appointmentHandler struct {
	appointmentv1.UnimplementedAppointmentServiceServer
	*Service
}

// GetAppointment returns a visit.
func (h *appointmentHandler) GetAppointment(
	ctx context.Context, req *appointmentv1.GetAppointmentRequest,
) (*appointmentv1.Appointment, error) {
	a, err := h.store.Appointment(ctx, req.GetAppointmentId(), auth.Caller(ctx))
	if err != nil {
		return nil, err
	}
	return appointmentProto(a), nil
}

// ListAppointments finds visits.
func (h *appointmentHandler) ListAppointments(
	ctx context.Context, req *appointmentv1.ListAppointmentsRequest,
) (*appointmentv1.ListAppointmentsResponse, error) {
	size := pagetoken.Size(req.GetPageSize())
	filter := AppointmentFilter{
		VisibleTo:  auth.Caller(ctx),
		MasterID:   req.GetMasterId(),
		CustomerID: req.GetCustomerId(),
		Descending: req.GetOrderBy() == "start_time desc",
		Limit:      size + 1,
	}
	for _, s := range req.GetStates() {
		filter.States = append(filter.States, stateFromProto(s))
	}
	var err error
	if filter.From, err = bound("start_time_from", req.GetStartTimeFrom()); err != nil {
		return nil, err
	}
	if filter.Before, err = bound("start_time_before", req.GetStartTimeBefore()); err != nil {
		return nil, err
	}
	var cursor AppointmentCursor
	found, err := h.pages.Decode(req, &cursor)
	if err != nil {
		return nil, err
	}
	if found {
		filter.After = &cursor
	}
	appointments, err := h.store.ListAppointments(ctx, filter)
	if err != nil {
		return nil, err
	}
	appointments, more := pagetoken.Cut(appointments, size)
	response := &appointmentv1.ListAppointmentsResponse{}
	for _, a := range appointments {
		response.Appointments = append(response.Appointments, appointmentProto(a))
	}
	if more {
		last := appointments[size-1]
		response.NextPageToken, err = h.pages.Encode(req, AppointmentCursor{Start: last.Start(), ID: last.ID})
	}
	return response, err
}

// bound reads a time of a filter; nil when it is absent.
func bound(field string, t *timestamppb.Timestamp) (*time.Time, error) {
	if t == nil {
		return nil, nil
	}
	read, err := timeFromProto(field, t)
	return &read, err
}

// CancelAppointment calls a visit off.
func (h *appointmentHandler) CancelAppointment(
	ctx context.Context, req *appointmentv1.CancelAppointmentRequest,
) (*appointmentv1.Appointment, error) {
	return h.update(ctx, req.GetAppointmentId(), req.GetEtag(), func(a *Appointment, by Party, now time.Time) error {
		return a.Cancel(by, req.GetReason(), now)
	})
}

// RescheduleAppointment moves a visit to another time.
func (h *appointmentHandler) RescheduleAppointment(
	ctx context.Context, req *appointmentv1.RescheduleAppointmentRequest,
) (*appointmentv1.Appointment, error) {
	start, err := timeFromProto("start_time", req.GetStartTime())
	if err != nil {
		return nil, err
	}
	return h.update(ctx, req.GetAppointmentId(), req.GetEtag(), func(a *Appointment, by Party, now time.Time) error {
		return a.Reschedule(start, by, now)
	})
}

// ConfirmAppointment accepts a visit.
func (h *appointmentHandler) ConfirmAppointment(
	ctx context.Context, req *appointmentv1.ConfirmAppointmentRequest,
) (*appointmentv1.Appointment, error) {
	return h.do(ctx, Confirm, req.GetAppointmentId(), req.GetEtag())
}

// CompleteAppointment records that a visit took place.
func (h *appointmentHandler) CompleteAppointment(
	ctx context.Context, req *appointmentv1.CompleteAppointmentRequest,
) (*appointmentv1.Appointment, error) {
	return h.do(ctx, Complete, req.GetAppointmentId(), req.GetEtag())
}

// MarkNoShow records that the customer did not come.
func (h *appointmentHandler) MarkNoShow(
	ctx context.Context, req *appointmentv1.MarkNoShowRequest,
) (*appointmentv1.Appointment, error) {
	return h.do(ctx, MarkNoShow, req.GetAppointmentId(), req.GetEtag())
}

func (h *appointmentHandler) do(ctx context.Context, action Action, id, tag string) (*appointmentv1.Appointment, error) {
	return h.update(ctx, id, tag, func(a *Appointment, by Party, now time.Time) error {
		return a.Do(action, by, now)
	})
}

// update changes an appointment that has the caller's etag. What was done before
// succeeds with an older etag too: a client that repeats a call sends the etag
// from before the first one, and nothing changes.
func (h *appointmentHandler) update(
	ctx context.Context, id, tag string, change func(a *Appointment, by Party, now time.Time) error,
) (*appointmentv1.Appointment, error) {
	caller, now := auth.Caller(ctx), h.deps.Time()
	a, err := h.store.UpdateAppointment(ctx, id, caller, func(a *Appointment) error {
		mismatch := etag.Match(tag, a.Version)
		err := change(a, a.PartyOf(caller), now)
		if repeated := err == nil && a.changed == ""; repeated && errors.Is(mismatch, apierr.EtagMismatch()) {
			return nil
		}
		if mismatch != nil {
			return mismatch
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return appointmentProto(a), nil
}
