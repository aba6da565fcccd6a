package availability

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/beauty-salon/platform/internal/zoneinfo"
	"github.com/beauty-salon/platform/services/appointment/civil"
)

// TestCalendar compares a calendar with the dates and wall times of package civil.
func TestCalendar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		where := rapid.SampledFrom(dates).Draw(t, "date")
		zone, err := zoneinfo.Load(where.zone)
		if err != nil {
			t.Fatal(err)
		}
		first := where.date.AddDays(rapid.IntRange(-3, 0).Draw(t, "before"))
		c := newCalendar(zone, first, where.date.AddDays(rapid.IntRange(0, 3).Draw(t, "after")))
		m := c.span().From + Minute(rapid.IntRange(0, int(c.span().To-c.span().From)-1).Draw(t, "minute"))
		d, wall := civil.Local(m.Time(), zone)
		if got := c.days[c.dayOf(m)].date; got != d || c.wall(m) != Minute(wall) {
			t.Fatalf("%v: %v %d, want %v %v", m.Time(), got, c.wall(m), d, wall)
		}
		step := Minute(rapid.IntRange(5, 60).Draw(t, "step"))
		next := m
		for c.wall(next)%step != 0 {
			next++
		}
		if got := c.nextOnGrid(m, step); got != next {
			t.Fatalf("the step after %v: %v, want %v", m.Time(), got.Time(), next.Time())
		}
		from := rapid.IntRange(0, 1439).Draw(t, "from")
		interval := civil.Interval{From: civil.WallTime(from), To: civil.WallTime(rapid.IntRange(from+1, 1440).Draw(t, "to"))}
		for i := range c.days {
			start, end := interval.On(c.days[i].date, zone)
			if got := c.on(&c.days[i], interval); got != (Span{MinuteOf(start), MinuteOf(end)}) {
				t.Fatalf("%v on %v: %v to %v", interval, c.days[i].date, got.From.Time(), got.To.Time())
			}
		}
	})
}

// TestIntervalInAGap has an interval in an hour that clocks skip, which is then as much later as the next one.
func TestIntervalInAGap(t *testing.T) {
	r := newRules(t, "Europe/Berlin", 60, 15)
	r.Hours = everyDay("02:20-02:50 03:00-04:00")
	c := newCalendar(r.Zone, date("2027-03-28"), date("2027-03-28"))
	if got := r.opening(&c); !slices.Equal(got, []Span{span("2027-03-28T01:00Z", "2027-03-28T02:00Z")}) {
		t.Errorf("%v", got)
	}
}

// TestSpans compares operations on lists with the minutes that they have.
func TestSpans(t *testing.T) {
	list := rapid.Custom(func(t *rapid.T) []Span {
		var spans []Span
		at := Minute(0)
		for range rapid.IntRange(0, 5).Draw(t, "spans") {
			at += Minute(rapid.IntRange(1, 5).Draw(t, "pause"))
			spans = append(spans, Span{at, at + Minute(rapid.IntRange(1, 5).Draw(t, "length"))})
			at = spans[len(spans)-1].To
		}
		return spans
	})
	has := func(list []Span, m Minute) bool {
		return slices.ContainsFunc(list, func(s Span) bool { return s.From <= m && m < s.To })
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := list.Draw(t, "a"), list.Draw(t, "b")
		wasA, wasB := slices.Clone(a), slices.Clone(b)
		both, rest, either := intersect(a, b), subtract(a, b), union(a, b)
		if !slices.Equal(a, wasA) || !slices.Equal(b, wasB) {
			t.Fatalf("%v and %v became %v and %v", wasA, wasB, a, b)
		}
		for m := range Minute(60) {
			inA, inB := has(a, m), has(b, m)
			if has(both, m) != (inA && inB) || has(rest, m) != (inA && !inB) || has(either, m) != (inA || inB) {
				t.Fatalf("%d: %v, %v, %v", m, both, rest, either)
			}
		}
		for _, l := range [][]Span{both, rest, either} {
			for i := range l {
				if l[i].From >= l[i].To || i > 0 && l[i-1].To >= l[i].From {
					t.Fatalf("%v is not sorted", l)
				}
			}
		}
		s := Span{From: Minute(rapid.IntRange(0, 60).Draw(t, "from"))}
		s.To = s.From + Minute(rapid.IntRange(0, 20).Draw(t, "length"))
		var n Minute
		for m := s.From; m < s.To; m++ {
			if has(a, m) {
				n++
			}
		}
		if contains(a, s) != (n == s.To-s.From) || overlaps(a, s) != (n > 0) || minutesIn(a, s) != n {
			t.Fatalf("%v of %v: %t, %t, %d, want %d", s, a, contains(a, s), overlaps(a, s), minutesIn(a, s), n)
		}
	})
}
