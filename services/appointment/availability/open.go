package availability

import (
	"slices"

	"github.com/beauty-salon/platform/services/appointment/civil"
	"github.com/beauty-salon/platform/services/appointment/schedule"
)

// opening returns when the salon is open.
func (r *Rules) opening(c *calendar) []Span {
	return c.each(func(d *day) []Span {
		intervals, _ := r.Hours.Opening(d.date)
		return c.intervals(d, intervals)
	})
}

// working returns a master's own hours, all day on the dates on which the master follows the salon. The master can work during
// these hours where the salon is open, apart from time off.
func (m *Master) working(c *calendar) []Span {
	if len(m.Hours.Periods) == 0 && len(m.Hours.Dated) == 0 {
		return []Span{c.span()}
	}
	return c.each(func(d *day) []Span {
		intervals, source := m.Hours.On(d.date)
		if source == schedule.NoHours {
			return []Span{d.Span}
		}
		return c.intervals(d, intervals)
	})
}

// each returns the spans of all days as one list.
func (c *calendar) each(spans func(*day) []Span) []Span {
	var list []Span
	for i := range c.days {
		for _, s := range spans(&c.days[i]) {
			list = appendSpan(list, s)
		}
	}
	return list
}

// intervals returns when the intervals of a day are. Where clocks are set forward, what they skip is as much later, and may so
// overlap with the next interval.
func (c *calendar) intervals(d *day, intervals civil.Day) []Span {
	list := make([]Span, len(intervals))
	for i, interval := range intervals {
		list[i] = c.on(d, interval)
	}
	if !d.plain {
		return listOf(list)
	}
	return list
}

// masterTime is the time of a master.
type masterTime struct {
	*Master
	// working is the master's own hours; open is when the salon is open too, without time off.
	working, open []Span
	// busy is what is taken; free is when the master can take work.
	busy, free []Span
	// full is set when the master has as many appointments on the date as the salon permits.
	full bool
	// week is the share of a week; see fairness.go.
	week weekShare
}

// unitTime is the time of a resource.
type unitTime struct {
	ID string
	// busy is what is taken, closed is when the resource is out of use; unusable is both.
	busy, closed, unusable []Span
}

// load adds the times of all subjects.
func (s *solver) load(t *Taken) {
	s.taken = t
	all := s.calendar.span()
	s.opening = s.rules.opening(&s.calendar)
	for _, m := range s.masters {
		m.working = m.Master.working(&s.calendar)
		m.open = subtract(intersect(m.working, s.opening), m.TimeOff)
		if m.busy = s.busy(m.ID, all); s.query.Overbook {
			s.overbook(m.ID, &m.busy)
		}
		if m.free = m.open; s.query.Override {
			m.free = []Span{all}
		}
		m.free = subtract(m.free, m.busy)
	}
	for _, k := range s.kinds {
		chosen := func(u Unit) bool { return slices.Contains(s.query.Units, u.ID) }
		one := slices.ContainsFunc(k.Units, chosen)
		for _, u := range k.Units {
			if one && !chosen(u) {
				continue
			}
			busy := s.busy(u.ID, all)
			k.units = append(k.units, unitTime{u.ID, busy, u.Closed, union(busy, u.Closed)})
		}
	}
	if s.query.Customer != "" && !s.query.AllowCustomerOverlap && !s.rules.Policy.AllowCustomerOverlap {
		s.customerBusy = s.busy(s.query.Customer, all)
	}
}

// busy returns what is taken of a subject's time, apart from what the appointment takes that is being moved, and from what is kept for the
// waitlist.
func (s *solver) busy(subjectID string, within Span) []Span {
	claims := s.taken.Claims[subjectID]
	list := make([]Span, 0, len(claims))
	for _, c := range claims {
		if c.From < within.To && within.From < c.To && !s.isMoved(c) {
			list = appendSpan(list, c.Span)
		}
	}
	return list
}

func (s *solver) isMoved(c Claim) bool {
	return slices.Contains(s.query.Freed, c.AppointmentID) ||
		s.query.Moving != "" && (c.AppointmentID == s.query.Moving || slices.Contains(s.query.MovingWith, c.AppointmentID))
}
