package availability

import (
	"time"

	"github.com/beauty-salon/platform/services/appointment/civil"
)

// limits are the starts that rules about the whole chain permit. Of several services the strictest binds.
type limits struct {
	// future is the first start that is not in the past. From far on, nobody books.
	future, far Minute
	// earliest follows from the lead time, horizon is the end of the last date within the horizon, and bookableUntil that of the
	// last bookable date; lead and horizonOf are the links whose services say so, or -1 for the policy. They bind customers.
	earliest, horizon, bookableUntil Minute
	lead, horizonOf                  int
	// step is the distance of starts; ownStep is set when it is that of the first service.
	step    Minute
	ownStep bool
}

// newLimits returns the limits of the services of a query.
func newLimits(r *Rules, q Query) limits {
	l := limits{
		future: MinuteOf(q.Now) + 1, far: MinuteOf(q.Now.Add(Farthest)) + 1, lead: -1, horizonOf: -1,
		step: duration(r.Policy.SlotStep),
	}
	lead, days := time.Duration(-1), -1
	for i, w := range q.Chain {
		own, ownDays := r.Policy.LeadTime, r.Policy.HorizonDays
		leadOf, daysOf := -1, -1
		if service := r.Services[w.ServiceID]; service != nil {
			if service.LeadTime != nil {
				own, leadOf = *service.LeadTime, i
			}
			if service.HorizonDays != nil {
				ownDays, daysOf = *service.HorizonDays, i
			}
			if i == 0 && service.SlotStep != nil {
				l.step, l.ownStep = duration(*service.SlotStep), true
			}
		}
		if own > lead {
			lead, l.lead = own, leadOf
		}
		if days < 0 || ownDays < days {
			days, l.horizonOf = ownDays, daysOf
		}
	}
	l.step = max(l.step, 1)
	soonest := q.Now.Add(lead)
	if q.Quoted {
		soonest = q.Now
	}
	if l.earliest = MinuteOf(soonest); l.earliest.Time().Before(soonest) {
		l.earliest++
	}
	today, _ := civil.Local(q.Now, r.Zone)
	l.horizon = MinuteOf(today.AddDays(days).End(r.Zone))
	l.bookableUntil = l.far
	if r.Policy.BookableUntil != (civil.Date{}) {
		l.bookableUntil = MinuteOf(r.Policy.BookableUntil.End(r.Zone))
	}
	return l
}

// startsWithin bounds the starts that a query can have.
func (s *solver) startsWithin() Span {
	l := &s.limits
	if s.query.Override {
		return Span{l.future, l.far}
	}
	return Span{max(l.future, l.earliest), min(l.far, l.horizon, l.bookableUntil)}
}

// startFits reports whether a start is possible as far as the whole chain is concerned: whether the services can be booked, and
// lead time, horizon and limits of the customer.
func (s *solver) startFits(start Minute, report *report) bool {
	bound, fits := !s.query.Override, true
	against := func(b Block) {
		fits = false
		report.add(b)
	}
	for i := range s.chain {
		switch service := s.chain[i].service; {
		case s.query.Moving != "" && s.chain[i].want.stays(): // what is booked already stays
		case service == nil || !service.Active:
			against(Block{Reason: Inactive, Owner: OwnerService, Segment: i})
		case !s.query.Staff && !service.Online:
			against(Block{Reason: NotOnline, Owner: OwnerService, Segment: i})
		case service.IsGroup() && !s.query.Group:
			against(Block{Reason: GroupOnly, Owner: OwnerService, Segment: i})
		}
	}
	l := &s.limits
	switch {
	case start < l.future:
		against(Block{Reason: LeadTime, Owner: OwnerSalon})
	case bound && start < l.earliest:
		against(ownedBy(LeadTime, l.lead))
	}
	switch {
	case start >= l.far, bound && start >= l.bookableUntil:
		against(Block{Reason: Horizon, Owner: OwnerSalon})
	case bound && start >= l.horizon:
		against(ownedBy(Horizon, l.horizonOf))
	}
	if s.customerFull {
		against(Block{Reason: CustomerLimit, Owner: OwnerSalon})
	}
	if s.tooManyOpen {
		against(Block{Reason: CustomerLimit, Owner: OwnerSalon, Open: true})
	}
	return fits
}

// ownedBy returns the block of a rule of the policy, or of the service of a link.
func ownedBy(reason Reason, link int) Block {
	if link < 0 {
		return Block{Reason: reason, Owner: OwnerSalon}
	}
	return Block{Reason: reason, Owner: OwnerService, Segment: link}
}
