package availability

import (
	"math"
	"slices"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

// Plan is how an appointment is done at a start.
type Plan struct {
	// Span is from the start of the first segment to the end of the last one.
	Span
	// Segments are in the order in which they are done.
	Segments []Segment
	// Alternatives is with how many other choices of masters the start is possible, at most 1000.
	Alternatives int
	// Customer is the query's.
	Customer string
	// Session is the group session of whose places it is; nil: none. The session has the time of the master and the resources.
	Session *Session

	// taken is what is taken of masters and resources, by id, where the plan may take it as well.
	taken map[string][]Span
}

// Segment is one service of a plan.
type Segment struct {
	// ServiceID is what is done, MasterID who does it.
	ServiceID, MasterID string
	// Span is what the customer is told.
	Span
	// Offering is how it is done, and at which price.
	Offering
	// Uses are the resources that it takes, by start.
	Uses []Use
}

// Use is a resource that consecutive phases of a segment take.
type Use struct {
	KindID, UnitID string
	Span
}

// Taking is a claim that a plan has.
type Taking struct {
	Kind      claims.Kind
	SubjectID string
	// Segment is the index of the segment that owns it.
	Segment int
	Span
}

// ErrTotal is the error of a plan whose price is more than an amount can hold.
var ErrTotal = apierr.InvalidField("segments", "must not cost more in sum than an amount can hold")

// TotalMinor returns the sum of the prices; false when it is more than an amount can hold.
func (p *Plan) TotalMinor() (int32, bool) {
	var total int64
	for _, s := range p.Segments {
		total += int64(s.PriceMinor)
	}
	return int32(total), total <= math.MaxInt32
}

// MasterIDs are the masters of the segments.
func (p *Plan) MasterIDs() []string {
	ids := make([]string, len(p.Segments))
	for i, s := range p.Segments {
		ids[i] = s.MasterID
	}
	return ids
}

// Claims returns the claims that a plan has: of each master the work, of each resource its use, and of the customer, if known,
// the segments. Buffers surround the work of consecutive segments with one master, and the use of a resource for as long as
// phases follow each other; nothing is added in between. Claims are cut where the next one of the same subject begins, so that
// none of them overlap; together they are the same time. An overbooking takes what is taken as well. A place in a group session
// has the claim of the customer alone.
func (p *Plan) Claims() []Taking {
	var list []need
	for i, s := range p.Segments {
		if p.Session != nil {
			break
		}
		list = append(list, p.masterNeeds(i)...)
		for _, u := range s.Uses {
			list = append(list, p.unitNeed(i, u))
		}
	}
	takings := cut(list)
	if p.Customer != "" {
		for i, s := range p.Segments {
			takings = append(takings, Taking{claims.Customer, p.Customer, i, s.Span})
		}
	}
	return takings
}

// need is time that a subject needs, with its buffers.
type need struct {
	Taking
	// work is the time without buffers.
	work Span
}

// masterNeeds returns the stretches of work of a segment.
func (p *Plan) masterNeeds(i int) []need {
	s := &p.Segments[i]
	var list []need
	for _, w := range workOf(s.Phases) {
		w = Span{s.From + w.From, s.From + w.To}
		list = append(list, need{Taking{claims.Master, s.MasterID, i, w}, w})
	}
	if i == 0 || p.Segments[i-1].MasterID != s.MasterID {
		list[0].From -= s.BufferBefore
	}
	if i == len(p.Segments)-1 || p.Segments[i+1].MasterID != s.MasterID {
		list[len(list)-1].To += s.BufferAfter
	}
	return list
}

// unitNeed returns the time of a resource that a segment uses.
func (p *Plan) unitNeed(i int, u Use) need {
	s := &p.Segments[i]
	n := need{Taking{claims.Resource, u.UnitID, i, u.Span}, u.Span}
	if i == 0 ||
		!slices.ContainsFunc(p.Segments[i-1].Uses, func(o Use) bool { return o.UnitID == u.UnitID && o.To == u.From }) {
		n.From -= s.BufferBefore
	}
	if i == len(p.Segments)-1 ||
		!slices.ContainsFunc(p.Segments[i+1].Uses, func(o Use) bool { return o.UnitID == u.UnitID && o.From == u.To }) {
		n.To += s.BufferAfter
	}
	return n
}

// cut returns needs, which are in the order of their work, without overlaps of one subject. The time that a subject needs in
// all stays the same: what is cut from one claim is in another.
func cut(list []need) []Taking {
	before := func(i int) int { // the need before of the same subject, or -1
		for j := i - 1; j >= 0; j-- {
			if list[j].Kind == list[i].Kind && list[j].SubjectID == list[i].SubjectID {
				return j
			}
		}
		return -1
	}
	for i := range list {
		if j := before(i); j >= 0 {
			list[i].To = max(list[i].To, list[j].To)
		}
	}
	for i := range slices.Backward(list) {
		if j := before(i); j >= 0 {
			list[j].From = min(list[j].From, list[i].From)
		}
	}
	takings := make([]Taking, len(list))
	for i := range list {
		takings[i] = list[i].Taking
		if j := before(i); j >= 0 {
			takings[j].To = min(takings[j].To, list[i].work.From)
			takings[i].From = max(takings[i].From, takings[j].To)
		}
	}
	return takings
}
