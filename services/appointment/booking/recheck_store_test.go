package booking

import (
	"errors"
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
	moved := book("2022-09-06T13:00:00Z", "America/Santiago", -180)
	cancelled := book("2022-09-07T13:00:00Z", "America/Santiago", -180)
	exec(t, db, "UPDATE appointments SET state = 'CANCELLED' WHERE id = ?", cancelled)
	book("2022-09-12T13:00:00Z", "America/Santiago", -180)
	book("2022-09-12T14:00:00Z", "America/Buenos_Aires", -180) // another zone, the same wall time
	other := book("2022-09-12T15:00:00Z", "Europe/Berlin", 120)

	var got []ChangedTime
	if err := store.ChangedTimes(t.Context(), from, func(c ChangedTime) error {
		got = append(got, c)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].AppointmentID != moved || got[1].AppointmentID != other {
		t.Fatalf("got %+v, want %s and %s", got, moved, other)
	}
	const layout = "2006-01-02 15:04"
	if p, n := got[0].Promised.Format(layout), got[0].Now.Format(layout); p != "2022-09-06 10:00" || n != "2022-09-06 09:00" {
		t.Errorf("promised for %s, now at %s", p, n)
	}
	if got[0].SalonID != santiago.ID || !got[0].Start.Equal(time.Date(2022, 9, 6, 13, 0, 0, 0, time.UTC)) {
		t.Errorf("got %+v", got[0])
	}
	stop := errors.New("stop")
	if err := store.ChangedTimes(t.Context(), from, func(ChangedTime) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the error of the callback is lost: %v", err)
	}
}
