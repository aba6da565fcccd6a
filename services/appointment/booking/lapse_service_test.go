package booking

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
)

// sweep lets what is due lapse.
func (f *fixture) sweep() {
	f.t.Helper()
	if err := f.bookings.LapseRequests(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

// lapsed books for somebody at noon of a day, and lets the request lapse.
func (f *fixture) lapsed(who auth.Principal, days int) *appointmentv1.Appointment {
	f.t.Helper()
	a := f.create(who, byMaster(f.noon(days), f.cut, f.mira))
	f.Clock.Set(a.GetLapseTime().AsTime())
	f.sweep()
	if got := f.get(who, a.GetId()); got.GetCancellationCause() != appointmentv1.CancellationCause_CANCELLATION_CAUSE_LAPSED {
		f.t.Fatalf("not lapsed: %v", got)
	}
	return a
}

// TestRequestsLapse: at its deadline a request is cancelled, once, however many processes look for it.
func TestRequestsLapse(t *testing.T) {
	f := newFixture(t)
	published := f.Listen("appointments", "appointment.lapsed")
	f.setPolicy(&appointmentv1.UpdateBookingPolicyRequest{RequestTimeoutMinutes: new(int32(30))})
	a := f.book(f.ann, f.in(24*time.Hour))
	confirmed := f.book(f.ann, f.in(30*time.Hour))
	if _, err := f.confirm(f.mira, confirmed.GetId(), ""); err != nil {
		t.Fatal(err)
	}
	old := f.book(f.ann, f.in(40*time.Hour))
	exec(t, f.db, "UPDATE appointments SET timeout_time = NULL, lapse_time = NULL WHERE id = ?", old.GetId())
	deadline := f.Clock.Now().Add(30 * time.Minute)
	if !a.GetLapseTime().AsTime().Equal(deadline) {
		t.Errorf("lapses at %v, want %v", a.GetLapseTime().AsTime(), deadline)
	}
	f.Clock.Set(deadline.Add(-time.Millisecond))
	f.sweep()
	wantMessage(t, f.get(f.ann, a.GetId()), a)

	f.Clock.Set(deadline)
	processes := []process{f.process, f.newProcess(), f.newProcess()}
	var all sync.WaitGroup
	for range 3 {
		for _, p := range processes {
			all.Go(func() {
				if err := p.bookings.LapseRequests(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	got := f.get(f.ann, a.GetId())
	if got.GetState() != appointmentv1.AppointmentState_APPOINTMENT_STATE_CANCELLED || got.GetCancelledBy() != appointmentv1.Actor_ACTOR_SYSTEM ||
		got.GetCancellationCause() != appointmentv1.CancellationCause_CANCELLATION_CAUSE_LAPSED || got.GetLapseTime() != nil ||
		!got.GetUpdateTime().AsTime().Equal(deadline) || versionOf(t, got) != 2 {
		t.Errorf("lapsed: %v", got)
	}
	history := f.history(f.mira, a.GetId())
	if last := history[len(history)-1]; len(history) != 2 || last.GetActor() != appointmentv1.Actor_ACTOR_SYSTEM || last.GetActorName() != "" ||
		last.GetAction() != appointmentv1.AppointmentAction_APPOINTMENT_ACTION_LAPSED {
		t.Errorf("history: %v", history)
	}
	if event := published.Wait(1)[0]; event.AggregateID != a.GetId() || event.AggregateVersion != 2 {
		t.Errorf("event %+v", event)
	}
	if n := count(t, f.db, "outbox WHERE type = 'appointment.lapsed'"); n != 1 {
		t.Errorf("%d events", n)
	}
	if got := f.get(f.ann, confirmed.GetId()); got.GetState() != appointmentv1.AppointmentState_APPOINTMENT_STATE_CONFIRMED || got.GetLapseTime() != nil {
		t.Errorf("confirmed: %v", got)
	}
	if got := f.get(f.ann, old.GetId()); got.GetState() != appointmentv1.AppointmentState_APPOINTMENT_STATE_PENDING || got.GetLapseTime() != nil {
		t.Errorf("from before: %v", got)
	}
	f.create(f.SignIn(apiv1.Role_ROLE_CUSTOMER), byMaster(a.GetStartTime().AsTime(), f.cut, f.mira)) // the time is free
	wantError(t, onlyError(f.decline(f.mira, a.GetId(), "")), codes.FailedPrecondition, "ILLEGAL_STATE", "")
	wantError(t, onlyError(f.reschedule(f.ann, a.GetId(), "", f.in(72*time.Hour))), codes.FailedPrecondition, "ILLEGAL_STATE", "")
	if _, err := f.cancel(f.ann, a.GetId(), ""); err != nil {
		t.Errorf("cancel what has lapsed: %v", err)
	}
	wantMessage(t, f.get(f.ann, a.GetId()), got)
	wantClaims(t, f.db)
}

// TestLateConfirmation: after the deadline, and before it has an effect, staff still confirm.
func TestLateConfirmation(t *testing.T) {
	f := newFixture(t)
	a := f.book(f.ann, f.in(48*time.Hour))
	f.Clock.Set(a.GetLapseTime().AsTime().Add(time.Minute))
	if _, err := f.confirm(f.mira, a.GetId(), ""); err != nil {
		t.Fatal(err)
	}
	f.sweep()
	if got := f.get(f.ann, a.GetId()); got.GetState() != appointmentv1.AppointmentState_APPOINTMENT_STATE_CONFIRMED || versionOf(t, got) != 2 {
		t.Errorf("confirmed: %v", got)
	}
}

// TestLapsedAgain: staff confirm, complete or mark as missed what has lapsed. Its time has to be free, and is taken again.
func TestLapsedAgain(t *testing.T) {
	f := newFixture(t)
	f.openDaily("09:00", "18:00")
	stranger := f.SignIn(apiv1.Role_ROLE_CUSTOMER)

	a := f.lapsed(f.ann, 5)
	wantError(t, onlyError(f.confirm(f.mira, a.GetId(), a.GetEtag())), codes.Aborted, "ETAG_MISMATCH", "")
	wantError(t, onlyError(f.confirm(f.ann, a.GetId(), "")), codes.PermissionDenied, "PERMISSION_DENIED", "")
	wantError(t, onlyError(f.complete(f.mira, a.GetId(), "")), codes.FailedPrecondition, "ILLEGAL_STATE", "")
	wantError(t, onlyError(f.markNoShow(f.mira, a.GetId(), "")), codes.FailedPrecondition, "ILLEGAL_STATE", "")
	got, err := f.confirm(f.mira, a.GetId(), f.get(f.mira, a.GetId()).GetEtag())
	if err != nil || got.GetState() != appointmentv1.AppointmentState_APPOINTMENT_STATE_CONFIRMED || got.GetCancelReason() != "" ||
		got.GetCancellationCause() != appointmentv1.CancellationCause_CANCELLATION_CAUSE_UNSPECIFIED ||
		got.GetCancelledBy() != appointmentv1.Actor_ACTOR_UNSPECIFIED {
		t.Errorf("confirmed: %v, %v", got, err)
	}
	again, err := f.confirm(f.mira, a.GetId(), a.GetEtag())
	if err != nil {
		t.Fatal(err)
	}
	wantMessage(t, again, got)
	wantClaims(t, f.db)
	_, err = f.appointments.CreateAppointment(f.As(stranger), byMaster(a.GetStartTime().AsTime(), f.cut, f.mira))
	wantError(t, err, codes.AlreadyExists, "SLOT_UNAVAILABLE", "start_time")

	// Somebody else has the time.
	b := f.lapsed(f.ann, 6)
	taken := f.create(stranger, byMaster(b.GetStartTime().AsTime().Add(30*time.Minute), f.cut, f.mira))
	wantError(t, onlyError(f.confirm(f.mira, b.GetId(), "")), codes.AlreadyExists, "SLOT_UNAVAILABLE", "")
	if _, err := f.cancel(f.mira, taken.GetId(), ""); err != nil {
		t.Fatal(err)
	}
	// The customer has something else then.
	other := f.staff(first.ID, roleMaster)
	f.offer(other, f.cut)
	elsewhere := f.create(f.ann, byMaster(b.GetStartTime().AsTime(), f.cut, other))
	wantError(t, onlyError(f.confirm(f.mira, b.GetId(), "")), codes.AlreadyExists, "CUSTOMER_BUSY", "")
	if _, err := f.cancel(f.ann, elsewhere.GetId(), ""); err != nil {
		t.Fatal(err)
	}
	// The customer has come although nobody had confirmed: in the past, and on a day on which the salon is closed by now.
	f.openDaily("20:00", "21:00")
	f.Clock.Set(b.GetEndTime().AsTime())
	if got, err = f.complete(f.receptionist, b.GetId(), ""); err != nil || got.GetState() != appointmentv1.AppointmentState_APPOINTMENT_STATE_COMPLETED {
		t.Errorf("completed: %v, %v", got, err)
	}
	wantClaims(t, f.db)

	// Who is marked as missed takes no time, so it may be taken.
	f.openDaily("09:00", "18:00")
	c := f.lapsed(f.ann, 5)
	f.create(stranger, byMaster(c.GetStartTime().AsTime(), f.cut, f.mira))
	f.Clock.Set(c.GetEndTime().AsTime())
	if got, err = f.markNoShow(f.manager, c.GetId(), ""); err != nil || got.GetState() != appointmentv1.AppointmentState_APPOINTMENT_STATE_NO_SHOW {
		t.Errorf("missed: %v, %v", got, err)
	}
	wantClaims(t, f.db)
}

// TestLapsedTakesAnyResource: the resource may be another one of its kind.
func TestLapsedTakesAnyResource(t *testing.T) {
	f := newFixture(t)
	chair := f.newResources("Chair", 2)
	colour := f.newPhased("Colour", phase(workPhase, 60, chair))
	others := []auth.Principal{f.staff(first.ID, roleMaster), f.staff(first.ID, roleMaster)}
	for _, master := range append(others, f.mira) {
		f.offer(master, colour)
	}
	a := f.create(f.ann, byMaster(f.noon(5), colour, f.mira))
	f.Clock.Set(a.GetLapseTime().AsTime())
	f.sweep()
	var taken []*appointmentv1.Appointment
	for _, master := range others {
		taken = append(taken, f.create(f.SignIn(apiv1.Role_ROLE_CUSTOMER), byMaster(a.GetStartTime().AsTime(), colour, master)))
	}
	wantError(t, onlyError(f.confirm(f.mira, a.GetId(), "")), codes.AlreadyExists, "SLOT_UNAVAILABLE", "")
	if _, err := f.cancel(f.admin, taken[1].GetId(), ""); err != nil {
		t.Fatal(err)
	}
	if _, err := f.confirm(f.mira, a.GetId(), ""); err != nil {
		t.Error(err)
	}
	if n := count(t, f.db, "(SELECT DISTINCT subject_id FROM claims WHERE subject_kind = 'RESOURCE') AS c"); n != 2 {
		t.Errorf("%d chairs are taken", n)
	}
	wantClaims(t, f.db)
}

// TestLapsedAmongOthers: of those who want the time of a request that has lapsed, one gets it.
func TestLapsedAmongOthers(t *testing.T) {
	f := newFixture(t)
	for day := range 5 {
		a := f.lapsed(f.ann, day+3)
		var got atomic.Int32
		var all sync.WaitGroup
		try := func(call func() error) {
			all.Go(func() {
				err := call()
				if err == nil {
					got.Add(1)
					return
				}
				if reason := apierr.ReasonOf(err); reason != "SLOT_UNAVAILABLE" {
					t.Errorf("refused with %s: %v", reason, err)
				}
			})
		}
		for range 3 {
			stranger := f.SignIn(apiv1.Role_ROLE_CUSTOMER)
			try(func() error {
				_, err := f.appointments.CreateAppointment(f.As(stranger), byMaster(a.GetStartTime().AsTime(), f.cut, f.mira))
				return err
			})
		}
		try(func() error { return onlyError(f.confirm(f.mira, a.GetId(), "")) })
		all.Wait()
		if n := got.Load(); n != 1 {
			t.Errorf("%d have got the time", n)
		}
		wantClaims(t, f.db)
	}
}
