package appointment

import (
	"slices"
	"testing"
	"time"

	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/postgres"
)

// now is the time in tests that have no clock of their own.
var now = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

// at is a time of the day after now.
func at(hour, minute int) time.Time {
	return time.Date(2026, time.March, 3, hour, minute, 0, 0, time.UTC)
}

// exec runs SQL that the store has no method for.
func exec(tb testing.TB, db *postgres.DB, sql string, args ...any) {
	tb.Helper()
	if err := db.Conn(tb.Context()).Exec(sql, args...).Error; err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
}

// offerOf makes a master with one service of an hour for 45.00 EUR and returns
// the offer.
func offerOf(tb testing.TB, db *postgres.DB) Offer {
	tb.Helper()
	return offerWith(tb, db, newID(), 0, 0)
}

func offerWith(tb testing.TB, db *postgres.DB, masterID string, before, after int) Offer {
	tb.Helper()
	service := newID()
	exec(tb, db, `INSERT INTO services VALUES (?, ?, '', 'Hair', 4500, 'EUR', 60, ?, ?, true, 1, now(), now(), NULL)`,
		service, "Cut "+service, before, after)
	exec(tb, db, `INSERT INTO masters VALUES (?, false, 1) ON CONFLICT DO NOTHING`, masterID)
	exec(tb, db, `INSERT INTO offerings VALUES (?, ?, NULL, NULL, 1, now(), now(), NULL)`, masterID, service)
	return Offer{
		MasterID: masterID, ServiceID: service, ServiceName: "Cut " + service,
		PriceMinor: 4500, Currency: "EUR", Duration: time.Hour,
		BufferBefore: time.Duration(before) * time.Minute, BufferAfter: time.Duration(after) * time.Minute,
		OfferingVersion: 1, ServiceVersion: 1,
	}
}

// bookingOf makes a booking of a new customer, without request id.
func bookingOf(tb testing.TB, start time.Time, offers ...Offer) *Booking {
	tb.Helper()
	return bookingFor(tb, newID(), start, offers...)
}

// bookingFor chains the offers from start.
func bookingFor(tb testing.TB, customerID string, start time.Time, offers ...Offer) *Booking {
	tb.Helper()
	wishes := make([]Wish, len(offers))
	for i, o := range offers {
		wishes[i] = Wish{Offer: o, Start: start}
		start = start.Add(o.Duration)
	}
	a, err := NewAppointment(customerID, "Sensitive skin.", Customer, wishes, now)
	if err != nil {
		tb.Fatalf("new appointment: %v", err)
	}
	event, err := appointmentEvent(eventCreated, a)
	if err != nil {
		tb.Fatalf("event: %v", err)
	}
	return &Booking{
		Appointment: a, Offers: offers, OwnCustomer: true, Event: event,
		Key: idempotency.Key{Caller: customerID, Method: "/test/Book"},
	}
}

// withKey makes a booking safe to repeat.
func withKey(b *Booking, requestID, content string) *Booking {
	b.Key.RequestID = requestID
	b.Hash, b.Response = []byte(content), []byte("answer to "+content)
	return b
}

// book books in one statement.
func book(tb testing.TB, s *Store, batch ...*Booking) []Outcome {
	tb.Helper()
	results, err := s.Book(tb.Context(), batch)
	if err != nil {
		tb.Fatalf("book: %v", err)
	}
	outcomes := make([]Outcome, len(results))
	for i, r := range results {
		outcomes[i] = r.Outcome
	}
	return outcomes
}

// wantOutcomes books in one statement and compares what comes of it.
func wantOutcomes(tb testing.TB, s *Store, batch []*Booking, want ...Outcome) {
	tb.Helper()
	if got := book(tb, s, batch...); !slices.Equal(got, want) {
		tb.Errorf("outcomes %q, want %q", got, want)
	}
}

// count counts rows.
func count(tb testing.TB, db *postgres.DB, from string, args ...any) int {
	tb.Helper()
	var n int
	if err := db.Conn(tb.Context()).Raw("SELECT count(*) FROM "+from, args...).Scan(&n).Error; err != nil {
		tb.Fatalf("count %s: %v", from, err)
	}
	return n
}

// wantNoOverlap looks for double bookings by comparing every two claims.
func wantNoOverlap(tb testing.TB, db *postgres.DB) {
	tb.Helper()
	if n := count(tb, db, `segments a JOIN segments b
		ON a.master_id = b.master_id AND a.id < b.id AND a.during && b.during AND a.holds AND b.holds`); n > 0 {
		tb.Errorf("%d double bookings", n)
	}
	if n := count(tb, db, `segments s JOIN appointments a ON a.id = s.appointment_id
		WHERE s.holds <> (a.state IN ('PENDING', 'CONFIRMED', 'COMPLETED'))`); n > 0 {
		tb.Errorf("%d segments hold, or do not hold, against their state", n)
	}
}
