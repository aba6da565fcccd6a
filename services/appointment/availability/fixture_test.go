package availability

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beauty-salon/platform/internal/zoneinfo"
	"github.com/beauty-salon/platform/services/appointment/civil"
	"github.com/beauty-salon/platform/services/appointment/salon"
	"github.com/beauty-salon/platform/services/appointment/schedule"
)

// now is long before the dates of the tests, and within the horizon.
var now = at("2027-01-01T00:00Z")

// newRules returns a salon that is open all day, with one master, mira, who performs one service, cut, of some minutes.
// Starts are offered every step minutes.
func newRules(t testing.TB, zone string, minutes, step Minute) *Rules {
	t.Helper()
	location, err := zoneinfo.Load(zone)
	if err != nil {
		t.Fatal(err)
	}
	policy := salon.DefaultPolicy()
	policy.SlotStep = time.Duration(step) * time.Minute
	r := &Rules{
		Zone: location, Policy: policy, Masters: map[string]*Master{}, Kinds: map[string]*Kind{},
		Services: map[string]*Service{"cut": {ID: "cut", Active: true, Online: true}},
	}
	r.perform("mira", "cut", &Offering{Phases: []Phase{{Minutes: minutes}}})
	return r
}

// perform adds what a master performs, and the master and the service if they are new.
func (r *Rules) perform(master, service string, o *Offering) {
	if r.Masters[master] == nil {
		r.Masters[master] = &Master{ID: master, Offerings: map[string]*Offering{}}
	}
	if r.Services[service] == nil {
		r.Services[service] = &Service{ID: service, Active: true, Online: true}
	}
	r.Masters[master].Offerings[service] = o
}

// minutes is an offering of one phase of work.
func minutes(n, before, after Minute) *Offering {
	return &Offering{Phases: []Phase{{Minutes: n}}, BufferBefore: before, BufferAfter: after}
}

// want is a query of a customer for services, each "service" or "service:master".
func want(chain ...string) Query {
	q := Query{Now: now}
	for _, text := range chain {
		service, master, named := strings.Cut(text, ":")
		w := Want{ServiceID: service}
		if named {
			w.MasterIDs = []string{master}
		}
		q.Chain = append(q.Chain, w)
	}
	return q
}

// everyDay is hours of each day, such as "09:00-12:00 13:00-17:00".
func everyDay(hours string) schedule.Hours {
	var week civil.Week
	for d := range week {
		week[d] = dayOf(hours)
	}
	return schedule.Hours{Periods: []schedule.Period{{Week: week}}}
}

func dayOf(hours string) civil.Day {
	var day civil.Day
	for text := range strings.FieldsSeq(hours) {
		from, to, _ := strings.Cut(text, "-")
		interval, err := civil.ParseInterval(from, to)
		if err != nil {
			panic(err)
		}
		day = append(day, interval)
	}
	return day
}

func date(text string) civil.Date {
	d, err := civil.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return d
}

// at is an instant such as "2027-03-14T17:00Z".
func at(text string) time.Time {
	t, err := time.Parse("2006-01-02T15:04Z07:00", text)
	if err != nil {
		panic(err)
	}
	return t
}

func minute(text string) Minute { return MinuteOf(at(text)) }

// span is an appointment's or a closure's time.
func span(from, to string) Span { return Span{minute(from), minute(to)} }

// taken is claims of one subject, by an appointment each.
func taken(subject string, spans ...Span) *Taken {
	t := &Taken{Claims: map[string][]Claim{}}
	for i, s := range spans {
		t.Claims[subject] = append(t.Claims[subject], Claim{Span: s, AppointmentID: string(rune('a' + i))})
	}
	return t
}

// starts returns the starts that a search finds from one date to another, in UTC.
func starts(r *Rules, q Query, t *Taken, first, last string) []string {
	var list []string
	for _, p := range r.Search(q, t, Range{First: date(first), Last: date(last), Limit: 10000}).Slots {
		list = append(list, p.From.Time().Format("01-02T15:04"))
	}
	return list
}

// reasons returns the reasons against a start, each once.
func reasons(r *Rules, q Query, t *Taken, start Minute) string {
	var list []string
	for _, b := range r.Explain(q, t, start) {
		if text := string(b.Reason); !strings.Contains(strings.Join(list, " "), text) {
			list = append(list, text)
		}
	}
	return strings.Join(list, " ")
}

// Plan returns the best plan at a start, apart from those with the masters in except, one for each segment.
func (r *Rules) Plan(q Query, t *Taken, start Minute, except ...[]string) (*Plan, bool) {
	s := r.solverAt(q, t, start)
	plan, ok := s.best(start)
	if !ok || len(except) == 0 {
		return plan, ok
	}
	plan = nil
	s.choices(startState(start), nil, nil, func(chosen []*option) bool {
		p := s.newPlan(chosen)
		if !slices.ContainsFunc(except, func(ids []string) bool { return slices.Equal(ids, p.MasterIDs()) }) {
			plan = p
		}
		return plan == nil
	})
	return plan, plan != nil
}
