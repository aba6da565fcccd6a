package availability

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/services/appointment/civil"
)

// Session is a group session that is scheduled.
type Session struct {
	// ID is the session, ServiceID what is done, MasterID who does it.
	ID, ServiceID, MasterID string
	// Span is from its start to its end.
	Span
	// Capacity is how many places it has, Taken how many of them are not free. The place of an appointment that is being moved is.
	Capacity, Taken int
	// HasPlace is set when the customer who asks has a place already, by the appointment OwnAppointment or the hold OwnHold. A customer has at
	// most one, whatever else may be at the same time.
	HasPlace                bool
	OwnAppointment, OwnHold string
	// Offering is how the session is done, and what a place costs.
	Offering
}

// checkGroups returns INVALID_FIELDS for a chain with a service that is booked alone, as a place in a group session.
func (r *Rules) checkGroups(chain []Want) error {
	for i, w := range chain {
		if len(chain) > 1 && r.Services[w.ServiceID].IsGroup() {
			return apierr.InvalidField(fmt.Sprintf("segments[%d].service_id", i), "must be the only one: "+GroupOnly.Text())
		}
	}
	return nil
}

// wantsPlace reports whether a query wants a place in a group session. An appointment from before the service was booked so stays one.
func (r *Rules) wantsPlace(q Query) bool {
	switch {
	case q.Place, q.Session != "":
		return true
	case q.Group, len(q.Chain) != 1, q.Moving != "" && q.Chain[0].stays():
		return false
	}
	return r.Services[q.Chain[0].ServiceID].IsGroup()
}

// sessions returns the sessions of the service of a query, by those of its masters who may do it, that begin on the dates from first to
// last, by start.
func (a *Availability) sessions(ctx context.Context, r *Rules, q Query, first, last civil.Date) ([]Session, error) {
	found, err := a.store.Sessions(ctx, r.SalonID, q, first.Start(r.Zone), last.End(r.Zone))
	return slices.DeleteFunc(found, func(g Session) bool {
		masters := q.Chain[0].MasterIDs
		return len(masters) > 0 && !slices.Contains(masters, g.MasterID)
	}), err
}

// fitPlace is Fit for a place in a group session.
func (a *Availability) fitPlace(ctx context.Context, r *Rules, q Query, start time.Time) (*Plan, []Block, *Rules, error) {
	date, _ := civil.Local(start, r.Zone)
	taken, r, err := a.taken(ctx, r, q, date, date, q.Staff)
	if err != nil {
		return nil, nil, nil, err
	}
	sessions, err := a.sessions(ctx, r, q, date, date)
	if err != nil {
		return nil, nil, nil, err
	}
	p := r.places(q, taken, sessions, date, date)
	plan, blocks := p.at(MinuteOf(start))
	return plan, blocks, r, nil
}

// search is [Rules.Search], also for places in group sessions.
func (a *Availability) search(ctx context.Context, r *Rules, q Query, taken *Taken, where Range) (Result, error) {
	if !r.wantsPlace(q) {
		return r.Search(q, taken, where), nil
	}
	sessions, err := a.sessions(ctx, r, q, where.First, where.Last)
	if err != nil {
		return Result{}, err
	}
	return r.places(q, taken, sessions, where.First, where.Last).search(where), nil
}

// explainer returns what says everything that speaks against a start, for starts on the dates from first to last.
func (a *Availability) explainer(
	ctx context.Context, r *Rules, q Query, taken *Taken, first, last civil.Date,
) (func(start Minute) []Block, error) {
	if !r.wantsPlace(q) {
		return r.explainer(q, taken, first, last), nil
	}
	sessions, err := a.sessions(ctx, r, q, first, last)
	if err != nil {
		return nil, err
	}
	p := r.places(q, taken, sessions, first, last)
	return func(start Minute) []Block {
		_, blocks := p.at(start)
		return blocks
	}, nil
}

// places plans places in group sessions. A session itself keeps to hours and resources; what counts for a place is the rest.
type places struct {
	*solver

	sessions []Session
}

func (r *Rules) places(q Query, taken *Taken, sessions []Session, first, last civil.Date) *places {
	q.Group = true
	s := newSolver(r, q, first, last)
	s.load(taken)
	return &places{s, sessions}
}

// at returns the best place at a start, or what speaks against all of them. The session with the most places left comes first.
func (p *places) at(start Minute) (*Plan, []Block) {
	p.begin(p.calendar.dayOf(start))
	var best *Session
	against := &report{}
	found := false
	for i := range p.sessions {
		g := &p.sessions[i]
		if g.From != start {
			continue
		}
		found = true
		if blocks := p.against(g); len(blocks) > 0 {
			against.add(blocks...)
		} else if best == nil || g.Capacity-g.Taken > best.Capacity-best.Taken {
			best = g
		}
	}
	if best != nil {
		return p.plan(best), nil
	}
	if !found {
		against.add(Block{Reason: NoSession, Owner: OwnerService})
		p.startFits(start, against)
	}
	return nil, against.blocks
}

// against returns what speaks against a place in a session. The date of its start is today.
func (p *places) against(g *Session) []Block {
	all := &report{}
	p.startFits(g.From, all)
	if p.rules.Masters[g.MasterID] == nil {
		all.add(Block{Reason: Inactive, Owner: OwnerMaster, MasterID: g.MasterID})
	}
	if g.Taken >= g.Capacity {
		all.add(Block{Reason: GroupFull, Owner: OwnerService, MasterID: g.MasterID})
	}
	for _, by := range p.takers(p.query.Customer, p.customerBusy, g.Span) {
		by.Reason, by.Owner = CustomerBusy, OwnerCustomer
		all.add(by)
	}
	if g.HasPlace {
		all.add(Block{Reason: CustomerBusy, Owner: OwnerCustomer, AppointmentID: g.OwnAppointment, HoldID: g.OwnHold})
	}
	return all.blocks
}

// plan is a place in a session, at the price of the quote if there is one.
func (p *places) plan(g *Session) *Plan {
	offering := g.Offering
	if want := p.chain[0].want; want.Offering != nil && want.OfferedBy == g.MasterID {
		offering.PriceMinor = want.Offering.PriceMinor
	}
	return &Plan{
		Span: g.Span, Customer: p.query.Customer, Session: g,
		Segments: []Segment{{ServiceID: g.ServiceID, MasterID: g.MasterID, Span: g.Span, Offering: offering}},
	}
}

// search returns the places in a range.
func (p *places) search(in Range) Result {
	var result Result
	count := map[Reason]int{}
	var full civil.Date // the date of the last slot, for one a date
	if in.After != 0 && in.FirstPerDay {
		full, _ = civil.Local(in.After.Time(), p.rules.Zone)
	}
	for i := range p.sessions {
		g := &p.sessions[i]
		date, wall := civil.Local(g.From.Time(), p.rules.Zone)
		switch {
		case len(in.Days) > 0 && !slices.Contains(in.Days, date.Weekday()),
			in.Part != (civil.Interval{}) && (wall < in.Part.From || wall >= in.Part.To),
			g.From < in.After, g.From == in.After && g.ID <= in.AfterSession,
			in.FirstPerDay && date == full:
			continue
		}
		p.begin(p.calendar.dayOf(g.From))
		if blocks := p.against(g); len(blocks) > 0 {
			for _, b := range blocks {
				count[b.Reason]++
			}
			continue
		}
		if result.More = len(result.Slots) == in.Limit; result.More {
			return result
		}
		result.Slots, full = append(result.Slots, p.plan(g)), date
	}
	if len(result.Slots) > 0 || in.After != 0 {
		return result
	}
	if result.Reasons = mostCommonFirst(count); len(result.Reasons) == 0 {
		result.Reasons = []Reason{NoSession}
	}
	return result
}
