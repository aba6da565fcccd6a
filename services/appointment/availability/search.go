package availability

import (
	"slices"

	"github.com/beauty-salon/platform/services/appointment/civil"
)

// Search returns the starts in a range at which everything fits, each with its best plan.
func (r *Rules) Search(q Query, t *Taken, in Range) Result {
	s := newSolver(r, q, in.First, in.Last)
	s.load(t)
	var result Result
	skip := civil.Date{}
	if in.After != 0 && in.FirstPerDay {
		skip, _ = civil.Local(in.After.Time(), r.Zone)
	}
	bounds := s.startsWithin()
	if in.After != 0 {
		bounds.From = max(bounds.From, in.After+1)
	}
	for _, today := range s.daysIn(in) {
		d := &s.calendar.days[today]
		if d.date == skip {
			continue
		}
		s.begin(today)
		s.starts(s.searched(), Span{max(d.From, bounds.From), min(d.To, bounds.To)}, in.Part, func(start Minute) bool {
			plan, ok := s.plan(start)
			if !ok {
				return true
			}
			if result.More = len(result.Slots) == in.Limit; result.More {
				return false
			}
			result.Slots = append(result.Slots, plan)
			return !in.FirstPerDay
		})
		if result.More {
			return result
		}
	}
	if len(result.Slots) == 0 && in.After == 0 {
		result.Reasons = s.reasons(in)
	}
	return result
}

// solverAt returns a solver for one start.
func (r *Rules) solverAt(q Query, t *Taken, start Minute) *solver {
	date, _ := civil.Local(start.Time(), r.Zone)
	s := newSolver(r, q, date, date)
	s.load(t)
	s.begin(s.calendar.dayOf(start))
	return s
}

// plan returns the best plan at a start on this date. It reports false when there is none.
func (s *solver) plan(start Minute) (*Plan, bool) {
	root := startState(start)
	if !s.startFits(start, nil) || s.ways(root, nil) == 0 {
		return nil, false
	}
	var plan *Plan
	s.choices(root, nil, make([]*option, 0, len(s.chain)), func(chosen []*option) bool {
		plan = s.newPlan(chosen)
		plan.Alternatives = s.ways(root, nil) - 1
		return false
	})
	return plan, plan != nil
}

// newPlan returns the plan of chosen options.
func (s *solver) newPlan(chosen []*option) *Plan {
	p := &Plan{Span: Span{chosen[0].From, chosen[len(chosen)-1].To}, Customer: s.query.Customer, taken: s.overbooked}
	uses := s.assign(chosen)
	for i, o := range chosen {
		p.Segments = append(p.Segments, Segment{
			ServiceID: s.chain[i].want.ServiceID, MasterID: o.master.ID, Span: o.Span, Offering: *o.offering, Uses: uses[i],
		})
	}
	return p
}

// daysIn returns the indexes of the days of a range.
func (s *solver) daysIn(in Range) []int {
	var list []int
	for i := range s.calendar.days {
		d := s.calendar.days[i].date
		if d.Compare(in.First) >= 0 && d.Compare(in.Last) <= 0 && (len(in.Days) == 0 || slices.Contains(in.Days, d.Weekday())) {
			list = append(list, i)
		}
	}
	return list
}

// searched is where a search looks for starts: when the salon is open.
func (s *solver) searched() []Span {
	if s.query.Override {
		return []Span{s.calendar.span()}
	}
	return s.opening
}

// starts yields the starts of a list within a span, until yield returns false: the minutes at which the clock shows a
// multiple of the step, and those at which a free stretch of a master of the first segment begins.
func (s *solver) starts(list []Span, within Span, part civil.Interval, yield func(Minute) bool) {
	for _, span := range intersect(list, []Span{within}) {
		stretches := s.stretches(span)
		for m := span.From; m < span.To; m++ {
			m = s.calendar.nextOnGrid(m, s.limits.step)
			if len(stretches) > 0 && stretches[0] <= m {
				m, stretches = stretches[0], stretches[1:]
			}
			if m >= span.To {
				break
			}
			if w := civil.WallTime(s.calendar.wall(m)); part != (civil.Interval{}) && (w < part.From || w >= part.To) {
				continue
			}
			if !yield(m) {
				return
			}
		}
	}
}

// stretches returns the starts in a span at which a free stretch of a master of the first segment begins, sorted.
func (s *solver) stretches(within Span) []Minute {
	var list []Minute
	for i := range s.chain[0].candidates {
		c := &s.chain[0].candidates[i]
		before := c.offering.BufferBefore
		for j := begun(c.master.free, within.From-before-1); j < len(c.master.free); j++ {
			start := c.master.free[j].From + before
			if start >= within.To {
				break
			}
			list = append(list, start)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
