package e2e_test

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// wantHistory compares the history of an appointment, page by page. When something was done is not compared.
func wantHistory(t *testing.T, c salontest.Caller, as salontest.Identity, id string, want ...*appointmentv1.AppointmentChange) {
	t.Helper()
	req := &appointmentv1.ListAppointmentHistoryRequest{AppointmentId: id, PageSize: 2}
	var got []*appointmentv1.AppointmentChange
	for {
		page := salontest.Do[*appointmentv1.ListAppointmentHistoryResponse](t, c, as, listAppointmentHistory, req)
		got = append(got, page.GetChanges()...)
		if req.PageToken = page.GetNextPageToken(); req.PageToken == "" {
			break
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d changes, want %d: %v", len(got), len(want), got)
	}
	for i, change := range got {
		if !change.GetChangeTime().IsValid() || i > 0 && change.GetChangeTime().AsTime().Before(got[i-1].GetChangeTime().AsTime()) {
			t.Errorf("change %d at %v", i, change.GetChangeTime())
		}
		change = proto.CloneOf(change)
		change.ChangeTime = nil
		salontest.Same(t, change, want[i])
	}
}

// TestAppointmentHistory: who did what with an appointment, for whoever sees it; names and the reasons of overrides for staff.
func TestAppointmentHistory(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		cast := s.NewCastOf(t, s.NewSalon(t).GetId())
		a := cast.Book(t, cast.CustomerA, cast.Master1)
		desk := s.NewReceptionist(t, a.GetSalonId())
		before, after := a.GetStartTime(), timestamp(s.NextStart())
		change(t, c, cast.Master1, confirmAppointment, &appointmentv1.ConfirmAppointmentRequest{AppointmentId: a.GetId()})
		change(t, c, desk, rescheduleAppointment, &appointmentv1.RescheduleAppointmentRequest{
			AppointmentId: a.GetId(), StartTime: after, Override: &appointmentv1.RuleOverride{Reason: "Her train is late."},
		})
		change(t, c, cast.CustomerA, cancelAppointment, &appointmentv1.CancelAppointmentRequest{AppointmentId: a.GetId(), Reason: "I am ill."})
		const (
			pending   = appointmentv1.AppointmentState_APPOINTMENT_STATE_PENDING
			confirmed = appointmentv1.AppointmentState_APPOINTMENT_STATE_CONFIRMED
			cancelled = appointmentv1.AppointmentState_APPOINTMENT_STATE_CANCELLED
		)
		want := []*appointmentv1.AppointmentChange{
			{
				Action: appointmentv1.AppointmentAction_APPOINTMENT_ACTION_CREATED, Actor: appointmentv1.Actor_ACTOR_CUSTOMER,
				ActorName: cast.CustomerA.Name, StateAfter: pending, StartAfter: before,
			},
			{
				Action: appointmentv1.AppointmentAction_APPOINTMENT_ACTION_CONFIRMED, Actor: appointmentv1.Actor_ACTOR_MASTER,
				ActorName: cast.Master1.Name, StateBefore: pending.Enum(), StateAfter: confirmed, StartBefore: before, StartAfter: before,
			},
			{
				Action: appointmentv1.AppointmentAction_APPOINTMENT_ACTION_RESCHEDULED, Actor: appointmentv1.Actor_ACTOR_RECEPTIONIST,
				ActorName: desk.Name, StateBefore: confirmed.Enum(), StateAfter: confirmed, StartBefore: before, StartAfter: after,
				Reason: "Her train is late.",
			},
			{
				Action: appointmentv1.AppointmentAction_APPOINTMENT_ACTION_CANCELLED, Actor: appointmentv1.Actor_ACTOR_CUSTOMER,
				ActorName: cast.CustomerA.Name, StateBefore: confirmed.Enum(), StateAfter: cancelled, StartBefore: after, StartAfter: after,
				Reason: "I am ill.",
			},
		}
		for _, as := range []salontest.Identity{cast.Master1, desk, s.Admin()} {
			wantHistory(t, c, as, a.GetId(), want...)
		}
		for _, change := range want {
			change.ActorName = ""
		}
		want[2].Reason = ""
		wantHistory(t, c, cast.CustomerA, a.GetId(), want...)
		for _, as := range []salontest.Identity{cast.CustomerB, cast.Master2} {
			c.Call(t, as, listAppointmentHistory, &appointmentv1.ListAppointmentHistoryRequest{AppointmentId: a.GetId()}).
				Want(t, codes.NotFound, "NOT_FOUND")
		}
	})
}
