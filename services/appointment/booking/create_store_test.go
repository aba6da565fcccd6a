package booking

import (
	"reflect"

	"testing"
	"time"

	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/services/appointment/catalog"
	"github.com/beauty-salon/platform/services/appointment/migrations"
	"github.com/beauty-salon/platform/services/appointment/people"
)

func TestCreateWritesEverything(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	store := NewStore(db)
	account := newAccount(t, db)
	customer := people.Customer{ID: id.New(), SalonID: first.ID, AccountID: account, Account: people.Account{DisplayName: "Ann", Phone: "+4930123"}}
	cut := offeringOf(t, db, first, id.New(), 5, 10)
	colour := offeringOf(t, db, first, cut.MasterID, 15, 20)
	dry := newOffering(t, db)
	c := withKey(creationFor(t, customer, at(10, 0), cut, colour, dry), newKey(), "request")
	c.newCustomer, c.traceparent = true, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	wantOutcomes(t, store, []*creation{c}, Booked)

	a := c.appointment
	got, err := store.Appointment(t.Context(), a.ID, administrator)
	if err != nil {
		t.Fatal(err)
	}
	wantAppointment(t, got, a)
	for what, n := range map[string]int{
		"customer": count(t, db, `customers WHERE salon_id = ? AND id = ? AND account_id = ? AND display_name = '' AND version = 1
			AND create_time = ?`, first.ID, customer.ID, account, now),
		"event": count(t, db, `outbox WHERE event_id = ? AND type = 'appointment.created' AND aggregate_id = ? AND aggregate_version = 1
			AND occurred_at = ? AND body->>'appointmentId' = ? AND traceparent = ? AND published_at IS NULL`,
			c.event.ID, a.ID, now, a.ID, c.traceparent),
		"answer": count(t, db, `idempotency_keys WHERE caller = ? AND method = ? AND request_id = ? AND request_hash = ? AND response = ?
			AND created_at = ?`, c.request.Caller, c.request.Method, c.request.RequestID, c.request.Hash, c.response, now),
		"history": count(t, db, `appointment_history WHERE salon_id = ? AND appointment_id = ? AND version = 1 AND action = 'create'
			AND actor = 'CUSTOMER' AND account_id = ? AND reason = '' AND state_before IS NULL AND state_after = 'PENDING'
			AND start_before IS NULL AND start_after = ? AND change_time = ?`, first.ID, a.ID, a.change.By.AccountID, at(10, 0), now),
		"promise": count(t, db, "appointments WHERE id = ? AND time_zone = 'Europe/Berlin' AND utc_offset_minutes = 60", a.ID),
	} {
		if n != 1 {
			t.Errorf("%s: %d rows", what, n)
		}
	}
	for i, s := range a.Segments {
		if n := count(t, db, `segments WHERE id = ? AND position = ? AND appointment_start_time = ? AND NOT rated AND currency = 'EUR'
			AND buffer_before_minutes = ? AND buffer_after_minutes = ?`,
			s.ID, i, at(10, 0), s.BufferBefore.Minutes(), s.BufferAfter.Minutes()); n != 1 {
			t.Errorf("segment %d: %d rows", i, n)
		}
	}
	// The buffers of one master surround both segments, and add nothing between them.
	for _, want := range []struct {
		kind     string
		subject  string
		from, to time.Time
	}{
		{"MASTER", cut.MasterID, at(9, 55), at(11, 0)},
		{"MASTER", cut.MasterID, at(11, 0), at(12, 20)},
		{"MASTER", dry.MasterID, at(12, 0), at(13, 0)},
		{"CUSTOMER", customer.ID, at(10, 0), at(11, 0)},
		{"CUSTOMER", customer.ID, at(11, 0), at(12, 0)},
		{"CUSTOMER", customer.ID, at(12, 0), at(13, 0)},
	} {
		if n := count(t, db, `claims WHERE salon_id = ? AND subject_kind = ? AND subject_id = ? AND during = tstzrange(?, ?)
			AND blocking AND appointment_id = ?`, first.ID, want.kind, want.subject, want.from, want.to, a.ID); n != 1 {
			t.Errorf("%d claims %+v", n, want)
		}
	}
	wantClaims(t, db)
}

// wantAppointment compares what the database keeps of an appointment.
func wantAppointment(t *testing.T, got, want *Appointment) {
	t.Helper()
	if !reflect.DeepEqual(got.Segments, want.Segments) {
		t.Errorf("segments %+v\nwant     %+v", got.Segments, want.Segments)
	}
	g, w := *got, *want
	g.Segments, w.Segments = nil, nil
	g.change, w.change, g.overlap, w.overlap, g.claims, w.claims = nil, nil, false, false, nil, nil
	if g.ID != w.ID || g.SalonID != w.SalonID || g.CustomerID != w.CustomerID || g.AccountID != w.AccountID ||
		g.CustomerName != w.CustomerName || g.CustomerPhone != w.CustomerPhone || g.State != w.State ||
		g.TotalMinor != w.TotalMinor || g.Currency != w.Currency || g.TimeZone != w.TimeZone || g.UTCOffsetMinutes != w.UTCOffsetMinutes ||
		g.Note != w.Note || g.CancelledBy != w.CancelledBy || g.CancelReason != w.CancelReason || g.Cause != w.Cause ||
		!g.TimeoutTime.Equal(w.TimeoutTime) || !g.LapseTime.Equal(w.LapseTime) ||
		g.CompleteTime != w.CompleteTime || g.ChangedBy != w.ChangedBy || g.PreviousStart != w.PreviousStart ||
		g.Version != w.Version || g.CreateTime != w.CreateTime || g.UpdateTime != w.UpdateTime {
		t.Errorf("got  %+v\nwant %+v", g, w)
	}
}

func TestCreateIsExclusive(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	store := NewStore(db)
	cut := newOffering(t, db)
	dye := offeringOf(t, db, first, cut.MasterID, 10, 20)
	other := newOffering(t, db)
	wantOutcomes(t, store, []*creation{creationOf(t, db, at(10, 0), cut)}, Booked)
	for _, tt := range []struct {
		name     string
		start    time.Time
		offering catalog.Offering
		want     Outcome
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
	} {
		wantOutcome(t, store, tt.name, creationOf(t, db, tt.start, tt.offering), tt.want)
	}
	wantClaims(t, db)
}

// TestClaimsOfOverbookedTime: nobody books over time that is overbooked on purpose.
func TestClaimsOfOverbookedTime(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	store := NewStore(db)
	cut := newOffering(t, db)
	wantOutcomes(t, store, []*creation{creationOf(t, db, at(10, 0), cut)}, Booked)
	exec(t, db, "UPDATE claims SET blocking = false")
	wantOutcome(t, store, "over it", creationOf(t, db, at(10, 30), cut), Taken)
	wantOutcome(t, store, "after it", creationOf(t, db, at(11, 0), cut), Booked)
}

// TestCreateChains: all segments are booked, or none.
func TestCreateChains(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	store := NewStore(db)
	a, b := newOffering(t, db), newOffering(t, db)
	wantOutcomes(t, store, []*creation{creationOf(t, db, at(10, 0), a, b, a)}, Booked)
	for _, tt := range []struct {
		name  string
		start time.Time
		chain []catalog.Offering
		want  Outcome
	}{
		{"the last one is taken", at(9, 0), []catalog.Offering{b, b, b}, Taken},
		{"the first one is taken", at(12, 0), []catalog.Offering{a, b}, Taken},
		{"between the others", at(9, 0), []catalog.Offering{a, b, a, b}, Booked},
		{"eight", at(14, 0), []catalog.Offering{a, b, a, b, a, a, b, b}, Booked},
	} {
		wantOutcome(t, store, tt.name, creationOf(t, db, tt.start, tt.chain...), tt.want)
	}
	if n := count(t, db, "segments"); n != 15 {
		t.Errorf("%d segments, want 15", n)
	}
	wantClaims(t, db)
}

// TestCreateInOneStatement has every outcome in one statement.
func TestCreateInOneStatement(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	store := NewStore(db)
	a, b := newOffering(t, db), newOffering(t, db)
	busy, full := newCustomer(t, db, first, ""), newCustomer(t, db, first, "")
	exec(t, db, "UPDATE salons SET max_open_appointments = 1")
	earlier := withKey(creationOf(t, db, at(8, 0), a), newKey(), "earlier")
	wantOutcomes(t, store, []*creation{
		earlier, creationFor(t, busy, at(6, 0), a), creationFor(t, full, at(7, 0), a),
	}, Booked, Booked, Booked)
	before := count(t, db, "outbox")

	again := withKey(creationOf(t, db, at(8, 0), a), earlier.request.Key, "earlier")
	other := earlier.request.Key
	other.Caller = id.New()
	reused := earlier.request.Key
	stale := creationOf(t, db, at(10, 0), newOffering(t, db))
	stale.rulesVersion = 7
	unknown := creationFor(t, people.Customer{ID: id.New(), SalonID: first.ID}, at(20, 0), a)
	results := create(t, store,
		creationOf(t, db, at(10, 0), a),
		creationOf(t, db, at(10, 0), b),
		creationOf(t, db, at(8, 30), a), // taken before
		again,
		withKey(creationOf(t, db, at(19, 0), a), other, "earlier"),
		stale,
		unknown,
		creationFor(t, busy, at(6, 30), b),
		creationFor(t, full, at(18, 0), b),
		creationOf(t, db, at(11, 0), a),
	)
	want := []Outcome{Booked, Booked, Taken, Replayed, Booked, Stale, NoCustomer, CustomerBusy, TooManyOpen, Booked}
	for i, r := range results {
		if r.Outcome != want[i] {
			t.Errorf("creation %d: %s, want %s", i, r.Outcome, want[i])
		}
		if got := string(r.Response); (got != "") != (want[i] == Replayed) || (got != "" && got != "answer to earlier") {
			t.Errorf("creation %d: response %q", i, got)
		}
	}
	wantOutcome(t, store, "another request", withKey(creationOf(t, db, at(22, 0), a), reused, "other"), Reused)
	for table, n := range map[string]int{"appointments": 7, "segments": 7, "claims": 14, "appointment_history": 7, "idempotency_keys": 2} {
		if got := count(t, db, table); got != n {
			t.Errorf("%d %s, want %d", got, table, n)
		}
	}
	if got := count(t, db, "outbox") - before; got != 4 {
		t.Errorf("%d events, want 4", got)
	}
	wantClaims(t, db)
}

// TestCreateAfterAChangeOfTheSecret: a request from before the change is recognized, and another request
// with its id is refused as before.
func TestCreateAfterAChangeOfTheSecret(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	store := NewStore(db)
	cut := newOffering(t, db)
	booked := withKey(creationOf(t, db, at(10, 0), cut), newKey(), "request")
	wantOutcomes(t, store, []*creation{booked}, Booked)
	again, other := *booked, *booked
	again.request.Hash, again.request.PreviousHash = []byte("request, changed"), booked.request.Hash
	wantOutcomes(t, store, []*creation{&again}, Replayed)
	other.request.Hash, other.request.PreviousHash = []byte("other, changed"), []byte("other")
	wantOutcomes(t, store, []*creation{&other}, Reused)
}
