package appointment

import (
	"errors"
	"testing"
	"time"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/auth"
)

// What the table may say besides a state.
const (
	same      = "unchanged"
	onlyStaff = "only staff"
	illegal   = "illegal state"
	begun     = "already started"
	early     = "not started"
)

var refusals = map[string]error{
	onlyStaff: errOnlyStaff, illegal: errIllegalState, begun: errAlreadyStarted, early: errNotStarted,
}

// TestMoves holds what may happen in every state, by every party, before and
// after the start of the visit. Columns are the states in this order.
func TestMoves(t *testing.T) {
	states := [5]State{Pending, Confirmed, Completed, Cancelled, NoShow}
	never := [5]string{onlyStaff, onlyStaff, onlyStaff, onlyStaff, onlyStaff}
	tests := []struct {
		action        Action
		by            Party
		before, after [5]string
	}{
		{Confirm, Customer, never, never},
		{
			Confirm, Master,
			[5]string{"CONFIRMED", same, illegal, illegal, illegal},
			[5]string{"CONFIRMED", same, illegal, illegal, illegal},
		},
		{
			Confirm, Administrator,
			[5]string{"CONFIRMED", same, illegal, illegal, illegal},
			[5]string{"CONFIRMED", same, illegal, illegal, illegal},
		},
		{Complete, Customer, never, never},
		{
			Complete, Master,
			[5]string{illegal, "COMPLETED", same, illegal, illegal},
			[5]string{illegal, "COMPLETED", same, illegal, illegal},
		},
		{
			Complete, Administrator,
			[5]string{illegal, "COMPLETED", same, illegal, illegal},
			[5]string{illegal, "COMPLETED", same, illegal, illegal},
		},
		{MarkNoShow, Customer, never, never},
		{
			MarkNoShow, Master,
			[5]string{illegal, early, illegal, illegal, same},
			[5]string{illegal, "NO_SHOW", illegal, illegal, same},
		},
		{
			MarkNoShow, Administrator,
			[5]string{illegal, early, illegal, illegal, same},
			[5]string{illegal, "NO_SHOW", illegal, illegal, same},
		},
		{
			Cancel, Customer,
			[5]string{"CANCELLED", "CANCELLED", illegal, same, illegal},
			[5]string{begun, begun, illegal, same, illegal},
		},
		{
			Cancel, Master,
			[5]string{"CANCELLED", "CANCELLED", illegal, same, illegal},
			[5]string{"CANCELLED", "CANCELLED", illegal, same, illegal},
		},
		{
			Cancel, Administrator,
			[5]string{"CANCELLED", "CANCELLED", illegal, same, illegal},
			[5]string{"CANCELLED", "CANCELLED", illegal, same, illegal},
		},
		{
			Reschedule, Customer,
			[5]string{"PENDING", "PENDING", illegal, illegal, illegal},
			[5]string{begun, begun, illegal, illegal, illegal},
		},
		{
			Reschedule, Master,
			[5]string{"PENDING", "CONFIRMED", illegal, illegal, illegal},
			[5]string{"PENDING", "CONFIRMED", illegal, illegal, illegal},
		},
		{
			Reschedule, Administrator,
			[5]string{"PENDING", "CONFIRMED", illegal, illegal, illegal},
			[5]string{"PENDING", "CONFIRMED", illegal, illegal, illegal},
		},
	}
	seen := map[Action]map[Party]bool{}
	for _, tt := range tests {
		if seen[tt.action] == nil {
			seen[tt.action] = map[Party]bool{}
		}
		seen[tt.action][tt.by] = true
		for i, state := range states {
			check(t, tt.action, tt.by, state, at(9, 59).Add(59*time.Second), tt.before[i])
			check(t, tt.action, tt.by, state, at(10, 0), tt.after[i])
			check(t, tt.action, tt.by, state, at(12, 0), tt.after[i])
		}
	}
	for _, action := range []Action{Confirm, Complete, MarkNoShow, Cancel, Reschedule} {
		if len(seen[action]) != 3 {
			t.Errorf("%s: only %d parties are tested", action, len(seen[action]))
		}
	}
}

// check does something to an appointment of 10:00.
func check(t *testing.T, action Action, by Party, from State, now time.Time, want string) {
	t.Helper()
	a := visit(from)
	before := *a
	var err error
	switch action {
	case Cancel:
		err = a.Cancel(by, "ill", now)
	case Reschedule:
		err = a.Reschedule(at(15, 0), by, now)
	default:
		err = a.Do(action, by, now)
	}
	name := string(action) + " in " + string(from) + " by " + string(by)
	if refusal, ok := refusals[want]; ok {
		if !errors.Is(err, refusal) {
			t.Errorf("%s: got %v, want %v", name, err, refusal)
		}
	} else if err != nil {
		t.Errorf("%s: %v", name, err)
	}
	if _, refused := refusals[want]; refused || want == same {
		if a.changed != "" || a.Version != before.Version || a.State != from || !a.UpdateTime.Equal(before.UpdateTime) {
			t.Errorf("%s: changed to %+v", name, a)
		}
		return
	}
	if a.State != State(want) {
		t.Errorf("%s: state %s, want %s", name, a.State, want)
	}
	if a.changed != action || a.Version != before.Version+1 || a.ChangedBy != by || !a.UpdateTime.Equal(now) {
		t.Errorf("%s: does not tell of the change: %+v", name, a)
	}
}

// visit is an appointment from 10:00 to 11:00 with buffers of 5 and 10 minutes.
func visit(state State) *Appointment {
	return &Appointment{
		ID: "a", CustomerID: "c", State: state, Version: 7, ChangedBy: Customer,
		UpdateTime: now, TotalMinor: 4500, Currency: "EUR",
		Segments: []Segment{{
			ID: "s", MasterID: "m", Start: at(10, 0), End: at(11, 0), ClaimFrom: at(9, 55), ClaimTo: at(11, 10),
			PriceMinor: 4500, Currency: "EUR",
		}},
	}
}

func TestCancelKeepsTheFirstReason(t *testing.T) {
	a := visit(Pending)
	if err := a.Cancel(Customer, "ill", now); err != nil {
		t.Fatal(err)
	}
	if err := a.Cancel(Administrator, "closed", at(12, 0)); err != nil {
		t.Fatal(err)
	}
	if a.CancelledBy != Customer || a.CancelReason != "ill" || a.Version != 8 {
		t.Errorf("got %+v", a)
	}
}

func TestCompleteNotesTheTime(t *testing.T) {
	a := visit(Confirmed)
	if err := a.Do(Complete, Master, at(10, 40)); err != nil {
		t.Fatal(err)
	}
	if !a.CompleteTime.Equal(at(10, 40)) {
		t.Errorf("completed at %v, before the planned end", a.CompleteTime)
	}
}

func TestReschedule(t *testing.T) {
	a := visit(Confirmed)
	if err := a.Reschedule(at(10, 30), Customer, now); err != nil {
		t.Fatal(err)
	}
	s := a.Segments[0]
	for what, got := range map[string][2]time.Time{
		"start":    {s.Start, at(10, 30)},
		"end":      {s.End, at(11, 30)},
		"claim":    {s.ClaimFrom, at(10, 25)},
		"release":  {s.ClaimTo, at(11, 40)},
		"previous": {a.PreviousStart, at(10, 0)},
	} {
		if !got[0].Equal(got[1]) {
			t.Errorf("%s is %v, want %v", what, got[0], got[1])
		}
	}
	if a.State != Pending || a.TotalMinor != 4500 {
		t.Errorf("got %s for %d", a.State, a.TotalMinor)
	}
	if err := a.Do(Confirm, Master, now); err != nil {
		t.Fatal(err)
	}
	if !a.PreviousStart.IsZero() {
		t.Error("the newest change is no rescheduling any more")
	}
}

func TestRescheduleToTheSameTime(t *testing.T) {
	for _, by := range []Party{Customer, Master, Administrator} {
		a := visit(Confirmed)
		if err := a.Reschedule(at(10, 0), by, now); err != nil {
			t.Errorf("%s: %v", by, err)
		}
		if a.changed != "" || a.Version != 7 || a.State != Confirmed {
			t.Errorf("%s: changed: %+v", by, a)
		}
	}
}

func TestRescheduleStart(t *testing.T) {
	for _, tt := range starts {
		err := visit(Pending).Reschedule(now.Add(tt.fromNow), Master, now)
		if !errors.Is(err, tt.want) {
			t.Errorf("%v from now: got %v, want %v", tt.fromNow, err, tt.want)
		}
	}
}

func TestParty(t *testing.T) {
	a := visit(Pending)
	for _, tt := range []struct {
		user string
		role apiv1.Role
		want Party
	}{
		{"c", apiv1.Role_ROLE_CUSTOMER, Customer},
		{"c", apiv1.Role_ROLE_MASTER, Customer},
		{"m", apiv1.Role_ROLE_MASTER, Master},
		{"m", apiv1.Role_ROLE_CUSTOMER, Customer}, // a master no more
		{"m", apiv1.Role_ROLE_ADMIN, Administrator},
		{"x", apiv1.Role_ROLE_ADMIN, Administrator},
	} {
		if got := a.PartyOf(auth.Principal{UserID: tt.user, Role: tt.role}); got != tt.want {
			t.Errorf("%s, %v: got %s, want %s", tt.user, tt.role, got, tt.want)
		}
	}
}

func TestStatesThatHold(t *testing.T) {
	for state, want := range map[State]bool{Pending: true, Confirmed: true, Completed: true, Cancelled: false, NoShow: false} {
		if state.Holds() != want {
			t.Errorf("%s holds: %v", state, !want)
		}
	}
}
