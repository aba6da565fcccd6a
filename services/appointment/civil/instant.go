package civil

import (
	"sort"
	"time"
)

const (
	// window bounds the search for transitions around a wall time: offsets from UTC are smaller, and so is the longest gap
	// (24 hours, when Samoa left out 30 December 2011).
	window = 26 * time.Hour
	// step is less than any zone keeps an offset. [time.Time.ZoneBounds] would tell the transitions, but in leap years it
	// names a bound that is none, and that is its own bound (Go 1.26).
	step = 13 * time.Hour
)

// At returns the instant of a wall time on a date. Of two occurrences it is the first. A time in a gap is shifted forward
// by the length of the gap. 24:00 is 00:00 of the next date.
func (d Date) At(w WallTime, zone *time.Location) time.Time {
	first, _, shifted, _ := d.resolve(w, zone)
	if first.IsZero() {
		return shifted
	}
	return first
}

// Occurrences returns the instants at which clocks show a wall time on a date: none in a gap, two where clocks are set
// back, else one.
func (d Date) Occurrences(w WallTime, zone *time.Location) []time.Time {
	first, second, _, _ := d.resolve(w, zone)
	switch {
	case first.IsZero():
		return nil
	case second.IsZero():
		return []time.Time{first}
	default:
		return []time.Time{first, second}
	}
}

// Start returns the first instant of a date: usually 00:00, and the end of the gap where there is no 00:00. A date that a
// zone leaves out starts, and ends, when the next one does.
func (d Date) Start(zone *time.Location) time.Time {
	first, _, _, gap := d.resolve(0, zone)
	if first.IsZero() {
		return gap
	}
	return first
}

// End returns the first instant of the next date.
func (d Date) End(zone *time.Location) time.Time { return d.AddDays(1).Start(zone) }

// On returns when an interval begins and ends on a date. It is part of the day, and empty (end is not after start) where
// clocks skip it.
func (i Interval) On(d Date, zone *time.Location) (start, end time.Time) {
	first, last := d.Start(zone), d.End(zone)
	start, end = first, last
	if i.From > 0 {
		start = clamp(d.At(i.From, zone), first, last)
	}
	if i.To < endOfDay {
		end = clamp(d.At(i.To, zone), first, last)
	}
	return start, end
}

func clamp(t, first, last time.Time) time.Time {
	switch {
	case t.Before(first):
		return first
	case t.After(last):
		return last
	default:
		return t
	}
}

// Local returns the date that an instant belongs to, and the wall time that clocks show, without seconds. The date is the
// one with Start ≤ t < End, also where clocks were set back over midnight.
func Local(t time.Time, zone *time.Location) (Date, WallTime) {
	t = t.In(zone)
	d := dateOf(t)
	if end := d.End(zone); !t.Before(end) {
		d = d.AddDays(1)
	}
	return d, WallTime(t.Hour()*60 + t.Minute())
}

// resolve returns the instants that show a wall time, first and second; a zero time where there is none. When there is no
// first, the wall time is in a gap: shifted is the wall time moved forward by the length of the gap, and gap is when
// clocks are set forward.
func (d Date) resolve(w WallTime, zone *time.Location) (first, second, shifted, gap time.Time) {
	// wall is what the clock shows, as if it were UTC. With the offset o, the instant is wall − o.
	wall := d.utc().Add(time.Duration(w) * time.Minute)
	var previous time.Duration
	for t := wall.Add(-window); !t.After(wall.Add(window)); t = t.Add(step) {
		offset := offsetAt(t, zone)
		if offset == previous && t.After(wall.Add(-window)) {
			continue
		}
		if instant := wall.Add(-offset).In(zone); offsetAt(instant, zone) == offset && !instant.Equal(first) {
			if first.IsZero() {
				first = instant
			} else {
				second = instant
			}
		}
		if offset > previous && t.After(wall.Add(-window)) {
			at := transition(t.Add(-step), t, zone)
			if !wall.Before(at.Add(previous)) && wall.Before(at.Add(offset)) { // clocks skip the wall time
				shifted, gap = wall.Add(-previous).In(zone), at
			}
		}
		previous = offset
	}
	return first, second, shifted, gap
}

func offsetAt(t time.Time, zone *time.Location) time.Duration {
	_, seconds := t.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}

// transition returns the first whole second of (from, to] at which a zone has the offset that it has at to.
func transition(from, to time.Time, zone *time.Location) time.Time {
	want := offsetAt(to, zone)
	n := sort.Search(int(to.Sub(from)/time.Second), func(i int) bool {
		return offsetAt(from.Add(time.Duration(i+1)*time.Second), zone) == want
	})
	return from.Add(time.Duration(n+1) * time.Second).In(zone)
}
