package availability

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/beauty-salon/platform/services/appointment/civil"
	"github.com/beauty-salon/platform/services/appointment/schedule"
)

// TestPages walks through the slots of a search.
func TestPages(t *testing.T) {
	r := newRules(t, "Europe/Berlin", 60, 30)
	r.Hours = everyDay("09:00-12:00 13:00-15:00")
	for _, firstPerDay := range []bool{false, true} {
		for _, limit := range []int{1, 2, 3, 7, 8, 16, 100} {
			in := Range{First: date("2027-03-27"), Last: date("2027-03-30"), Limit: 1000, FirstPerDay: firstPerDay}
			all := r.Search(want("cut"), &Taken{}, in)
			if n := len(all.Slots); firstPerDay && n != 4 || !firstPerDay && n != 32 || all.More {
				t.Fatalf("%d slots, more: %t", n, all.More)
			}
			in.Limit = limit
			var pages []*Plan
			for {
				page := r.Search(want("cut"), &Taken{}, in)
				pages = append(pages, page.Slots...)
				if !page.More {
					break
				}
				if len(page.Slots) != limit {
					t.Fatalf("a page of %d, limit %d", len(page.Slots), limit)
				}
				in.After = page.Slots[limit-1].From
			}
			if !slices.EqualFunc(pages, all.Slots, func(a, b *Plan) bool { return a.Span == b.Span }) {
				t.Errorf("limit %d, first per day %t: %d slots", limit, firstPerDay, len(pages))
			}
		}
	}
}

// TestDaysAndPartOfDay leaves out other days of the week and times of the day.
func TestDaysAndPartOfDay(t *testing.T) {
	r := newRules(t, "Europe/Berlin", 30, 30)
	in := Range{
		First: date("2027-10-25"), Last: date("2027-11-07"), Days: []time.Weekday{time.Sunday, time.Monday},
		Part: civil.Interval{From: 150, To: 210}, Limit: 1000, // 02:30 to 03:30
	}
	var got []string
	for _, p := range r.Search(want("cut"), &Taken{}, in).Slots {
		got = append(got, p.From.Time().In(r.Zone).Format("01-02T15:04Z07"))
	}
	expected := []string{
		"10-25T02:30+02", "10-25T03:00+02", "10-31T02:30+02", "10-31T02:30+01", "10-31T03:00+01", "11-01T02:30+01", "11-01T03:00+01",
		"11-07T02:30+01", "11-07T03:00+01",
	}
	if !slices.Equal(got, expected) {
		t.Errorf("%v\nwant %v", got, expected)
	}
}

// TestStretches offers the starts of free stretches to those masters who have them.
func TestStretches(t *testing.T) {
	r := newRules(t, "UTC", 60, 30)
	r.perform("ada", "cut", minutes(60, 10, 0))
	r.Hours = everyDay("09:00-12:00")
	busy := taken("mira", span("2027-05-03T09:00Z", "2027-05-03T09:50Z"))
	busy.Claims["ada"] = taken("ada", span("2027-05-03T09:00Z", "2027-05-03T10:25Z")).Claims["ada"]
	var got []string
	for _, p := range r.Search(want("cut"), busy, Range{First: date("2027-05-03"), Last: date("2027-05-03"), Limit: 100}).Slots {
		got = append(got, fmt.Sprintf("%s %s+%d", p.From.Time().Format("15:04"), p.Segments[0].MasterID, p.Alternatives))
	}
	// mira is free from 09:50, ada with 10 minutes before from 10:35. At other minutes only steps are offered.
	expected := []string{"09:50 mira+0", "10:00 mira+0", "10:30 mira+0", "10:35 ada+0", "11:00 mira+1"}
	if !slices.Equal(got, expected) {
		t.Errorf("%v\nwant %v", got, expected)
	}
	if got := reasons(r, want("cut:mira"), busy, minute("2027-05-03T10:35Z")); got != "STEP" {
		t.Errorf("mira at 10:35: %q", got)
	}
	// A stretch that is cut by now begins earlier.
	q := want("cut:mira")
	q.Now = at("2027-05-03T09:51Z")
	got, expected = starts(r, q, busy, "2027-05-03", "2027-05-03"), []string{"05-03T10:00", "05-03T10:30", "05-03T11:00"}
	if !slices.Equal(got, expected) {
		t.Errorf("at 09:51: %v, want %v", got, expected)
	}
}

// TestAlternatives counts up to 1000.
func TestAlternatives(t *testing.T) {
	r := newRules(t, "UTC", 60, 30)
	for i := range 10 {
		r.perform(fmt.Sprint("master", i), "cut", minutes(60, 0, 0))
	}
	for n, expected := range map[int]int{1: 10, 2: 120, 3: 1000, 8: 1000} {
		p, ok := r.Plan(want(slices.Repeat([]string{"cut"}, n)...), &Taken{}, minute("2027-05-03T10:00Z"))
		if !ok || p.Alternatives != expected {
			t.Errorf("%d segments: %t, %d alternatives, want %d", n, ok, p.Alternatives, expected)
		}
	}
}

// TestOverride finds starts when the salon is closed, but not over what is taken.
func TestOverride(t *testing.T) {
	r := newRules(t, "UTC", 60, 30)
	r.Hours = everyDay("09:00-10:00")
	r.Policy.BuffersWithinHours = true
	r.perform("mira", "cut", minutes(60, 10, 10))
	q := want("cut")
	q.Staff, q.Override = true, true
	busy := taken("mira", span("2027-05-03T02:00Z", "2027-05-03T22:00Z"))
	expected := []string{"05-03T00:00", "05-03T00:30", "05-03T22:10", "05-03T22:30", "05-03T23:00", "05-03T23:30"}
	if got := starts(r, q, busy, "2027-05-03", "2027-05-03"); !slices.Equal(got, expected) {
		t.Errorf("%v, want %v", got, expected)
	}
}

// TestNeeds covers the local weeks around the dates when masters are compared, and all subjects.
func TestNeeds(t *testing.T) {
	r := newRules(t, "UTC", 60, 30)
	r.Kinds["chair"] = &Kind{ID: "chair", Units: []Unit{{ID: "chair1"}, {ID: "chair2"}}}
	r.perform("ada", "colour", &Offering{Phases: []Phase{{Minutes: 30, Kinds: []string{"chair"}}}})
	r.perform("eve", "nails", minutes(60, 0, 0))
	q := want("cut", "colour")
	q.Customer = "anna"
	expected := []string{"mira", "ada", "chair1", "chair2", "anna"}
	if got := r.Needs(q, date("2027-05-05"), date("2027-05-05")).Subjects; !slices.Equal(got, expected) {
		t.Errorf("%v, want %v", got, expected)
	}
	r.perform("eve", "cut", minutes(60, 0, 0))
	needs := r.Needs(q, date("2027-05-05"), date("2027-05-12"))
	if week := span("2027-05-03T00:00Z", "2027-05-17T00:00Z"); needs.From > week.From || needs.To < week.To {
		t.Errorf("%v does not cover %v", needs.Span, week)
	}
	if !slices.Contains(needs.Subjects, "eve") {
		t.Errorf("%v", needs.Subjects)
	}
}

// TestReasons names the reasons of a search that finds nothing, those during opening hours.
func TestReasons(t *testing.T) {
	r := newRules(t, "UTC", 60, 15)
	r.Hours = everyDay("09:00-12:00")
	busy := taken("mira", span("2027-05-03T09:00Z", "2027-05-03T11:30Z"))
	in := Range{First: date("2027-05-03"), Last: date("2027-05-03"), Limit: 10}
	if got := r.Search(want("cut"), busy, in).Reasons; !slices.Equal(got, []Reason{Booked, Closed}) {
		t.Errorf("booked: %v", got)
	}
	r.Hours.Dated = []schedule.Dated{{From: date("2027-05-03"), Until: date("2027-05-03")}}
	if got := r.Search(want("cut"), busy, in).Reasons; !slices.Equal(got, []Reason{Closed, Booked}) {
		t.Errorf("closed: %v", got)
	}
	in.Last = date("2027-05-04")
	if got := r.Search(want("cut"), busy, in).Reasons; got != nil {
		t.Errorf("with slots: %v", got)
	}
	in.Last, in.After = in.First, minute("2027-05-03T08:00Z")
	if got := r.Search(want("cut"), busy, in).Reasons; got != nil {
		t.Errorf("on a later page: %v", got)
	}
}
