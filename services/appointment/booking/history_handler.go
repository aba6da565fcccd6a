package booking

import (
	"context"
	"slices"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/protoconv"
)

// actionsToProto are the actions of the contract.
var actionsToProto = map[Action]appointmentv1.AppointmentAction{
	Create:     appointmentv1.AppointmentAction_APPOINTMENT_ACTION_CREATED,
	Confirm:    appointmentv1.AppointmentAction_APPOINTMENT_ACTION_CONFIRMED,
	Complete:   appointmentv1.AppointmentAction_APPOINTMENT_ACTION_COMPLETED,
	MarkNoShow: appointmentv1.AppointmentAction_APPOINTMENT_ACTION_MARKED_NO_SHOW,
	Cancel:     appointmentv1.AppointmentAction_APPOINTMENT_ACTION_CANCELLED,
	Reschedule: appointmentv1.AppointmentAction_APPOINTMENT_ACTION_RESCHEDULED,
	Decline:    appointmentv1.AppointmentAction_APPOINTMENT_ACTION_DECLINED,
	Lapse:      appointmentv1.AppointmentAction_APPOINTMENT_ACTION_LAPSED,
	Adjust:     appointmentv1.AppointmentAction_APPOINTMENT_ACTION_ADJUSTED,
}

// ListAppointmentHistory lists the changes of an appointment.
func (b *Bookings) ListAppointmentHistory(
	ctx context.Context, req *appointmentv1.ListAppointmentHistoryRequest,
) (*appointmentv1.ListAppointmentHistoryResponse, error) {
	caller := auth.Caller(ctx)
	a, err := b.store.Appointment(ctx, req.GetAppointmentId(), caller)
	if err != nil {
		return nil, err
	}
	staff := a.ActorFor(caller).IsStaff()
	var names map[string]string
	fetch := func(after *int64, limit int) (entries []Entry, err error) {
		var version int64
		if after != nil {
			version = *after
		}
		entries, err = b.store.History(ctx, a, version, limit)
		if err == nil && staff {
			names, err = b.people.AccountNames(ctx, accountsOf(entries))
		}
		return entries, err
	}
	changes, next, err := pagetoken.List(b.pages, req, fetch, func(e Entry) int64 { return e.Version },
		func(e Entry) *appointmentv1.AppointmentChange { return e.toProto(staff, names) })
	if err != nil {
		return nil, err
	}
	return &appointmentv1.ListAppointmentHistoryResponse{Changes: changes, NextPageToken: next}, nil
}

// accountsOf are the accounts that have made changes, each once.
func accountsOf(entries []Entry) []string {
	var ids []string
	for _, e := range entries {
		if id := e.By.AccountID; id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// toProto shows an entry to somebody who may see the appointment: names of accounts, the reasons of overrides and what is overbooked to staff only. The reason
// of a cancellation, or of declining, is what the appointment shows to everybody.
func (e Entry) toProto(staff bool, names map[string]string) *appointmentv1.AppointmentChange {
	m := &appointmentv1.AppointmentChange{
		Action:      actionsToProto[e.Action],
		Actor:       actorToProto(e.By.Actor),
		ChangeTime:  protoconv.Timestamp(e.By.Now),
		StateAfter:  stateToProto(e.StateAfter),
		StartBefore: protoconv.Timestamp(e.StartBefore),
		StartAfter:  protoconv.Timestamp(e.StartAfter),
		EndBefore:   protoconv.Timestamp(e.EndBefore),
		EndAfter:    protoconv.Timestamp(e.EndAfter),

		GroupSessionBefore: e.SessionBefore,
		GroupSessionAfter:  e.SessionAfter,
	}
	if e.StateBefore != "" {
		m.StateBefore = stateToProto(e.StateBefore).Enum()
	}
	if staff {
		m.ActorName, m.Overbooked = names[e.By.AccountID], e.Overbooked
	}
	if staff || e.Action == Cancel || e.Action == Decline {
		m.Reason = e.Reason
	}
	return m
}
