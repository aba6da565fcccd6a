package resilience_test

import (
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/beauty-salon/platform/e2e/salontest"
)

// notifyLimit is how long after a restart people may wait for what they would have been notified of before it.
const notifyLimit = 30 * time.Second

// TestNotifiedSoonAfterKill kills the program, with its database and its queue, at the moment when bookings are answered. When it
// is ready again, the customers and the master find the notifications in their inboxes within the limit, each once.
func TestNotifiedSoonAfterKill(t *testing.T) {
	t.Parallel()
	const kills, perKill = 3, 12
	system := salontest.Start(t, unlimited)
	cast := system.NewCast(t)
	customers := []*salontest.Account{cast.CustomerA, cast.CustomerB}
	expectations := []expectation{{who: cast.CustomerA}, {who: cast.CustomerB}, {who: cast.Master1}}
	for n := range kills {
		var mu sync.Mutex
		var wg sync.WaitGroup
		for i, customer := range customers {
			wg.Go(func() {
				for range perKill / len(customers) {
					appointment := cast.Book(t, customer, cast.Master1)
					mu.Lock()
					for _, who := range []int{i, len(customers)} {
						expectations[who].what = append(expectations[who].what, notice{created, appointment.GetId()})
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if err := system.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		if err := system.Wait(time.Minute); err != nil {
			t.Fatal(err)
		}
		if err := system.Restart(t.Context()); err != nil {
			t.Fatalf("start after kill %d: %v", n+1, err)
		}
		ready := time.Now()
		arrive(t, system.REST(), expectations)
		took := time.Since(ready)
		t.Logf("kill %d: everybody was notified %s after the restart", n+1, took.Round(time.Millisecond))
		if took > notifyLimit {
			t.Errorf("kill %d: the last notification came %s after the restart, want %s at the most", n+1, took, notifyLimit)
		}
	}
	exactlyOnce(t, system.REST(), expectations)
}
