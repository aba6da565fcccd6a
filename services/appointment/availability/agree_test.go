package availability

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/beauty-salon/platform/services/appointment/schedule"
)

// TestScheduleAgrees: what is shown as the open time of a master (package schedule) is when the search finds them open, over days on which clocks
// change.
func TestScheduleAgrees(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := drawCase(t)
		shown := schedule.Calendar{
			Zone: c.rules.Zone, Salon: c.rules.Hours, Masters: map[string]schedule.Hours{}, TimeOff: map[string][]schedule.TimeOffEntry{},
		}
		for _, m := range c.rules.Masters {
			shown.Masters[m.ID] = m.Hours
			for _, off := range m.TimeOff {
				shown.TimeOff[m.ID] = append(shown.TimeOff[m.ID], schedule.TimeOffEntry{Span: schedule.Span{Start: off.From.Time(), End: off.To.Time()}})
			}
			if byDates := c.date.AddDays(1); rarely(t, "time off by dates") {
				shown.TimeOff[m.ID] = append(shown.TimeOff[m.ID], schedule.TimeOffEntry{From: byDates, Until: byDates})
				dates, err := datesSpan(byDates.String(), byDates.String(), c.rules.Zone)
				if err != nil {
					t.Fatal(err)
				}
				if dates.From < dates.To { // the date is not left out by the zone
					m.TimeOff = union(m.TimeOff, []Span{dates})
				}
			}
		}
		first, last := c.date.AddDays(-1), c.date.AddDays(2)
		days := newCalendar(c.rules.Zone, first, last)
		during := schedule.Span{Start: first.Start(c.rules.Zone), End: last.End(c.rules.Zone)}
		for _, m := range c.rules.Masters {
			opening := c.rules.opening(&days)
			salon, master := shown.Open(m.ID, during)
			wantSame(t, "the salon", opening, salon)
			wantSame(t, m.ID, subtract(intersect(m.working(&days), opening), m.TimeOff), master)
		}
	})
}

// wantSame compares spans minute by minute, however they are cut.
func wantSame(t *rapid.T, who string, found []Span, shown []schedule.Span) {
	t.Helper()
	open := map[Minute]int{}
	for _, s := range found {
		for m := s.From; m < s.To; m++ {
			open[m] |= 1
		}
	}
	for _, s := range shown {
		for m := MinuteOf(s.Start); m < MinuteOf(s.End); m++ {
			open[m] |= 2
		}
	}
	for m, by := range open {
		if by != 3 {
			t.Fatalf("%s at %v: found by %b (1: the search, 2: what is shown); %v and %v", who, m.Time(), by, found, shown)
		}
	}
}
