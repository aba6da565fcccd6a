package availability

import (
	"context"
	"time"

	"github.com/beauty-salon/platform/services/appointment/civil"
	"github.com/beauty-salon/platform/services/appointment/salon"
)

// staleAttempts is how often taken time is read, at most, because the rules in memory were older. Where rules change all the time, the last
// ones are good enough for a search, and a booking compares their version once more.
const staleAttempts = 3

// Fit returns the best plan for a query at a start, or what speaks against the start, and the rules that this is true of, which may be
// newer than those passed; staff learn which appointments speak against it. Without informed, what is taken is only read where the plan
// depends on it: whoever writes the plan checks it anyway. An overbooking takes time that is taken only where none is free. Of a service that
// is booked as places in group sessions, it plans a place, in the session of the query or in any that begins then.
func (a *Availability) Fit(ctx context.Context, r *Rules, q Query, start time.Time, informed bool) (*Plan, []Block, *Rules, error) {
	if r.wantsPlace(q) {
		return a.fitPlace(ctx, r, q, start)
	}
	s := r.solverAt(q, &Taken{}, MinuteOf(start))
	if informed || q.Overbook || s.dependsOnTaken(MinuteOf(start)) {
		date, _ := civil.Local(start, r.Zone)
		taken, newer, err := a.taken(ctx, r, q, date, date, q.Staff)
		if err != nil {
			return nil, nil, nil, err
		}
		r, s = newer, newer.solverAt(q, taken, MinuteOf(start))
	}
	if plan, ok := s.best(MinuteOf(start)); ok {
		return plan, nil, r, nil
	}
	return nil, s.explain(MinuteOf(start)), r, nil
}

// dependsOnTaken reports whether the best plan at a start depends on what is taken: there is a choice of masters or resources, or the
// start may have to be that of a free stretch.
func (s *solver) dependsOnTaken(start Minute) bool {
	return s.compare || len(s.kinds) > 0 || !s.query.Staff && !s.calendar.onGrid(start, s.limits.step)
}

// taken reads what is taken of the time that a query is about, between two local dates, and reads the rules again when they are older.
func (a *Availability) taken(
	ctx context.Context, r *Rules, q Query, first, last civil.Date, appointments bool,
) (*Taken, *Rules, error) {
	read := a.store.RecentlyTaken
	for attempt := 1; ; attempt++ {
		t, version, err := read(ctx, r.takenQuery(q, first, last, appointments))
		if err != nil {
			return nil, nil, err
		}
		read = a.store.Taken
		if version < r.Version && attempt == 1 { // of a replica that is behind
			continue
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

// takenQuery says what to read for a query with starts on the dates from first to last.
func (r *Rules) takenQuery(q Query, first, last civil.Date, appointments bool) TakenQuery {
	needs := r.Needs(q, first, last)
	t := TakenQuery{
		SalonID: r.SalonID, Subjects: needs.Subjects, From: needs.From.Time(), To: needs.To.Time(), Appointments: appointments,
		Zone: r.Zone,
	}
	if q.Moving != "" {
		t.Moving = append([]string{q.Moving}, q.MovingWith...)
	}
	t.Moving = append(t.Moving, q.Freed...)
	if r.Policy.MaxCustomerDay > 0 || r.Policy.MaxOpenAppointments > 0 {
		t.CustomerID = q.Customer
	}
	if r.Policy.MaxMasterDay > 0 {
		t.Masters = needs.Subjects // of which only masters have segments
	}
	return t
}
