package booking

import (
	"errors"
	"slices"
	"time"
)

// Action is something that an actor does with an appointment. The names are those of the history.
type Action string

// The actions.
const (
	Create     Action = "create"
	Confirm    Action = "confirm"
	Complete   Action = "complete"
	MarkNoShow Action = "mark_no_show"
	Cancel     Action = "cancel"
	Reschedule Action = "reschedule"
	Decline    Action = "decline"
	Lapse      Action = "lapse"
	Adjust     Action = "adjust"
)

// standing is a state and, for an appointment that is cancelled, the cause.
type standing struct {
	state State
	cause Cause
}

var (
	pending   = standing{state: Pending}
	confirmed = standing{state: Confirmed}
	completed = standing{state: Completed}
	noShow    = standing{state: NoShow}
	cancelled = standing{state: Cancelled}
	declined  = standing{Cancelled, Declined}
	lapsed    = standing{Cancelled, Lapsed}
)

var (
	staff    = []Actor{Master, Receptionist, Manager, Administrator}
	customer = []Actor{Customer}
	system   = []Actor{System}
)

// transition is a line of the table: an action by an actor takes an appointment from one standing to
// another, or leaves it as it is.
type transition struct {
	action   Action
	by       []Actor
	from, to standing
	// before and after are the errors of the action before and from the start of the appointment; nil
	// where it is possible.
	before, after error
}

// transitions is the one table of what may happen to an appointment; what it does not list is
// refused. Staff decide when an appointment is over: customers come, and leave, earlier than planned. What has
// lapsed has lost its time; an action that makes it take time again needs that time to be free.
var transitions = []transition{
	{Confirm, staff, pending, confirmed, nil, nil},
	{Confirm, staff, lapsed, confirmed, nil, nil},
	{Decline, staff, pending, declined, nil, nil},
	{Lapse, system, pending, lapsed, nil, nil},
	{Complete, staff, pending, completed, errIllegalState, nil},
	{Complete, staff, lapsed, completed, errIllegalState, nil},
	{Complete, staff, confirmed, completed, errNotStarted, nil},
	{MarkNoShow, staff, pending, noShow, errIllegalState, nil},
	{MarkNoShow, staff, lapsed, noShow, errIllegalState, nil},
	{MarkNoShow, staff, confirmed, noShow, errNotStarted, nil},
	{Cancel, staff, pending, cancelled, nil, nil},
	{Cancel, staff, confirmed, cancelled, nil, nil},
	{Cancel, staff, declined, declined, nil, nil},
	{Cancel, staff, lapsed, lapsed, nil, nil},
	{Cancel, customer, pending, cancelled, nil, errAlreadyStarted},
	{Cancel, customer, confirmed, cancelled, nil, errAlreadyStarted},
	{Cancel, customer, declined, declined, nil, nil},
	{Cancel, customer, lapsed, lapsed, nil, nil},
	{Cancel, system, pending, cancelled, nil, errAlreadyStarted},
	{Cancel, system, confirmed, cancelled, nil, errAlreadyStarted},
	{Reschedule, staff, pending, pending, nil, nil},
	{Reschedule, staff, confirmed, confirmed, nil, nil},
	{Reschedule, customer, pending, pending, nil, errAlreadyStarted},
	{Reschedule, customer, confirmed, pending, nil, errAlreadyStarted},
	{Adjust, staff, pending, pending, nil, nil},
	{Adjust, staff, confirmed, confirmed, nil, nil},
}

// next returns the standing that an action takes an appointment to; the standing itself when the action was
// done before. It returns errOnlyStaff for actions that the actor can never do, errIllegalState when
// the state does not allow the action, and the table's error when the time does not. early completes a
// confirmed appointment also before its start.
func next(action Action, by By, from standing, start time.Time, early bool) (standing, error) {
	possible := func(t transition) bool { return t.action == action && slices.Contains(t.by, by.Actor) }
	if !slices.ContainsFunc(transitions, possible) {
		return standing{}, errOnlyStaff
	}
	at := slices.IndexFunc(transitions, func(t transition) bool { return possible(t) && t.from == from })
	if at < 0 {
		if slices.ContainsFunc(transitions, func(t transition) bool { return possible(t) && t.to == from }) {
			return from, nil
		}
		return standing{}, errIllegalState
	}
	t := transitions[at]
	refusal := t.after
	if by.Now.Before(start) {
		refusal = t.before
	}
	if early && errors.Is(refusal, errNotStarted) {
		refusal = nil
	}
	return t.to, refusal
}
