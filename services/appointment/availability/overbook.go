package availability

import (
	"slices"

	"github.com/beauty-salon/platform/services/appointment/claims"
)

// Overbooks reports whether a claim of an overbooking takes what is taken already.
func (p *Plan) Overbooks(t Taking) bool {
	return t.Kind != claims.Customer && overlaps(p.taken[t.SubjectID], t.Span)
}

// overbook makes what is taken of a subject's time count as free, and keeps it for the claims of the plan.
func (s *solver) overbook(subjectID string, busy *[]Span) {
	if s.overbooked == nil {
		s.overbooked = map[string][]Span{}
	}
	s.overbooked[subjectID] = *busy
	*busy = nil
}

// overbookUnits makes what is taken of resources count as free, for a start at which too few of them are. Of each kind, the resource comes
// first that is taken for the fewest minutes from the start on until the last master or resource is through; of two that are taken as
// long, the one with the lower id. A resource that is out of use stays so.
func (s *solver) overbookUnits(start Minute) {
	during := Span{start, start}
	var before, after Minute
	for i := range s.chain {
		var longest Minute
		for _, c := range s.chain[i].candidates {
			longest = max(longest, c.minutes)
			before, after = max(before, c.offering.BufferBefore), max(after, c.offering.BufferAfter)
		}
		during.To += longest
	}
	during = Span{during.From - before, during.To + after}
	for _, k := range s.kinds {
		for i := range k.units {
			u := &k.units[i]
			s.overbook(u.ID, &u.busy)
			u.unusable = u.closed
		}
		slices.SortStableFunc(k.units, func(a, b unitTime) int {
			return int(minutesIn(s.overbooked[a.ID], during) - minutesIn(s.overbooked[b.ID], during))
		})
	}
	clear(s.options)
	clear(s.memo)
	s.helds = heldTable{}
}

// best returns the best plan at a start on this date. An overbooking takes resources that are taken only where none is free.
func (s *solver) best(start Minute) (*Plan, bool) {
	plan, ok := s.plan(start)
	if ok || !s.query.Overbook {
		return plan, ok
	}
	s.overbookUnits(start)
	return s.plan(start)
}
