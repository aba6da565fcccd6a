package booking

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
)

// history reads the history of an appointment in pages of two.
func (f *fixture) history(who auth.Principal, id string) []*appointmentv1.AppointmentChange {
	f.t.Helper()
	req := &appointmentv1.ListAppointmentHistoryRequest{AppointmentId: id, PageSize: 2}
	var changes []*appointmentv1.AppointmentChange
	for {
		got, err := f.appointments.ListAppointmentHistory(f.As(who), req)
		if err != nil {
			f.t.Fatal(err)
		}
		if len(got.GetChanges()) > 2 {
			f.t.Errorf("a page of %d", len(got.GetChanges()))
		}
		changes = append(changes, got.GetChanges()...)
		if req.PageToken = got.GetNextPageToken(); req.PageToken == "" {
			return changes
		}
	}
}

// wantHistory compares what somebody sees of a history.
func (f *fixture) wantHistory(who auth.Principal, id string, want []*appointmentv1.AppointmentChange) {
	f.t.Helper()
	got := f.history(who, id)
	if len(got) != len(want) {
		f.t.Fatalf("%d changes, want %d: %v", len(got), len(want), got)
	}
	for i := range want {
		wantMessage(f.t, got[i], want[i])
	}
}

// accountName is the name of somebody who is signed in.
func accountName(who auth.Principal) string { return "Account " + who.UserID[len(who.UserID)-4:] }

// TestHistory: everybody who sees an appointment sees its changes; names of accounts and the reasons of overrides are for staff.
func TestHistory(t *testing.T) {
	f := newFixture(t)
	a := f.book(f.ann, f.in(24*time.Hour))
	booked, at1, at2, at3 := timestamppb.New(f.Clock.Now()), a.GetStartTime(), f.in(30*time.Hour), f.in(50*time.Hour)
	var times []*timestamppb.Timestamp
	step := func(_ *appointmentv1.Appointment, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		times = append(times, timestamppb.New(f.Clock.Now()))
		f.Clock.Advance(time.Minute)
	}
	f.Clock.Advance(time.Minute)
	step(f.confirm(f.mira, a.GetId(), ""))
	step(f.reschedule(f.ann, a.GetId(), "", at2))
	step(f.appointments.RescheduleAppointment(f.As(f.receptionist), &appointmentv1.RescheduleAppointmentRequest{
		AppointmentId: a.GetId(), StartTime: at3, Override: &appointmentv1.RuleOverride{Reason: "Her train is late."},
	}))
	step(f.cancel(f.admin, a.GetId(), ""))

	const (
		pending   = appointmentv1.AppointmentState_APPOINTMENT_STATE_PENDING
		confirmed = appointmentv1.AppointmentState_APPOINTMENT_STATE_CONFIRMED
		cancelled = appointmentv1.AppointmentState_APPOINTMENT_STATE_CANCELLED
	)
	want := []*appointmentv1.AppointmentChange{
		{
			Action: appointmentv1.AppointmentAction_APPOINTMENT_ACTION_CREATED, Actor: appointmentv1.Actor_ACTOR_CUSTOMER,
			ActorName: accountName(f.ann), ChangeTime: booked, StateAfter: pending, StartAfter: at1,
		},
		{
			Action: appointmentv1.AppointmentAction_APPOINTMENT_ACTION_CONFIRMED, Actor: appointmentv1.Actor_ACTOR_MASTER,
			ActorName: accountName(f.mira), ChangeTime: times[0], StateBefore: pending.Enum(), StateAfter: confirmed,
			StartBefore: at1, StartAfter: at1,
		},
		{
			Action: appointmentv1.AppointmentAction_APPOINTMENT_ACTION_RESCHEDULED, Actor: appointmentv1.Actor_ACTOR_CUSTOMER,
			ActorName: accountName(f.ann), ChangeTime: times[1], StateBefore: confirmed.Enum(), StateAfter: pending,
			StartBefore: at1, StartAfter: at2,
		},
		{
			Action: appointmentv1.AppointmentAction_APPOINTMENT_ACTION_RESCHEDULED, Actor: appointmentv1.Actor_ACTOR_RECEPTIONIST,
			ActorName: accountName(f.receptionist), ChangeTime: times[2], StateBefore: pending.Enum(), StateAfter: pending,
			StartBefore: at2, StartAfter: at3, Reason: "Her train is late.",
		},
		{
			Action: appointmentv1.AppointmentAction_APPOINTMENT_ACTION_CANCELLED, Actor: appointmentv1.Actor_ACTOR_ADMIN,
			ActorName: accountName(f.admin), ChangeTime: times[3], StateBefore: pending.Enum(), StateAfter: cancelled,
			StartBefore: at3, StartAfter: at3, Reason: "I am ill.",
		},
	}
	for _, who := range []auth.Principal{f.mira, f.receptionist, f.manager, f.admin} {
		f.wantHistory(who, a.GetId(), want)
	}
	// The entries stay when an account is gone, and the name is empty then.
	exec(t, f.db, "UPDATE accounts SET display_name = '' WHERE id = ?", f.receptionist.UserID)
	want[3].ActorName = ""
	f.wantHistory(f.manager, a.GetId(), want)
	for _, change := range want {
		change.ActorName = ""
	}
	want[3].Reason = ""
	f.wantHistory(f.ann, a.GetId(), want)

	other := newSalon(t, f.db)
	for _, who := range []auth.Principal{
		f.SignIn(apiv1.Role_ROLE_CUSTOMER), f.staff(first.ID, roleMaster), f.staff(other.ID, roleManager),
	} {
		_, err := f.appointments.ListAppointmentHistory(f.As(who), &appointmentv1.ListAppointmentHistoryRequest{AppointmentId: a.GetId()})
		wantError(t, err, codes.NotFound, "NOT_FOUND", "")
	}
	req := &appointmentv1.ListAppointmentHistoryRequest{AppointmentId: a.GetId(), PageSize: 2}
	page, err := f.appointments.ListAppointmentHistory(f.As(f.ann), req)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := f.book(f.ann, timestamppb.New(at1.AsTime().Add(100*time.Hour)))
	req.AppointmentId, req.PageToken = elsewhere.GetId(), page.GetNextPageToken()
	_, err = f.appointments.ListAppointmentHistory(f.As(f.ann), req)
	wantError(t, err, codes.InvalidArgument, "INVALID_PAGE_TOKEN", "page_token")
}
