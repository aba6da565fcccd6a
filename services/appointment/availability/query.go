package availability

import (
	"time"

	"github.com/beauty-salon/platform/services/appointment/civil"
)

// Farthest is how far from now a start may lie, whoever books it.
const Farthest = 366 * 24 * time.Hour

// mostAlternatives is up to how many alternatives of a plan are counted.
const mostAlternatives = 1000

// Want is a service that is wanted.
type Want struct {
	// ServiceID is what is to be done.
	ServiceID string
	// MasterIDs are those of whom one is to do it; none stands for any master who performs it.
	MasterIDs []string
	// Offering is how the master OfferedBy does it, as it was quoted or booked; nil: as the master's offering says now.
	Offering  *Offering
	OfferedBy string
}

// WantAs is a want for a service by a master as it was quoted or booked.
func WantAs(serviceID, masterID string, o Offering) Want {
	return Want{ServiceID: serviceID, MasterIDs: []string{masterID}, Offering: &o, OfferedBy: masterID}
}

// OnlyBy reports whether a master, and nobody else, may do it.
func (w Want) OnlyBy(masterID string) bool {
	return len(w.MasterIDs) == 1 && w.MasterIDs[0] == masterID
}

// stays reports whether only the master by whom it was quoted or booked may do it.
func (w Want) stays() bool { return w.Offering != nil && w.OnlyBy(w.OfferedBy) }

// Query is what is wanted, by whom.
type Query struct {
	// Chain is the services in the order in which they are done, at least one.
	Chain []Want
	// Customer is the subject of the customer's claims in [Taken]. It is empty when the customer is not known: their claims and
	// limits then count for nothing.
	Customer string
	// Staff is set for staff of the salon. The slot step, services that are not online, and the limit of open appointments do not bind
	// them.
	Staff bool
	// Override is set for staff who also book outside of hours, during time off and closures, and whom lead time, horizon and limits do
	// not bind. Nobody books what is taken, a resource that is out of use, or the past.
	Override bool
	// Overbook is set for staff who take time of the wanted masters, and of resources where none is free, although it is taken. Each want
	// then has one master. The customer's time, hours and limits are not concerned.
	Overbook bool
	// Moving is the id of an appointment whose own claims count as free, or empty.
	Moving string
	// MovingWith are the ids of other appointments whose claims count as free, because they are moved together with Moving.
	MovingWith []string
	// Freed are the ids of freed times that are kept for the waitlist; their claims and places count as free.
	Freed []string
	// AllowCustomerOverlap permits other appointments of the customer at the same time, as the salon's policy may.
	AllowCustomerOverlap bool
	// Quoted is set for the start of a quote. It kept the lead time and the step when the quote was issued, and they do not count again. It does
	// not count for people who are in the salon either.
	Quoted bool
	// Group is set for group sessions. Without it, the solver plans no service that is booked as places in them.
	Group bool
	// Place is set where a place in a group session is wanted whatever the capacity of the service is now.
	Place bool
	// Session is the group session that a place is wanted in; empty: any of the service.
	Session string
	// Units are the resources of which those of their kinds are to be taken; none stands for any.
	Units []string
	// Now is the current time.
	Now time.Time
}

// Range is where a search looks.
type Range struct {
	// First and Last are local dates, both included.
	First, Last civil.Date
	// Days are the days of the week; none stands for all.
	Days []time.Weekday
	// Part is the wall times at which starts may be, [From, To); its zero value stands for all.
	Part civil.Interval
	// Limit is how many slots are returned at most; at least 1.
	Limit int
	// FirstPerDay is set for only the first slot of each date.
	FirstPerDay bool
	// After is the start after which the search goes on; 0 for all. AfterSession is the group session, of those that begin then.
	After        Minute
	AfterSession string
}

// Result is what a search found.
type Result struct {
	// Slots are by start.
	Slots []*Plan
	// More is set when there are slots after the last one.
	More bool
	// Reasons are why there is no slot at all in the range, the most common first.
	Reasons []Reason
}

// Needs is what has to be known of taken time to answer a query for starts on some dates.
type Needs struct {
	// Span is the time, with the local weeks around it where fairness compares masters.
	Span
	// Subjects are the masters, the resources, and the customer.
	Subjects []string
}

// Needs returns what [Taken] has to have for a query with starts on the dates from first to last.
func (r *Rules) Needs(q Query, first, last civil.Date) Needs {
	s := newSolver(r, q, first, last)
	needs := Needs{Span: s.calendar.span()}
	for _, m := range s.masters {
		needs.Subjects = append(needs.Subjects, m.ID)
	}
	for _, k := range s.kinds {
		for _, u := range k.Units {
			needs.Subjects = append(needs.Subjects, u.ID)
		}
	}
	if q.Customer != "" {
		needs.Subjects = append(needs.Subjects, q.Customer)
	}
	return needs
}
