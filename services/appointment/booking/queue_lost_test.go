package booking

import (
	"context"
	"errors"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/migrations"
)

// lostFixture is a queue whose connections go through a proxy.
type lostFixture struct {
	*proxy
	db *postgres.DB // a direct connection
	q  *Queue
}

func newLostFixture(t *testing.T) *lostFixture {
	t.Helper()
	server := pgtest.NewServer(t, migrations.Migrations)
	f := &lostFixture{db: server.DB("appointments")}
	var through *postgres.DB
	f.proxy, through = newProxy(t, server, "appointments")
	f.q = newQueue(t, NewStore(through))
	// Connects and prepares the statements.
	wantAnswer(t, "before", booking(t.Context(), f.q, creationOf(t, f.db, at(8, 0), newOffering(t, f.db))), Booked)
	return f
}

// TestAnswerIsLost: the connection breaks after the commit and before the answer. Everybody learns what came
// of their booking, and nobody is booked twice.
func TestAnswerIsLost(t *testing.T) {
	f := newLostFixture(t)
	cut := newOffering(t, f.db)
	wantOutcomes(t, NewStore(f.db), []*creation{creationOf(t, f.db, at(10, 0), cut)}, Booked)
	release := holdSubject(t, f.db, cut.MasterID)
	f.q.patience = 4 * statementTimeout // the batch below forms while this one waits
	busy := booking(t.Context(), f.q, creationOf(t, f.db, at(14, 0), cut))
	waitForLocks(t, f.db, 1)
	var batch []<-chan result
	for hour := range 8 {
		batch = append(batch, booking(t.Context(), f.q, creationOf(t, f.db, at(10+hour, 0), newOffering(t, f.db))))
	}
	taken := booking(t.Context(), f.q, creationOf(t, f.db, at(10, 30), cut))
	queued(t, f.q, 9)
	f.hold(false, true)
	release(nil)
	// The answer to the first is lost, so its connection is cut; then that of the batch.
	eventually(t, "the first is committed", func() bool { return count(t, f.db, "appointments") == 3 })
	f.cut()
	wantAnswer(t, "the first", busy, Booked)
	for _, answer := range batch {
		wantAnswer(t, "in a batch", answer, Booked)
	}
	wantAnswer(t, "whose time is taken", taken, Taken)
	if n := count(t, f.db, "appointments"); n != 11 {
		t.Errorf("%d appointments, want 11", n)
	}
	wantClaims(t, f.db)
}

// TestAnswerOfABatchIsLost is TestAnswerIsLost for one statement with many bookings, of which one is refused.
func TestAnswerOfABatchIsLost(t *testing.T) {
	f := newLostFixture(t)
	cut := newOffering(t, f.db)
	wantOutcomes(t, NewStore(f.db), []*creation{creationOf(t, f.db, at(10, 0), cut)}, Booked)
	batch := entriesOf(t, creationOf(t, f.db, at(10, 30), cut), creationOf(t, f.db, at(12, 0), cut),
		creationOf(t, f.db, at(12, 0), newOffering(t, f.db)))
	f.hold(false, true)
	go f.q.commit(&f.q.queues[0], batch)
	eventually(t, "the batch is committed", func() bool { return count(t, f.db, "appointments") == 4 })
	f.cut()
	for _, e := range batch {
		<-e.done
	}
	wantEnded(t, batch, Taken, Booked, Booked)
	wantClaims(t, f.db)
}

// TestStatementIsLost: the server ends the connection while the statement runs. Nothing of it is committed, so
// all are booked by another one.
func TestStatementIsLost(t *testing.T) {
	f := newLostFixture(t)
	f.q.patience = 4 * statementTimeout
	cut := newOffering(t, f.db)
	release := holdSubject(t, f.db, cut.MasterID)
	batch := entriesOf(t, creationOf(t, f.db, at(10, 0), cut), creationOf(t, f.db, at(10, 0), newOffering(t, f.db)))
	go f.q.commit(&f.q.queues[0], batch)
	waitForLocks(t, f.db, 1)
	if n := count(t, f.db, `(SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity
		WHERE usename = current_user AND datname = current_database() AND wait_event_type = 'Lock' OFFSET 0) AS a) AS ended`); n != 1 {
		t.Fatalf("%d backends were ended", n)
	}
	<-batch[1].done
	wantEnded(t, batch[1:], Booked)
	release(nil)
	<-batch[0].done
	wantEnded(t, batch, Booked, Booked)
	wantClaims(t, f.db)
}

// TestStatementArrivesLate: the network keeps the statement and delivers it when the caller has been told that
// nothing was booked. It books nothing.
func TestStatementArrivesLate(t *testing.T) {
	f := newLostFixture(t)
	ctx, leave := context.WithCancel(t.Context())
	f.hold(true, false)
	answer := booking(ctx, f.q, creationOf(t, f.db, at(10, 0), newOffering(t, f.db)))
	stays := booking(t.Context(), f.q, creationOf(t, f.db, at(10, 0), newOffering(t, f.db)))
	eventually(t, "the statement is held", func() bool { return f.heldBytes() > 0 })
	queued(t, f.q, 1)
	leave() // so that it is not booked again
	<-answer
	f.cut()
	wantAnswer(t, "the one who stays", stays, Booked)
	eventually(t, "the attempt is abandoned", func() bool { return count(t, f.db, "abandoned_attempts") == 1 })
	f.deliver()
	if n := count(t, f.db, "appointments"); n != 2 {
		t.Errorf("%d appointments, want 2", n)
	}
	wantClaims(t, f.db)
}

// TestDatabaseIsAway: only when nothing can be found out, the answer says so.
func TestDatabaseIsAway(t *testing.T) {
	f := newLostFixture(t)
	f.q.findOutTimeout = 1
	key := newKey()
	request := func() *creation { return withKey(creationOf(t, f.db, at(10, 0), newOffering(t, f.db)), key, "request") }
	f.hold(false, true)
	answer := booking(t.Context(), f.q, request())
	eventually(t, "the booking is committed", func() bool { return count(t, f.db, "appointments") == 2 })
	f.setAway(true)
	f.cut()
	got := <-answer
	unknown, ok := errors.AsType[*apierr.Error](got.err)
	if !ok || !errors.Is(got.err, errUnknown) || unknown.Code() != codes.Unavailable || unknown.RetryAfter() <= 0 {
		t.Errorf("got %q, %v", got.Outcome, got.err)
	}
	// Nothing is sent while nobody answers, so that is known.
	_, err := f.q.Book(t.Context(), creationOf(t, f.db, at(12, 0), newOffering(t, f.db)))
	if err == nil || errors.Is(err, errUnknown) || !postgres.Undone(err) {
		t.Errorf("while the database is away: %v", err)
	}
	f.setAway(false)
	wantAnswer(t, "the request again", booking(t.Context(), f.q, request()), Replayed)
}
