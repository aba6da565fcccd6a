package booking

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/catalog"
	"github.com/beauty-salon/platform/services/appointment/migrations"
)

// stuckKinds are the kinds of subjects that can be stuck, and who holds what.
var stuckKinds = []struct {
	name    string
	subject func(c *creation) string
	hold    func(ctx context.Context, tx *postgres.DB, c *creation) error
}{
	{"a master", func(c *creation) string { return c.appointment.Segments[0].MasterID }, nil},
	{"the master of another segment", func(c *creation) string { return c.appointment.Segments[1].MasterID }, nil},
	{"a customer", func(c *creation) string { return c.appointment.CustomerID }, nil},
	{"an account", func(c *creation) string { return c.appointment.AccountID }, nil},
	{"a row that a booking refers to", nil, func(ctx context.Context, tx *postgres.DB, c *creation) error {
		return tx.Conn(ctx).Exec("SELECT FROM customers WHERE id = ? FOR UPDATE", c.appointment.CustomerID).Error
	}},
}

// TestStuckSubject: while somebody holds what one booking needs, the others of the same queue are booked.
// Those that need the same wait in their order.
func TestStuckSubject(t *testing.T) {
	for _, tt := range stuckKinds {
		t.Run(tt.name, func(t *testing.T) {
			db := pgtest.New(t, migrations.Migrations)
			q := newQueue(t, NewStore(db))
			cut, colour := newOffering(t, db), newOffering(t, db)
			customer := newCustomer(t, db, first, newAccount(t, db))
			needs := func(hour, minute int) *creation { return creationFor(t, customer, at(hour, minute), cut, colour) }
			one := needs(10, 0)
			var release func(func(*postgres.DB))
			if tt.hold == nil {
				release = holdSubject(t, db, tt.subject(one))
			} else {
				release = holding(t, db, func(ctx context.Context, tx *postgres.DB) error { return tt.hold(ctx, tx, one) })
			}
			w := &q.queues[0]
			isStuck := func(n int) func() bool {
				return func() bool {
					q.mu.Lock()
					defer q.mu.Unlock()
					return len(w.stuck) > 0 && len(w.aside)+len(w.entries) == n
				}
			}
			firstAnswer := booking(t.Context(), q, one)
			eventually(t, "the booking is set aside", isStuck(1))
			later := booking(t.Context(), q, needs(10, 30)) // needs the same, and its time is that of the first
			eventually(t, "the later booking waits", isStuck(2))

			var others []<-chan result
			for hour := range 8 {
				others = append(others, booking(t.Context(), q, creationOf(t, db, at(12+hour, 0), newOffering(t, db))))
			}
			for _, answer := range others {
				wantAnswer(t, "another booking, while the lock is held", answer, Booked)
			}
			for name, answer := range map[string]<-chan result{"first": firstAnswer, "later": later} {
				select {
				case got := <-answer:
					t.Errorf("the %s booking has not waited: %q, %v", name, got.Outcome, got.err)
				default:
				}
			}
			release(nil)
			wantAnswer(t, "the first booking", firstAnswer, Booked)
			if got := <-later; got.err != nil || got.Outcome != Taken && got.Outcome != CustomerBusy {
				t.Errorf("the later booking: %q, %v", got.Outcome, got.err)
			}
			wantAnswer(t, "afterwards", booking(t.Context(), q, needs(20, 0)), Booked)
			wantClaims(t, db)
		})
	}
}

// TestStuckMasterOfAnotherSegment: a booking that waits for one master keeps no lock of the other, in this
// process and in another one.
func TestStuckMasterOfAnotherSegment(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	here, elsewhere := newQueue(t, NewStore(db)), newQueue(t, NewStore(db))
	cut, colour := newOffering(t, db), newOffering(t, db)
	release := holdSubject(t, db, colour.MasterID)
	waits := booking(t.Context(), here, creationOf(t, db, at(10, 0), cut, colour))
	waitForLocks(t, db, 1)
	for i, q := range []*Queue{here, elsewhere, here, elsewhere} {
		wantAnswer(t, "with the other master", booking(t.Context(), q, creationOf(t, db, at(12+i, 0), cut)), Booked)
	}
	release(nil)
	wantAnswer(t, "the booking that waits", waits, Booked)
}

// TestStuckSubjectEndsInTime: whoever waits for a lock in vain is told so before their own deadline, and
// surely has no appointment.
func TestStuckSubjectEndsInTime(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	q := newQueue(t, NewStore(db))
	cut := newOffering(t, db)
	release := holdSubject(t, db, cut.MasterID)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	var answers []<-chan result
	keyed := withKey(creationOf(t, db, at(9, 0), cut), newKey(), "request")
	answers = append(answers, booking(ctx, q, keyed))
	for hour := range 10 {
		answers = append(answers, booking(ctx, q, creationOf(t, db, at(10+hour, 0), cut)))
	}
	for i, answer := range answers {
		got := <-answer
		refused, ok := errors.AsType[*apierr.Error](got.err)
		if !ok || refused.Code() != codes.Aborted || refused.ReasonName() != "CONTENTION" || refused.RetryAfter() <= 0 {
			t.Errorf("booking %d: %q, %v", i, got.Outcome, got.err)
		}
	}
	if ctx.Err() != nil {
		t.Error("the answers came after the callers' deadline")
	}
	release(nil)
	if n := count(t, db, "appointments"); n != 0 {
		t.Errorf("%d appointments", n)
	}
	wantAnswer(t, "the same request again", booking(t.Context(), q, keyed), Booked)
}

// TestManyStuckMasters: more masters are stuck than bookings that are set aside have connections.
func TestManyStuckMasters(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	q := newQueue(t, NewStore(db))
	const stuck = 3 * asideSlots
	offerings := make([]catalog.Offering, stuck)
	var masters []string
	for i := range offerings {
		offerings[i] = newOffering(t, db)
		masters = append(masters, offerings[i].MasterID)
	}
	release := holdSubject(t, db, masters...)
	var waiting []<-chan result
	for _, o := range offerings {
		waiting = append(waiting, booking(t.Context(), q, creationOf(t, db, at(10, 0), o)))
	}
	waitForLocks(t, db, 1)
	for hour := range 8 {
		wantAnswer(t, "with a master who is free", booking(t.Context(), q, creationOf(t, db, at(10+hour, 0), newOffering(t, db))), Booked)
	}
	release(nil)
	for i, answer := range waiting {
		wantAnswer(t, fmt.Sprint("stuck ", i), answer, Booked)
	}
}
