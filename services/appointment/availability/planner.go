package availability

import (
	"context"
	"slices"
	"time"

	"github.com/beauty-salon/platform/services/appointment/civil"
	"github.com/beauty-salon/platform/services/appointment/salon"
)

// staleAttempts is how often taken time is read again because the rules in memory were older.
const staleAttempts = 3

// Fit returns the best plan for a query at a start, or what speaks against the start, and the rules that this is true of, which may be
// newer than those passed. Without informed, what is taken is only read where the plan depends on it: whoever writes the plan checks
// it anyway.
func (a *Availability) Fit(ctx context.Context, r *Rules, q Query, start time.Time, informed bool) (*Plan, []Block, *Rules, error) {
	taken := &Taken{}
	if informed || r.dependsOnTaken(q, MinuteOf(start)) {
		var err error
		date, _ := civil.Local(start, r.Zone)
		if taken, r, err = a.taken(ctx, r, q, date, date, false); err != nil {
			return nil, nil, nil, err
		}
	}
	plan, blocks := r.Plan(q, taken, MinuteOf(start))
	return plan, blocks, r, nil
}

// dependsOnTaken reports whether more than one plan may fit, or whether the start has to be that of a free stretch, or appointments
// are counted.
func (r *Rules) dependsOnTaken(q Query, start Minute) bool {
	for i, w := range q.Chain {
		if len(w.MasterIDs) != 1 {
			return true
		}
		o := r.offering(q, i, w.MasterIDs[0])
		if o != nil && slices.ContainsFunc(o.Phases, func(p Phase) bool { return len(p.Kinds) > 0 }) {
			return true
		}
	}
	return !q.Staff && !r.onGrid(q, start)
}

// taken reads what is taken of the time that a query is about, between two local dates, and reads the rules again when they are older.
func (a *Availability) taken(
	ctx context.Context, r *Rules, q Query, first, last civil.Date, appointments bool,
) (*Taken, *Rules, error) {
	for range staleAttempts {
		t, version, err := a.store.Taken(ctx, r.takenQuery(q, first, last, appointments))
		if err != nil {
			return nil, nil, err
		}
		if version == 0 {
			return nil, nil, salon.ErrNotFound
		}
		if version == r.Version {
			return t, r, nil
		}
		a.Forget(r.SalonID, r.Version)
		if r, err = a.Rules(ctx, r.SalonID); err != nil {
			return nil, nil, err
		}
	}
	return nil, nil, errStaleRules
}

// takenQuery says what to read for a query between two local dates: the local weeks around them when masters are compared, and a day
// more on either side for appointments that begin before midnight or end after it.
func (r *Rules) takenQuery(q Query, first, last civil.Date, appointments bool) TakenQuery {
	if slices.ContainsFunc(q.Chain, func(w Want) bool { return len(w.MasterIDs) != 1 }) {
		first = first.AddDays(-((int(first.Weekday()) + 6) % 7))
		last = last.AddDays((7 - int(last.Weekday())) % 7)
	}
	t := TakenQuery{
		SalonID: r.SalonID, From: first.AddDays(-1).Start(r.Zone), To: last.AddDays(1).End(r.Zone), Appointments: appointments,
		Zone: r.ZoneName, Moving: q.Moving,
	}
	masters, kinds := map[string]bool{}, map[string]bool{}
	for i, w := range q.Chain {
		for _, id := range r.candidates(w) {
			masters[id] = true
			if o := r.offering(q, i, id); o != nil {
				for _, p := range o.Phases {
					for _, k := range p.Kinds {
						kinds[k] = true
					}
				}
			}
		}
	}
	for id := range masters {
		t.Subjects = append(t.Subjects, id)
	}
	for id := range kinds {
		if k := r.Kinds[id]; k != nil {
			for _, u := range k.Units {
				t.Subjects = append(t.Subjects, u.ID)
			}
		}
	}
	if q.Customer != "" {
		t.Subjects = append(t.Subjects, q.Customer)
		t.CustomerID = q.Customer
	}
	if r.Policy.MaxMasterDay > 0 {
		for id := range masters {
			t.Masters = append(t.Masters, id)
		}
	}
	if r.Policy.MaxCustomerDay == 0 && r.Policy.MaxOpenAppointments == 0 {
		t.CustomerID = ""
	}
	return t
}
