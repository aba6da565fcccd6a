package appointment

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
)

func TestBookWritesEverything(t *testing.T) {
	db := pgtest.New(t, Migrations)
	store := NewStore(db)
	offer := offerWith(t, db, newID(), 5, 10)
	b := withKey(bookingOf(t, at(10, 0), offer), newID(), "request")
	b.Traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	wantOutcomes(t, store, []*Booking{b}, Booked)

	got, err := store.Appointment(t.Context(), b.Appointment.ID, everything)
	if err != nil {
		t.Fatal(err)
	}
	wantAppointment(t, got, b.Appointment)
	if n := count(t, db, "customers WHERE id = ? AND NOT disabled AND version = 0", b.Appointment.CustomerID); n != 1 {
		t.Error("the customer is not known now")
	}
	if n := count(t, db, `outbox WHERE event_id = ? AND type = 'appointment.created' AND aggregate_id = ?
		AND aggregate_version = 1 AND occurred_at = ? AND body->>'appointmentId' = ? AND traceparent = ? AND published_at IS NULL`,
		b.Event.ID, b.Appointment.ID, now, b.Appointment.ID, b.Traceparent); n != 1 {
		t.Error("there is no event")
	}
	if n := count(t, db, "idempotency_keys WHERE caller = ? AND method = ? AND request_id = ? AND request_hash = ? AND response = ? AND created_at = ?",
		b.Key.Caller, b.Key.Method, b.Key.RequestID, b.Hash, b.Response, now); n != 1 {
		t.Error("the answer is not stored")
	}
	if n := count(t, db, "segments WHERE during = tstzrange(?, ?) AND visit_start_time = ?", at(9, 55), at(11, 10), at(10, 0)); n != 1 {
		t.Error("the claim is not the time with the buffers")
	}
}

func wantAppointment(t *testing.T, got, want *Appointment) {
	t.Helper()
	if !slices.Equal(got.Segments, want.Segments) {
		t.Errorf("segments %+v, want %+v", got.Segments, want.Segments)
	}
	g, w := *got, *want
	g.Segments, w.Segments, g.changed, w.changed = nil, nil, "", ""
	if g.ID != w.ID || g.CustomerID != w.CustomerID || g.State != w.State || g.TotalMinor != w.TotalMinor ||
		g.Currency != w.Currency || g.Note != w.Note || g.CancelledBy != w.CancelledBy || g.CancelReason != w.CancelReason ||
		g.CompleteTime != w.CompleteTime || g.ChangedBy != w.ChangedBy || g.PreviousStart != w.PreviousStart ||
		g.Version != w.Version || g.CreateTime != w.CreateTime || g.UpdateTime != w.UpdateTime {
		t.Errorf("got  %+v\nwant %+v", g, w)
	}
}

func TestBookIsExclusive(t *testing.T) {
	db := pgtest.New(t, Migrations)
	store := NewStore(db)
	master := newID()
	cut := offerWith(t, db, master, 0, 0)
	dye := offerWith(t, db, master, 10, 20)
	other := offerOf(t, db)
	wantOutcomes(t, store, []*Booking{bookingOf(t, at(10, 0), cut)}, Booked)
	tests := []struct {
		name  string
		start time.Time
		offer Offer
		want  Outcome
	}{
		{"the same time", at(10, 0), cut, Taken},
		{"the end of it", at(10, 59), cut, Taken},
		{"the beginning of it", at(9, 1), cut, Taken},
		{"another master", at(10, 0), other, Booked},
		{"right after, but for its buffer", at(11, 9), dye, Taken},
		{"right after its buffer", at(11, 10), dye, Booked},
		{"in the buffer after that", at(12, 29), cut, Taken},
		{"right after that buffer", at(12, 30), cut, Booked},
		{"right before, touching", at(9, 0), cut, Booked},
		{"right before, but for its buffer", at(7, 41), dye, Taken},
		{"right before its buffer", at(7, 40), dye, Booked},
	}
	for _, tt := range tests {
		if got := book(t, store, bookingOf(t, tt.start, tt.offer)); got[0] != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got[0], tt.want)
		}
	}
	wantNoOverlap(t, db)
}

func TestBookInOneStatement(t *testing.T) {
	db := pgtest.New(t, Migrations)
	store := NewStore(db)
	a, b := offerOf(t, db), offerOf(t, db)
	stale := offerOf(t, db)
	stale.ServiceVersion = 7
	first := withKey(bookingOf(t, at(8, 0), a), newID(), "first")
	wantOutcomes(t, store, []*Booking{first}, Booked)

	again := withKey(bookingFor(t, first.Key.Caller, at(8, 0), a), first.Key.RequestID, "first")
	otherRequest := withKey(bookingFor(t, first.Key.Caller, at(18, 0), a), first.Key.RequestID, "other")
	otherCaller := withKey(bookingOf(t, at(19, 0), a), first.Key.RequestID, "first")
	stranger := bookingOf(t, at(20, 0), a)
	stranger.OwnCustomer = false
	before := count(t, db, "outbox")
	batch := []*Booking{
		bookingOf(t, at(10, 0), a), bookingOf(t, at(10, 30), a), // the first of two wins
		bookingOf(t, at(10, 0), b),
		bookingOf(t, at(8, 30), a), // taken before
		again, otherRequest, otherCaller,
		bookingOf(t, at(10, 0), stale), stranger,
		bookingOf(t, at(11, 0), a),
	}
	results, err := store.Book(t.Context(), batch)
	if err != nil {
		t.Fatal(err)
	}
	want := []Outcome{Booked, Taken, Booked, Taken, Replayed, Reused, Booked, StaleOffer, NoCustomer, Booked}
	for i, r := range results {
		if r.Outcome != want[i] {
			t.Errorf("booking %d: %s, want %s", i, r.Outcome, want[i])
		}
		if got := string(r.Response); (got != "") != (want[i] == Replayed) || (got != "" && got != "answer to first") {
			t.Errorf("booking %d: response %q", i, got)
		}
	}
	for table, n := range map[string]int{"appointments": 5, "segments": 5, "idempotency_keys": 2} {
		if got := count(t, db, table); got != n {
			t.Errorf("%d %s, want %d", got, table, n)
		}
	}
	if got := count(t, db, "outbox") - before; got != 4 {
		t.Errorf("%d events, want 4", got)
	}
	wantNoOverlap(t, db)
}

func TestBookChecksTheOffer(t *testing.T) {
	db := pgtest.New(t, Migrations)
	store := NewStore(db)
	tests := []struct {
		name string
		sql  string // with the id of what has changed
		id   func(Offer) string
	}{
		{"service changed", "UPDATE services SET version = 2 WHERE id = ?", func(o Offer) string { return o.ServiceID }},
		{"service inactive", "UPDATE services SET active = false WHERE id = ?", func(o Offer) string { return o.ServiceID }},
		{"service deleted", "UPDATE services SET deleted_at = now() WHERE id = ?", func(o Offer) string { return o.ServiceID }},
		{"offering changed", "UPDATE offerings SET version = 2 WHERE service_id = ?", func(o Offer) string { return o.ServiceID }},
		{"offering deleted", "UPDATE offerings SET deleted_at = now() WHERE service_id = ?", func(o Offer) string { return o.ServiceID }},
		{"offering gone", "DELETE FROM offerings WHERE service_id = ?", func(o Offer) string { return o.ServiceID }},
		{"master deleted", "UPDATE masters SET deleted = true WHERE id = ?", func(o Offer) string { return o.MasterID }},
		{"master disabled", "UPDATE masters SET disabled = true WHERE id = ?", func(o Offer) string { return o.MasterID }},
	}
	for _, tt := range tests {
		offer := offerOf(t, db)
		exec(t, db, tt.sql, tt.id(offer))
		if got := book(t, store, bookingOf(t, at(10, 0), offer)); got[0] != StaleOffer {
			t.Errorf("%s: %s", tt.name, got[0])
		}
	}
	if n := count(t, db, "segments"); n != 0 {
		t.Errorf("%d segments", n)
	}
}

func TestBookChecksTheCustomer(t *testing.T) {
	db := pgtest.New(t, Migrations)
	store := NewStore(db)
	offer := offerOf(t, db)
	enabled, disabled := newID(), newID()
	for id, isDisabled := range map[string]bool{enabled: false, disabled: true} {
		if err := store.PutCustomer(t.Context(), id, isDisabled, 3); err != nil {
			t.Fatal(err)
		}
	}
	hour := 8
	for _, tt := range []struct {
		name string
		id   string
		own  bool
		want Outcome
	}{
		{"own, unknown", newID(), true, Booked},
		{"own, known", enabled, true, Booked},
		{"own, disabled", disabled, true, NoCustomer},
		{"another, unknown", newID(), false, NoCustomer},
		{"another, known", enabled, false, Booked},
		{"another, disabled", disabled, false, NoCustomer},
	} {
		b := bookingFor(t, tt.id, at(hour, 0), offer)
		b.OwnCustomer = tt.own
		if got := book(t, store, b); got[0] != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got[0], tt.want)
		}
		hour++
	}
	if n := count(t, db, "customers WHERE id = ? AND version = 3", enabled); n != 1 {
		t.Error("what is known of a customer was overwritten")
	}
}

// TestBookSeveralSegments: all segments find a place, or none.
func TestBookSeveralSegments(t *testing.T) {
	db := pgtest.New(t, Migrations)
	store := NewStore(db)
	booker := NewBooker(store, 1, 0, nil)
	a, b := offerOf(t, db), offerOf(t, db)
	wantOutcomes(t, store, []*Booking{bookingOf(t, at(10, 0), a, b, a)}, Booked)
	// 11:00 is taken for b only.
	partly := bookingOf(t, at(9, 0), a, a, b)
	if _, err := store.Book(t.Context(), []*Booking{partly}); !postgres.IsForeignKeyViolation(err, segmentsOfNothing) {
		t.Errorf("a visit that half fits: %v", err)
	}
	batch := []*ticket{ticketOf(t, bookingOf(t, at(14, 0), a)), ticketOf(t, partly), ticketOf(t, bookingOf(t, at(15, 0), a, b))}
	booker.commit(batch)
	wantTickets(t, batch, Booked, Taken, Booked)
	if n := count(t, db, "segments"); n != 6 {
		t.Errorf("%d segments, want 6", n)
	}
	wantNoOverlap(t, db)
}

// ticketOf is a booking that is not queued.
func ticketOf(t *testing.T, b *Booking) *ticket {
	return &ticket{ctx: t.Context(), booking: b, done: make(chan struct{})}
}

func wantTickets(t *testing.T, batch []*ticket, want ...Outcome) {
	t.Helper()
	for i, got := range batch {
		if got.err != nil || got.result.Outcome != want[i] {
			t.Errorf("booking %d: %q, %v, want %q", i, got.result.Outcome, got.err, want[i])
		}
	}
}

// TestBookAfterAChangeOfTheSecret: a request of before is known, and another one is still another one.
func TestBookAfterAChangeOfTheSecret(t *testing.T) {
	db := pgtest.New(t, Migrations)
	store := NewStore(db)
	first := withKey(bookingOf(t, at(10, 0), offerOf(t, db)), newID(), "request")
	wantOutcomes(t, store, []*Booking{first}, Booked)
	again, other := *first, *first
	again.Hash, again.PreviousHash = []byte("request, changed"), first.Hash
	wantOutcomes(t, store, []*Booking{&again}, Replayed)
	other.Hash, other.PreviousHash = []byte("other, changed"), []byte("other")
	wantOutcomes(t, store, []*Booking{&other}, Reused)
}

func TestRecall(t *testing.T) {
	db := pgtest.New(t, Migrations)
	store := NewStore(db)
	b := withKey(bookingOf(t, at(10, 0), offerOf(t, db)), newID(), "request")
	wantOutcomes(t, store, []*Booking{b}, Booked)
	unknown := b.Key
	unknown.RequestID = newID()
	for _, tt := range []struct {
		name           string
		key            idempotency.Key
		hash, previous []byte
		since          time.Time
		want           Outcome
	}{
		{"known", b.Key, b.Hash, nil, now.Add(-time.Second), Replayed},
		{"known from before a change of the secret", b.Key, []byte("changed"), b.Hash, now.Add(-time.Second), Replayed},
		{"other request", b.Key, []byte("other"), nil, now.Add(-time.Second), Reused},
		{"other request, after a change of the secret", b.Key, []byte("other"), []byte("other, then"), now.Add(-time.Second), Reused},
		{"unknown", unknown, b.Hash, nil, now.Add(-time.Second), ""},
		{"expired", b.Key, b.Hash, nil, now, ""},
	} {
		got, err := store.Recall(t.Context(), tt.key, tt.hash, tt.previous, tt.since)
		if err != nil || got.Outcome != tt.want {
			t.Errorf("%s: %q, %v, want %q", tt.name, got.Outcome, err, tt.want)
		}
		if tt.want == Replayed && !bytes.Equal(got.Response, b.Response) {
			t.Errorf("%s: %q", tt.name, got.Response)
		}
	}
}
