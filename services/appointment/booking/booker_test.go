package appointment

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
)

func TestCommitSurvivesAPoisonItem(t *testing.T) {
	db := pgtest.New(t, Migrations)
	booker := NewBooker(NewStore(db), 1, 0, nil)
	offer := offerOf(t, db)
	poison := bookingOf(t, at(12, 0), offer)
	poison.Appointment.TotalMinor = -1 // no row of the table appointments may have this
	batch := []*ticket{
		ticketOf(t, bookingOf(t, at(10, 0), offer)), ticketOf(t, poison), ticketOf(t, bookingOf(t, at(10, 30), offer)),
		ticketOf(t, bookingOf(t, at(12, 0), offer)),
	}
	booker.commit(batch)
	if err := batch[1].err; !postgres.IsCheckViolation(err, "") {
		t.Errorf("the poison: %v", err)
	}
	batch[1].err, batch[1].result.Outcome = nil, Taken
	wantTickets(t, batch, Booked, Taken, Taken, Booked)
	if n := count(t, db, "appointments"); n != 2 {
		t.Errorf("%d appointments, want 2", n)
	}
}

func TestCommitSurvivesAPanic(t *testing.T) {
	db := pgtest.New(t, Migrations)
	booker := NewBooker(NewStore(db), 1, 0, nil)
	broken := bookingOf(t, at(10, 0), offerOf(t, db))
	broken.Offers = nil
	if _, err := booker.Book(t.Context(), broken); apierr.ReasonOf(err) != "INTERNAL" {
		t.Errorf("got %v", err)
	}
	if got, err := booker.Book(t.Context(), bookingOf(t, at(10, 0), offerOf(t, db))); err != nil || got.Outcome != Booked {
		t.Errorf("afterwards: %v, %v", got, err)
	}
}

// TestCommitOfOneKeyTwice: the key's constraint stops the batch; by themselves the
// first is booked and the second is its repetition.
func TestCommitOfOneKeyTwice(t *testing.T) {
	db := pgtest.New(t, Migrations)
	booker := NewBooker(NewStore(db), 1, 0, nil)
	offer := offerOf(t, db)
	first := withKey(bookingOf(t, at(10, 0), offer), newID(), "request")
	again := withKey(bookingFor(t, first.Key.Caller, at(14, 0), offer), first.Key.RequestID, "request")
	batch := []*ticket{ticketOf(t, first), ticketOf(t, again), ticketOf(t, bookingOf(t, at(12, 0), offer))}
	booker.commit(batch)
	wantTickets(t, batch, Booked, Replayed, Booked)
}

func TestBookForgetsExpiredKeys(t *testing.T) {
	db := pgtest.New(t, Migrations)
	booker := NewBooker(NewStore(db), 1, 0, nil)
	offer := offerOf(t, db)
	first := withKey(bookingOf(t, at(10, 0), offer), newID(), "request")
	if _, err := booker.Book(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		sql  string
		want Outcome
	}{
		{"the newest that has expired", "UPDATE idempotency_keys SET created_at = ?", Booked},
		{"the oldest that has not", "UPDATE idempotency_keys SET created_at = ?::timestamptz + interval '1 microsecond'", Replayed},
	} {
		exec(t, db, tt.sql, now.Add(-24*time.Hour))
		later := withKey(bookingFor(t, first.Key.Caller, at(14, 0), offer), first.Key.RequestID, "request")
		if got, err := booker.Book(t.Context(), later); err != nil || got.Outcome != tt.want {
			t.Errorf("%s: %v, %v", tt.name, got, err)
		}
	}
}

// holding keeps a lock, given as SQL, in a transaction until release is called.
func holding(t *testing.T, db *postgres.DB, lock string, args ...any) (release func()) {
	t.Helper()
	held, free, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- db.InTx(t.Context(), func(tx *postgres.DB) error {
			if err := tx.Conn(t.Context()).Exec(lock, args...).Error; err != nil {
				return err
			}
			close(held)
			<-free
			return nil
		})
	}()
	select {
	case <-held:
	case err := <-done:
		t.Fatalf("lock: %v", err)
	}
	return sync.OnceFunc(func() {
		close(free)
		if err := <-done; err != nil {
			t.Errorf("release the lock: %v", err)
		}
	})
}

// holdMaster keeps everybody else from booking a master.
func holdMaster(t *testing.T, db *postgres.DB, masterID string) (release func()) {
	t.Helper()
	return holding(t, db, "SELECT pg_advisory_xact_lock("+masterLock+") FROM (SELECT ?::uuid AS master_id) AS m", masterID)
}

// waiting waits until that many sessions of this database wait for an advisory lock.
func waiting(t *testing.T, db *postgres.DB, n int) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for count(t, db, "pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())") < n {
		if time.Now().After(deadline) {
			t.Fatal("nobody waits for the lock")
		}
		<-time.After(time.Millisecond)
	}
}

func TestBookInFlight(t *testing.T) {
	db := pgtest.New(t, Migrations)
	store := NewStore(db)
	// Two bookers are two processes.
	here, elsewhere := NewBooker(store, 1, 0, nil), NewBooker(store, 1, 0, nil)
	offer := offerOf(t, db)
	request := func() *Booking {
		return withKey(bookingFor(t, "caller", at(10, 0), offer), "018f0000-0000-7000-8000-000000000001", "request")
	}
	customer := newID()
	first := request()
	first.Appointment.CustomerID = customer
	release := holdMaster(t, db, offer.MasterID)
	defer release()
	answer := make(chan BookingResult, 1)
	go func() {
		got, err := here.Book(t.Context(), first)
		if err != nil {
			t.Errorf("the first call: %v", err)
		}
		answer <- got
	}()
	waiting(t, db, 1)
	for name, booker := range map[string]*Booker{"in this process": here, "in another process": elsewhere} {
		again := request()
		again.Appointment.CustomerID = customer
		if got, err := booker.Book(t.Context(), again); err != nil || got.Outcome != InFlight {
			t.Errorf("%s: %q, %v", name, got.Outcome, err)
		}
	}
	release()
	if got := <-answer; got.Outcome != Booked {
		t.Errorf("the first call: %q", got.Outcome)
	}
	for name, booker := range map[string]*Booker{"in this process": here, "in another process": elsewhere} {
		again := request()
		again.Appointment.CustomerID = customer
		if got, err := booker.Book(t.Context(), again); err != nil || got.Outcome != Replayed {
			t.Errorf("%s, afterwards: %q, %v", name, got.Outcome, err)
		}
	}
}

// TestBookSeesWhatItsSnapshotDoesNot: the statement began before the first call
// with the key committed. The conflict in time, or else in the key, tells of it,
// and the answer is as if it had been seen.
func TestBookSeesWhatItsSnapshotDoesNot(t *testing.T) {
	for _, tt := range []struct {
		name    string
		start   time.Time
		content string
		want    Outcome
	}{
		{"the same request", at(10, 0), "request", Replayed},
		{"another request", at(12, 0), "other", Reused},
	} {
		t.Run(tt.name, func(t *testing.T) {
			db := pgtest.New(t, Migrations)
			offer := offerOf(t, db)
			first := withKey(bookingOf(t, at(10, 0), offer), newID(), "request")
			again := withKey(bookingFor(t, first.Key.Caller, tt.start, offer), first.Key.RequestID, tt.content)
			release := holdMaster(t, db, offer.MasterID)
			defer release()
			answer := make(chan BookingResult, 1)
			go func() {
				got, err := NewBooker(NewStore(db), 1, 0, nil).Book(t.Context(), again)
				if err != nil {
					t.Errorf("book: %v", err)
				}
				answer <- got
			}()
			waiting(t, db, 1)
			insertDirectly(t, db, first)
			release()
			if got := <-answer; got.Outcome != tt.want {
				t.Errorf("%q, want %q", got.Outcome, tt.want)
			}
			if n := count(t, db, "appointments"); n != 1 {
				t.Errorf("%d appointments", n)
			}
		})
	}
}

// insertDirectly writes what a booking writes, without waiting for the master.
func insertDirectly(t *testing.T, db *postgres.DB, b *Booking) {
	t.Helper()
	a, s := b.Appointment, b.Appointment.Segments[0]
	exec(t, db, "INSERT INTO customers VALUES (?, false, 1)", a.CustomerID)
	exec(t, db, `INSERT INTO appointments (id, customer_id, state, start_time, end_time, total_minor, currency, note, cancel_reason,
		changed_by, version, create_time, update_time) VALUES (?, ?, 'PENDING', ?, ?, 4500, 'EUR', '', '', 'CUSTOMER', 1, ?, ?)`,
		a.ID, a.CustomerID, a.Start(), a.End(), now, now)
	exec(t, db, `INSERT INTO segments VALUES (?, ?, 0, ?, '', ?, ?, ?, ?, tstzrange(?, ?), 4500, 'EUR', true)`,
		s.ID, a.ID, s.ServiceID, s.MasterID, s.Start, s.End, s.Start, s.ClaimFrom, s.ClaimTo)
	exec(t, db, `INSERT INTO idempotency_keys VALUES (?, ?, ?, ?, ?, ?)`,
		b.Key.Caller, b.Key.Method, b.Key.RequestID, b.Hash, b.Response, now)
}

func TestBookSkipsThoseWhoHaveLeft(t *testing.T) {
	db := pgtest.New(t, Migrations)
	booker := NewBooker(NewStore(db), 1, 0, nil)
	offer := offerOf(t, db)
	release := holdMaster(t, db, offer.MasterID)
	defer release()
	answers := make(chan Outcome, 2)
	send := func(ctx context.Context, b *Booking) {
		got, err := booker.Book(ctx, b)
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("book: %v", err)
		}
		answers <- got.Outcome
	}
	go send(t.Context(), bookingOf(t, at(8, 0), offer))
	waiting(t, db, 1)
	ctx, leave := context.WithCancel(t.Context())
	leaver := withKey(bookingOf(t, at(10, 0), offer), newID(), "request")
	go send(ctx, leaver)
	queued(t, booker, 1)
	leave()
	if got := <-answers; got != "" {
		t.Errorf("the one who left: %q", got)
	}
	go send(t.Context(), bookingOf(t, at(10, 0), offer))
	queued(t, booker, 2)
	release()
	for range 2 {
		if got := <-answers; got != Booked {
			t.Errorf("those who stayed: %q", got)
		}
	}
	if len(booker.keys) != 0 {
		t.Errorf("keys of nobody: %v", booker.keys)
	}
}

// queued waits until that many tickets wait in a booker of one lane.
func queued(t *testing.T, b *Booker, n int) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		b.mu.Lock()
		found := len(b.lanes[0].queue)
		b.mu.Unlock()
		if found >= n {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d tickets wait, not %d", found, n)
		}
		<-time.After(time.Millisecond)
	}
}

func TestBookTurnsAwayWhenFull(t *testing.T) {
	db := pgtest.New(t, Migrations)
	booker := NewBooker(NewStore(db), 1, 0, nil)
	booker.lanes[0].queue = make([]*ticket, laneLimit)
	_, err := booker.Book(t.Context(), bookingOf(t, at(10, 0), offerOf(t, db)))
	var refused *apierr.Error
	if !errors.As(err, &refused) || refused.ReasonName() != "RATE_LIMITED" || refused.RetryAfter() <= 0 {
		t.Errorf("got %v", err)
	}
}
