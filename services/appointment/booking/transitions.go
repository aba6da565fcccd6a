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
)

var (
	staff    = []Actor{Master, Receptionist, Manager, Administrator}
	customer = []Actor{Customer}
)

// transition is a line of the table: an action by an actor takes an appointment from one state to
// another.
type transition struct {
	action   Action
	by       []Actor
	from, to State
	// before and after are the errors of the action before and from the start of the appointment; nil
	// where it is possible.
	before, after error
}

// transitions is the one table of what may happen to an appointment; what it does not list is
// refused. Staff decide when an appointment is over: customers come, and leave, earlier than planned.
var transitions = []transition{
	{Confirm, staff, Pending, Confirmed, nil, nil},
	{Complete, staff, Pending, Completed, errIllegalState, nil},
	{Complete, staff, Confirmed, Completed, errNotStarted, nil},
	{MarkNoShow, staff, Pending, NoShow, errIllegalState, nil},
	{MarkNoShow, staff, Confirmed, NoShow, errNotStarted, nil},
	{Cancel, staff, Pending, Cancelled, nil, nil},
	{Cancel, staff, Confirmed, Cancelled, nil, nil},
	{Cancel, customer, Pending, Cancelled, nil, errAlreadyStarted},
	{Cancel, customer, Confirmed, Cancelled, nil, errAlreadyStarted},
	{Reschedule, staff, Pending, Pending, nil, nil},
	{Reschedule, staff, Confirmed, Confirmed, nil, nil},
	{Reschedule, customer, Pending, Pending, nil, errAlreadyStarted},
	{Reschedule, customer, Confirmed, Pending, nil, errAlreadyStarted},
}

// next returns the state that an action takes an appointment to; the state itself when the action was
// done before. It returns errOnlyStaff for actions that the actor can never do, errIllegalState when
// the state does not allow the action, and the table's error when the time does not. early completes a
// confirmed appointment also before its start.
func next(action Action, by By, from State, start time.Time, early bool) (State, error) {
	possible := func(t transition) bool { return t.action == action && slices.Contains(t.by, by.Actor) }
	if !slices.ContainsFunc(transitions, possible) {
		return "", errOnlyStaff
	}
	at := slices.IndexFunc(transitions, func(t transition) bool { return possible(t) && t.from == from })
	if at < 0 {
		if slices.ContainsFunc(transitions, func(t transition) bool { return possible(t) && t.to == from }) {
			return from, nil
		}
		return "", errIllegalState
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
