package availability

import (
	"cmp"
	"slices"
	"sort"

	"github.com/beauty-salon/platform/services/appointment/civil"
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
	GroupOnly     Reason = "GROUP_ONLY"
	NoSession     Reason = "NO_GROUP_SESSION"
	GroupFull     Reason = "GROUP_FULL"
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

// mostExplained is how many starts a search explains at most when it finds nothing, and mostJoins bounds what that costs.
const mostExplained, mostJoins = 64, 100_000

// mostImpossible is with how many ways an explanation goes on when none is possible.
const mostImpossible = 64

// Block is one reason against a start.
type Block struct {
	Reason Reason
	Owner  Owner
	// Segment is the index of the segment that it is about.
	Segment int
	// MasterID, KindID, AppointmentID and HoldID are the master, the kind of resources, and the appointment or the hold that takes the time;
	// empty when it is about none.
	MasterID, KindID, AppointmentID, HoldID string
	// Open is set for a limit of open appointments. Other limits are of a date.
	Open bool
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

// Explain returns everything that speaks against a start: nothing exactly when there is a plan. For a segment that some
// master can do, it returns nothing about the others.
func (r *Rules) Explain(q Query, t *Taken, start Minute) []Block {
	s := r.solverAt(q, t, start)
	if q.Overbook {
		s.overbookUnits(start)
	}
	return s.explain(start)
}

// explainer is [Rules.Explain] for many starts on the dates from first to last.
func (r *Rules) explainer(q Query, t *Taken, first, last civil.Date) func(start Minute) []Block {
	s := newSolver(r, q, first, last)
	s.load(t)
	return func(start Minute) []Block {
		s.begin(s.calendar.dayOf(start))
		return s.explain(start)
	}
}

// path is a way to reach the end of a segment.
type path struct {
	state
	before *option
}

// explain is [Rules.Explain] for a start on this date.
func (s *solver) explain(start Minute) []Block {
	all := &report{}
	s.startFits(start, all)
	s.explainChain(start, all)
	return all.withoutRepetition()
}

// explainChain reports what speaks against the segments. It goes from segment to segment, with all ways to do those before.
// When none of them can go on, what speaks against each is reported, and some of them go on nevertheless, because later
// segments may have reasons of their own.
func (s *solver) explainChain(start Minute, all *report) {
	paths := []path{{startState(start), nil}}
	for i := range s.chain {
		against := &report{}
		options := map[Minute][]option{}
		seen, possible := map[state]bool{}, false
		var next []path
		for _, p := range paths {
			if options[p.start] == nil {
				options[p.start] = s.optionsFrom(p.node, against)
			}
			s.joins += len(options[p.start])
			for j := range options[p.start] {
				o := &options[p.start][j]
				held, ok := s.join(p.before, p.held, o, against)
				if ok = ok && o.fits; ok && !possible { // the others are of no interest any more
					possible = true
					next = nil
					clear(seen)
				}
				end := path{o.state(held), o}
				if ok {
					end.state, end.before = s.follow(o, held)
				}
				if ok == possible && !seen[end.state] && (possible || len(next) < mostImpossible) {
					seen[end.state] = true
					next = append(next, end)
				}
			}
		}
		if paths = next; !possible {
			all.add(against.blocks...)
			all.add(s.chain[i].refused...)
		}
	}
	against := &report{}
	for _, p := range paths {
		if _, ok := s.join(p.before, p.held, nil, against); ok {
			return
		}
	}
	all.add(against.blocks...)
}

// withoutRepetition returns the blocks without those of buffers whose time is taken by what takes the time of the work too.
func (r *report) withoutRepetition() []Block {
	var list []Block
	for _, b := range r.blocks {
		work := b
		if work.Reason = Booked; b.Owner == OwnerResource {
			work.Reason = NoResource
		}
		if b.Reason != Buffer || !slices.Contains(r.blocks, work) {
			list = append(list, b)
		}
	}
	return list
}

// reportBuffer adds why a buffer of a master is not free.
func (s *solver) reportBuffer(c *candidate, buffer Span, report *report) {
	if report == nil {
		return
	}
	if s.rules.Policy.BuffersWithinHours {
		s.reportHours(c, buffer, report)
	}
	for _, by := range s.takers(c.master.ID, c.master.busy, buffer) {
		by.Reason, by.Owner, by.Segment, by.MasterID = Buffer, OwnerMaster, c.link, c.master.ID
		report.add(by)
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

// takers returns blocks that name the appointments and the holds that take a part of a span of a subject's time, each once. busy is what is
// taken of it.
func (s *solver) takers(subjectID string, busy []Span, span Span) []Block {
	var takers []Block
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
		by := Block{AppointmentID: c.AppointmentID}
		switch c.HoldID {
		case "":
		case noHold:
			by = Block{}
		default:
			by = Block{HoldID: c.HoldID}
		}
		if c.To > span.From && !s.isMoved(c) && !slices.Contains(takers, by) {
			takers = append(takers, by)
		}
	}
	return takers
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
	every := (len(starts) + mostExplained - 1) / mostExplained
	for i := 0; i < len(starts); i += every {
		s.begin(s.calendar.dayOf(starts[i]))
		seen := map[Reason]bool{}
		for _, b := range s.explain(starts[i]) {
			if !seen[b.Reason] {
				seen[b.Reason] = true
				count[b.Reason]++
			}
		}
		if i == 0 {
			every = max(every, len(starts)*s.joins/mostJoins)
		}
	}
	return mostCommonFirst(count)
}

// mostCommonFirst are the reasons that were counted; equally common ones by name.
func mostCommonFirst(count map[Reason]int) []Reason {
	var list []Reason
	for r := range count {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b Reason) int { return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b)) })
	return list
}
