package availability

import (
	"sort"
	"time"

	"github.com/beauty-salon/platform/services/appointment/civil"
)

const (
	minutesADay Minute = 24 * 60
	// offsetStep is less than any zone keeps an offset from UTC.
	offsetStep Minute = 13 * 60
)

// calendar is consecutive dates in a time zone.
type calendar struct {
	zone *time.Location
	days []day
	// offsets are those from UTC, by the minute from which they are in force. The first one is in force from the first day.
	offsets []offset
}

// day is a date from its first to its last instant. A date that the zone leaves out is empty.
type day struct {
	date civil.Date
	Span
	// plain is set where the clock runs from 00:00 to 24:00 without a change.
	plain bool
}

type offset struct{ from, minutes Minute }

// newCalendar returns the dates from first to last.
func newCalendar(zone *time.Location, first, last civil.Date) calendar {
	c := calendar{zone: zone, days: make([]day, 0, first.DaysUntil(last)+1)}
	from := MinuteOf(first.Start(zone))
	for d := first; d.Compare(last) <= 0; d = d.AddDays(1) {
		to := MinuteOf(d.End(zone))
		c.days = append(c.days, day{date: d, Span: Span{from, to}})
		from = to
	}
	c.addOffsets()
	for i := range c.days {
		d := &c.days[i]
		d.plain = d.To-d.From == minutesADay && c.wall(d.From) == 0 && c.offsetAt(d.From) == c.offsetAt(d.To-1)
	}
	return c
}

// span is the time from the first day to the last.
func (c *calendar) span() Span { return Span{c.days[0].From, c.days[len(c.days)-1].To} }

func (c *calendar) addOffsets() {
	at := func(m Minute) Minute {
		_, seconds := time.Unix(int64(m)*60, 0).In(c.zone).Zone()
		return MinuteOf(time.Unix(int64(seconds), 0))
	}
	all := c.span()
	c.offsets = append(c.offsets, offset{all.From, at(all.From)})
	for m := all.From; m < all.To; m += offsetStep {
		old, now := at(m), at(m+offsetStep)
		if old != now {
			n := sort.Search(int(offsetStep), func(i int) bool { return at(m+Minute(i)) == now })
			c.offsets = append(c.offsets, offset{m + Minute(n), now})
		}
	}
}

// offsetAt returns the index of the offset in force.
func (c *calendar) offsetAt(m Minute) int {
	i := len(c.offsets) - 1
	for i > 0 && m < c.offsets[i].from {
		i--
	}
	return i
}

// wall returns what the clock shows, in minutes since 00:00.
func (c *calendar) wall(m Minute) Minute {
	w := (m + c.offsets[c.offsetAt(m)].minutes) % minutesADay
	if w < 0 {
		w += minutesADay
	}
	return w
}

// dayOf returns the index of the day that has a minute of the calendar.
func (c *calendar) dayOf(m Minute) int {
	return sort.Search(len(c.days), func(i int) bool { return m < c.days[i].From }) - 1
}

// onGrid reports whether the clock shows a multiple of step.
func (c *calendar) onGrid(m, step Minute) bool { return c.wall(m)%step == 0 }

// nextOnGrid returns the first minute from m on at which the clock shows a multiple of step.
func (c *calendar) nextOnGrid(m, step Minute) Minute {
	for {
		w := c.wall(m)
		if w%step == 0 {
			return m
		}
		next := m + min(step-w%step, minutesADay-w)
		if i := c.offsetAt(m) + 1; i < len(c.offsets) {
			next = min(next, c.offsets[i].from)
		}
		m = next
	}
}

// on returns when an interval begins and ends on a day.
func (c *calendar) on(d *day, i civil.Interval) Span {
	if d.plain {
		return Span{d.From + Minute(i.From), d.From + Minute(i.To)}
	}
	start, end := i.On(d.date, c.zone)
	return Span{MinuteOf(start), MinuteOf(end)}
}
