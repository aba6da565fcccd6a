package booking

import (
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
)

// TestHoldsRace: of many who hold or book one time at once, one gets it; whoever holds it books it.
func TestHoldsRace(t *testing.T) {
	f := newFixture(t)
	elsewhere := f.newProcess()
	for round := range 10 {
		start := f.noon(2 + round)
		var got atomic.Int32
		var all sync.WaitGroup
		callers, quote := make([]auth.Principal, 16), f.slotAt(nobody, start).GetQuote()
		for n := range callers {
			callers[n] = f.SignIn(apiv1.Role_ROLE_CUSTOMER)
		}
		for n, who := range callers {
			all.Go(func() {
				var err error
				if n%2 == 0 {
					_, err = elsewhere.bookings.CreateAppointment(f.principal(who), &appointmentv1.CreateAppointmentRequest{Quote: &quote})
				} else {
					var h *appointmentv1.Hold
					if h, err = f.holds().CreateHold(f.As(who), &appointmentv1.CreateHoldRequest{Quote: quote}); err == nil {
						if _, err := f.bookHold(who, h, ""); err != nil {
							t.Errorf("a hold was not booked: %v", err)
						}
					}
				}
				if err == nil {
					got.Add(1)
				} else if status.Code(err) != codes.AlreadyExists {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if got.Load() != 1 {
			t.Errorf("round %d: %d got the time", round, got.Load())
		}
	}
	wantClaims(t, f.db)
}

// TestHoldAtItsEnd: the holder and somebody else want the time when the hold expires: one of them gets it.
func TestHoldAtItsEnd(t *testing.T) {
	f := newFixture(t)
	bob := f.SignIn(apiv1.Role_ROLE_CUSTOMER)
	f.setPolicy(&appointmentv1.UpdateBookingPolicyRequest{MaxOpenAppointments: new(int32(0))})
	for round := range 20 {
		start := f.noon(2 + round)
		quote := f.slotAt(bob, start).GetQuote()
		h := f.hold(f.ann, start)
		exec(t, f.db, `WITH h AS (UPDATE holds SET expire_time = clock_timestamp() + interval '20 milliseconds' WHERE id = ? RETURNING *)
			UPDATE claims c SET expire_time = h.expire_time FROM h WHERE c.appointment_id = h.appointment_id`, h.GetId())
		var theirs, his error
		var all sync.WaitGroup
		all.Go(func() { _, his = f.createQuote(bob, quote) })
		for range 3 { // the third time, it may be over
			if _, theirs = f.bookHold(f.ann, h, ""); theirs == nil {
				break
			}
		}
		all.Wait()
		if theirs != nil && his != nil {
			f.letExpire(h)
			_, his = f.createQuote(bob, quote)
		}
		if (theirs == nil) == (his == nil) {
			t.Errorf("round %d: the holder got %v, the other %v", round, theirs, his)
		}
	}
	wantClaims(t, f.db)
}
