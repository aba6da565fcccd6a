package booking

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/etag"
)

// Shorthands for calls of one appointment.

func (f *fixture) confirm(who auth.Principal, id, tag string) (*appointmentv1.Appointment, error) {
	return f.appointments.ConfirmAppointment(f.As(who), &appointmentv1.ConfirmAppointmentRequest{AppointmentId: id, Etag: tag})
}

func (f *fixture) complete(who auth.Principal, id, tag string) (*appointmentv1.Appointment, error) {
	return f.appointments.CompleteAppointment(f.As(who), &appointmentv1.CompleteAppointmentRequest{AppointmentId: id, Etag: tag})
}

func (f *fixture) completeEarly(who auth.Principal, id, tag string) (*appointmentv1.Appointment, error) {
	return f.appointments.CompleteAppointment(f.As(who), &appointmentv1.CompleteAppointmentRequest{AppointmentId: id, Etag: tag, Early: true})
}

func (f *fixture) markNoShow(who auth.Principal, id, tag string) (*appointmentv1.Appointment, error) {
	return f.appointments.MarkNoShow(f.As(who), &appointmentv1.MarkNoShowRequest{AppointmentId: id, Etag: tag})
}

func (f *fixture) cancel(who auth.Principal, id, tag string) (*appointmentv1.Appointment, error) {
	return f.appointments.CancelAppointment(f.As(who), &appointmentv1.CancelAppointmentRequest{AppointmentId: id, Etag: tag, Reason: "I am ill."})
}

func (f *fixture) decline(who auth.Principal, id, tag string) (*appointmentv1.Appointment, error) {
	return f.appointments.DeclineAppointment(f.As(who), &appointmentv1.DeclineAppointmentRequest{AppointmentId: id, Etag: tag, Reason: "We are closed."})
}

func (f *fixture) reschedule(who auth.Principal, id, tag string, start *timestamppb.Timestamp) (*appointmentv1.Appointment, error) {
	return f.appointments.RescheduleAppointment(f.As(who), &appointmentv1.RescheduleAppointmentRequest{AppointmentId: id, Etag: tag, StartTime: start})
}

func TestLifeOfAnAppointment(t *testing.T) {
	f := newFixture(t)
	published := f.Listen("appointments", "appointment.>")
	a := f.book(f.ann, f.in(24*time.Hour))
	must := func(who auth.Principal, version int64, state appointmentv1.AppointmentState, got *appointmentv1.Appointment, err error) *appointmentv1.Appointment {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		wantMessage(t, f.get(who, a.GetId()), got)
		if etag.Match(got.GetEtag(), version) != nil || got.GetState() != state || !got.GetUpdateTime().AsTime().Equal(f.Clock.Now()) {
			t.Errorf("version %d: %v", version, got)
		}
		return got
	}
	const (
		pending   = appointmentv1.AppointmentState_APPOINTMENT_STATE_PENDING
		confirmed = appointmentv1.AppointmentState_APPOINTMENT_STATE_CONFIRMED
		completed = appointmentv1.AppointmentState_APPOINTMENT_STATE_COMPLETED
	)
	f.Clock.Advance(15 * time.Minute)
	got, err := f.confirm(f.mira, a.GetId(), a.GetEtag())
	must(f.mira, 2, confirmed, got, err)
	moved := f.in(48 * time.Hour)
	got, err = f.reschedule(f.ann, a.GetId(), f.get(f.ann, a.GetId()).GetEtag(), moved)
	must(f.ann, 3, pending, got, err)
	if !got.GetStartTime().AsTime().Equal(moved.AsTime()) || !got.GetSegments()[0].GetEndTime().AsTime().Equal(moved.AsTime().Add(time.Hour)) {
		t.Errorf("moved by the customer: %v", got)
	}
	got, err = f.confirm(f.receptionist, a.GetId(), "")
	must(f.receptionist, 4, confirmed, got, err)
	back := f.in(25 * time.Hour)
	got, err = f.reschedule(f.manager, a.GetId(), "", back)
	must(f.manager, 5, confirmed, got, err)
	f.Clock.Advance(26 * time.Hour)
	got, err = f.complete(f.mira, a.GetId(), "")
	must(f.mira, 6, completed, got, err)

	var types []string
	var actors []appointmentv1.Actor
	var bodies []*appointmentv1.AppointmentEvent
	for i, e := range published.Wait(6) {
		body := &appointmentv1.AppointmentEvent{}
		if err := e.Decode(body); err != nil {
			t.Fatal(err)
		}
		types, actors, bodies = append(types, e.Type), append(actors, body.GetActor()), append(bodies, body)
		if e.AggregateVersion != int64(i+1) || e.AggregateID != a.GetId() {
			t.Errorf("event %d: %+v", i, e)
		}
	}
	if want := []string{
		"appointment.created", "appointment.confirmed", "appointment.rescheduled", "appointment.confirmed",
		"appointment.rescheduled", "appointment.completed",
	}; !slices.Equal(types, want) {
		t.Errorf("events %q, want %q", types, want)
	}
	if want := []appointmentv1.Actor{
		appointmentv1.Actor_ACTOR_CUSTOMER, appointmentv1.Actor_ACTOR_MASTER, appointmentv1.Actor_ACTOR_CUSTOMER,
		appointmentv1.Actor_ACTOR_RECEPTIONIST, appointmentv1.Actor_ACTOR_MANAGER, appointmentv1.Actor_ACTOR_MASTER,
	}; !slices.Equal(actors, want) {
		t.Errorf("actors %v, want %v", actors, want)
	}
	if !bodies[4].GetPreviousStartTime().AsTime().Equal(moved.AsTime()) || !bodies[4].GetStartTime().AsTime().Equal(back.AsTime()) {
		t.Errorf("rescheduled: %v", bodies[4])
	}
	snapshot, version, err := f.bookings.Snapshot(t.Context(), a.GetId())
	if err != nil || version != 6 {
		t.Fatalf("version %d, %v", version, err)
	}
	wantMessage(t, snapshot, bodies[5])
	if !snapshot.GetCompleteTime().AsTime().Equal(f.Clock.Now()) {
		t.Errorf("completed at %v", snapshot.GetCompleteTime())
	}
	if n := count(t, f.db, "appointment_history WHERE appointment_id = ?", a.GetId()); n != 6 {
		t.Errorf("%d entries in the history", n)
	}
}

func TestDoneTwice(t *testing.T) {
	f := newFixture(t)
	type call = func(auth.Principal, string, string) (*appointmentv1.Appointment, error)
	for _, tt := range []struct {
		name         string
		prepare      []call
		call         call
		begun        bool
		once, second auth.Principal
	}{
		{"confirm", nil, f.confirm, false, f.mira, f.admin},
		{"complete", []call{f.confirm}, f.complete, true, f.mira, f.admin},
		{"complete early", []call{f.confirm}, f.completeEarly, false, f.mira, f.manager},
		{"complete the pending", nil, f.complete, true, f.receptionist, f.mira},
		{"mark no-show", []call{f.confirm}, f.markNoShow, true, f.admin, f.mira},
		{"mark the pending no-show", nil, f.markNoShow, true, f.receptionist, f.mira},
		{"decline", nil, f.decline, false, f.mira, f.receptionist},
		{"cancel what was declined", []call{f.decline}, f.cancel, false, f.ann, f.mira},
		{"cancel", nil, f.cancel, false, f.ann, f.mira},
		{"cancel the confirmed", []call{f.confirm}, f.cancel, false, f.mira, f.ann},
	} {
		a := f.book(f.ann, f.in(2*time.Hour))
		for _, prepare := range tt.prepare {
			got, err := prepare(f.mira, a.GetId(), a.GetEtag())
			if err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
			a = got
		}
		if tt.begun {
			f.Clock.Advance(2 * time.Hour)
		}
		firstTime, err := tt.call(tt.once, a.GetId(), a.GetEtag())
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		f.Clock.Advance(15 * time.Minute)
		// The client that repeats a call has the etag from before; another one may have none.
		for _, again := range []struct {
			who auth.Principal
			tag string
		}{{tt.once, a.GetEtag()}, {tt.second, ""}, {tt.once, firstTime.GetEtag()}} {
			got, err := tt.call(again.who, a.GetId(), again.tag)
			if err != nil {
				t.Errorf("%s again with etag %q: %v", tt.name, again.tag, err)
				continue
			}
			wantMessage(t, got, f.get(again.who, a.GetId()))
			if got.GetUpdateTime().AsTime() != firstTime.GetUpdateTime().AsTime() || etag.Match(firstTime.GetEtag(), versionOf(t, got)) != nil {
				t.Errorf("%s again: changed to %v", tt.name, got)
			}
		}
		f.Clock.Advance(3 * time.Hour)
	}
}

// versionOf returns the version in an etag.
func versionOf(t *testing.T, a *appointmentv1.Appointment) int64 {
	t.Helper()
	own, _, _ := strings.Cut(a.GetEtag(), "-")
	version, err := strconv.ParseInt(own, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return version
}
