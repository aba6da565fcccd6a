package booking

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/secret"
	"github.com/beauty-salon/platform/services/appointment/claims"
	"github.com/beauty-salon/platform/services/appointment/migrations"
)

// newQueue returns a queue as of now with one worker and the usual batches.
func newQueue(tb testing.TB, store *Store) *Queue {
	tb.Helper()
	keys, err := secret.NewKeys([]byte("a secret of the tests, long enough"))
	if err != nil {
		tb.Fatal(err)
	}
	return NewQueue(store, idempotency.New(keys, nil, nowFunc), 1, 0, nil)
}

// entryOf makes an entry that is not queued.
func entryOf(tb testing.TB, c *creation) *entry {
	return newEntry(tb.Context(), c)
}

// entriesOf makes entries that are not queued.
func entriesOf(tb testing.TB, list ...*creation) []*entry {
	entries := make([]*entry, len(list))
	for i, c := range list {
		entries[i] = entryOf(tb, c)
	}
	return entries
}

// wantEnded checks that the entries have ended with these outcomes; an empty outcome means not ended.
func wantEnded(t *testing.T, entries []*entry, want ...Outcome) {
	t.Helper()
	for i, e := range entries {
		select {
		case <-e.done:
			if e.err != nil || e.result.Outcome != want[i] {
				t.Errorf("entry %d: %q, %v, want %q", i, e.result.Outcome, e.err, want[i])
			}
		default:
			if want[i] != "" {
				t.Errorf("entry %d has not ended", i)
			}
		}
	}
}

// holdSubject keeps everybody else from taking time of subjects.
func holdSubject(tb testing.TB, db *postgres.DB, subjectIDs ...string) (release func(do func(tx *postgres.DB))) {
	tb.Helper()
	return holding(tb, db, func(ctx context.Context, tx *postgres.DB) error { return claims.Lock(ctx, tx, subjectIDs...) })
}

// result is what came of a call of Book.
type result struct {
	Result
	err error
}

// booking calls Book and returns a channel of its result.
func booking(ctx context.Context, q *Queue, c *creation) <-chan result {
	answer := make(chan result, 1)
	go func() {
		got, err := q.Book(ctx, c)
		answer <- result{got, err}
	}()
	return answer
}

// wantAnswer waits for a result.
func wantAnswer(t *testing.T, name string, answer <-chan result, want Outcome) {
	t.Helper()
	if got := <-answer; got.err != nil || got.Outcome != want {
		t.Errorf("%s: %q, %v, want %q", name, got.Outcome, got.err, want)
	}
}

// queued waits until n entries wait in a queue of one worker.
func queued(t *testing.T, q *Queue, n int) {
	t.Helper()
	eventually(t, "entries are queued", func() bool {
		q.mu.Lock()
		defer q.mu.Unlock()
		return len(q.queues[0].entries) >= n
	})
}

// TestTake forms batches, and commits none.
func TestTake(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	q := newQueue(t, NewStore(db))
	a, b := newOffering(t, db), newOffering(t, db)
	ann := newCustomer(t, db, first, newAccount(t, db))
	elsewhere := newSalon(t, db)
	there := offeringOf(t, db, elsewhere, a.MasterID, 0, 0)
	list := entriesOf(t,
		creationFor(t, ann, at(10, 0), a),                                              // 0
		creationOf(t, db, at(10, 30), a),                                               // 1: blocked by 0
		creationOf(t, db, at(11, 15), a),                                               // 2: blocked by 1, which waits itself
		creationOf(t, db, at(13, 0), a, b),                                             // 3
		creationOf(t, db, at(14, 0), b),                                                // 4: blocked by the second segment of 3
		creationFor(t, ann, at(18, 0), b),                                              // 5: the customer of 0
		creationOf(t, db, at(20, 0), b),                                                // 6
		creationFor(t, newCustomer(t, db, elsewhere, ann.AccountID), at(20, 0), there), // 7: the account of 0
		creationOf(t, db, at(8, 0), a),                                                 // 8
	)
	w := &q.queues[0]
	w.entries = slices.Clone(list)
	taken := q.take(w)
	if want := []*entry{list[0], list[3], list[6], list[8]}; !slices.Equal(taken, want) {
		t.Errorf("a batch of %d", len(taken))
	}
	if want := []*entry{list[1], list[2], list[4], list[5], list[7]}; !slices.Equal(w.entries, want) {
		t.Errorf("%d wait", len(w.entries))
	}

	// 0 is booked, 3 and the others are not.
	w.entries = append(w.entries, entryOf(t, creationOf(t, db, at(22, 0), a)))
	q.settle(w, taken, []Result{{Outcome: Booked}, {Outcome: Stale}, {Outcome: Stale}, {Outcome: Stale}}, nil)
	wantEnded(t, list, Booked, Taken, "", Stale, "", "", Stale, "", Stale)
	if got := w.entries[:4]; !slices.Equal(got, []*entry{list[2], list[4], list[5], list[7]}) {
		t.Error("those whose time is still free are not first in the queue, in their order")
	}
}

func TestTakeIsBounded(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	q := newQueue(t, NewStore(db))
	q.maxBatch = 2
	cut := newOffering(t, db)
	list := entriesOf(t, creationOf(t, db, at(10, 0), cut), creationOf(t, db, at(11, 0), cut), creationOf(t, db, at(12, 0), cut))
	q.queues[0].entries = slices.Clone(list)
	if got := q.take(&q.queues[0]); !slices.Equal(got, list[:2]) || len(q.queues[0].entries) != 1 || !q.queues[0].busy {
		t.Errorf("a batch of %d", len(got))
	}
	if got := q.take(&q.queues[0]); !slices.Equal(got, list[2:]) {
		t.Errorf("then a batch of %d", len(got))
	}
	if got := q.take(&q.queues[0]); len(got) != 0 || q.queues[0].busy {
		t.Error("the worker does not end")
	}
}

// TestConflictsOfOverlappingCustomers: an appointment that permits overlap conflicts with the others of the
// customer all the same, because of the limit.
func TestConflictsOfOverlappingCustomers(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	customer := newCustomer(t, db, first, "")
	one := entryOf(t, creationWith(t, customer, true, at(10, 0), newOffering(t, db)))
	two := entryOf(t, creationWith(t, customer, false, at(10, 0), newOffering(t, db)))
	if !one.conflictsWith(two) || !two.conflictsWith(one) {
		t.Error("no conflict")
	}
	if _, overlap := one.overlap(two); overlap {
		t.Error("the one that permits overlap is refused")
	}
	if outcome, overlap := two.overlap(one); !overlap || outcome != CustomerBusy {
		t.Errorf("the other one: %q", outcome)
	}
}

// TestOrderOfArrival: while the worker is busy, calls for one time queue up; the first of them gets it.
func TestOrderOfArrival(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	q := newQueue(t, NewStore(db))
	cut := newOffering(t, db)
	release := holdSubject(t, db, cut.MasterID)
	busy := booking(t.Context(), q, creationOf(t, db, at(8, 0), cut))
	waitForLocks(t, db, 1)
	var answers []<-chan result
	for i, start := range [][2]int{{10, 0}, {10, 30}, {11, 15}, {10, 15}, {12, 15}} {
		answers = append(answers, booking(t.Context(), q, creationOf(t, db, at(start[0], start[1]), cut)))
		queued(t, q, i+1)
	}
	release(nil)
	wantAnswer(t, "busy", busy, Booked)
	for i, want := range []Outcome{Booked, Taken, Booked, Taken, Booked} {
		wantAnswer(t, "in the queue", answers[i], want)
	}
	wantClaims(t, db)
}

func TestBookSkipsCallersWhoHaveLeft(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	q := newQueue(t, NewStore(db))
	cut := newOffering(t, db)
	release := holdSubject(t, db, cut.MasterID)
	busy := booking(t.Context(), q, creationOf(t, db, at(8, 0), cut))
	waitForLocks(t, db, 1)
	ctx, leave := context.WithCancel(t.Context())
	left := booking(ctx, q, withKey(creationOf(t, db, at(10, 0), cut), newKey(), "request"))
	queued(t, q, 1)
	leave()
	if got := <-left; !errors.Is(got.err, context.Canceled) || got.Outcome != "" {
		t.Errorf("the caller who left: %q, %v", got.Outcome, got.err)
	}
	stays := booking(t.Context(), q, creationOf(t, db, at(10, 0), cut))
	queued(t, q, 2)
	release(nil)
	wantAnswer(t, "busy", busy, Booked)
	wantAnswer(t, "the caller who stays", stays, Booked)
	if len(q.keys) != 0 {
		t.Errorf("keys of nobody: %v", q.keys)
	}
}

func TestBookRefusesWhenFull(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	q := newQueue(t, NewStore(db))
	q.queues[0].entries = make([]*entry, queueLimit)
	_, err := q.Book(t.Context(), withKey(creationOf(t, db, at(10, 0), newOffering(t, db)), newKey(), "request"))
	refused, ok := errors.AsType[*apierr.Error](err)
	if !ok || refused.ReasonName() != "RATE_LIMITED" || refused.RetryAfter() <= 0 {
		t.Errorf("got %v", err)
	}
	if len(q.keys) != 0 {
		t.Error("the key of the refused call stays")
	}
}
