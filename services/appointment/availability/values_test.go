package availability

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beauty-salon/platform/services/appointment/civil"
	"github.com/beauty-salon/platform/services/appointment/schedule"
)

// TestStarts are values that must come out of searches.
func TestStarts(t *testing.T) {
	tuesdays := schedule.Hours{Periods: []schedule.Period{{Week: civil.Week{time.Tuesday: dayOf("13:00-14:00")}}}}
	for _, tt := range []struct {
		name          string
		zone          string
		hours         schedule.Hours
		minutes, step Minute
		first, last   string
		now           string
		taken         *Taken
		change        func(*Rules)
		want          string // "first … last" for all of a step in between
	}{
		{
			name: "New York on the day when clocks are set forward", zone: "America/New_York", hours: everyDay("13:00-18:00"),
			minutes: 60, step: 30, first: "2027-03-14", last: "2027-03-14", want: "03-14T17:00 … 03-14T21:00",
		},
		{
			name: "New York on the day before", zone: "America/New_York", hours: everyDay("13:00-18:00"),
			minutes: 60, step: 30, first: "2027-03-13", last: "2027-03-13", want: "03-13T18:00 … 03-13T22:00",
		},
		{
			name: "Berlin on Tuesdays", zone: "Europe/Berlin", hours: tuesdays,
			minutes: 60, step: 60, first: "2027-10-25", last: "2027-11-07", want: "10-26T11:00 11-02T12:00",
		},
		{
			name: "Berlin, eight hours when clocks are set forward", zone: "Europe/Berlin", hours: everyDay("09:00-17:00"),
			minutes: 60, step: 30, first: "2027-03-28", last: "2027-03-28", want: "03-28T07:00 … 03-28T14:00",
		},
		{
			name: "Berlin, an hour that does not exist", zone: "Europe/Berlin", hours: everyDay("02:00-04:00"),
			minutes: 30, step: 30, first: "2027-03-28", last: "2027-03-28", want: "03-28T01:00 03-28T01:30",
		},
		{
			name: "Berlin, an hour that exists twice", zone: "Europe/Berlin", hours: everyDay("02:00-04:00"),
			minutes: 30, step: 30, first: "2027-10-31", last: "2027-10-31", want: "10-31T00:00 … 10-31T02:30",
		},
		{
			name: "bookable until 31 January, Los Angeles", zone: "America/Los_Angeles", minutes: 60, step: 60,
			first: "2027-01-31", last: "2027-02-02", want: "01-31T08:00 … 02-01T07:00",
			change: func(r *Rules) { r.Policy.BookableUntil = date("2027-01-31") },
		},
		{
			name: "lead time of 7 days over the end of summer time", zone: "America/New_York", hours: everyDay("09:00-17:00"),
			minutes: 60, step: 60, first: "2027-10-31", last: "2027-11-07", now: "2027-10-31T15:00Z",
			change: func(r *Rules) { r.Policy.LeadTime = 7 * 24 * time.Hour },
			want:   "11-07T15:00 … 11-07T21:00",
		},
		{
			name: "that day's hours", zone: "America/New_York", hours: everyDay("09:00-17:00"),
			minutes: 60, step: 60, first: "2027-11-07", last: "2027-11-07", want: "11-07T14:00 … 11-07T21:00",
		},
		{
			name: "until 24:00", zone: "Europe/Berlin", hours: everyDay("18:00-24:00"),
			minutes: 60, step: 60, first: "2027-05-03", last: "2027-05-03", want: "05-03T16:00 … 05-03T21:00",
		},
		{
			name: "a break", zone: "UTC", hours: everyDay("09:30-12:00 12:30-17:00"),
			minutes: 60, step: 30, first: "2027-05-03", last: "2027-05-03",
			want: "05-03T09:30 05-03T10:00 05-03T10:30 05-03T11:00 05-03T12:30 05-03T13:00 05-03T13:30 05-03T14:00 05-03T14:30 " +
				"05-03T15:00 05-03T15:30 05-03T16:00",
		},
		{
			name: "90 minutes until 20:00", zone: "UTC", hours: everyDay("16:00-20:00"),
			minutes: 90, step: 30, first: "2027-05-03", last: "2027-05-03", want: "05-03T16:00 … 05-03T18:30",
		},
		{
			name: "15 minutes before, after what is taken", zone: "UTC", hours: everyDay("12:30-16:00"),
			minutes: 60, step: 5, first: "2027-05-03", last: "2027-05-03",
			change: func(r *Rules) { r.perform("mira", "cut", minutes(60, 15, 0)) },
			taken:  taken("mira", span("2027-05-03T12:50Z", "2027-05-03T13:50Z")),
			want:   "05-03T14:05 … 05-03T15:00",
		},
		{
			name: "540 minutes", zone: "UTC", hours: everyDay("09:00-18:00"),
			minutes: 540, step: 15, first: "2027-05-03", last: "2027-05-03", want: "05-03T09:00",
		},
		{
			name: "540 minutes, taken", zone: "UTC", hours: everyDay("09:00-18:00"),
			minutes: 540, step: 15, first: "2027-05-03", last: "2027-05-03",
			taken: taken("mira", span("2027-05-03T09:00Z", "2027-05-03T18:00Z")),
		},
		{
			name: "105 minutes taken at 10:00, seen at 10:15", zone: "UTC", hours: everyDay("10:00-13:00"), now: "2027-05-03T10:15Z",
			minutes: 60, step: 15, first: "2027-05-03", last: "2027-05-03",
			taken: taken("mira", span("2027-05-03T10:00Z", "2027-05-03T11:45Z")), want: "05-03T11:45 05-03T12:00",
		},
		{
			name: "a gap between two steps", zone: "UTC", hours: everyDay("09:00-12:00"),
			minutes: 60, step: 60, first: "2027-05-03", last: "2027-05-03",
			taken: taken("mira", span("2027-05-03T09:10Z", "2027-05-03T09:40Z"), span("2027-05-03T10:40Z", "2027-05-03T12:00Z")),
			want:  "05-03T09:40",
		},
		{
			name: "a clock with half hours", zone: "Asia/Kolkata", hours: everyDay("09:00-11:00"),
			minutes: 60, step: 60, first: "2027-05-03", last: "2027-05-03", want: "05-03T03:30 05-03T04:30",
		},
		{
			name: "Lord Howe, half an hour twice", zone: "Australia/Lord_Howe", hours: everyDay("01:00-03:00"),
			minutes: 15, step: 30, first: "2027-04-04", last: "2027-04-04", want: "04-03T14:00 … 04-03T16:00",
		},
		{
			name: "two stretches that touch at midnight", zone: "Europe/Berlin", hours: everyDay("00:00-01:00 23:00-24:00"),
			minutes: 90, step: 30, first: "2027-05-03", last: "2027-05-04", want: "05-03T21:00 05-03T21:30 05-04T21:00 05-04T21:30",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRules(t, tt.zone, tt.minutes, tt.step)
			r.Masters["mira"].Hours = tt.hours
			if tt.change != nil {
				tt.change(r)
			}
			q := want("cut")
			if tt.now != "" {
				q.Now = at(tt.now)
			}
			if tt.taken == nil {
				tt.taken = &Taken{}
			}
			expected := strings.Fields(tt.want)
			if first, last, ok := strings.Cut(tt.want, " … "); ok {
				expected = nil
				for m := minute("2027-" + first + "Z"); m <= minute("2027-"+last+"Z"); m += tt.step {
					expected = append(expected, m.Time().Format("01-02T15:04"))
				}
			}
			if got := starts(r, q, tt.taken, tt.first, tt.last); !slices.Equal(got, expected) {
				t.Errorf("%v\nwant %v", got, expected)
			}
		})
	}
}

// TestFirstStartsAroundSummerTime searches for the first start of each day.
func TestFirstStartsAroundSummerTime(t *testing.T) {
	r := newRules(t, "America/New_York", 60, 30)
	r.Hours = everyDay("09:00-17:00")
	var got []string
	for _, p := range r.Search(want("cut"), &Taken{}, Range{
		First: date("2027-11-06"), Last: date("2027-11-08"), Limit: 10, FirstPerDay: true,
	}).Slots {
		got = append(got, p.From.Time().Format("01-02T15:04"))
		if blocks := r.Explain(want("cut"), &Taken{}, p.From); len(blocks) > 0 {
			t.Errorf("%v cannot be booked: %v", p.From.Time(), blocks)
		}
	}
	if expected := []string{"11-06T13:00", "11-07T14:00", "11-08T14:00"}; !slices.Equal(got, expected) {
		t.Errorf("%v, want %v", got, expected)
	}
}

// TestBookableUntil is about one instant after the last date.
func TestBookableUntil(t *testing.T) {
	r := newRules(t, "America/Los_Angeles", 60, 60)
	r.Policy.BookableUntil = date("2027-01-31")
	if got := reasons(r, want("cut"), &Taken{}, minute("2027-02-01T01:00Z")); got != "" {
		t.Errorf("on the last date: %v", got)
	}
	if got := reasons(r, want("cut"), &Taken{}, minute("2027-02-01T08:00Z")); got != "HORIZON" {
		t.Errorf("after the last date: %q", got)
	}
}

// TestHalfPastTwelve finds no start at 15:45 and explains it.
func TestBufferBefore(t *testing.T) {
	r := newRules(t, "UTC", 60, 5)
	r.Hours = everyDay("12:30-16:00")
	r.perform("mira", "cut", minutes(60, 15, 0))
	busy := taken("mira", span("2027-05-03T12:50Z", "2027-05-03T13:50Z"))
	for start, expected := range map[string]string{
		"2027-05-03T15:45Z": "CLOSED", "2027-05-03T14:00Z": "BUFFER", "2027-05-03T14:05Z": "", "2027-05-03T13:45Z": "BOOKED",
		"2027-05-03T12:30Z": "BOOKED",
	} {
		if got := reasons(r, want("cut"), busy, minute(start)); got != expected {
			t.Errorf("%s: %q, want %q", start, got, expected)
		}
	}
}

// TestDaysThatAreShorter covers a day off that begins at 01:00, and one by dates over the end of summer time.
func TestDaysOff(t *testing.T) {
	t.Run("Cairo, a Friday that begins at 01:00", func(t *testing.T) {
		r := newRules(t, "Africa/Cairo", 60, 60)
		friday := date("2027-04-30")
		r.Masters["mira"].Hours.Dated = []schedule.Dated{{From: friday, Until: friday}}
		expected := span("2027-04-29T22:00Z", "2027-04-30T21:00Z")
		if got := closedAround(r, "2027-04-28", "2027-05-02"); !slices.Equal(got, []Span{expected}) {
			t.Errorf("%v, want %v", got, expected)
		}
	})
	t.Run("Los Angeles, 27 to 31 October", func(t *testing.T) {
		r := newRules(t, "America/Los_Angeles", 60, 60)
		off := Span{MinuteOf(date("2027-10-27").Start(r.Zone)), MinuteOf(date("2027-10-31").End(r.Zone))}
		r.Masters["mira"].TimeOff = []Span{off}
		expected := span("2027-10-27T07:00Z", "2027-11-01T07:00Z")
		if got := closedAround(r, "2027-10-25", "2027-11-03"); !slices.Equal(got, []Span{expected}) {
			t.Errorf("%v, want %v", got, expected)
		}
		if got := reasons(r, want("cut"), &Taken{}, minute("2027-11-01T06:00Z")); got != "TIME_OFF" {
			t.Errorf("in the last hour: %q", got)
		}
		if got := reasons(r, want("cut"), &Taken{}, minute("2027-11-01T07:00Z")); got != "" {
			t.Errorf("afterwards: %q", got)
		}
	})
}

// closedAround returns when mira cannot work between two dates.
func closedAround(r *Rules, first, last string) []Span {
	s := newSolver(r, want("cut"), date(first), date(last))
	s.load(&Taken{})
	return subtract([]Span{s.calendar.span()}, s.masters[0].open)
}

// TestDayOfTheWeek finds what begins at midnight under the day that begins.
func TestDayOfTheWeek(t *testing.T) {
	r := newRules(t, "Europe/Amsterdam", 15, 15)
	r.Hours = schedule.Hours{Periods: []schedule.Period{{Week: civil.Week{time.Saturday: dayOf("00:00-00:15")}}}}
	in := Range{First: date("2027-05-03"), Last: date("2027-05-09"), Days: []time.Weekday{time.Saturday}, Limit: 10}
	got := r.Search(want("cut"), &Taken{}, in).Slots
	if len(got) != 1 || got[0].Span != span("2027-05-07T22:00Z", "2027-05-07T22:15Z") {
		t.Errorf("%v", got)
	}
	in.Days = []time.Weekday{time.Friday}
	if got := r.Search(want("cut"), &Taken{}, in); len(got.Slots) > 0 || !slices.Equal(got.Reasons, []Reason{Closed}) {
		t.Errorf("on Friday: %v", got)
	}
}

// TestEveryStart compares a search with each minute of two weeks around the beginning of summer time in Detroit: what is listed
// can be booked, and everything else has a reason.
func TestEveryStart(t *testing.T) {
	r := newRules(t, "America/Detroit", 45, 15)
	r.Hours = everyDay("08:00-13:00 13:30-20:00")
	random := rand.New(rand.NewPCG(1, 2))
	var spans []Span
	for m := minute("2027-03-08T12:00Z"); m < minute("2027-03-23T00:00Z"); m += Minute(random.IntN(300)) {
		spans = append(spans, Span{m, m + 20})
		m += 20
	}
	busy := taken("mira", spans...)
	listed := map[Minute]bool{}
	for _, p := range r.Search(want("cut"), busy, Range{First: date("2027-03-09"), Last: date("2027-03-22"), Limit: 10000}).Slots {
		listed[p.From] = true
	}
	if len(listed) < 200 || !listed[minute("2027-03-22T22:00Z")] && !overlaps(spans, span("2027-03-22T22:00Z", "2027-03-22T22:45Z")) {
		t.Fatalf("%d starts", len(listed))
	}
	for m := minute("2027-03-09T05:00Z"); m < minute("2027-03-23T04:00Z"); m++ {
		blocks := r.Explain(want("cut"), busy, m)
		if _, ok := r.Plan(want("cut"), busy, m); ok != listed[m] || ok != (len(blocks) == 0) {
			t.Fatalf("%v: listed %t, planned %t, blocks %v", m.Time(), listed[m], ok, blocks)
		}
	}
}

// TestOutsideOfHours is refused with the rule, and staff may do it on purpose.
func TestOutsideOfHours(t *testing.T) {
	r := newRules(t, "Europe/Berlin", 60, 15)
	r.Hours = everyDay("09:00-18:00")
	r.Masters["mira"].Hours = everyDay("10:00-16:00")
	evening := minute("2027-05-03T14:30Z") // 16:30
	expected := []Block{{Reason: OutsideHours, Owner: OwnerMaster, MasterID: "mira"}}
	for _, staff := range []bool{false, true} {
		q := want("cut")
		q.Staff = staff
		if got := r.Explain(q, &Taken{}, evening); !reflect.DeepEqual(got, expected) {
			t.Errorf("staff %t: %v", staff, got)
		}
		if got := reasons(r, q, &Taken{}, evening+60); got != "CLOSED OUTSIDE_HOURS" {
			t.Errorf("staff %t, after closing: %v", staff, got)
		}
	}
	q := want("cut")
	q.Staff, q.Override = true, true
	if got := r.Explain(q, &Taken{}, evening+60); len(got) > 0 {
		t.Errorf("on purpose: %v", got)
	}
	if got := reasons(r, q, taken("mira", Span{evening, evening + 1}), evening); got != "BOOKED" {
		t.Errorf("on purpose over something else: %q", got)
	}
}

// TestNextBest gives two masters to two customers, and nobody to a third one.
func TestNextBest(t *testing.T) {
	r := newRules(t, "UTC", 60, 15)
	r.perform("ada", "cut", minutes(60, 0, 0))
	start := minute("2027-05-03T10:00Z")
	first, ok := r.Plan(want("cut"), &Taken{}, start)
	if !ok || first.Segments[0].MasterID != "ada" || first.Alternatives != 1 {
		t.Fatalf("%+v, %t", first, ok)
	}
	second, ok := r.Plan(want("cut"), &Taken{}, start, first.MasterIDs())
	if !ok || second.Segments[0].MasterID != "mira" {
		t.Fatalf("%+v, %t", second, ok)
	}
	if third, ok := r.Plan(want("cut"), &Taken{}, start, first.MasterIDs(), second.MasterIDs()); ok {
		t.Errorf("%+v", third)
	}
}
