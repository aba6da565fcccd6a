package booking

import (
	"errors"
	"testing"
	"time"

	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/catalog"
	"github.com/beauty-salon/platform/services/appointment/migrations"
	"github.com/beauty-salon/platform/services/appointment/people"
)

// do returns a change that confirms, completes or marks as missed.
func do(action Action, by By) func(*Appointment) error {
	return func(a *Appointment) error { return a.Do(action, by, false) }
}

// to returns a change that moves an appointment.
func to(start time.Time, by By) func(*Appointment) error {
	return func(a *Appointment) error {
		rules, plan := replanned(a, start)
		return a.Reschedule(rules, plan, false, "", by)
	}
}

// cancel returns a change that cancels an appointment.
func cancel(reason string, by By) func(*Appointment) error {
	return func(a *Appointment) error { return a.Cancel(by, reason) }
}

// decline returns a change that refuses a request.
func decline(reason string, by By) func(*Appointment) error {
	return func(a *Appointment) error { return a.Decline(by, reason) }
}

// booked books alone.
func booked(t *testing.T, store *Store, c *creation) *creation {
	t.Helper()
	wantOutcomes(t, store, []*creation{c}, Booked)
	return c
}

func TestStatesTakeTheTime(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	store := NewStore(db)
	late := By{Actor: Master, AccountID: id.New(), Now: at(23, 0)}
	for _, tt := range []struct {
		name  string
		steps []func(*Appointment) error
		want  Outcome
	}{
		{"pending", nil, Taken},
		{"confirmed", []func(*Appointment) error{do(Confirm, late)}, Taken},
		{"completed", []func(*Appointment) error{do(Confirm, late), do(Complete, late)}, Taken},
		{"completed at once", []func(*Appointment) error{do(Complete, late)}, Taken},
		{"cancelled", []func(*Appointment) error{cancel("", late)}, Booked},
		{"declined", []func(*Appointment) error{decline("", late)}, Booked},
		{"no-show", []func(*Appointment) error{do(Confirm, late), do(MarkNoShow, late)}, Booked},
		{"no-show at once", []func(*Appointment) error{do(MarkNoShow, late)}, Booked},
	} {
		cut := newOffering(t, db)
		c := booked(t, store, creationOf(t, db, at(10, 0), cut))
		for _, step := range tt.steps {
			change(t, store, c.appointment.ID, step)
		}
		wantOutcome(t, store, tt.name, creationOf(t, db, at(10, 0), cut), tt.want)
	}
	wantClaims(t, db)
}

func TestUpdateWritesEverything(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	store := NewStore(db)
	cut := offeringOf(t, db, first, id.New(), 5, 10)
	c := booked(t, store, creationOf(t, db, at(10, 0), cut, newOffering(t, db)))
	account := id.New()
	minutes := func(n int, actor Actor) By {
		return By{Actor: actor, AccountID: account, Now: now.Add(time.Duration(n) * time.Minute)}
	}
	steps := []struct {
		typ    string
		action Action
		by     By
		do     func(*Appointment) error
		before State
		after  State
		reason string
	}{
		{"appointment.confirmed", Confirm, minutes(1, Master), do(Confirm, minutes(1, Master)), Pending, Confirmed, ""},
		{"appointment.rescheduled", Reschedule, minutes(2, Customer), to(at(10, 30), minutes(2, Customer)), Confirmed, Pending, ""},
		{"appointment.confirmed", Confirm, minutes(3, Receptionist), do(Confirm, minutes(3, Receptionist)), Pending, Confirmed, ""},
		{"appointment.rescheduled", Reschedule, minutes(4, Manager), to(at(11, 0), minutes(4, Manager)), Confirmed, Confirmed, ""},
		{"appointment.cancelled", Cancel, minutes(5, Administrator), cancel("closed", minutes(5, Administrator)), Confirmed, Cancelled, "closed"},
	}
	start := at(10, 0)
	for i, step := range steps {
		changed := change(t, store, c.appointment.ID, step.do)
		read, err := store.Appointment(t.Context(), c.appointment.ID, administrator)
		if err != nil {
			t.Fatal(err)
		}
		wantAppointment(t, read, changed)
		if read.Version != int64(i+2) {
			t.Errorf("%s: version %d", step.typ, read.Version)
		}
		if n := count(t, db, "outbox WHERE type = ? AND aggregate_version = ? AND occurred_at = ? AND body->>'state' = ? AND body->>'actor' = ?",
			step.typ, read.Version, step.by.Now, "APPOINTMENT_STATE_"+string(read.State), "ACTOR_"+string(step.by.Actor)); n != 1 {
			t.Errorf("%s: %d events", step.typ, n)
		}
		if n := count(t, db, `appointment_history WHERE salon_id = ? AND appointment_id = ? AND version = ? AND action = ? AND actor = ?
			AND account_id = ? AND reason = ? AND state_before = ? AND state_after = ? AND start_before = ? AND start_after = ? AND change_time = ?`,
			first.ID, c.appointment.ID, read.Version, step.action, step.by.Actor, account, step.reason, step.before, step.after,
			start, read.Start(), step.by.Now); n != 1 {
			t.Errorf("%s: %d entries in the history", step.typ, n)
		}
		start = read.Start()
		wantClaims(t, db)
	}
	completed := booked(t, store, creationOf(t, db, at(15, 0), cut))
	changed := change(t, store, completed.appointment.ID, do(Complete, By{Actor: Master, AccountID: account, Now: at(15, 30)}))
	read, err := store.Appointment(t.Context(), completed.appointment.ID, administrator)
	if err != nil {
		t.Fatal(err)
	}
	wantAppointment(t, read, changed)
	if n := count(t, db, "outbox WHERE type = 'appointment.completed'"); n != 1 {
		t.Errorf("%d events of the completion", n)
	}
	refused := booked(t, store, creationOf(t, db, at(19, 0), cut))
	changed = change(t, store, refused.appointment.ID, decline("closed", By{Actor: Manager, AccountID: account, Now: at(15, 30)}))
	if read, err = store.Appointment(t.Context(), refused.appointment.ID, administrator); err != nil {
		t.Fatal(err)
	}
	wantAppointment(t, read, changed)
	if n := count(t, db, `outbox WHERE type = 'appointment.declined' AND body->>'state' = 'APPOINTMENT_STATE_CANCELLED'`); n != 1 {
		t.Errorf("%d events of the declined request", n)
	}
	missed := booked(t, store, creationOf(t, db, at(17, 0), cut))
	change(t, store, missed.appointment.ID, do(MarkNoShow, By{Actor: Master, AccountID: account, Now: at(17, 30)}))
	if n := count(t, db, "outbox WHERE type = 'appointment.no_show_marked'"); n != 1 {
		t.Errorf("%d events of the missed appointment", n)
	}
	wantClaims(t, db)
}

func TestUpdateLeavesThingsAlone(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	store := NewStore(db)
	c := booked(t, store, creationOf(t, db, at(10, 0), newOffering(t, db)))
	refusal := errors.New("refused")
	for name, do := range map[string]func(*Appointment) error{
		"no change": func(*Appointment) error { return nil },
		"same time": to(at(10, 0), by(Customer)),
		"refused": func(a *Appointment) error {
			if err := a.Cancel(by(Customer), ""); err != nil {
				return err
			}
			return refusal
		},
	} {
		_, err := store.Update(t.Context(), c.appointment.ID, administrator, do)
		if name == "refused" != errors.Is(err, refusal) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for table, want := range map[string]int{
		"outbox WHERE type LIKE 'appointment.%'": 1, "appointment_history": 1, "appointments WHERE version = 1 AND state = 'PENDING'": 1,
	} {
		if n := count(t, db, table); n != want {
			t.Errorf("%d %s, want %d", n, table, want)
		}
	}
	wantClaims(t, db)
}

func TestRescheduleAmongOthers(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	store := NewStore(db)
	cut := offeringOf(t, db, first, id.New(), 0, 10)
	colour, other := offeringOf(t, db, first, cut.MasterID, 0, 0), newOffering(t, db)
	customer := newCustomer(t, db, first, "")
	mine := booked(t, store, creationFor(t, customer, at(10, 0), cut))
	booked(t, store, creationOf(t, db, at(12, 0), cut))
	pair := booked(t, store, creationOf(t, db, at(14, 0), colour, other))
	elsewhere := booked(t, store, creationFor(t, customer, at(18, 0), other))
	for _, tt := range []struct {
		name    string
		c       *creation
		start   time.Time
		overlap bool
		want    error
	}{
		{"into its own time", mine, at(10, 30), false, nil},
		{"right before the next one, with its buffer", mine, at(10, 50), false, nil},
		{"with its buffer in the next one", mine, at(10, 51), false, errSlotUnavailable},
		{"into the next one", mine, at(12, 30), false, errSlotUnavailable},
		{"into another one, with permission to overlap", mine, at(12, 30), true, errSlotUnavailable},
		{"two segments by less than one", pair, at(14, 30), false, nil},
		{"two segments, the second one of another master", pair, at(16, 30), false, errSlotUnavailable},
		{"two segments, the first one into another", pair, at(12, 0), false, errSlotUnavailable},
		{"where the customer is busy", mine, at(18, 30), false, errCustomerBusy},
		{"where the customer is busy, with permission", mine, at(18, 30), true, nil},
		{"to another time", mine, at(20, 0), false, nil},
		{"the other one of the customer over it", elsewhere, at(20, 30), false, errCustomerBusy},
		{"back", mine, at(10, 0), false, nil},
	} {
		before, err := store.Appointment(t.Context(), tt.c.appointment.ID, administrator)
		if err != nil {
			t.Fatal(err)
		}
		_, err = store.Update(t.Context(), tt.c.appointment.ID, administrator, func(a *Appointment) error {
			rules, plan := replanned(a, tt.start)
			return a.Reschedule(rules, plan, tt.overlap, "", by(Customer))
		})
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		} else if err != nil && fieldOf(err) != "start_time" {
			t.Errorf("%s: blames %q", tt.name, fieldOf(err))
		}
		after, err := store.Appointment(t.Context(), tt.c.appointment.ID, administrator)
		if err != nil {
			t.Fatal(err)
		}
		if tt.want != nil {
			wantAppointment(t, after, before)
		} else if !after.Start().Equal(tt.start) || after.UTCOffsetMinutes != 60 {
			t.Errorf("%s: begins at %v", tt.name, after.Start())
		}
		wantClaims(t, db)
	}
}

// TestUpdateLocksTheSubjects: a change waits for a booking of the same subjects, and sees what it has
// written.
func TestUpdateLocksTheSubjects(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	store := NewStore(db)
	cut, other := newOffering(t, db), newOffering(t, db)
	customer := newCustomer(t, db, first, "")
	c := booked(t, store, creationFor(t, customer, at(10, 0), cut, other))
	for _, tt := range []struct {
		name     string
		subject  string
		customer people.Customer
		offering catalog.Offering
		want     error
	}{
		{"the first master", cut.MasterID, newCustomer(t, db, first, ""), cut, errSlotUnavailable},
		{"the second master", other.MasterID, newCustomer(t, db, first, ""), other, errSlotUnavailable},
		{"the customer", customer.ID, customer, newOffering(t, db), errCustomerBusy},
	} {
		release := holdSubject(t, db, tt.subject)
		done := make(chan error, 1)
		go func() {
			_, err := store.Update(t.Context(), c.appointment.ID, administrator, to(at(14, 0), by(Customer)))
			done <- err
		}()
		waitForLocks(t, db, 1)
		var taken *creation
		release(func(tx *postgres.DB) {
			taken = creationFor(t, tt.customer, at(14, 30), tt.offering)
			insertDirectly(t, tx, taken)
		})
		if err := <-done; !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
		change(t, store, taken.appointment.ID, cancel("", by(Master)))
	}
	wantClaims(t, db)
}
