package booking

import (
	"sync"
	"testing"

	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
)

// caller returns how a new customer books: the second one of two through another process.
func (f *fixture) caller(n int, elsewhere process) func(*appointmentv1.CreateAppointmentRequest) (*appointmentv1.Appointment, error) {
	who := f.SignIn(apiv1.Role_ROLE_CUSTOMER)
	if n%2 == 1 {
		ctx := auth.WithPrincipal(f.t.Context(), who)
		return func(req *appointmentv1.CreateAppointmentRequest) (*appointmentv1.Appointment, error) {
			return elsewhere.bookings.CreateAppointment(ctx, req)
		}
	}
	ctx := f.As(who)
	return func(req *appointmentv1.CreateAppointmentRequest) (*appointmentv1.Appointment, error) {
		return f.appointments.CreateAppointment(ctx, req)
	}
}

// TestAnyMaster: of three callers at once two are booked, with the two masters who are free. The third one learns what is free.
func TestAnyMaster(t *testing.T) {
	f := newFixture(t)
	elsewhere := f.newProcess()
	nora := f.staff(first.ID, roleMaster)
	f.offer(nora, f.cut)
	for round := range 20 {
		start := f.noon(2 + round)
		results, errs := make([]*appointmentv1.Appointment, 3), make([]error, 3)
		var all sync.WaitGroup
		for n := range results {
			call := f.caller(n, elsewhere)
			all.Go(func() { results[n], errs[n] = call(anyMaster(start, f.cut)) })
		}
		all.Wait()
		masters := map[string]bool{}
		for n, a := range results {
			if errs[n] == nil {
				masters[a.GetSegments()[0].GetMasterId()] = true
				continue
			}
			wantError(t, errs[n], codes.AlreadyExists, "SLOT_UNAVAILABLE", "start_time")
			detail := wantNotBookable(t, errs[n], appointmentv1.BlockReason_BLOCK_REASON_BOOKED)
			wantAlternatives(t, detail, start)
		}
		if len(masters) != 2 || count(t, f.db, "appointments WHERE start_time = ?", start) != 2 {
			t.Errorf("round %d: masters %v, %v", round, masters, errs)
		}
	}
	wantClaims(t, f.db)
}

// TestAnyMasterUntilNoneIsFree: as many callers at once as there are masters are all booked.
func TestAnyMasterUntilNoneIsFree(t *testing.T) {
	f := newFixture(t)
	elsewhere := f.newProcess()
	const masters = 12
	for range masters - 1 {
		f.offer(f.staff(first.ID, roleMaster), f.cut)
	}
	for round := range 3 {
		start := f.noon(2 + round)
		var all sync.WaitGroup
		for n := range masters {
			call := f.caller(n, elsewhere)
			all.Go(func() {
				if _, err := call(anyMaster(start, f.cut)); err != nil {
					t.Errorf("round %d: %v", round, err)
				}
			})
		}
		all.Wait()
	}
	wantClaims(t, f.db)
}

// TestAnyMasterOnAFullDay: a master with as many appointments as the salon permits is passed over.
func TestAnyMasterOnAFullDay(t *testing.T) {
	f := newFixture(t)
	nora := f.staff(first.ID, roleMaster)
	f.offer(nora, f.cut)
	f.setPolicy(&appointmentv1.UpdateBookingPolicyRequest{MaxMasterAppointmentsADay: new(int32(1))})
	start := f.noon(2)
	one := f.create(f.ann, anyMaster(start, f.cut))
	two := f.create(f.SignIn(apiv1.Role_ROLE_CUSTOMER), anyMaster(start.Add(hour), f.cut))
	if a, b := one.GetSegments()[0].GetMasterId(), two.GetSegments()[0].GetMasterId(); a == b {
		t.Errorf("both with %s", a)
	}
	_, err := f.appointments.CreateAppointment(f.As(f.SignIn(apiv1.Role_ROLE_CUSTOMER)), anyMaster(start.Add(2*hour), f.cut))
	wantError(t, err, codes.FailedPrecondition, "NOT_BOOKABLE", "start_time")
	detail := wantNotBookable(t, err, appointmentv1.BlockReason_BLOCK_REASON_CUSTOMER_LIMIT)
	wantAlternatives(t, detail, start.AddDate(0, 0, 1).Add(-12*hour-1))
}
