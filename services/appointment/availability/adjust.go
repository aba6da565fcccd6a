package availability

import (
	"context"
	"maps"
	"slices"

	"github.com/beauty-salon/platform/services/appointment/civil"
	"github.com/beauty-salon/platform/services/appointment/salon"
)

// Extension is time by which a segment becomes longer.
type Extension struct {
	// MasterID is who works, UnitIDs are the resources.
	MasterID string
	UnitIDs  []string
	// Work is the time; BufferAfter is what the master needs after it.
	Work        Span
	BufferAfter Minute
	// Override is set where hours and time off do not count.
	Override bool
}

// Against returns what speaks against an extension, apart from what is taken. Nobody takes a resource that is out of use.
func (r *Rules) Against(e Extension) []Reason {
	date, _ := civil.Local(e.Work.From.Time(), r.Zone)
	c := newCalendar(r.Zone, date.AddDays(-2), date.AddDays(3))
	var list []Reason
	refuse := func(reason Reason, when bool) {
		if when {
			list = append(list, reason)
		}
	}
	if !e.Override {
		opening := r.opening(&c)
		refuse(Closed, !contains(opening, e.Work))
		if m := r.Masters[e.MasterID]; m != nil { // of one who has left, hours are not known
			working := m.working(&c)
			refuse(OutsideHours, !contains(working, e.Work))
			refuse(TimeOff, overlaps(m.TimeOff, e.Work))
			buffer := Span{e.Work.To, e.Work.To + e.BufferAfter}
			open := subtract(intersect(working, opening), m.TimeOff)
			refuse(OutsideHours, len(list) == 0 && r.Policy.BuffersWithinHours && !contains(open, buffer))
		}
	}
	for _, k := range r.Kinds {
		for _, u := range k.Units {
			refuse(NoResource, slices.Contains(e.UnitIDs, u.ID) && overlaps(u.Closed, e.Work))
		}
	}
	return list
}

// Mover is an appointment that may be moved later.
type Mover struct {
	// Query is for its services as they were booked; Moving is its id.
	Query
	// Start is when it begins.
	Start Minute
}

// MakeRoom moves appointments later, those and as far as needed, so that pressing, which is time by subject, is not theirs. list is sorted by
// start. t is what is taken; what is not of list stays. Each that moves begins at the first minute of its date at which it fits. The
// plans are in the order of list, nil for an appointment that stays. stuck is the index of one that cannot be moved on its date, or -1.
func (r *Rules) MakeRoom(t *Taken, pressing map[string][]Span, list []Mover) (plans []*Plan, stuck int) {
	now := &Taken{Claims: maps.Clone(t.Claims)}
	pressing = maps.Clone(pressing)
	plans = make([]*Plan, len(list))
	for i, m := range list {
		if !now.collides(m.Moving, pressing) {
			continue
		}
		free := now.without(func(c Claim) bool {
			return slices.ContainsFunc(list[i:], func(later Mover) bool { return later.Moving == c.AppointmentID })
		})
		plan, ok := r.earliest(m.Query, free, m.Start+1)
		date, _ := civil.Local(m.Start.Time(), r.Zone)
		if !ok || plan.From >= MinuteOf(date.End(r.Zone)) {
			return plans, i
		}
		plans[i] = plan
		now = now.without(func(c Claim) bool { return c.AppointmentID == m.Moving })
		for _, claim := range plan.Claims() {
			now.add(claim.SubjectID, Claim{Span: claim.Span, AppointmentID: m.Moving})
			pressing[claim.SubjectID] = union(pressing[claim.SubjectID], []Span{claim.Span})
		}
	}
	return plans, -1
}

// collides reports whether an appointment takes a part of some time.
func (t *Taken) collides(appointmentID string, pressing map[string][]Span) bool {
	for subject, spans := range pressing {
		if slices.ContainsFunc(t.Claims[subject], func(c Claim) bool { return c.AppointmentID == appointmentID && overlaps(spans, c.Span) }) {
			return true
		}
	}
	return false
}

// without returns what is taken without some claims.
func (t *Taken) without(drop func(Claim) bool) *Taken {
	rest := &Taken{Claims: make(map[string][]Claim, len(t.Claims))}
	for subject, list := range t.Claims {
		rest.Claims[subject] = slices.DeleteFunc(slices.Clone(list), drop)
	}
	return rest
}

// add adds a claim of a subject.
func (t *Taken) add(subjectID string, c Claim) {
	list := t.Claims[subjectID]
	t.Claims[subjectID] = slices.Insert(slices.Clone(list), begunClaims(list, c.From), c)
}

// begunClaims returns how many claims begin at m or earlier.
func begunClaims(list []Claim, m Minute) int {
	n, _ := slices.BinarySearchFunc(list, m, func(c Claim, m Minute) int {
		if c.From <= m {
			return -1
		}
		return 1
	})
	return n
}

// Replace gives an appointment other claims, by subject.
func (t *Taken) Replace(appointmentID string, claims map[string][]Span) {
	*t = *t.without(func(c Claim) bool { return c.AppointmentID == appointmentID })
	for subject, spans := range claims {
		for _, s := range spans {
			t.add(subject, Claim{Span: s, AppointmentID: appointmentID})
		}
	}
}

// TakenFor reads what is taken that matters to appointments which may be moved on a date, and the rules that this is true of. Limits of a
// date are not read: a move on a date does not change how many appointments it has.
func (a *Availability) TakenFor(ctx context.Context, r *Rules, list []Mover, date civil.Date) (*Taken, *Rules, error) {
	for attempt := 1; ; attempt++ {
		q := TakenQuery{SalonID: r.SalonID, Appointments: true, Zone: r.Zone}
		for i, m := range list {
			needs := r.Needs(m.Query, date, date)
			if from := needs.From.Time(); i == 0 || from.Before(q.From) {
				q.From = from
			}
			if to := needs.To.Time(); to.After(q.To) {
				q.To = to
			}
			q.Subjects = append(q.Subjects, needs.Subjects...)
		}
		slices.Sort(q.Subjects)
		q.Subjects = slices.Compact(q.Subjects)
		t, version, err := a.store.Taken(ctx, q)
		if err != nil {
			return nil, nil, err
		}
		if version == 0 {
			return nil, nil, salon.ErrNotFound
		}
		if version == r.Version || attempt == staleAttempts {
			return t, r, nil
		}
		a.Forget(r.SalonID, r.Version)
		if r, err = a.Rules(ctx, r.SalonID); err != nil {
			return nil, nil, err
		}
	}
}
