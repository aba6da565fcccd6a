package availability

import (
	"cmp"
	"context"
	"slices"
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/services/appointment/civil"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

// severalAttempts is how often several starts are planned, at most, because the rules have changed meanwhile.
const severalAttempts = 8

// Asked is a query for one start.
type Asked struct {
	Query
	Start time.Time
}

// Fitted is what came of a query for one start.
type Fitted struct {
	// Plan is the best one; nil when the start is not possible.
	Plan *Plan
	// Against is what speaks against the start when there is no plan; Staff is whether staff ask.
	Against []Block
	Staff   bool
	// Nearest are the nearest slots of that date, if they were asked for.
	Nearest []*appointmentv1.Slot
}

// Blocks shows what speaks against the start.
func (f Fitted) Blocks() []*appointmentv1.Block { return blocks(f.Against, f.Staff) }

// Reasons are those of the blocks, each once.
func (f Fitted) Reasons() []appointmentv1.BlockReason {
	var list []appointmentv1.BlockReason
	for _, b := range f.Against {
		if reason := b.Reason.proto(); !slices.Contains(list, reason) {
			list = append(list, reason)
		}
	}
	return list
}

// FitSeveral is Fit for several starts of one salon. What the plans of earlier ones take, and count for in limits, is taken for
// the later ones, so that all plans are possible together. It always reads what is taken. With nearest, it looks for slots on the
// dates that are not possible. claims.ErrContention when the rules change all the time.
func (a *Availability) FitSeveral(ctx context.Context, r *Rules, list []Asked, nearest bool) ([]Fitted, *Rules, error) {
	for range severalAttempts {
		fitted, newer, err := a.fitSeveral(ctx, r, list, nearest)
		if err != nil || newer.Version == r.Version {
			return fitted, newer, err
		}
		r = newer // the first plans were made by older rules
	}
	return nil, nil, claims.ErrContention
}

func (a *Availability) fitSeveral(ctx context.Context, r *Rules, list []Asked, nearest bool) ([]Fitted, *Rules, error) {
	fitted := make([]Fitted, len(list))
	made := Taken{Claims: map[string][]Claim{}, CustomerDays: map[string]int{}, MasterDays: map[string]map[string]int{}}
	for i, asked := range list {
		date, _ := civil.Local(asked.Start, r.Zone)
		taken, newer, err := a.taken(ctx, r, asked.Query, date, date, asked.Staff)
		if err != nil {
			return nil, nil, err
		}
		r = newer
		taken.merge(&made)
		start := MinuteOf(asked.Start)
		s := r.solverAt(asked.Query, taken, start)
		f := &fitted[i]
		f.Staff = asked.Staff
		if plan, ok := s.plan(start); ok {
			f.Plan = plan
			made.addPlan(plan, date)
			continue
		}
		f.Against = s.explain(start)
		if !nearest {
			continue
		}
		if f.Nearest, err = a.nearest(r, asked, taken, date); err != nil {
			return nil, nil, err
		}
	}
	return fitted, r, nil
}

// nearest returns the slots of a date that are nearest to a start.
func (a *Availability) nearest(r *Rules, asked Asked, taken *Taken, date civil.Date) ([]*appointmentv1.Slot, error) {
	plans := r.Search(asked.Query, taken, Range{First: date, Last: date, Limit: maxSegments}).Slots
	distance := func(p *Plan) time.Duration { return p.From.Time().Sub(asked.Start).Abs() }
	slices.SortStableFunc(plans, func(p, q *Plan) int { return cmp.Compare(distance(p), distance(q)) })
	plans = plans[:min(len(plans), alternatives)]
	slices.SortFunc(plans, func(p, q *Plan) int { return cmp.Compare(p.From, q.From) })
	var slots []*appointmentv1.Slot
	for _, p := range plans {
		slot, err := a.slot(r, asked.Query, p)
		if err != nil {
			return nil, err
		}
		slots = append(slots, slot)
	}
	return slots, nil
}

// addPlan adds what a plan takes, which begins on a local date. It is one of a series, and a series counts once among the open appointments.
func (t *Taken) addPlan(p *Plan, date civil.Date) {
	for _, c := range p.Claims() {
		t.Claims[c.SubjectID] = append(t.Claims[c.SubjectID], Claim{Span: c.Span})
	}
	t.CustomerDays[date.String()]++
	ids := p.MasterIDs()
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		if t.MasterDays[id] == nil {
			t.MasterDays[id] = map[string]int{}
		}
		t.MasterDays[id][date.String()]++
	}
}

// merge adds what other has. Numbers that no limit needs are of no consequence.
func (t *Taken) merge(other *Taken) {
	for subject, list := range other.Claims {
		all := slices.Concat(t.Claims[subject], list)
		slices.SortFunc(all, func(a, b Claim) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
		t.Claims[subject] = all
	}
	for date, n := range other.CustomerDays {
		t.CustomerDays[date] += n
	}
	for id, days := range other.MasterDays {
		if t.MasterDays[id] == nil {
			t.MasterDays[id] = map[string]int{}
		}
		for date, n := range days {
			t.MasterDays[id][date] += n
		}
	}
}
