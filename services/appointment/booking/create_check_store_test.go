package booking

import (
	"testing"
	"time"

	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/services/appointment/catalog"
	"github.com/beauty-salon/platform/services/appointment/migrations"
	"github.com/beauty-salon/platform/services/appointment/people"
)

// TestCreateChecksTheRules: an appointment is planned by the rules of its salon as they are.
func TestCreateChecksTheRules(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	store := NewStore(db)
	for _, tt := range []struct{ name, sql string }{
		{"rules changed", "UPDATE salons SET rules_version = 2 WHERE id = ?"},
		{"salon deleted", "UPDATE salons SET deleted_at = now() WHERE id = ?"},
	} {
		offering := offeringOf(t, db, newSalon(t, db), id.New(), 0, 0)
		wantOutcome(t, store, tt.name+", before", creationOf(t, db, at(10, 0), offering), Booked)
		exec(t, db, tt.sql, offering.SalonID)
		wantOutcome(t, store, tt.name, creationOf(t, db, at(12, 0), offering), Stale)
	}
	wantClaims(t, db)
}

func TestCreateChecksTheCustomer(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	store := NewStore(db)
	cut := newOffering(t, db)
	elsewhere := newSalon(t, db)
	enabled, disabled, known, matched := newAccount(t, db), newAccount(t, db), newAccount(t, db), newAccount(t, db)
	exec(t, db, "UPDATE accounts SET disabled = true WHERE id = ?", disabled)
	guest, since := newCustomer(t, db, first, ""), newCustomer(t, db, first, "")
	exec(t, db, "UPDATE customers SET account_id = ? WHERE id = ?", matched, since.ID)
	unsaved := func(accountID string) people.Customer {
		return people.Customer{ID: id.New(), SalonID: first.ID, AccountID: accountID}
	}
	newCustomer(t, db, elsewhere, enabled) // a customer of another salon says nothing
	hour := 0
	for _, tt := range []struct {
		name     string
		customer people.Customer
		isNew    bool
		want     Outcome
	}{
		{"new", unsaved(enabled), true, Booked},
		{"new, by now known", unsaved(enabled), true, NoCustomer},
		{"new, of an unknown account", unsaved(id.New()), true, NoCustomer},
		{"new, of a disabled account", unsaved(disabled), true, NoCustomer},
		{"known", newCustomer(t, db, first, known), false, Booked},
		{"known, of a disabled account", newCustomer(t, db, first, disabled), false, NoCustomer},
		{"without account", guest, false, Booked},
		{"without account when it was read", since, false, NoCustomer},
		{"unknown", unsaved(""), false, NoCustomer},
		{"of another salon", newCustomer(t, db, elsewhere, ""), false, NoCustomer},
	} {
		c := creationFor(t, tt.customer, at(hour, 0), cut)
		c.newCustomer = tt.isNew
		wantOutcome(t, store, tt.name, c, tt.want)
		hour++
	}
	if n := count(t, db, "customers WHERE account_id = ? AND salon_id = ?", enabled, first.ID); n != 1 {
		t.Errorf("%d customers of one account", n)
	}
	wantClaims(t, db)
}

// TestCreateChecksTheCustomersTime: one appointment at a time, unless both permit more.
func TestCreateChecksTheCustomersTime(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	store := NewStore(db)
	elsewhere := newSalon(t, db)
	customer := newCustomer(t, db, first, "")
	// Each time another master, with buffers, which are not the customer's time.
	offering := func() catalog.Offering { return offeringOf(t, db, first, id.New(), 30, 30) }
	wantOutcomes(t, store, []*creation{creationFor(t, customer, at(10, 0), offering())}, Booked)
	for _, tt := range []struct {
		name    string
		start   time.Time
		overlap bool
		want    Outcome
	}{
		{"the same time", at(10, 0), false, CustomerBusy},
		{"the last minute", at(10, 59), false, CustomerBusy},
		{"the first minute", at(9, 1), false, CustomerBusy},
		{"right after", at(11, 0), false, Booked},
		{"right before", at(9, 0), false, Booked},
		{"the same time, permitted", at(10, 0), true, Booked},
		{"the same time, permitted again", at(10, 30), true, Booked},
		{"another time, permitted", at(14, 0), true, Booked},
		{"over the one that permits it", at(14, 30), false, CustomerBusy},
		{"over the one that permits it, permitted", at(14, 30), true, Booked},
	} {
		wantOutcome(t, store, tt.name, creationWith(t, customer, tt.overlap, tt.start, offering()), tt.want)
	}
	busyMaster := offering()
	wantOutcomes(t, store, []*creation{creationOf(t, db, at(18, 0), busyMaster)}, Booked)
	wantOutcome(t, store, "a master does not overlap", creationWith(t, customer, true, at(18, 0), busyMaster), Taken)
	wantOutcome(t, store, "another customer", creationOf(t, db, at(10, 0), offering()), Booked)

	// Customers' time is that of a salon.
	account := newAccount(t, db)
	here, there := newCustomer(t, db, first, account), newCustomer(t, db, elsewhere, account)
	wantOutcome(t, store, "in one salon", creationFor(t, here, at(10, 0), offering()), Booked)
	wantOutcome(t, store, "in another salon", creationFor(t, there, at(10, 0), offeringOf(t, db, elsewhere, id.New(), 0, 0)), Booked)
	wantClaims(t, db)
}

// TestMastersAreCustomersToo: the time of a master is not that of a customer with the same id, as customers
// from before salons have.
func TestMastersAreCustomersToo(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	store := NewStore(db)
	cut := newOffering(t, db)
	customer := newCustomer(t, db, first, "")
	exec(t, db, "UPDATE customers SET id = ? WHERE id = ?", cut.MasterID, customer.ID)
	customer.ID = cut.MasterID
	other := newOffering(t, db)
	wantOutcome(t, store, "with themself", creationFor(t, customer, at(10, 0), cut), Booked)
	wantOutcome(t, store, "with another at the same time", creationFor(t, customer, at(10, 0), other), CustomerBusy)
	wantOutcome(t, store, "with another", creationFor(t, customer, at(12, 0), other), Booked)
	wantOutcome(t, store, "somebody else with the master", creationOf(t, db, at(12, 0), cut), Booked)
	wantClaims(t, db)
}

func TestCreateChecksTheLimit(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	store := NewStore(db)
	elsewhere := newSalon(t, db)
	exec(t, db, "UPDATE salons SET max_open_appointments = 2")
	cut := newOffering(t, db)
	customer := newCustomer(t, db, first, "")
	hour := 0
	next := func(staff bool) *creation {
		hour++
		c := creationFor(t, customer, at(hour, 0), cut)
		if staff {
			c.appointment.ChangedBy = Receptionist
		}
		return c
	}
	earliest := next(false)
	wantOutcome(t, store, "the first", earliest, Booked)
	confirmed := next(false)
	wantOutcome(t, store, "the second", confirmed, Booked)
	wantOutcome(t, store, "one too many", next(false), TooManyOpen)
	change(t, store, confirmed.appointment.ID, func(a *Appointment) error { return a.Do(Confirm, by(Master), false) })
	wantOutcome(t, store, "a confirmed one is open", next(false), TooManyOpen)
	wantOutcome(t, store, "by staff", next(true), Booked)
	wantOutcome(t, store, "after that", next(false), TooManyOpen)
	wantOutcome(t, store, "another customer", creationOf(t, db, at(20, 0), cut), Booked)
	there := newCustomer(t, db, elsewhere, "")
	wantOutcome(t, store, "in another salon", creationFor(t, there, at(10, 0), offeringOf(t, db, elsewhere, id.New(), 0, 0)), Booked)

	// What has ended is not open, nor is what was cancelled.
	late := next(false)
	late.appointment.CreateTime = earliest.appointment.End().Add(-time.Microsecond)
	wantOutcome(t, store, "while the first is under way", late, TooManyOpen)
	for _, id := range []string{confirmed.appointment.ID, earliest.appointment.ID} {
		change(t, store, id, func(a *Appointment) error { return a.Cancel(by(Master), "") })
	}
	wantOutcome(t, store, "when two are cancelled", next(false), Booked)
	wantOutcome(t, store, "two are open again", next(false), TooManyOpen)
	late = next(false)
	late.appointment.CreateTime = at(hour-1, 0)
	wantOutcome(t, store, "when all have ended", late, Booked)
	exec(t, db, "UPDATE salons SET max_open_appointments = 0")
	for range 5 {
		wantOutcome(t, store, "without a limit", next(false), Booked)
	}
	wantClaims(t, db)
}
