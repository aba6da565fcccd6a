package resilience_test

import (
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/beauty-salon/platform/e2e/salontest"
)

// unlimited lets a test's accounts call as often as they can: what is tested is not the limits.
var unlimited = salontest.WithArgs("--limit-user=0", "--limit-address=0", "--limit-auth=0")

// TestOneSlot lets 64 clients book the same time at once, again and again: each time exactly one gets it. Other times that overlap are for
// TestStorm.
func TestOneSlot(t *testing.T) {
	t.Parallel()
	const clients = 64
	rounds := 60
	if os.Getenv("SALON_SOAK") != "" {
		rounds = 200
	}
	system := salontest.Start(t, unlimited)
	cast := system.NewCast(t)
	customers := []*salontest.Account{cast.CustomerA, cast.CustomerB, cast.Master2, cast.Admin}
	for _, customer := range customers {
		customer.Pair(t) // signed in before the race
	}
	callers := system.Callers()
	winners := map[string]int{}
	for round := range rounds {
		start := system.NextStart()
		var won [2]atomic.Int32
		var wg sync.WaitGroup
		begin := make(chan struct{})
		for i := range clients {
			wg.Go(func() {
				<-begin
				c := callers[i%len(callers)]
				r := c.Call(t, customers[i/2%len(customers)], createAppointment, salontest.Booking(cast.Master1, cast.Service, start))
				switch {
				case r.Code == codes.OK:
					won[i%len(callers)].Add(1)
				case r.Reason != "SLOT_UNAVAILABLE":
					t.Errorf("round %d: %s: %v, want OK or SLOT_UNAVAILABLE", round, c.Name(), r)
				}
			})
		}
		close(begin)
		wg.Wait()
		if n := won[0].Load() + won[1].Load(); n != 1 {
			t.Errorf("round %d: %d clients got the time, want 1", round, n)
		}
		for i, c := range callers {
			winners[c.Name()] += int(won[i].Load())
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	t.Logf("winners by protocol: %v", winners)
	salontest.Both(t, system, func(t *testing.T, c salontest.Caller) {
		appointments := appointmentsOf(t, c, cast.Master1.ID)
		if len(appointments) != rounds {
			t.Errorf("the master has %d appointments, want %d", len(appointments), rounds)
		}
		noOverlap(t, appointments)
	})
}
