package booking

import (
	"errors"
	"slices"
	"testing"
	"time"
)

// What the table says besides a state.
const (
	same      = "unchanged"
	onlyStaff = "only staff"
	illegal   = "illegal state"
	begun     = "already started"
	notBegun  = "not started"
)

var refusals = map[string]error{
	onlyStaff: errOnlyStaff, illegal: errIllegalState, begun: errAlreadyStarted, notBegun: errNotStarted,
}

// standings are the columns of the table.
var standings = [7]standing{pending, confirmed, completed, cancelled, noShow, declined, lapsed}

// results are the standings by what the table calls them.
var results = map[string]standing{
	"PENDING": pending, "CONFIRMED": confirmed, "COMPLETED": completed, "CANCELLED": cancelled, "NO_SHOW": noShow, "DECLINED": declined,
}

// TestTransitions holds what comes of every action by every actor in every state, before and from the
// start of the appointment on.
func TestTransitions(t *testing.T) {
	everyStaff := []Actor{Master, Receptionist, Manager, Administrator}
	onlyCustomer, onlySystem := []Actor{Customer}, []Actor{System}
	never := [7]string{onlyStaff, onlyStaff, onlyStaff, onlyStaff, onlyStaff, onlyStaff, onlyStaff}
	tests := []struct {
		action        Action
		early         bool
		by            []Actor
		before, after [7]string
	}{
		{Confirm, false, onlyCustomer, never, never},
		{
			Confirm, false, everyStaff,
			[7]string{"CONFIRMED", same, illegal, illegal, illegal, illegal, "CONFIRMED"},
			[7]string{"CONFIRMED", same, illegal, illegal, illegal, illegal, "CONFIRMED"},
		},
		{Decline, false, onlyCustomer, never, never},
		{Decline, false, onlySystem, never, never},
		{Confirm, false, onlySystem, never, never},
		{Complete, false, onlySystem, never, never},
		{MarkNoShow, false, onlySystem, never, never},
		{
			Cancel, false, onlySystem,
			[7]string{"CANCELLED", "CANCELLED", illegal, same, illegal, illegal, illegal},
			[7]string{begun, begun, illegal, same, illegal, illegal, illegal},
		},
		{Reschedule, false, onlySystem, never, never},
		{
			Decline, false, everyStaff,
			[7]string{"DECLINED", illegal, illegal, illegal, illegal, same, illegal},
			[7]string{"DECLINED", illegal, illegal, illegal, illegal, same, illegal},
		},
		{Complete, false, onlyCustomer, never, never},
		{Complete, true, onlyCustomer, never, never},
		{
			Complete, false, everyStaff,
			[7]string{illegal, notBegun, same, illegal, illegal, illegal, illegal},
			[7]string{"COMPLETED", "COMPLETED", same, illegal, illegal, illegal, "COMPLETED"},
		},
		{
			Complete, true, everyStaff,
			[7]string{illegal, "COMPLETED", same, illegal, illegal, illegal, illegal},
			[7]string{"COMPLETED", "COMPLETED", same, illegal, illegal, illegal, "COMPLETED"},
		},
		{MarkNoShow, false, onlyCustomer, never, never},
		{
			MarkNoShow, false, everyStaff,
			[7]string{illegal, notBegun, illegal, illegal, same, illegal, illegal},
			[7]string{"NO_SHOW", "NO_SHOW", illegal, illegal, same, illegal, "NO_SHOW"},
		},
		{
			Cancel, false, onlyCustomer,
			[7]string{"CANCELLED", "CANCELLED", illegal, same, illegal, same, same},
			[7]string{begun, begun, illegal, same, illegal, same, same},
		},
		{
			Cancel, false, everyStaff,
			[7]string{"CANCELLED", "CANCELLED", illegal, same, illegal, same, same},
			[7]string{"CANCELLED", "CANCELLED", illegal, same, illegal, same, same},
		},
		{
			Reschedule, false, onlyCustomer,
			[7]string{"PENDING", "PENDING", illegal, illegal, illegal, illegal, illegal},
			[7]string{begun, begun, illegal, illegal, illegal, illegal, illegal},
		},
		{
			Reschedule, false, everyStaff,
			[7]string{"PENDING", "CONFIRMED", illegal, illegal, illegal, illegal, illegal},
			[7]string{"PENDING", "CONFIRMED", illegal, illegal, illegal, illegal, illegal},
		},
	}
	covered := map[Action][]Actor{}
	for _, tt := range tests {
		for _, actor := range tt.by {
			covered[tt.action] = append(covered[tt.action], actor)
			for i, from := range standings {
				checkTransition(t, tt.action, actor, tt.early, from, at(9, 59).Add(59*time.Second), tt.before[i])
				checkTransition(t, tt.action, actor, tt.early, from, at(10, 0), tt.after[i])
				checkTransition(t, tt.action, actor, tt.early, from, at(12, 0), tt.after[i])
			}
		}
	}
	for _, action := range []Action{Confirm, Complete, MarkNoShow, Cancel, Reschedule, Decline} {
		for _, actor := range []Actor{Customer, Master, Receptionist, Manager, Administrator, System} {
			if !slices.Contains(covered[action], actor) {
				t.Errorf("%s by %s is not tested", action, actor)
			}
		}
	}
}

// checkTransition does something to an appointment of 10:00.
func checkTransition(t *testing.T, action Action, actor Actor, early bool, from standing, now time.Time, want string) {
	t.Helper()
	a := appointmentIn(from.state)
	if a.Cause = from.cause; a.Cause == Lapsed {
		_, plan := replanned(a, at(10, 0))
		a.take(plan)
	}
	before := *a
	by := By{Actor: actor, AccountID: "someone", Now: now}
	var err error
	switch action {
	case Cancel:
		err = a.Cancel(by, "ill")
	case Decline:
		err = a.Decline(by, "closed")
	case Reschedule:
		rules, plan := replanned(a, at(15, 0))
		err = a.Reschedule(rules, plan, false, "", by)
	default:
		err = a.Do(action, by, early)
	}
	name := string(action) + " in " + string(from.state) + " " + string(from.cause) + " by " + string(actor) + " at " + now.Format(time.TimeOnly)
	refusal, refused := refusals[want]
	switch {
	case refused && !errors.Is(err, refusal):
		t.Errorf("%s: got %v, want %v", name, err, refusal)
	case !refused && err != nil:
		t.Errorf("%s: %v", name, err)
	}
	if refused || want == same {
		if a.change != nil || a.Version != before.Version || a.standing() != from || !a.UpdateTime.Equal(before.UpdateTime) {
			t.Errorf("%s: changed to %+v", name, a)
		}
		return
	}
	if a.standing() != results[want] {
		t.Errorf("%s: %v, want %s", name, a.standing(), want)
	}
	if a.change == nil {
		t.Fatalf("%s: no change is recorded", name)
	}
	if c := *a.change; c.Action != action || c.By != by || c.StateBefore != from.state || !c.StartBefore.Equal(at(10, 0)) ||
		(c.Reason != "") != (action == Cancel || action == Decline) {
		t.Errorf("%s: recorded %+v", name, c)
	}
	if a.Version != before.Version+1 || a.ChangedBy != actor || !a.UpdateTime.Equal(now) {
		t.Errorf("%s: version %d, by %s, at %v", name, a.Version, a.ChangedBy, a.UpdateTime)
	}
}

func TestStatesThatTakeTime(t *testing.T) {
	for state, want := range map[State]bool{Pending: true, Confirmed: true, Completed: true, Cancelled: false, NoShow: false} {
		if state.TakesTime() != want {
			t.Errorf("%s takes time: %v", state, !want)
		}
	}
}
