package resilience_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// TestKillWhileBooking kills the program five times, with its database and its queue, while customers book. They repeat
// what was not answered, as clients do. At the end every booking exists once and caused one notification each.
func TestKillWhileBooking(t *testing.T) {
	t.Parallel()
	const kills, perRun, clients = 5, 30, 4
	system := salontest.Start(t, unlimited)
	cast := system.NewCast(t)
	token := cast.CustomerA.Pair(t).GetAccessToken()

	b := &bookings{answered: map[string]string{}}
	for range (kills + 1) * perRun {
		req := salontest.Booking(cast.Master1, cast.Service, system.NextStart())
		req.RequestId = uuid.NewString()
		b.open = append(b.open, req)
	}
	for n := range kills {
		var wg sync.WaitGroup
		for range clients {
			// What this run must leave to those after it is not begun.
			wg.Go(func() { b.work(t, system, token, func() bool { return b.count() >= (n+1)*perRun }) })
		}
		moment := b.count() + 1 + rand.IntN(perRun/2)
		if !salontest.Deadline(time.Minute, func() bool { return b.count() >= moment || t.Failed() }) {
			t.Fatalf("run %d: %d bookings in a minute, want %d", n, b.count(), moment)
		}
		if err := system.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
		if err := system.Wait(time.Minute); err != nil {
			t.Fatal(err)
		}
		t.Logf("run %d: killed after %d bookings", n, b.count())
		if err := system.Restart(t.Context()); err != nil {
			t.Fatalf("start after kill %d: %v", n+1, err)
		}
	}
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() { b.work(t, system, token, func() bool { return false }) })
	}
	wg.Wait()
	if len(b.open) > 0 {
		t.Fatalf("%d bookings could not be made though nothing was killed any more", len(b.open))
	}

	appointments := appointmentsOf(t, system.REST(), cast.Master1.ID)
	noOverlap(t, appointments)
	if len(appointments) != len(b.answered) {
		t.Errorf("the master has %d appointments, %d were acknowledged", len(appointments), len(b.answered))
	}
	expectations := []expectation{{who: cast.CustomerA}, {who: cast.Master1}}
	for _, appointment := range appointments {
		for i := range expectations {
			expectations[i].what = append(expectations[i].what, notice{created, appointment.GetId()})
		}
	}
	exists := map[string]bool{}
	for _, appointment := range appointments {
		exists[appointment.GetId()] = true
	}
	for request, id := range b.answered {
		if !exists[id] {
			t.Errorf("the booking %s was acknowledged as %s, and is lost", request, id)
		}
	}
	arrive(t, system.GRPC(), expectations)
	exactlyOnce(t, system.GRPC(), expectations)
}

// bookings are to be made by several clients.
type bookings struct {
	mu       sync.Mutex
	open     []*appointmentv1.CreateAppointmentRequest
	answered map[string]string // the appointment's id by the request's
}

func (b *bookings) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.answered)
}

// work makes bookings until none are left, or it is enough, or the program is away. What was not answered stays open.
func (b *bookings) work(t *testing.T, system *salontest.System, token string, enough func() bool) {
	conn := system.Conn()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for !enough() {
		b.mu.Lock()
		if len(b.open) == 0 {
			b.mu.Unlock()
			return
		}
		req := b.open[0]
		b.open = b.open[1:]
		b.mu.Unlock()

		appointment := &appointmentv1.Appointment{}
		err := attempt(ctx, conn, token, createAppointment, req, appointment)
		b.mu.Lock()
		if err != nil {
			b.open = append([]*appointmentv1.CreateAppointmentRequest{req}, b.open...)
		} else {
			b.answered[req.GetRequestId()] = appointment.GetId()
		}
		b.mu.Unlock()
		if err != nil {
			if code := status.Code(err); code != codes.Unavailable {
				t.Errorf("a booking failed otherwise than by the program's death: %v", err)
			}
			return
		}
	}
}
