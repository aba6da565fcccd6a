package waitlist

import (
	"slices"
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/services/appointment/availability"
	"github.com/beauty-salon/platform/services/appointment/booking"
	"github.com/beauty-salon/platform/services/appointment/civil"
)

const (
	// maxEntries is how many entries of a customer wait in a salon at most.
	maxEntries = 10
	// maxLine is how many entries wait in a salon at most.
	maxLine = 1000
	// maxUnanswered is after how many offers in a row that have expired without an answer an entry ends.
	maxUnanswered = 3
)

// State is where an entry stands. The names are those of the contract's WaitlistState without its prefix.
type State string

// The states of an entry. The last three are final.
const (
	Waiting State = "WAITING"
	Offered State = "OFFERED"
	Booked  State = "BOOKED"
	Left    State = "LEFT"
	Expired State = "EXPIRED"
)

// Cause is why an entry was left. The names are those of the contract's WaitlistLeaveCause without its prefix.
type Cause string

// The causes.
const (
	ByCustomer Cause = "CUSTOMER"
	ByStaff    Cause = "STAFF"
	Unanswered Cause = "UNANSWERED"
	Erased     Cause = "ERASED"
)

// Entry is a customer who waits for a time.
type Entry struct {
	// ID is a UUIDv7, SalonID the salon, CustomerID who waits, AccountID their account or empty.
	ID, SalonID, CustomerID, AccountID string
	// Request is what is wanted, and when.
	Request *appointmentv1.CreateWaitlistEntryRequest
	// State is where it stands, Cause why it was left.
	State State
	Cause Cause
	// Turn orders the line, before CreateTime and ID.
	Turn int64
	// Unanswered is how many offers in a row have expired.
	Unanswered int
	// AppointmentID is what was booked with an offer, or empty.
	AppointmentID string
	// Fresh is whether it began to wait since the line was last gone through: what was free before is looked at too.
	Fresh bool
	// Version counts the changes, from 1.
	Version int64
	// CreateTime and UpdateTime are when it joined and when it last changed.
	CreateTime, UpdateTime time.Time

	// Position is the place in the line, from 1; 0 when the entry has ended.
	Position int32
	// Offer is the time that is held for it; nil: none.
	Offer *Offer
	// Moves are how its position was changed.
	Moves []Move
}

// Offer is a time that is, or was, held for an entry.
type Offer struct {
	HoldID                 string
	Start, End, ExpireTime time.Time
}

// Move is a change of a position in the line.
type Move struct {
	CreateTime time.Time
	Actor      booking.Actor
	AccountID  string
	From, To   int32
	Reason     string
}

// live reports whether an entry has not ended.
func (e *Entry) live() bool { return e.State == Waiting || e.State == Offered }

// set changes the state.
func (e *Entry) set(state State, now time.Time) {
	e.State, e.Fresh, e.UpdateTime = state, state == Waiting, now
	e.Version++
}

// leave ends an entry for a cause.
func (e *Entry) leave(cause Cause, now time.Time) {
	e.set(Left, now)
	e.Cause = cause
}

// staff reports whether somebody works on the line of the entry's salon.
func (e *Entry) staff(caller auth.Principal) bool {
	return booking.ActorAt(caller, e.SalonID).IsStaff()
}

// services are the ids of the wanted services.
func (e *Entry) services() []string {
	ids := make([]string, len(e.Request.GetSegments()))
	for i, s := range e.Request.GetSegments() {
		ids[i] = s.GetServiceId()
	}
	return ids
}

// query is what a search asks for the entry.
func (e *Entry) query(now time.Time, freed []string) availability.Query {
	q := availability.Query{Customer: e.CustomerID, Now: now, Freed: freed}
	for _, s := range e.Request.GetSegments() {
		q.Chain = append(q.Chain, availability.Want{ServiceID: s.GetServiceId(), MasterIDs: s.GetMasterIds()})
	}
	return q
}

// rangeOf is where a search looks for what a request wants. INVALID_FIELDS when it has no such range.
func rangeOf(req *appointmentv1.CreateWaitlistEntryRequest) (availability.Range, error) {
	return availability.RangeOf(&appointmentv1.SearchAvailabilityRequest{
		StartDate: req.GetStartDate(), EndDate: req.GetEndDate(), Days: req.GetDays(), PartOfDay: req.GetPartOfDay(),
		Limit: maxSlots,
	})
}

// within cuts a range to dates, both included; false when nothing is left.
func within(in availability.Range, first, last civil.Date) (availability.Range, bool) {
	if in.First.Compare(first) < 0 {
		in.First = first
	}
	if in.Last.Compare(last) > 0 {
		in.Last = last
	}
	return in, in.First.Compare(in.Last) <= 0
}

// choose returns the first of the plans that does not overlap a time that the entry was offered before, or nil.
func choose(plans []*availability.Plan, before []Offer) *availability.Plan {
	for _, p := range plans {
		if !slices.ContainsFunc(before, func(o Offer) bool { return o.Start.Before(p.To.Time()) && p.From.Time().Before(o.End) }) {
			return p
		}
	}
	return nil
}
