package booking

import (
	"cmp"
	"context"
	"slices"
	"testing"
	"time"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/migrations"
)

func TestCommitSurvivesAPoisonItem(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	q := newQueue(t, NewStore(db))
	cut := newOffering(t, db)
	poison := creationOf(t, db, at(12, 0), cut)
	poison.appointment.TotalMinor = -1 // no row of the table appointments may have this
	wantOutcomes(t, q.store, []*creation{creationOf(t, db, at(14, 0), cut)}, Booked)
	batch := entriesOf(t, creationOf(t, db, at(10, 0), cut), poison, creationOf(t, db, at(14, 30), cut), creationOf(t, db, at(11, 0), cut))
	q.commit(&q.queues[0], batch)
	if err := batch[1].err; !postgres.IsCheckViolation(err, "") {
		t.Errorf("the poison: %v", err)
	}
	wantEnded(t, slices.Delete(slices.Clone(batch), 1, 2), Booked, Taken, Booked)
	if n := count(t, db, "appointments"); n != 3 {
		t.Errorf("%d appointments, want 3", n)
	}
	wantClaims(t, db)
}

// TestCommitOfABatchThatOverlaps: the exclusion constraint stops a statement with two creations for one
// time; by themselves, the first is booked and the second is refused.
func TestCommitOfABatchThatOverlaps(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	q := newQueue(t, NewStore(db))
	cut := newOffering(t, db)
	batch := entriesOf(t, creationOf(t, db, at(10, 0), cut), creationOf(t, db, at(10, 30), cut), creationOf(t, db, at(12, 0), cut))
	q.commit(&q.queues[0], batch)
	wantEnded(t, batch, Booked, Taken, Booked)
	wantClaims(t, db)
}

func TestCommitSurvivesAPanic(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	q := newQueue(t, NewStore(db))
	broken := creationOf(t, db, at(10, 0), newOffering(t, db))
	broken.appointment.change = nil // what the history is written from
	if _, err := q.Book(t.Context(), broken); apierr.ReasonOf(err) != "INTERNAL" {
		t.Errorf("got %v", err)
	}
	if got, err := q.Book(t.Context(), creationOf(t, db, at(10, 0), newOffering(t, db))); err != nil || got.Outcome != Booked {
		t.Errorf("afterwards: %v, %v", got, err)
	}
}

// TestCommitOfOneKeyTwice: the key's constraint stops the batch; by themselves the first is booked and the
// second is its repetition.
func TestCommitOfOneKeyTwice(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	q := newQueue(t, NewStore(db))
	cut, key := newOffering(t, db), newKey()
	batch := entriesOf(t,
		withKey(creationOf(t, db, at(10, 0), cut), key, "request"),
		withKey(creationOf(t, db, at(14, 0), cut), key, "request"),
		creationOf(t, db, at(12, 0), cut))
	q.commit(&q.queues[0], batch)
	wantEnded(t, batch, Booked, Replayed, Booked)
}

func TestBookForgetsExpiredKeys(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	q := newQueue(t, NewStore(db))
	cut, key := newOffering(t, db), newKey()
	if _, err := q.Book(t.Context(), withKey(creationOf(t, db, at(10, 0), cut), key, "request")); err != nil {
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
		exec(t, db, tt.sql, now.Add(-idempotency.Retention))
		got, err := q.Book(t.Context(), withKey(creationOf(t, db, at(14, 0), cut), key, "request"))
		if err != nil || got.Outcome != tt.want {
			t.Errorf("%s: %v, %v", tt.name, got, err)
		}
	}
}

// TestBookInFlight: a call whose first one has not ended is refused in the same process, and waits for the
// locks of the subjects in another one.
func TestBookInFlight(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	here, elsewhere := newQueue(t, NewStore(db)), newQueue(t, NewStore(db))
	cut, other := newOffering(t, db), newOffering(t, db)
	key, customer := newKey(), newCustomer(t, db, first, "")
	request := func() *creation { return withKey(creationFor(t, customer, at(10, 0), cut), key, "request") }
	release := holdSubject(t, db, cut.MasterID)
	once := booking(t.Context(), here, request())
	waitForLocks(t, db, 1)
	wantAnswer(t, "in this process", booking(t.Context(), here, request()), InFlight)
	again := booking(t.Context(), elsewhere, request())
	waitForLocks(t, db, 2)
	release(nil)
	// Whoever waits for too long begins again, so either of them can be first.
	answers := []result{<-once, <-again}
	slices.SortFunc(answers, func(a, b result) int { return cmp.Compare(a.Outcome, b.Outcome) })
	if answers[0].Outcome != Booked || answers[1].Outcome != Replayed || answers[0].err != nil || answers[1].err != nil {
		t.Errorf("the first call and the one in another process: %v", answers)
	}
	wantAnswer(t, "in this process, afterwards", booking(t.Context(), here, request()), Replayed)

	// A call that needs none of the locks is refused while another one has the key.
	key = newKey()
	hold := holding(t, db, func(ctx context.Context, tx *postgres.DB) error {
		return tx.Conn(ctx).Exec("SELECT pg_advisory_xact_lock(?)", lockOf(key)).Error
	})
	second := func() *creation { return withKey(creationOf(t, db, at(10, 0), other), key, "request") }
	wantAnswer(t, "while the key is in use", booking(t.Context(), elsewhere, second()), InFlight)
	hold(nil)
	wantAnswer(t, "when it is free", booking(t.Context(), elsewhere, second()), Booked)
}

// TestBookSeesWhatWasCommittedMeanwhile: a call waits for a lock while another one with its request id
// commits. It then sees that answer, as if it had come later.
func TestBookSeesWhatWasCommittedMeanwhile(t *testing.T) {
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
			db := pgtest.New(t, migrations.Migrations)
			q := newQueue(t, NewStore(db))
			cut, key, customer := newOffering(t, db), newKey(), newCustomer(t, db, first, "")
			release := holdSubject(t, db, cut.MasterID)
			answer := booking(t.Context(), q, withKey(creationFor(t, customer, tt.start, cut), key, tt.content))
			waitForLocks(t, db, 1)
			release(func(tx *postgres.DB) {
				insertDirectly(t, tx, withKey(creationFor(t, customer, at(10, 0), cut), key, "request"))
			})
			wantAnswer(t, tt.name, answer, tt.want)
			if n := count(t, db, "appointments"); n != 1 {
				t.Errorf("%d appointments", n)
			}
		})
	}
}

// insertDirectly writes an appointment of one segment with its claims and its key, without any lock.
func insertDirectly(t *testing.T, db *postgres.DB, c *creation) {
	t.Helper()
	a, s := c.appointment, c.appointment.Segments[0]
	exec(t, db, `INSERT INTO appointments (salon_id, id, customer_id, state, start_time, end_time, time_zone, utc_offset_minutes,
			total_minor, currency, note, cancel_reason, changed_by, version, create_time, update_time)
		VALUES (?, ?, ?, 'PENDING', ?, ?, 'UTC', 0, 4500, 'EUR', '', '', 'CUSTOMER', 1, ?, ?)`,
		a.SalonID, a.ID, a.CustomerID, a.Start(), a.End(), now, now)
	exec(t, db, `INSERT INTO segments (salon_id, id, appointment_id, position, service_id, service_name, master_id, start_time, end_time,
			appointment_start_time, buffer_before_minutes, buffer_after_minutes, price_minor, currency)
		VALUES (?, ?, ?, 0, ?, '', ?, ?, ?, ?, 0, 0, 4500, 'EUR')`,
		a.SalonID, s.ID, a.ID, s.ServiceID, s.MasterID, s.Start, s.End, s.Start)
	for _, claim := range c.appointment.claims {
		exec(t, db, `INSERT INTO claims (salon_id, id, subject_id, subject_kind, during, blocking, appointment_id, segment_id)
			VALUES (?, ?, ?, ?, tstzrange(?, ?), ?, ?, ?)`,
			a.SalonID, id.New(), claim.SubjectID, claim.Kind, claim.From, claim.To, claim.Blocking, a.ID, s.ID)
	}
	if c.request.RequestID != "" {
		exec(t, db, "INSERT INTO idempotency_keys VALUES (?, ?, ?, ?, ?, ?)",
			c.request.Caller, c.request.Method, c.request.RequestID, c.request.Hash, c.response, now)
	}
}
