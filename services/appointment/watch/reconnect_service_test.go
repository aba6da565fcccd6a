package watch

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/beauty-salon/platform/internal/auth"
)

// Clients come back all the time while appointments are booked by two processes. Each sees each booking once.
func TestReconnectsLoseAndDoubleNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const bookings, clients = 120, 6
	other := f.newProcess()
	f.Go(other.watch.Run)
	repeatable := []codes.Code{codes.Aborted, codes.Unavailable, codes.DeadlineExceeded}
	var failed atomic.Bool
	var booked atomic.Int64
	var work sync.WaitGroup
	for w := range 4 {
		work.Go(func() {
			for n := w; n < bookings && !failed.Load(); n += 4 {
				req := f.bookingOf(n) // on a busy machine a call may come to nothing, and is repeated
				book := func() (err error) {
					if n%2 == 0 {
						_, err = f.appointments.CreateAppointment(f.As(f.ann), req)
					} else {
						_, err = other.bookings.CreateAppointment(auth.WithPrincipal(t.Context(), f.ann), req)
					}
					return err
				}
				err := book()
				for tries := 0; tries < 5 && slices.Contains(repeatable, status.Code(err)); tries++ {
					err = book()
				}
				if err != nil {
					t.Errorf("book: %v", err)
					failed.Store(true)
				}
				booked.Add(1)
			}
		})
	}
	for n := range clients {
		work.Go(func() {
			seen := map[string]int{}
			req := f.diary()
			for tries := 0; len(seen) < bookings && !failed.Load(); tries++ {
				c := f.open(f.manager, req)
				// The first time a client stays until it has a token: a part of a snapshot is worth nothing.
				for read := 0; len(seen) < bookings && (req.ResumeToken == "" && c.last == "" || read <= (n+tries)%7); read++ {
					m, err := c.receive()
					if err != nil {
						t.Errorf("client %d: %v", n, err)
						return
					}
					switch m.GetType() {
					case created, changed, inventory:
						seen[m.GetAppointment().GetId()]++
					case reset:
						t.Errorf("client %d: reset", n)
					case beat:
						if booked.Load() == bookings { // nothing more comes
							t.Errorf("client %d: saw %d of %d bookings", n, len(seen), bookings)
							return
						}
					}
				}
				if c.last != "" {
					req.ResumeToken = c.last
				}
				c.stop()
			}
			for id, times := range seen {
				if times != 1 {
					t.Errorf("client %d: %s came %d times", n, id, times)
				}
			}
		})
	}
	work.Wait()
}
