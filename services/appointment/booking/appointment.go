package booking

import (
	"slices"
	"time"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/services/appointment/availability"
	"github.com/beauty-salon/platform/services/appointment/claims"
	"github.com/beauty-salon/platform/services/appointment/salon"
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

// TakesTime reports whether an appointment in this state has claims.
func (s State) TakesTime() bool { return s == Pending || s == Confirmed || s == Completed }

// Cause is why an appointment is cancelled; empty: somebody has cancelled it. The names are those of the contract's
// CancellationCause without its prefix.
type Cause string

// The causes.
const (
	// Declined means that the salon has declined the request.
	Declined Cause = "DECLINED"
	// Lapsed means that the salon has not confirmed the request in time.
	Lapsed Cause = "LAPSED"
)

// Actor is the role in which somebody changes an appointment. The names are those of the contract's
// Actor without its prefix.
type Actor string

// The actors.
const (
	Customer      Actor = "CUSTOMER"
	Master        Actor = "MASTER"
	Receptionist  Actor = "RECEPTIONIST"
	Manager       Actor = "MANAGER"
	Administrator Actor = "ADMIN"
	System        Actor = "SYSTEM"
)

// IsStaff reports whether the actor works for the salon.
func (a Actor) IsStaff() bool { return a != Customer && a != System }

// By is who makes a change, and when.
type By struct {
	// Actor is the role in which the change is made.
	Actor Actor
	// AccountID is the account that makes it; empty for the system.
	AccountID string
	// Now is the current time.
	Now time.Time
}

// Segment is one service of an appointment.
type Segment struct {
	// ID is a UUIDv7.
	ID string
	// ServiceID is what is done; ServiceName its name when it was booked.
	ServiceID, ServiceName string
	// MasterID is who does it; MasterName the name as of now.
	MasterID, MasterName string
	// Start and End are the times that the customer knows, [Start, End).
	Start, End time.Time
	// BufferBefore and BufferAfter are the time that the master needs around it.
	BufferBefore, BufferAfter time.Duration
	// PriceMinor is the price in the minor units of the appointment's currency.
	PriceMinor int32
	// Phases are those of the offering when it was booked; nil: work from start to end, without resources.
	Phases []availability.Phase
	// Rated reports whether the customer has rated the master for this appointment.
	Rated bool
}

// Appointment is one or more services that a salon performs for a customer, one after the
// other. All times are in UTC, in whole microseconds as the database keeps them.
type Appointment struct {
	// ID is a UUIDv7.
	ID string
	// SalonID is the salon.
	SalonID string
	// SeriesID is the series that it is part of; empty: none.
	SeriesID string
	// CustomerID is the salon's row of the customer; AccountID their account, or empty.
	CustomerID, AccountID string
	// CustomerName and CustomerPhone are as of now.
	CustomerName, CustomerPhone string
	// State is where it stands.
	State State
	// GroupSessionID is the group session of whose places it is; empty: none. GroupPlace is the number of the place, 0 once it is free.
	GroupSessionID string
	GroupPlace     int32
	// Segments are the services in the order in which they are done; never empty. Each begins when
	// the one before it ends.
	Segments []Segment
	// TotalMinor is the sum of the segments' prices in minor units of Currency, an ISO 4217 code.
	TotalMinor int32
	Currency   string
	// TimeZone is the IANA name of the zone that the start was promised in, UTCOffsetMinutes the
	// offset of the start in that zone at that time.
	TimeZone         string
	UTCOffsetMinutes int32
	// Note is what the customer wrote.
	Note string
	// CancelledBy, CancelReason and Cause are set when it is cancelled.
	CancelledBy  Actor
	CancelReason string
	Cause        Cause
	// TimeoutTime is when the salon's time to confirm the request is over, LapseTime when the request lapses: then, or when it
	// begins. Both are zero when it is not pending, or never lapses.
	TimeoutTime, LapseTime time.Time
	// Fee is what the customer owes for a late cancellation or for not coming; zero for nothing.
	Fee Fee
	// Overbooked is whether staff have booked it on purpose where a master or a resource was taken.
	Overbooked bool
	// CompleteTime is when it was completed; zero before.
	CompleteTime time.Time
	// ChangedBy made the newest change.
	ChangedBy Actor
	// PreviousStart is when it began before the newest change, if that was a
	// rescheduling; otherwise zero.
	PreviousStart time.Time
	// Version counts the changes, from 1.
	Version int64
	// CreateTime and UpdateTime are when it was booked and when it last changed.
	CreateTime, UpdateTime time.Time

	// archived is whether the rows are in the archive tables.
	archived bool
	// cancellationWindow and reschedulingWindow are how long before the start the salon lets its customers cancel or move.
	cancellationWindow, reschedulingWindow time.Duration
	// lateFee and noShowFee are how much of the price the salon demands, in percent.
	lateFee, noShowFee int32
	// overlap is whether the customer's time may be taken by another appointment.
	overlap bool
	// claims are those of the plan that the appointment was made or moved by; nil once it is read.
	claims []claims.Claim
	// change is the change that was made since the appointment was read; nil: none.
	change *Change
}

// Change is an entry of an appointment's history. What it made is in the appointment.
type Change struct {
	// Action is what was done.
	Action Action
	// By is who did it, and when.
	By By
	// Reason is why, or empty.
	Reason string
	// StateBefore and StartBefore are those from before the change; zero for the first.
	StateBefore State
	StartBefore time.Time
	// EndBefore is when it ended before its end was changed; zero for all other actions.
	EndBefore time.Time
	// SessionBefore is the group session of whose places it was before; empty: none. SessionAfter is only read of a history.
	SessionBefore, SessionAfter string
}

// Start is when the appointment begins.
func (a *Appointment) Start() time.Time { return a.Segments[0].Start }

// End is when the appointment ends.
func (a *Appointment) End() time.Time { return a.Segments[len(a.Segments)-1].End }

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

// kinds are the ids of the kinds of resources that the segments take, each once.
func (a *Appointment) kinds() []string {
	var ids []string
	for _, s := range a.Segments {
		for _, p := range s.Phases {
			for _, k := range p.Kinds {
				if !slices.Contains(ids, k) {
					ids = append(ids, k)
				}
			}
		}
	}
	return ids
}

// Rated reports whether the customer has rated all masters of the appointment.
func (a *Appointment) Rated() bool {
	return !slices.ContainsFunc(a.Segments, func(s Segment) bool { return !s.Rated })
}

// ActorFor returns the role in which caller acts on a. The caller must already be allowed to see a.
func (a *Appointment) ActorFor(caller auth.Principal) Actor {
	return actorFor(caller, a.SalonID, slices.Contains(a.Masters(), caller.UserID))
}

// actorFor returns the role in which caller acts in a salon; performs is whether the caller is a
// master of the appointment.
func actorFor(caller auth.Principal, salonID string, performs bool) Actor {
	switch {
	case caller.IsAdmin():
		return Administrator
	case caller.Has(salonID, apiv1.SalonRole_SALON_ROLE_MANAGER):
		return Manager
	case caller.Has(salonID, apiv1.SalonRole_SALON_ROLE_RECEPTIONIST):
		return Receptionist
	case performs && caller.Has(salonID, apiv1.SalonRole_SALON_ROLE_MASTER):
		return Master
	}
	return Customer
}

// Do confirms, completes or marks as missed. It returns the errors of the transition table. An
// appointment that is in the action's state already stays as it is. early completes also before
// the start. A request that has lapsed needs time again: errNoTime, unless take has given it some.
func (a *Appointment) Do(action Action, by By, early bool) error {
	to, err := next(action, by, a.standing(), a.Start(), early)
	if err != nil || to == a.standing() {
		return err
	}
	if a.Cause == Lapsed && to.state.TakesTime() && a.claims == nil {
		return errNoTime
	}
	a.record(action, by, "")
	a.State, a.Cause, a.CancelledBy, a.CancelReason = to.state, "", "", ""
	a.TimeoutTime, a.LapseTime = time.Time{}, time.Time{}
	if a.State == Completed {
		a.CompleteTime = by.Now
	}
	return nil
}

// standing is where the appointment stands in the table of transitions.
func (a *Appointment) standing() standing { return standing{a.State, a.Cause} }

// checkWindow returns errTooLate for a customer, unless there is at least this much time until the start.
func (a *Appointment) checkWindow(by By, window time.Duration) error {
	last := a.Start().Add(-window)
	if by.Actor != Customer || !by.Now.After(last) {
		return nil
	}
	return errTooLate.WithField("appointment_id", "must be one that begins later: this was possible until "+last.Format(time.RFC3339))
}

// Reschedule moves the appointment, which was planned anew by a salon's rules. With overlap, the customer may have another appointment
// at that time; reason says why rules of the salon did not count. When the plan is what the appointment has already, nothing changes.
func (a *Appointment) Reschedule(r *availability.Rules, plan *availability.Plan, overlap bool, reason string, by By) error {
	to, err := next(Reschedule, by, a.standing(), a.Start(), false)
	if err != nil {
		return err
	}
	if a.is(plan) {
		return nil
	}
	if err := a.checkWindow(by, a.reschedulingWindow); err != nil {
		return err
	}
	if a.State == Confirmed && r.Policy.Confirmation == salon.ConfirmNever {
		to = confirmed
	}
	previous := a.Start()
	a.record(Reschedule, by, reason)
	a.State, a.PreviousStart, a.overlap = to.state, previous, overlap
	if err := a.follow(r, plan); err != nil {
		return err
	}
	if a.State == Pending {
		a.await(by, r.Policy.RequestTimeout)
	}
	return nil
}

// is reports whether the appointment is at the time and with the masters and services of a plan.
func (a *Appointment) is(plan *availability.Plan) bool {
	for i, s := range a.Segments {
		p := plan.Segments[i]
		if !s.Start.Equal(p.From.Time()) || s.MasterID != p.MasterID || s.ServiceID != p.ServiceID {
			return false
		}
	}
	return true
}

// record makes the next version of the appointment and notes what is about to change.
func (a *Appointment) record(action Action, by By, reason string) {
	a.change = &Change{Action: action, By: by, Reason: reason, StateBefore: a.State, StartBefore: a.Start(), SessionBefore: a.GroupSessionID}
	a.ChangedBy, a.PreviousStart = by.Actor, time.Time{}
	a.Version++
	a.UpdateTime = by.Now
}
