package booking

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/zoneinfo"
	"github.com/beauty-salon/platform/services/appointment/availability"
	"github.com/beauty-salon/platform/services/appointment/catalog"
	"github.com/beauty-salon/platform/services/appointment/people"
	"github.com/beauty-salon/platform/services/appointment/salon"
)

// now is the time in tests that have no clock of their own.
var now = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

// at is a time of the day after now.
func at(hour, minute int) time.Time {
	return time.Date(2026, time.March, 3, hour, minute, 0, 0, time.UTC)
}

// first is the salon of every new database.
var first = salon.Salon{ID: id.FirstSalon, TimeZone: "Europe/Berlin", Currency: "EUR", Version: 1}

// exec runs SQL that the stores have no method for.
func exec(tb testing.TB, db *postgres.DB, sql string, args ...any) {
	tb.Helper()
	if err := db.Conn(tb.Context()).Exec(sql, args...).Error; err != nil {
		tb.Fatalf("%s: %v", sql, err)
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

// newSalon adds a salon in another time zone.
func newSalon(tb testing.TB, db *postgres.DB) salon.Salon {
	tb.Helper()
	s := salon.Salon{ID: id.New(), TimeZone: "America/New_York", Currency: "EUR", Version: 1}
	exec(tb, db, `INSERT INTO salons (id, name, slug, description, address, phone, email, website_url, time_zone, currency,
			is_default, search_text, version, create_time, update_time)
		VALUES (?, 'Other', ?, '', '', '', '', '', ?, ?, false, '', 1, now(), now())`, s.ID, s.ID, s.TimeZone, s.Currency)
	return s
}

// newOffering adds a master of the first salon with a service of an hour for 45.00 EUR.
func newOffering(tb testing.TB, db *postgres.DB) catalog.Offering {
	tb.Helper()
	return offeringOf(tb, db, first, id.New(), 0, 0)
}

// offeringOf adds a service with buffers, in minutes, that a master of the salon performs. The master is
// added when there is none with the id.
func offeringOf(tb testing.TB, db *postgres.DB, s salon.Salon, masterID string, before, after int32) catalog.Offering {
	tb.Helper()
	service := id.New()
	exec(tb, db, `INSERT INTO services (id, salon_id, name, description, category, price_minor, currency, duration_minutes,
			buffer_before_minutes, buffer_after_minutes, active, search_text, version, create_time, update_time)
		VALUES (?, ?, ?, '', 'Hair', 4500, 'EUR', 60, ?, ?, true, '', 1, now(), now())`,
		service, s.ID, "Cut "+service, before, after)
	exec(tb, db, `INSERT INTO masters (id, salon_id, display_name, deleted, disabled, version)
		VALUES (?, ?, ?, false, false, 1) ON CONFLICT DO NOTHING`, masterID, s.ID, "Master "+masterID)
	exec(tb, db, `INSERT INTO offerings (salon_id, master_id, service_id, version, create_time, update_time)
		VALUES (?, ?, ?, 1, now(), now())`, s.ID, masterID, service)
	return catalog.Offering{
		SalonID: s.ID, MasterID: masterID, Version: 1,
		Service: catalog.Service{
			ID: service, SalonID: s.ID, Name: "Cut " + service, PriceMinor: 4500, Currency: "EUR", DurationMinutes: 60,
			BufferBeforeMinutes: before, BufferAfterMinutes: after, Active: true, Version: 1,
		},
	}
}

// newAccount adds an account.
func newAccount(tb testing.TB, db *postgres.DB) string {
	tb.Helper()
	account := id.New()
	exec(tb, db, `INSERT INTO accounts (id, display_name, phone, email, search_text, disabled, version)
		VALUES (?, 'Ann', '+4930123', '', '', false, 1)`, account)
	return account
}

// newCustomer adds a customer of a salon, without account if accountID is empty.
func newCustomer(tb testing.TB, db *postgres.DB, s salon.Salon, accountID string) people.Customer {
	tb.Helper()
	c := people.Customer{ID: id.New(), SalonID: s.ID, AccountID: accountID, DisplayName: "Ida", Phone: "+4930456"}
	exec(tb, db, `INSERT INTO customers (salon_id, id, account_id, display_name, phone, email, notes, search_text, version, create_time, update_time)
		VALUES (?, ?, ?, ?, ?, '', '', '', 1, now(), now())`, c.SalonID, c.ID, postgres.Null(accountID), c.DisplayName, c.Phone)
	return c
}

// creationOf makes a creation for a new customer without account, who is added, and without request id.
func creationOf(tb testing.TB, db *postgres.DB, start time.Time, offerings ...catalog.Offering) *creation {
	tb.Helper()
	return creationFor(tb, newCustomer(tb, db, salon.Salon{ID: offerings[0].SalonID}, ""), start, offerings...)
}

// creationFor makes a creation for a customer that is in the database.
func creationFor(tb testing.TB, customer people.Customer, start time.Time, offerings ...catalog.Offering) *creation {
	tb.Helper()
	return creationWith(tb, customer, false, start, offerings...)
}

// creationWith makes a creation that may overlap with other appointments of the customer.
func creationWith(tb testing.TB, customer people.Customer, overlap bool, start time.Time, offerings ...catalog.Offering) *creation {
	tb.Helper()
	by := By{Actor: Customer, AccountID: id.New(), Now: now}
	s := first
	s.ID = offerings[0].SalonID
	rules, plan := planOf(s, customer.ID, start, offerings...)
	a, err := NewAppointment(rules, plan, customer, Pending, "Sensitive skin.", "", overlap, by)
	if err != nil {
		tb.Fatalf("new appointment: %v", err)
	}
	event, err := appointmentEvent(a)
	if err != nil {
		tb.Fatalf("event: %v", err)
	}
	day := start.Truncate(24 * time.Hour)
	return &creation{
		appointment: a, rulesVersion: 1, dayStart: day, dayEnd: day.Add(24 * time.Hour), customer: customer, event: event,
	}
}

// planOf is the plan of offerings, one after the other, and the rules that know their masters and services.
func planOf(
	s salon.Salon, customerID string, start time.Time, offerings ...catalog.Offering,
) (*availability.Rules, *availability.Plan) {
	rules := &availability.Rules{
		SalonID: s.ID, Version: 1, Zone: time.UTC, ZoneName: "UTC", Currency: s.Currency,
		Masters: map[string]*availability.Master{}, Services: map[string]*availability.Service{},
	}
	if zone, err := zoneinfo.Load(s.TimeZone); err == nil {
		rules.Zone, rules.ZoneName = zone, s.TimeZone
	}
	from := availability.MinuteOf(start)
	plan := &availability.Plan{Span: availability.Span{From: from, To: from}, Customer: customerID}
	for _, o := range offerings {
		rules.Masters[o.MasterID] = &availability.Master{ID: o.MasterID, Name: "Master " + o.MasterID}
		rules.Services[o.Service.ID] = &availability.Service{ID: o.Service.ID, Name: o.Service.Name}
		minutes := availability.Minute(o.Minutes())
		plan.Segments = append(plan.Segments, availability.Segment{
			ServiceID: o.Service.ID, MasterID: o.MasterID, Span: availability.Span{From: plan.To, To: plan.To + minutes},
			Offering: availability.Offering{
				PriceMinor: o.PriceMinor(), Phases: []availability.Phase{{Minutes: minutes}},
				BufferBefore: availability.Minute(o.Service.BufferBeforeMinutes), BufferAfter: availability.Minute(o.Service.BufferAfterMinutes),
			},
		})
		plan.To += minutes
	}
	return rules, plan
}

// again is the offering of a segment, for another plan.
func again(a *Appointment, segment int) catalog.Offering {
	s := a.Segments[segment]
	return catalog.Offering{
		SalonID: a.SalonID, MasterID: s.MasterID,
		Service: catalog.Service{
			ID: s.ServiceID, Name: s.ServiceName, PriceMinor: s.PriceMinor, Currency: a.Currency,
			DurationMinutes:     int32(s.End.Sub(s.Start).Minutes()),
			BufferBeforeMinutes: int32(s.BufferBefore.Minutes()), BufferAfterMinutes: int32(s.BufferAfter.Minutes()),
		},
	}
}

// withKey makes a creation safe to repeat.
func withKey(c *creation, key idempotency.Key, content string) *creation {
	c.request = idempotency.Request{Key: key, Hash: []byte(content), Lock: lockOf(key)}
	c.response = []byte("answer to " + content)
	return c
}

// lockOf makes the advisory lock of a key.
func lockOf(key idempotency.Key) int64 {
	var lock int64
	for _, b := range []byte(key.Caller + key.Method + key.RequestID) {
		lock = lock*31 + int64(b)
	}
	return lock
}

// newKey returns the key of a new request.
func newKey() idempotency.Key {
	return idempotency.Key{Caller: id.New(), Method: "/test/Create", RequestID: id.New()}
}

// create books in one statement.
func create(tb testing.TB, s *Store, batch ...*creation) []Result {
	tb.Helper()
	results, err := s.Create(tb.Context(), id.New(), usualPatience, batch)
	if err != nil {
		tb.Fatalf("create: %v", err)
	}
	return results
}

// wantOutcomes books in one statement and compares what comes of it.
func wantOutcomes(tb testing.TB, s *Store, batch []*creation, want ...Outcome) {
	tb.Helper()
	var got []Outcome
	for _, r := range create(tb, s, batch...) {
		got = append(got, r.Outcome)
	}
	if !slices.Equal(got, want) {
		tb.Errorf("outcomes %q, want %q", got, want)
	}
}

// wantOutcome books alone and compares what comes of it.
func wantOutcome(tb testing.TB, s *Store, name string, c *creation, want Outcome) {
	tb.Helper()
	if got := create(tb, s, c)[0]; got.Outcome != want {
		tb.Errorf("%s: %q, want %q", name, got.Outcome, want)
	}
}

// wantClaims checks every two claims, and the claims of every appointment: those that block never overlap,
// and there are one of the master and one of the customer for each segment without phases of an appointment in
// a state that takes time, and no others. The master's time of a place in a group session is that of the session.
func wantClaims(tb testing.TB, db *postgres.DB) {
	tb.Helper()
	if n := count(tb, db, `claims a JOIN claims b ON a.salon_id = b.salon_id AND a.subject_id = b.subject_id
		AND a.subject_kind = b.subject_kind AND a.id < b.id AND a.during && b.during AND a.blocking AND b.blocking`); n > 0 {
		tb.Errorf("%d double bookings", n)
	}
	if n := count(tb, db, `(
		SELECT s.salon_id, s.id, s.appointment_id, v.kind, v.subject
		FROM segments s JOIN appointments a ON a.salon_id = s.salon_id AND a.id = s.appointment_id
		CROSS JOIN LATERAL (VALUES ('MASTER', s.master_id), ('CUSTOMER', a.customer_id)) AS v (kind, subject)
		WHERE a.state IN ('PENDING', 'CONFIRMED', 'COMPLETED') AND s.phases IS NULL AND (v.kind = 'CUSTOMER' OR a.group_session_id IS NULL)
	) AS w FULL JOIN (
		SELECT c.salon_id, c.segment_id, c.appointment_id, c.subject_kind, c.subject_id, count(*) AS n
		FROM claims c JOIN segments s ON s.salon_id = c.salon_id AND s.id = c.segment_id AND s.phases IS NULL GROUP BY 1, 2, 3, 4, 5
	) AS c ON (c.salon_id, c.segment_id, c.appointment_id, c.subject_kind, c.subject_id) = (w.salon_id, w.id, w.appointment_id, w.kind, w.subject)
		WHERE c.n IS DISTINCT FROM 1 OR w.id IS NULL`); n > 0 {
		tb.Errorf("%d claims are missing or too many", n)
	}
	if n := count(tb, db, `claims c JOIN segments s ON s.salon_id = c.salon_id AND s.id = c.segment_id
		WHERE s.phases IS NULL AND NOT c.during @> tstzrange(s.start_time, s.end_time)`); n > 0 {
		tb.Errorf("%d claims do not cover their segment", n)
	}
}

// holding runs lock in a transaction, which stays open until release is called. release runs do in the
// transaction before it commits; do may be nil.
func holding(tb testing.TB, db *postgres.DB, lock func(ctx context.Context, tx *postgres.DB) error) (release func(do func(tx *postgres.DB))) {
	tb.Helper()
	held, free, done := make(chan *postgres.DB), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- db.InTx(tb.Context(), func(tx *postgres.DB) error {
			if err := lock(tb.Context(), tx); err != nil {
				return err
			}
			held <- tx
			<-free
			return nil
		})
	}()
	var tx *postgres.DB
	select {
	case tx = <-held:
	case err := <-done:
		tb.Fatalf("lock: %v", err)
	}
	end := sync.OnceFunc(func() { close(free) })
	tb.Cleanup(end)
	return func(do func(*postgres.DB)) {
		if do != nil {
			do(tx)
		}
		end()
		if err := <-done; err != nil {
			tb.Errorf("release the lock: %v", err)
		}
	}
}

// eventually polls until a condition holds.
func eventually(tb testing.TB, what string, condition func() bool) {
	tb.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			tb.Fatalf("waited in vain: %s", what)
		}
		<-time.After(time.Millisecond)
	}
}

// waitForLocks waits until n sessions of the database wait for an advisory lock.
func waitForLocks(tb testing.TB, db *postgres.DB, n int) {
	tb.Helper()
	eventually(tb, "sessions wait for an advisory lock", func() bool {
		return count(tb, db, `pg_locks WHERE locktype = 'advisory' AND NOT granted
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`) >= n
	})
}

// fieldOf is the first field that an error blames.
func fieldOf(err error) string {
	refused, ok := errors.AsType[*apierr.Error](err)
	if !ok || len(refused.Fields()) == 0 {
		return ""
	}
	return refused.Fields()[0].GetField()
}

// administrator is somebody who sees everything.
var administrator = auth.Principal{UserID: "018f0000-0000-7000-8000-00000000ad00", Role: apiv1.Role_ROLE_ADMIN}

// change updates an appointment as an administrator.
func change(tb testing.TB, s *Store, id string, do func(*Appointment) error) *Appointment {
	tb.Helper()
	a, err := s.Update(tb.Context(), id, administrator, do)
	if err != nil {
		tb.Fatalf("change: %v", err)
	}
	return a
}

// nowFunc is a clock that stands still.
func nowFunc() time.Time { return now }
