package appointment

import (
	"slices"
	"time"

	"github.com/beauty-salon/platform/internal/auth"
)

// State is where an appointment stands. The names are those of the contract's
// AppointmentState without its prefix.
type State string

// The states of an appointment.
const (
	Pending   State = "PENDING"
	Confirmed State = "CONFIRMED"
	Completed State = "COMPLETED"
	Cancelled State = "CANCELLED"
	NoShow    State = "NO_SHOW"
)

// Holds tells whether an appointment in this state keeps its masters' time taken.
func (s State) Holds() bool { return s == Pending || s == Confirmed || s == Completed }

// Party is one of those concerned with an appointment. The names are those of the
// contract's Party without its prefix.
type Party string

// The parties of an appointment.
const (
	Customer      Party = "CUSTOMER"
	Master        Party = "MASTER"
	Administrator Party = "ADMIN"
)

// Action is something that a party does to an existing appointment.
type Action string

// The actions.
const (
	Confirm    Action = "confirm"
	Complete   Action = "complete"
	MarkNoShow Action = "mark no-show"
	Cancel     Action = "cancel"
	Reschedule Action = "reschedule"
)

// window is when an action is possible, against the start of the visit.
type window int

const (
	anytime window = iota
	beforeStart
	afterStart
)

// rule is a line of the table of moves.
type rule struct {
	action Action
	by     []Party
	from   []State
	to     State // empty: the state stays
	when   window
}

var (
	staff    = []Party{Master, Administrator}
	customer = []Party{Customer}
)

// rules is the one table of what may happen to an appointment; what it does not
// list is refused. When a visit is over is the staff's word: customers come, and
// leave, earlier than planned.
var rules = []rule{
	{Confirm, staff, []State{Pending}, Confirmed, anytime},
	{Complete, staff, []State{Confirmed}, Completed, anytime},
	{MarkNoShow, staff, []State{Confirmed}, NoShow, afterStart},
	{Cancel, staff, []State{Pending, Confirmed}, Cancelled, anytime},
	{Cancel, customer, []State{Pending, Confirmed}, Cancelled, beforeStart},
	{Reschedule, staff, []State{Pending, Confirmed}, "", anytime},
	{Reschedule, customer, []State{Pending, Confirmed}, Pending, beforeStart},
}

// verdict is what the table says to an action.
type verdict struct {
	to     State
	repeat bool // it was done before: nothing is to change
}

// judge looks an action up in the table. It returns errOnlyStaff when the party
// can never do it, errIllegalState when not in this state, and errAlreadyStarted
// or errNotStarted when not at this time.
func judge(action Action, by Party, from State, start, now time.Time) (verdict, error) {
	at := slices.IndexFunc(rules, func(r rule) bool { return r.action == action && slices.Contains(r.by, by) })
	if at < 0 {
		return verdict{}, errOnlyStaff
	}
	r := rules[at]
	if !slices.Contains(r.from, from) {
		if from == r.to {
			return verdict{to: from, repeat: true}, nil
		}
		return verdict{}, errIllegalState
	}
	begun := !now.Before(start)
	switch {
	case r.when == beforeStart && begun:
		return verdict{}, errAlreadyStarted
	case r.when == afterStart && !begun:
		return verdict{}, errNotStarted
	case r.to == "":
		return verdict{to: from}, nil
	}
	return verdict{to: r.to}, nil
}

// Segment is one service of a visit.
type Segment struct {
	// ID is a UUIDv7.
	ID string
	// ServiceID is what is done; ServiceName its name when it was booked.
	ServiceID, ServiceName string
	// MasterID is who does it.
	MasterID string
	// Start and End are what the customer is told.
	Start, End time.Time
	// ClaimFrom and ClaimTo are what the master is taken for, [from, to): Start and
	// End with the buffers around them.
	ClaimFrom, ClaimTo time.Time
	// PriceMinor is the price in the currency's minor units.
	PriceMinor int32
	// Currency is an ISO 4217 code.
	Currency string
}

// Appointment is a visit of a customer, of one or more segments. All times are in
// UTC, in whole microseconds as the database keeps them.
type Appointment struct {
	// ID is a UUIDv7.
	ID string
	// CustomerID is whose visit it is.
	CustomerID string
	// State is where it stands.
	State State
	// Segments are the services in the order in which they are done; never empty.
	Segments []Segment
	// TotalMinor is the sum of the segments' prices, which share one Currency.
	TotalMinor int32
	// Currency is an ISO 4217 code.
	Currency string
	// Note is what the customer wrote.
	Note string
	// CancelledBy and CancelReason tell who called it off and why.
	CancelledBy  Party
	CancelReason string
	// CompleteTime is when it was completed; zero before.
	CompleteTime time.Time
	// ChangedBy made the newest change.
	ChangedBy Party
	// PreviousStart is when it began before the newest change, if that was a
	// rescheduling; otherwise zero.
	PreviousStart time.Time
	// Version counts the changes, from 1.
	Version int64
	// CreateTime and UpdateTime are when it was booked and when it last changed.
	CreateTime, UpdateTime time.Time

	changed Action // made the newest change, since it was read; empty: none
}

// Start is when the visit begins.
func (a *Appointment) Start() time.Time {
	start := a.Segments[0].Start
	for _, s := range a.Segments[1:] {
		if s.Start.Before(start) {
			start = s.Start
		}
	}
	return start
}

// End is when the visit ends.
func (a *Appointment) End() time.Time {
	end := a.Segments[0].End
	for _, s := range a.Segments[1:] {
		if s.End.After(end) {
			end = s.End
		}
	}
	return end
}

// Masters are the masters of the segments in their order, each once.
func (a *Appointment) Masters() []string {
	var masters []string
	for _, s := range a.Segments {
		if !slices.Contains(masters, s.MasterID) {
			masters = append(masters, s.MasterID)
		}
	}
	return masters
}

// PartyOf tells as what somebody acts on the appointment who may see it.
func (a *Appointment) PartyOf(caller auth.Principal) Party {
	switch {
	case caller.IsAdmin():
		return Administrator
	case caller.IsMaster() && slices.Contains(a.Masters(), caller.UserID):
		return Master
	}
	return Customer
}

// Do confirms, completes or marks as missed. It returns the errors of the table;
// done before, it changes nothing.
func (a *Appointment) Do(action Action, by Party, now time.Time) error {
	v, err := judge(action, by, a.State, a.Start(), now)
	if err != nil || v.repeat {
		return err
	}
	a.change(action, v.to, by, now)
	if v.to == Completed {
		a.CompleteTime = now
	}
	return nil
}

// Cancel calls the visit off. Cancelled before, it stays as it is, whoever did it
// and for whatever reason.
func (a *Appointment) Cancel(by Party, reason string, now time.Time) error {
	v, err := judge(Cancel, by, a.State, a.Start(), now)
	if err != nil || v.repeat {
		return err
	}
	a.change(Cancel, v.to, by, now)
	a.CancelledBy, a.CancelReason = by, reason
	return nil
}

// Reschedule moves the whole visit so that it begins at start; price and duration
// stay. To the time that it has it changes nothing.
func (a *Appointment) Reschedule(start time.Time, by Party, now time.Time) error {
	v, err := judge(Reschedule, by, a.State, a.Start(), now)
	if err != nil {
		return err
	}
	previous := a.Start()
	if start.Equal(previous) {
		return nil
	}
	if err := checkStart("start_time", start, now); err != nil {
		return err
	}
	shift := start.Sub(previous)
	for i := range a.Segments {
		s := &a.Segments[i]
		for _, t := range []*time.Time{&s.Start, &s.End, &s.ClaimFrom, &s.ClaimTo} {
			*t = t.Add(shift)
		}
	}
	a.change(Reschedule, v.to, by, now)
	a.PreviousStart = previous
	return nil
}

func (a *Appointment) change(action Action, to State, by Party, now time.Time) {
	a.changed = action
	a.State, a.ChangedBy, a.PreviousStart = to, by, time.Time{}
	a.Version++
	a.UpdateTime = now
}
