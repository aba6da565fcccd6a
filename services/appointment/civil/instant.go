package civil

import (
	"sort"
	"time"
)

// window is longer than any offset from UTC and as long as the longest gap, when Samoa left out 30 December 2011. No zone of
// the database has ever changed its offset twice within three windows: the shortest time between was four days. So an offset
// that is the same at both ends of such a time is the same all the time.
const window = 24 * time.Hour

// At returns the instant of a wall time on a date. Of two occurrences it is the first. A time in a gap is shifted forward
// by the length of the gap. 24:00 is 00:00 of the next date.
func (d Date) At(w WallTime, zone *time.Location) time.Time {
	first, _, _ := d.resolve(w, zone)
	return first.In(zone)
}

// Occurrences returns the instants at which clocks show a wall time on a date: none in a gap, two where clocks are set
// back, else one.
func (d Date) Occurrences(w WallTime, zone *time.Location) []time.Time {
	first, second, count := d.resolve(w, zone)
	switch count {
	case 0:
		return nil
	case 1:
		return []time.Time{first.In(zone)}
	default:
		return []time.Time{first.In(zone), second.In(zone)}
	}
}

// Start returns the first instant of a date: usually 00:00, and the end of the gap where there is no 00:00. A date that a
// zone leaves out starts, and ends, when the next one does.
func (d Date) Start(zone *time.Location) time.Time {
	first, second, count := d.resolve(0, zone)
	if count == 0 {
		first = transition(second, first, zone)
	}
	return first.In(zone)
}

// End returns the first instant of the next date.
func (d Date) End(zone *time.Location) time.Time { return d.AddDays(1).Start(zone) }

// On returns when an interval begins and ends on a date. Both ends are mapped as by [Date.At] and stay within the date. The
// interval is empty on dates on which clocks skip it; then end is not after start. Two intervals of a day can overlap where
// an end of one is in a gap, because it is shifted.
func (i Interval) On(d Date, zone *time.Location) (start, end time.Time) {
	midnight := d.utc()
	if offset := offsetAt(midnight.Add(-window), zone); offset == offsetAt(midnight.Add(24*time.Hour+window), zone) {
		midnight = midnight.Add(-offset).In(zone)
		return midnight.Add(i.From.sinceMidnight()), midnight.Add(i.To.sinceMidnight())
	}
	first, last := d.Start(zone), d.End(zone)
	start, end = first, last
	if i.From > 0 {
		start = clamp(d.At(i.From, zone), first, last)
	}
	if i.To < EndOfDay {
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
// one with Start ≤ t < End. Clocks can show the date before, where they were set back over midnight.
func Local(t time.Time, zone *time.Location) (Date, WallTime) {
	offset := offsetAt(t, zone)
	shown := t.UTC().Add(offset)
	d := dateOf(shown)
	if offsetAt(t.Add(-window), zone) > offset && !t.Before(d.End(zone)) {
		d = d.AddDays(1)
	}
	return d, WallTime(shown.Hour()*60 + shown.Minute())
}

// resolve returns the instants at which clocks show a wall time on a date, in their order, and how many there are, 0 to 2.
// When there is none, first is the wall time shifted forward by the length of the gap, and second is shifted back by it:
// clocks are set forward after second, and at first or before.
func (d Date) resolve(w WallTime, zone *time.Location) (first, second time.Time, count int) {
	// The clock shows wall, as if it were UTC. With the offset o, the instant is wall − o.
	wall := d.utc().Add(w.sinceMidnight())
	before, after := offsetAt(wall.Add(-window), zone), offsetAt(wall.Add(window), zone)
	first, second = wall.Add(-before), wall.Add(-after)
	if before == after {
		return first, second, 1
	}
	isFirst, isSecond := offsetAt(first, zone) == before, offsetAt(second, zone) == after
	switch {
	case isFirst && isSecond:
		return first, second, 2
	case isFirst:
		return first, second, 1
	case isSecond:
		return second, first, 1
	default:
		return first, second, 0
	}
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
	return from.Add(time.Duration(n+1) * time.Second)
}
