package booking

import (
	"testing"

	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/migrations"
)

// TestNoCheckIsOlderThanTheLocks: a booking waits for a lock, and somebody else changes something and
// commits. The booking sees it, although its call has begun before.
func TestNoCheckIsOlderThanTheLocks(t *testing.T) {
	for _, tt := range []struct {
		name string
		// change runs in the transaction that the booking waits for.
		change func(t *testing.T, db, tx *postgres.DB, c *creation)
		want   Outcome
	}{
		{"nothing", func(*testing.T, *postgres.DB, *postgres.DB, *creation) {}, Booked},
		{"the master is taken", func(t *testing.T, db, tx *postgres.DB, c *creation) {
			insertDirectly(t, tx, creationOf(t, db, at(10, 30), again(c.appointment, 0)))
		}, Taken},
		{"the master of the last segment is taken", func(t *testing.T, db, tx *postgres.DB, c *creation) {
			insertDirectly(t, tx, creationOf(t, db, at(11, 30), again(c.appointment, 1)))
		}, Taken},
		{"the master is overbooked", func(t *testing.T, db, tx *postgres.DB, c *creation) {
			insertDirectly(t, tx, creationOf(t, db, at(10, 30), again(c.appointment, 0)))
			exec(t, tx, "UPDATE claims SET blocking = false")
		}, Taken},
		{"the customer is busy", func(t *testing.T, db, tx *postgres.DB, c *creation) {
			insertDirectly(t, tx, creationFor(t, c.customer, at(10, 30), newOffering(t, db)))
		}, CustomerBusy},
		{"the customer has reached the limit", func(t *testing.T, db, tx *postgres.DB, c *creation) {
			exec(t, tx, "UPDATE salons SET max_open_appointments = 1")
			insertDirectly(t, tx, creationFor(t, c.customer, at(20, 30), newOffering(t, db)))
		}, TooManyOpen},
		{"the account is disabled", func(t *testing.T, _, tx *postgres.DB, c *creation) {
			exec(t, tx, "UPDATE accounts SET disabled = true WHERE id = ?", c.customer.AccountID)
		}, NoCustomer},
		{"the customer has another account", func(t *testing.T, db, tx *postgres.DB, c *creation) {
			exec(t, tx, "UPDATE customers SET account_id = ? WHERE id = ?", newAccount(t, db), c.customer.ID)
		}, NoCustomer},
		{"the salon's rules have changed", func(t *testing.T, _, tx *postgres.DB, _ *creation) {
			exec(t, tx, "UPDATE salons SET rules_version = rules_version + 1")
		}, Stale},
	} {
		t.Run(tt.name, func(t *testing.T) {
			db := pgtest.New(t, migrations.Migrations)
			store := NewStore(db)
			c := creationFor(t, newCustomer(t, db, first, newAccount(t, db)), at(10, 0), newOffering(t, db), newOffering(t, db))
			release := holdSubject(t, db, c.appointment.Segments[0].MasterID)
			answer := booking(t.Context(), newQueue(t, store), c)
			waitForLocks(t, db, 1)
			release(func(tx *postgres.DB) { tt.change(t, db, tx, c) })
			wantAnswer(t, tt.name, answer, tt.want)
			wantClaims(t, db)
		})
	}
}

// TestCreateLocksEverySubject: a booking waits for its masters, the customer and the account.
func TestCreateLocksEverySubject(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	q := newQueue(t, NewStore(db))
	customer := newCustomer(t, db, first, newAccount(t, db))
	one, two := newOffering(t, db), newOffering(t, db)
	subjects := []string{one.MasterID, two.MasterID, customer.ID, customer.AccountID}
	for i, subject := range subjects {
		release := holdSubject(t, db, subject)
		answer := booking(t.Context(), q, creationFor(t, customer, at(4*i, 0), one, two))
		waitForLocks(t, db, 1)
		release(nil)
		wantAnswer(t, "afterwards", answer, Booked)
	}
	// Nobody else's lock.
	release := holdSubject(t, db, newOffering(t, db).MasterID)
	wantAnswer(t, "of others", booking(t.Context(), q, creationFor(t, customer, at(20, 0), one, two)), Booked)
	release(nil)
}
