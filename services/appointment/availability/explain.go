package availability

import (
	"cmp"
	"slices"
	"sort"
)

// Reason is why a start cannot be booked. The names are those of the contract's BlockReason without its prefix.
type Reason string

// The reasons.
const (
	Closed        Reason = "CLOSED"
	OutsideHours  Reason = "OUTSIDE_HOURS"
	TimeOff       Reason = "TIME_OFF"
	Booked        Reason = "BOOKED"
	Buffer        Reason = "BUFFER"
	LeadTime      Reason = "LEAD_TIME"
	Horizon       Reason = "HORIZON"
	NoResource    Reason = "RESOURCE"
	NotPerformed  Reason = "NOT_PERFORMED"
	Inactive      Reason = "INACTIVE"
	CustomerLimit Reason = "CUSTOMER_LIMIT"
	CustomerBusy  Reason = "CUSTOMER_BUSY"
	Step          Reason = "STEP"
	NotOnline     Reason = "NOT_ONLINE"
)

// Owner is whose rule a reason is. The names are those of the contract's RuleOwner without its prefix.
type Owner string

// The owners.
const (
	OwnerSalon    Owner = "SALON"
	OwnerMaster   Owner = "MASTER"
	OwnerService  Owner = "SERVICE"
	OwnerResource Owner = "RESOURCE"
	OwnerCustomer Owner = "CUSTOMER"
)

// mostExplained is how many starts a search explains at most when it finds nothing.
const mostExplained = 500

// Block is one reason against a start.
type Block struct {
	Reason Reason
	Owner  Owner
	// Segment is the index of the segment that it is about.
	Segment int
	// MasterID, KindID and AppointmentID are the master, the kind of resources, and the appointment that takes the time; empty when
	// it is about none.
	MasterID, KindID, AppointmentID string
}

// report collects blocks, each once. A nil report collects none.
type report struct{ blocks []Block }

func (r *report) add(blocks ...Block) {
	if r == nil {
		return
	}
	for _, b := range blocks {
		if !slices.Contains(r.blocks, b) {
			r.blocks = append(r.blocks, b)
		}
	}
}

// Explain returns everything that speaks against a start: nothing exactly when there is a plan. For a segment that some master can
// do, it returns nothing about the others.
func (r *Rules) Explain(q Query, t *Taken, start Minute) []Block {
	return r.solverAt(q, t, start).explain(start)
}

// path is a way to reach the end of a segment.
type path struct {
	state
	before *option
}

// explain is [Rules.Explain] for a start on this date.
//
// It goes from segment to segment, with all ways to do those before. When none of them can go on, what speaks against each is reported,
// and all of them go on nevertheless, because later segments may have reasons of their own.
func (s *solver) explain(start Minute) []Block {
	all := &report{}
	s.startFits(start, all)
	paths := []path{{state{node{0, start}, -1, 0}, nil}}
	for i := range s.chain {
		against := &report{}
		var possible, others []path
		seen := map[state]bool{}
		for _, p := range paths {
			for j := range s.chain[i].candidates {
				o := s.option(&s.chain[i].candidates[j], p.start, against)
				held, ok := s.join(p.before, p.held, &o, against)
				next := path{o.next(held), &o}
				switch {
				case ok && o.fits && !seen[next.state]:
					seen[next.state] = true
					possible = append(possible, next)
				case !ok || !o.fits:
					others = append(others, next)
				}
			}
		}
		if paths = possible; len(paths) == 0 {
			all.add(against.blocks...)
			all.add(s.chain[i].refused...)
			for _, p := range others {
				if !seen[p.state] {
					seen[p.state] = true
					paths = append(paths, p)
				}
			}
		}
	}
	against := &report{}
	for _, p := range paths {
		if _, ok := s.join(p.before, p.held, nil, against); ok {
			return all.blocks
		}
	}
	all.add(against.blocks...)
	return all.blocks
}

// isOpen reports whether the salon is open during a segment.
func (s *solver) isOpen(c *candidate, segment Span, report *report) bool {
	if s.query.Override || contains(s.opening, segment) {
		return true
	}
	report.add(Block{Reason: Closed, Owner: OwnerSalon, Segment: c.link})
	return false
}

// customerIsFree reports whether the customer has no other appointment during a segment.
func (s *solver) customerIsFree(c *candidate, segment Span, report *report) bool {
	if !overlaps(s.customerBusy, segment) {
		return true
	}
	if report != nil {
		for _, id := range s.takers(s.query.Customer, s.customerBusy, segment) {
			report.add(Block{Reason: CustomerBusy, Owner: OwnerCustomer, Segment: c.link, AppointmentID: id})
		}
	}
	return false
}

// hasRoom reports whether the salon permits another appointment of the master on this date.
func (s *solver) hasRoom(c *candidate, report *report) bool {
	if !s.full[c.master] {
		return true
	}
	report.add(Block{Reason: CustomerLimit, Owner: OwnerSalon, Segment: c.link, MasterID: c.master.ID})
	return false
}

// canWork reports whether the master works and is free during a stretch of work.
func (s *solver) canWork(c *candidate, work Span, report *report) bool {
	if contains(c.master.free, work) {
		return true
	}
	if report != nil {
		s.reportHours(c, work, report)
		for _, id := range s.takers(c.master.ID, c.master.busy, work) {
			report.add(Block{Reason: Booked, Owner: OwnerMaster, Segment: c.link, MasterID: c.master.ID, AppointmentID: id})
		}
	}
	return false
}

// reportBuffer adds why a buffer of a master is not free.
func (s *solver) reportBuffer(c *candidate, buffer Span, report *report) {
	if report == nil {
		return
	}
	if s.rules.Policy.BuffersWithinHours {
		s.reportHours(c, buffer, report)
	}
	for _, id := range s.takers(c.master.ID, c.master.busy, buffer) {
		report.add(Block{Reason: Buffer, Owner: OwnerMaster, Segment: c.link, MasterID: c.master.ID, AppointmentID: id})
	}
}

// reportHours adds why a span is not in a master's open time.
func (s *solver) reportHours(c *candidate, span Span, report *report) {
	if s.query.Override {
		return
	}
	if !contains(s.opening, span) {
		report.add(Block{Reason: Closed, Owner: OwnerSalon, Segment: c.link})
	}
	if !contains(c.master.working, span) {
		report.add(Block{Reason: OutsideHours, Owner: OwnerMaster, Segment: c.link, MasterID: c.master.ID})
	}
	if overlaps(c.master.TimeOff, span) {
		report.add(Block{Reason: TimeOff, Owner: OwnerMaster, Segment: c.link, MasterID: c.master.ID})
	}
}

// takers returns the appointments that take a part of a span of a subject's time, each once. busy is what is taken of it.
func (s *solver) takers(subjectID string, busy []Span, span Span) []string {
	var ids []string
	if !overlaps(busy, span) {
		return nil
	}
	from := span.From
	if i := begun(busy, from); i > 0 && busy[i-1].To > from {
		from = busy[i-1].From
	}
	list := s.taken.Claims[subjectID]
	first := sort.Search(len(list), func(i int) bool { return list[i].From >= from })
	for _, c := range list[first:] {
		if c.From >= span.To {
			break
		}
		if c.To > span.From && !s.isMoved(c) && !slices.Contains(ids, c.AppointmentID) {
			ids = append(ids, c.AppointmentID)
		}
	}
	return ids
}

// reasons returns why nothing is possible in a range, the most common first. It looks at the starts during opening hours, or at
// all if there are none, and at so many of them at most.
func (s *solver) reasons(in Range) []Reason {
	var starts []Minute
	for _, list := range [][]Span{s.searched(), {s.calendar.span()}} {
		if len(starts) == 0 {
			for _, today := range s.daysIn(in) {
				s.starts(list, s.calendar.days[today].Span, in.Part, func(start Minute) bool {
					starts = append(starts, start)
					return true
				})
			}
		}
	}
	count := map[Reason]int{}
	every := max(1, (len(starts)+mostExplained-1)/mostExplained)
	for i := 0; i < len(starts); i += every {
		s.begin(s.calendar.dayOf(starts[i]))
		seen := map[Reason]bool{}
		for _, b := range s.explain(starts[i]) {
			if !seen[b.Reason] {
				seen[b.Reason] = true
				count[b.Reason]++
			}
		}
	}
	var list []Reason
	for r := range count {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b Reason) int { return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b)) })
	return list
}
