package booking

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

const limitReason = appointmentv1.BlockReason_BLOCK_REASON_CUSTOMER_LIMIT

// wantFullDay checks the error of a date with as many appointments as the salon permits.
func wantFullDay(t testing.TB, err error) *appointmentv1.NotBookable {
	t.Helper()
	wantError(t, err, codes.FailedPrecondition, "NOT_BOOKABLE", "start_time")
	return wantNotBookable(t, err, limitReason)
}

// TestDayLimitOfAMaster: of several at once, at different hours of one date, one is booked.
func TestDayLimitOfAMaster(t *testing.T) {
	f := newFixture(t)
	elsewhere := f.newProcess()
	f.setPolicy(&appointmentv1.UpdateBookingPolicyRequest{MaxMasterAppointmentsADay: new(int32(1))})
	for round := range 10 {
		start := f.noon(2 + round)
		// While a booking of each process waits for Mira, the others queue. Those of one process come into one statement.
		release := holdSubject(t, f.db, f.mira.UserID)
		var booked atomic.Int32
		var all sync.WaitGroup
		for n, p := range []process{f.process, elsewhere} {
			ctx := f.principal(f.manager)
			all.Go(func() {
				if _, err := p.bookings.CreateAppointment(ctx, byMaster(f.noon(50+2*round+n), f.cut, f.mira)); err != nil {
					t.Errorf("on another date: %v", err)
				}
			})
		}
		waitForLocks(t, f.db, 2)
		for n := range 8 {
			call := f.caller(n, elsewhere)
			req := byMaster(start.Add(time.Duration(n)*hour), f.cut, f.mira)
			all.Go(func() {
				if _, err := call(req); err == nil {
					booked.Add(1)
				} else {
					wantFullDay(t, err)
				}
			})
		}
		eventually(t, "the others are queued", func() bool { return entriesIn(f.process) == 4 && entriesIn(elsewhere) == 4 })
		release(nil)
		all.Wait()
		if booked.Load() != 1 {
			t.Errorf("round %d: %d booked", round, booked.Load())
		}
	}
	_, err := f.appointments.CreateAppointment(f.As(f.SignIn(apiv1.Role_ROLE_CUSTOMER)), byMaster(f.noon(11).Add(-3*hour), f.cut, f.mira))
	wantAlternatives(t, wantFullDay(t, err), f.noon(11).Add(11*hour))
	more := byMaster(f.noon(11).Add(-3*hour), f.cut, f.mira)
	_, err = f.appointments.CreateAppointment(f.As(f.mira), more)
	wantFullDay(t, err)
	more.Override = &appointmentv1.RuleOverride{Reason: "She is in pain."}
	f.create(f.mira, more)
}

// entriesIn is how many bookings of a process wait to be written.
func entriesIn(p process) (n int) {
	q := p.bookings.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range q.queues {
		n += len(q.queues[i].entries)
	}
	return n
}

// TestDayLimitOfACustomer: it counts appointments of the salon's local date with any master.
func TestDayLimitOfACustomer(t *testing.T) {
	f := newFixture(t)
	elsewhere := f.newProcess()
	nora := f.staff(first.ID, roleMaster)
	f.offer(nora, f.cut)
	f.setPolicy(&appointmentv1.UpdateBookingPolicyRequest{MaxCustomerAppointmentsADay: new(int32(1)), MaxOpenAppointments: new(int32(0))})
	for round := range 5 {
		start := f.noon(2 + round)
		var booked atomic.Int32
		var all sync.WaitGroup
		for n, master := range []string{f.mira.UserID, nora.UserID, f.mira.UserID, nora.UserID} {
			req := byMaster(start.Add(time.Duration(n)*hour), f.cut, f.mira)
			req.Segments[0].MasterId = &master
			bookings := []*Bookings{f.bookings, elsewhere.bookings}[n%2]
			ctx := f.principal(f.ann)
			all.Go(func() {
				if _, err := bookings.CreateAppointment(ctx, req); err == nil {
					booked.Add(1)
				} else {
					wantFullDay(t, err)
				}
			})
		}
		all.Wait()
		if booked.Load() != 1 {
			t.Errorf("round %d: %d booked", round, booked.Load())
		}
	}
}

// TestDayLimitsWhenMoving: a full date takes no appointment of another date, and one may move within its own.
func TestDayLimitsWhenMoving(t *testing.T) {
	for name, policy := range map[string]*appointmentv1.UpdateBookingPolicyRequest{
		"of the master":   {MaxMasterAppointmentsADay: new(int32(1))},
		"of the customer": {MaxCustomerAppointmentsADay: new(int32(1))},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			full := f.create(f.ann, byMaster(f.noon(2), f.cut, f.mira))
			a := f.create(f.ann, byMaster(f.noon(3), f.cut, f.mira))
			f.setPolicy(policy)
			_, err := f.reschedule(f.ann, a.GetId(), "", timestamp(f.noon(2).Add(2*hour)))
			wantFullDay(t, err)
			for _, start := range []time.Time{f.noon(3).Add(2 * hour), f.noon(4)} {
				if _, err := f.reschedule(f.ann, a.GetId(), "", timestamp(start)); err != nil {
					t.Errorf("to %v: %v", start, err)
				}
			}
			if _, err := f.reschedule(f.ann, full.GetId(), "", timestamp(f.noon(2).Add(time.Hour/2))); err != nil {
				t.Errorf("within the date: %v", err)
			}
			_, err = f.reschedule(f.receptionist, a.GetId(), "", timestamp(f.noon(2).Add(2*hour)))
			wantFullDay(t, err)
			_, err = f.appointments.RescheduleAppointment(f.As(f.receptionist), &appointmentv1.RescheduleAppointmentRequest{
				AppointmentId: a.GetId(), StartTime: timestamp(f.noon(2).Add(2 * hour)),
				Override: &appointmentv1.RuleOverride{Reason: "She travels."},
			})
			if err != nil {
				t.Errorf("by staff with an override: %v", err)
			}
		})
	}
}

// TestLimitOfOpenAppointmentsWithAChoice: the reason stays that of the limit where the plan depends on what is taken.
func TestLimitOfOpenAppointmentsWithAChoice(t *testing.T) {
	f := newFixture(t)
	f.offer(f.staff(first.ID, roleMaster), f.cut)
	f.setPolicy(&appointmentv1.UpdateBookingPolicyRequest{MaxOpenAppointments: new(int32(1)), MaxCustomerAppointmentsADay: new(int32(5))})
	f.create(f.ann, anyMaster(f.noon(2), f.cut))
	_, err := f.appointments.CreateAppointment(f.As(f.ann), anyMaster(f.noon(3), f.cut))
	wantError(t, err, codes.FailedPrecondition, "TOO_MANY_OPEN_APPOINTMENTS", "")
}

func TestConfirmation(t *testing.T) {
	const (
		pending   = appointmentv1.AppointmentState_APPOINTMENT_STATE_PENDING
		confirmed = appointmentv1.AppointmentState_APPOINTMENT_STATE_CONFIRMED
	)
	f := newFixture(t)
	days := 1
	book := func() *appointmentv1.Appointment {
		t.Helper()
		days++
		return f.create(f.ann, byMaster(f.noon(days), f.cut, f.mira))
	}
	want := func(what string, got, want appointmentv1.AppointmentState) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	want("always", book().GetState(), pending)
	f.setPolicy(&appointmentv1.UpdateBookingPolicyRequest{Confirmation: new(appointmentv1.Confirmation_CONFIRMATION_NEVER)})
	a := book()
	want("never", a.GetState(), confirmed)
	moved, err := f.reschedule(f.ann, a.GetId(), "", timestamp(f.noon(days).Add(hour)))
	if err != nil {
		t.Fatal(err)
	}
	want("never, moved by the customer", moved.GetState(), confirmed)

	f.setPolicy(&appointmentv1.UpdateBookingPolicyRequest{Confirmation: new(appointmentv1.Confirmation_CONFIRMATION_FIRST_APPOINTMENT)})
	want("the first one", book().GetState(), pending)
	want("the second one, before any was completed", book().GetState(), pending)
	if _, err := f.completeEarly(f.mira, a.GetId(), ""); err != nil {
		t.Fatal(err)
	}
	want("after a completed one", book().GetState(), confirmed)
	stranger := f.create(f.SignIn(apiv1.Role_ROLE_CUSTOMER), byMaster(f.noon(days+1), f.cut, f.mira))
	want("another customer", stranger.GetState(), pending)
}
