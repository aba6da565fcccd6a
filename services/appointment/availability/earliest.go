package availability

import (
	"context"
	"time"

	"github.com/beauty-salon/platform/services/appointment/civil"
)

// Earliest returns the best plan at the first start, from a whole minute on and on its local date, at which a query is possible, and the rules
// that this is true of. Without a plan, it returns what speaks against the first minute. Starts need not be on the grid where the query does
// not demand it.
func (a *Availability) Earliest(ctx context.Context, r *Rules, q Query, from time.Time) (*Plan, []Block, *Rules, error) {
	date, _ := civil.Local(from, r.Zone)
	taken, r, err := a.taken(ctx, r, q, date, date, q.Staff)
	if err != nil {
		return nil, nil, nil, err
	}
	if plan, ok := r.earliest(q, taken, MinuteOf(from)); ok {
		return plan, nil, r, nil
	}
	blocks := r.Explain(q, taken, MinuteOf(from))
	return nil, blocks, r, nil
}

// earliest is [Availability.Earliest] for what is taken.
func (r *Rules) earliest(q Query, t *Taken, from Minute) (*Plan, bool) {
	s := r.solverAt(q, t, from)
	for _, span := range intersect(s.searched(), []Span{{from, s.calendar.days[s.today].To}}) {
		for start := span.From; start < span.To; start++ {
			if plan, ok := s.plan(start); ok {
				return plan, true
			}
		}
	}
	return nil, false
}
