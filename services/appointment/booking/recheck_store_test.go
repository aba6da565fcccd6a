package booking

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/services/appointment/migrations"
)

// Chile moved the end of its winter time in 2022, from 4 to 11 September, at short notice. What had been agreed for the week
// between was promised with another offset than the zone has now.
func TestChangedTimes(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	store := NewStore(db)
	santiago := newSalon(t, db)
	exec(t, db, "UPDATE salons SET time_zone = 'America/Santiago' WHERE id = ?", santiago.ID)
	offering := offeringOf(t, db, santiago, newKey().RequestID, 0, 0)
	customer := newCustomer(t, db, santiago, "")

	book := func(start, zone string, offset int) string {
		t.Helper()
		when, err := time.Parse(time.RFC3339, start)
		if err != nil {
			t.Fatal(err)
		}
		c := creationFor(t, customer, when, offering)
		wantOutcome(t, store, start, c, Booked)
		exec(t, db, "UPDATE appointments SET time_zone = ?, utc_offset_minutes = ? WHERE id = ?", zone, offset, c.appointment.ID)
		return c.appointment.ID
	}
	from := time.Date(2022, 9, 3, 12, 0, 0, 0, time.UTC)
	book("2022-09-03T11:59:00Z", "America/Santiago", -180) // before
	book("2022-09-03T13:00:00Z", "America/Santiago", -240) // as it is
	rules := book("2022-09-06T13:00:00Z", "America/Santiago", -180)
	exec(t, db, "UPDATE appointments SET state = 'CANCELLED', cancelled_by = 'CUSTOMER' WHERE id = ?",
		book("2022-09-07T13:00:00Z", "America/Santiago", -180))
	book("2022-09-12T13:00:00Z", "America/Santiago", -180)               // after the change that moved
	book("2022-09-12T14:30:00Z", "America/Argentina/Buenos_Aires", -180) // another zone, the same wall time
	moved := book("2022-09-12T16:00:00Z", "Europe/Berlin", 120)
	both := book("2022-09-12T18:00:00Z", "America/New_York", -300) // New York has -240 then, and Santiago -180
	zone := book("2022-09-12T20:00:00Z", "America/New_York", -180) // Santiago has that too
	unknown := book("2022-09-12T22:00:00Z", "America/Atlantis", -180)

	const layout = "2006-01-02 15:04"
	var got [][5]string
	if err := store.ChangedTimes(t.Context(), from, func(c ChangedTime) error {
		if c.SalonID != santiago.ID || c.InSalon.Location().String() != "America/Santiago" {
			t.Errorf("is in salon %s and zone %s", c.SalonID, c.InSalon.Location())
		}
		got = append(got, [5]string{
			c.AppointmentID, c.Promised.Location().String(), c.Promised.Format(layout), c.InZone.Format(layout), c.InSalon.Format(layout),
		})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	want := [][5]string{
		{rules, "America/Santiago", "2022-09-06 10:00", "2022-09-06 09:00", "2022-09-06 09:00"},
		{moved, "Europe/Berlin", "2022-09-12 18:00", "2022-09-12 18:00", "2022-09-12 13:00"},
		{both, "America/New_York", "2022-09-12 13:00", "2022-09-12 14:00", "2022-09-12 15:00"},
		{zone, "America/New_York", "2022-09-12 17:00", "2022-09-12 16:00", "2022-09-12 17:00"},
		{unknown, "America/Atlantis", "2022-09-12 19:00", time.Time{}.Format(layout), "2022-09-12 19:00"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}

	// More than two pages, all with the same start.
	exec(t, db, `INSERT INTO appointments SELECT (jsonb_populate_record(a, jsonb_build_object('id', gen_random_uuid()))).*
		FROM appointments a, generate_series(1, ?) WHERE id = ?`, 2*recheckPage, rules)
	seen := map[string]bool{}
	if err := store.ChangedTimes(t.Context(), from, func(c ChangedTime) error {
		if seen[c.AppointmentID] {
			t.Errorf("%s comes twice", c.AppointmentID)
		}
		seen[c.AppointmentID] = true
		return nil
	}); err != nil || len(seen) != 2*recheckPage+len(want) {
		t.Errorf("lists %d, %v", len(seen), err)
	}

	stop := errors.New("stop")
	if err := store.ChangedTimes(t.Context(), from, func(ChangedTime) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the error of the callback is lost: %v", err)
	}
	exec(t, db, "UPDATE salons SET time_zone = 'America/Atlantis' WHERE id = ?", santiago.ID)
	err := store.ChangedTimes(t.Context(), from, func(ChangedTime) error { return nil })
	if err == nil || !strings.Contains(err.Error(), santiago.ID) {
		t.Errorf("the salon has no zone: %v", err)
	}
}
