package appointment

import (
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/beauty-salon/platform/internal/pgtest"
)

// TestOneOfManyWins: of 64 calls for the same time exactly one succeeds, whether
// they come to one process or two.
func TestOneOfManyWins(t *testing.T) {
	db := pgtest.New(t, Migrations)
	store := NewStore(db)
	bookers := []*Booker{NewBooker(store, 0, 0, nil), NewBooker(store, 0, 8, nil)}
	offer := offerOf(t, db)
	for round := range 5 {
		var won, lost atomic.Int32
		var all sync.WaitGroup
		for n := range 64 {
			b := bookingOf(t, at(8+2*round, 0), offer)
			all.Go(func() {
				switch got, err := bookers[n%2].Book(t.Context(), b); {
				case err != nil:
					t.Errorf("round %d: %v", round, err)
				case got.Outcome == Booked:
					won.Add(1)
				case got.Outcome == Taken:
					lost.Add(1)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 || lost.Load() != 63 {
			t.Errorf("round %d: %d won, %d lost", round, won.Load(), lost.Load())
		}
	}
	wantNoOverlap(t, db)
}

// TestContention has 32 clients book, move and cancel visits of 3 masters in two
// processes at once. Nothing overlaps, and nothing fails but for the time being
// taken: no deadlock, no lock that times out.
func TestContention(t *testing.T) {
	const clients, attempts, slots = 32, 40, 24
	db := pgtest.New(t, Migrations)
	store := NewStore(db)
	bookers := []*Booker{NewBooker(store, 0, 0, nil), NewBooker(store, 0, 0, nil)}
	offers := []Offer{offerWith(t, db, newID(), 5, 5), offerOf(t, db), offerOf(t, db)}
	var booked, changed, taken atomic.Int32
	var all sync.WaitGroup
	for client := range clients {
		random := rand.New(rand.NewPCG(7, uint64(client)))
		customer := newID()
		all.Go(func() {
			var mine []string
			for range attempts {
				start := at(0, 0).Add(time.Duration(random.IntN(slots)) * 30 * time.Minute)
				if len(mine) > 0 && random.IntN(3) == 0 {
					id := mine[random.IntN(len(mine))]
					_, err := store.UpdateAppointment(t.Context(), id, everything, func(a *Appointment) error {
						if random.IntN(2) == 0 {
							return a.Cancel(Customer, "", now)
						}
						return a.Reschedule(start, Customer, now)
					})
					switch {
					case errors.Is(err, errSlotUnavailable), errors.Is(err, errIllegalState):
						taken.Add(1)
					case err != nil:
						t.Errorf("change: %v", err)
					default:
						changed.Add(1)
					}
					continue
				}
				chosen := []Offer{offers[random.IntN(3)]}
				if random.IntN(4) == 0 {
					chosen = append(chosen, offers[random.IntN(3)])
				}
				b := bookingFor(t, customer, start, chosen...)
				switch got, err := bookers[client%2].Book(t.Context(), b); {
				case err != nil:
					t.Errorf("book: %v", err)
				case got.Outcome == Booked:
					booked.Add(1)
					mine = append(mine, b.Appointment.ID)
				case got.Outcome == Taken:
					taken.Add(1)
				default:
					t.Errorf("book: %q", got.Outcome)
				}
			}
		})
	}
	all.Wait()
	wantNoOverlap(t, db)
	if n := count(t, db, "appointments"); n != int(booked.Load()) {
		t.Errorf("%d appointments, but %d were booked", n, booked.Load())
	}
	t.Logf("%d booked, %d changed, %d refused", booked.Load(), changed.Load(), taken.Load())
}
