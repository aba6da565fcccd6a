package booking

import (
	"errors"
	"testing"
	"time"

	"github.com/beauty-salon/platform/services/appointment/people"
)

// TestLapse: a request lapses at its deadline and not before; nothing else ever does.
func TestLapse(t *testing.T) {
	deadline := at(9, 0)
	for _, tt := range []struct {
		name     string
		from     standing
		deadline time.Time
		now      time.Time
		want     standing
	}{
		{"before the deadline", pending, deadline, deadline.Add(-time.Microsecond), pending},
		{"at the deadline", pending, deadline, deadline, lapsed},
		{"after the deadline", pending, deadline, at(12, 0), lapsed},
		{"without a deadline", pending, time.Time{}, at(12, 0), pending},
		{"confirmed", confirmed, deadline, at(12, 0), confirmed},
		{"completed", completed, deadline, at(12, 0), completed},
		{"cancelled", cancelled, deadline, at(12, 0), cancelled},
		{"missed", noShow, deadline, at(12, 0), noShow},
		{"declined", declined, deadline, at(12, 0), declined},
		{"lapsed", lapsed, deadline, at(12, 0), lapsed},
	} {
		a := appointmentIn(tt.from.state)
		a.Cause, a.LapseTime = tt.from.cause, tt.deadline
		if err := a.Lapse(tt.now); err != nil || a.standing() != tt.want {
			t.Errorf("%s: %v, %v", tt.name, a.standing(), err)
		}
		if changed := tt.from != tt.want; changed != (a.change != nil) ||
			changed && (a.Version != 8 || a.CancelledBy != System || a.ChangedBy != System || !a.LapseTime.IsZero() || a.change.By.AccountID != "") {
			t.Errorf("%s: %+v", tt.name, a)
		}
	}
}

// TestLapsedNeedsTime: what takes time again needs some first.
func TestLapsedNeedsTime(t *testing.T) {
	late := By{Actor: Master, Now: at(12, 0)}
	for action, needs := range map[Action]bool{Confirm: true, Complete: true, MarkNoShow: false} {
		a := appointmentIn(Cancelled)
		a.Cause, a.CancelledBy = Lapsed, System
		err := a.Do(action, late, false)
		if needs != errors.Is(err, errNoTime) || needs != (a.change == nil) {
			t.Errorf("%s: %v", action, err)
		}
		_, plan := replanned(a, at(10, 0))
		a.take(plan)
		if err := a.Do(action, late, false); err != nil || a.Cause != "" || a.CancelledBy != "" {
			t.Errorf("%s with time: %+v, %v", action, a, err)
		}
	}
}

// TestDeadline: the deadline is the earlier of the timeout and the start. It counts from the booking, or the last move by the customer.
func TestDeadline(t *testing.T) {
	const timeout = 4 * time.Hour
	rules, plan := planOf(first, "c", at(10, 0), offered("m", 100, 60))
	rules.Policy.RequestTimeout = timeout
	book := func(state State, actor Actor, now time.Time) *Appointment {
		t.Helper()
		a, err := NewAppointment(rules, plan, people.Customer{ID: "c"}, state, "", "", false, By{Actor: actor, Now: now})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	move := func(a *Appointment, actor Actor, now, start time.Time) {
		t.Helper()
		rules, plan := replanned(a, start)
		rules.Policy.RequestTimeout = timeout
		if err := a.Reschedule(rules, plan, false, "", By{Actor: actor, Now: now}); err != nil {
			t.Fatal(err)
		}
	}
	want := func(what string, a *Appointment, want time.Time) {
		t.Helper()
		if !a.LapseTime.Equal(want) {
			t.Errorf("%s: lapses at %v, want %v", what, a.LapseTime, want)
		}
	}
	a := book(Pending, Customer, at(1, 0))
	want("booked", a, at(5, 0))
	move(a, Manager, at(2, 0), at(15, 0))
	want("moved by staff", a, at(5, 0))
	move(a, Manager, at(2, 0), at(4, 0))
	want("moved by staff to an earlier start", a, at(4, 0))
	move(a, Manager, at(2, 30), at(15, 0))
	want("and back", a, at(5, 0))
	move(a, Customer, at(3, 0), at(16, 0))
	want("moved by the customer", a, at(7, 0))
	if err := a.Do(Confirm, By{Actor: Master, Now: at(3, 0)}, false); err != nil {
		t.Fatal(err)
	}
	want("confirmed", a, time.Time{})
	move(a, Manager, at(3, 0), at(17, 0))
	want("confirmed, moved by staff", a, time.Time{})
	move(a, Customer, at(3, 30), at(18, 0))
	want("confirmed, moved by the customer", a, at(7, 30))
	want("booked by staff", book(Pending, Receptionist, at(1, 0)), time.Time{})
	want("booked shortly before the start", book(Pending, Customer, at(8, 0)), at(10, 0))
	want("booked without confirmation", book(Confirmed, Customer, at(1, 0)), time.Time{})

	old := appointmentIn(Pending) // from before requests lapsed
	move(old, Manager, at(3, 0), at(17, 0))
	want("an old one, moved by staff", old, time.Time{})
	move(old, Customer, at(3, 0), at(18, 0))
	want("an old one, moved by the customer", old, at(7, 0))
}
