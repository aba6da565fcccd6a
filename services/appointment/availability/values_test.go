package availability

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/beauty-salon/platform/services/appointment/civil"
	"github.com/beauty-salon/platform/services/appointment/schedule"
)

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

// TestBufferBefore explains starts around what is taken.
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

// TestDaysOff covers a day off that begins at 01:00, and one by dates over the end of summer time.
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
	free := span("2027-03-22T22:00Z", "2027-03-22T22:45Z")
	var spans []Span
	for m := minute("2027-03-08T12:00Z"); m < minute("2027-03-23T00:00Z"); m += Minute(random.IntN(300)) {
		if s := (Span{m, m + 20}); !overlaps([]Span{free}, s) {
			spans = append(spans, s)
		}
		m += 20
	}
	busy := taken("mira", spans...)
	listed := map[Minute]bool{}
	for _, p := range r.Search(want("cut"), busy, Range{First: date("2027-03-09"), Last: date("2027-03-22"), Limit: 10000}).Slots {
		listed[p.From] = true
	}
	if len(listed) < 200 || !listed[free.From] {
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
