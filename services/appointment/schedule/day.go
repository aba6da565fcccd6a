package schedule

import (
	"slices"
	"time"

	"github.com/beauty-salon/platform/services/appointment/civil"
)

// Span is a stretch of time, [Start, End).
type Span struct{ Start, End time.Time }

// Calendar is what decides when the masters of a salon can work, for a range of dates.
type Calendar struct {
	// Zone is the salon's time zone.
	Zone *time.Location
	// Salon is the opening hours and closures, Masters the working hours and overrides by master.
	Salon   Hours
	Masters map[string]Hours
	// TimeOff is when masters are away, by master.
	TimeOff map[string][]TimeOffEntry
}

// Day is a local date of a master.
type Day struct {
	// Date is the date, Start its first instant, End that of the next date.
	Date       civil.Date
	Start, End time.Time
	// HoursSource is where the master's hours come from, SalonSource where the salon's do.
	HoursSource, SalonSource Source
	// SalonOpen is when the salon is open, Open when the master can work; both sorted, without overlaps.
	SalonOpen, Open []Span
}

// Day returns a date of a master: the master's hours, within the salon's, without time off. Hours become instants before they are
// compared, because clocks that are set forward can move one end of an interval and not another.
func (c *Calendar) Day(masterID string, d civil.Date) Day {
	salon, source := c.Salon.Opening(d)
	day := Day{
		Date: d, Start: d.Start(c.Zone), End: d.End(c.Zone), SalonSource: source, HoursSource: source,
		SalonOpen: c.instants(salon, d),
	}
	day.Open = day.SalonOpen
	switch own, from := c.Masters[masterID].On(d); from {
	case Special:
		day.HoursSource, day.Open = Override, intersect(c.instants(own, d), day.SalonOpen)
	case Weekly:
		day.HoursSource, day.Open = WorkingHours, intersect(c.instants(own, d), day.SalonOpen)
	}
	for _, off := range c.TimeOff[masterID] {
		day.Open = subtract(day.Open, off.In(c.Zone))
	}
	return day
}

// instants returns when the intervals of a date are.
func (c *Calendar) instants(day civil.Day, d civil.Date) []Span {
	var spans []Span
	for _, i := range day {
		if start, end := i.On(d, c.Zone); start.Before(end) {
			spans = append(spans, Span{start, end})
		}
	}
	return union(spans)
}

// Open returns when the salon is open and when a master can work on the dates that a span touches. Stretches that touch, also at
// midnight, are one.
func (c *Calendar) Open(masterID string, during Span) (salon, master []Span) {
	return open(during, c.Zone, func(d civil.Date) Day { return c.Day(masterID, d) })
}

func open(during Span, zone *time.Location, on func(civil.Date) Day) (salon, master []Span) {
	first, last := dates(during, zone)
	for d := first; d.Compare(last) <= 0; d = d.AddDays(1) {
		day := on(d)
		salon, master = append(salon, day.SalonOpen...), append(master, day.Open...)
	}
	return union(salon), union(master)
}

// dates returns the first and the last date that a span touches.
func dates(s Span, zone *time.Location) (first, last civil.Date) {
	first, _ = civil.Local(s.Start, zone)
	last, _ = civil.Local(s.End.Add(-1), zone)
	return first, last
}

// union returns spans sorted, those that overlap or touch as one. It changes the order of spans.
func union(spans []Span) []Span {
	slices.SortFunc(spans, func(a, b Span) int { return a.Start.Compare(b.Start) })
	var joined []Span
	for _, s := range spans {
		last := len(joined) - 1
		switch {
		case last < 0 || joined[last].End.Before(s.Start):
			joined = append(joined, s)
		case joined[last].End.Before(s.End):
			joined[last].End = s.End
		}
	}
	return joined
}

// intersect returns the time that two lists share; both are sorted, without overlaps.
func intersect(a, b []Span) []Span {
	var shared []Span
	for _, s := range a {
		for _, t := range b {
			if start, end := later(s.Start, t.Start), earlier(s.End, t.End); start.Before(end) {
				shared = append(shared, Span{start, end})
			}
		}
	}
	return shared
}

// subtract returns the parts of spans that are not in off.
func subtract(spans []Span, off Span) []Span {
	if !off.Start.Before(off.End) { // of a date that the time zone leaves out
		return spans
	}
	var rest []Span
	for _, s := range spans {
		if before := (Span{s.Start, earlier(s.End, off.Start)}); before.Start.Before(before.End) {
			rest = append(rest, before)
		}
		if after := (Span{later(s.Start, off.End), s.End}); after.Start.Before(after.End) {
			rest = append(rest, after)
		}
	}
	return rest
}

// covers reports whether one of the spans contains s.
func covers(spans []Span, s Span) bool {
	return slices.ContainsFunc(spans, func(o Span) bool { return !s.Start.Before(o.Start) && !s.End.After(o.End) })
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
