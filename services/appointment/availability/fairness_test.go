package availability

import (
	"slices"
	"strings"
	"testing"

	"github.com/beauty-salon/platform/services/appointment/schedule"
)

// TestFairness chooses among ada, ben and mira, who work 09:00 to 17:00 UTC from Monday to Sunday. The start is on Wednesday,
// 2027-05-05.
func TestFairness(t *testing.T) {
	for _, tt := range []struct {
		name  string
		claim map[string][]Span
		edit  func(*Rules)
		query func(*Query)
		want  string // from the fairest to the least fair
	}{
		{name: "all alike: by id", want: "ada ben mira"},
		{
			name: "who has least in the week",
			claim: map[string][]Span{
				"ada": {span("2027-05-03T09:00Z", "2027-05-03T11:00Z")},
				"ben": {span("2027-05-09T09:00Z", "2027-05-09T10:00Z")},
			},
			want: "mira ben ada",
		},
		{
			name: "other weeks do not count",
			claim: map[string][]Span{
				"ada": {span("2027-05-02T09:00Z", "2027-05-02T17:00Z"), span("2027-05-10T09:00Z", "2027-05-10T17:00Z")},
				"ben": {span("2027-05-03T09:00Z", "2027-05-03T10:00Z")},
			},
			want: "ada mira ben",
		},
		{
			name: "half the hours, half the share",
			// All are booked 4 hours. Their shares are 2/5, 2/5 and 1/5 of 12 hours: mira is ahead of her share, the others behind.
			claim: map[string][]Span{
				"ada":  {span("2027-05-03T09:00Z", "2027-05-03T13:00Z")},
				"ben":  {span("2027-05-03T09:00Z", "2027-05-03T13:00Z")},
				"mira": {span("2027-05-03T09:00Z", "2027-05-03T13:00Z")},
			},
			edit: func(r *Rules) { r.Masters["mira"].Hours = everyDay("09:00-13:00") },
			want: "ada ben mira",
		},
		{
			name: "behind although more is booked",
			// The shares are 2/5, 2/5 and 1/5 of 7 hours, 2.8, 2.8 and 1.4: ada is 0.2 ahead, ben 0.8 behind, mira 0.6 ahead.
			claim: map[string][]Span{
				"ada":  {span("2027-05-03T09:00Z", "2027-05-03T12:00Z")},
				"ben":  {span("2027-05-03T09:00Z", "2027-05-03T11:00Z")},
				"mira": {span("2027-05-03T09:00Z", "2027-05-03T11:00Z")},
			},
			edit: func(r *Rules) { r.Masters["mira"].Hours = everyDay("09:00-13:00") },
			want: "ben ada mira",
		},
		{
			name: "time off lessens the share",
			claim: map[string][]Span{
				"ada":  {span("2027-05-03T09:00Z", "2027-05-03T10:00Z")},
				"ben":  {span("2027-05-03T09:00Z", "2027-05-03T10:00Z")},
				"mira": {span("2027-05-03T09:00Z", "2027-05-03T10:00Z")},
			},
			edit: func(r *Rules) { r.Masters["ada"].TimeOff = []Span{span("2027-05-06T00:00Z", "2027-05-08T00:00Z")} },
			want: "ben mira ada",
		},
		{
			name: "alike in the week: who has least on the day",
			claim: map[string][]Span{
				"ada":  {span("2027-05-05T15:00Z", "2027-05-05T16:00Z")},
				"ben":  {span("2027-05-04T15:00Z", "2027-05-04T16:00Z")},
				"mira": {span("2027-05-05T15:30Z", "2027-05-05T16:00Z"), span("2027-05-06T15:30Z", "2027-05-06T16:00Z")},
			},
			want: "ben mira ada",
		},
		{
			name: "what is taken twice counts once",
			claim: map[string][]Span{
				"ada":  {span("2027-05-03T09:00Z", "2027-05-03T10:00Z"), span("2027-05-03T09:00Z", "2027-05-03T10:00Z")},
				"ben":  {span("2027-05-03T09:00Z", "2027-05-03T10:01Z")},
				"mira": {span("2027-05-03T09:00Z", "2027-05-03T10:02Z")},
			},
			want: "ada ben mira",
		},
		{
			name:  "what is moved does not count",
			claim: map[string][]Span{"ada": {span("2027-05-05T12:00Z", "2027-05-05T14:00Z")}, "ben": nil, "mira": nil},
			query: func(q *Query) { q.Moving = "a" },
			want:  "ada ben mira",
		},
		{
			name:  "who is not free is not chosen, but counts",
			claim: map[string][]Span{"ada": {span("2027-05-05T12:30Z", "2027-05-05T13:30Z")}, "ben": nil, "mira": nil},
			want:  "ben mira",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRules(t, "UTC", 60, 15)
			for _, id := range []string{"ada", "ben", "mira"} {
				r.perform(id, "cut", minutes(60, 0, 0))
				r.Masters[id].Hours = everyDay("09:00-17:00")
			}
			if tt.edit != nil {
				tt.edit(r)
			}
			busy := &Taken{Claims: map[string][]Claim{}}
			for id, spans := range tt.claim {
				busy.Claims[id] = taken(id, spans...).Claims[id]
			}
			q := want("cut")
			if tt.query != nil {
				tt.query(&q)
			}
			if got := order(r, q, busy, minute("2027-05-05T12:00Z")); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

// order returns the masters of all plans of a start, the best plan first.
func order(r *Rules, q Query, t *Taken, start Minute) string {
	var plans []string
	var except [][]string
	for {
		p, ok := r.Plan(q, t, start, except...)
		if !ok {
			return strings.Join(plans, " ")
		}
		except = append(except, p.MasterIDs())
		plans = append(plans, strings.Join(p.MasterIDs(), "+"))
	}
}

// TestFairnessOfChains compares segment by segment, and leaves out what is impossible.
func TestFairnessOfChains(t *testing.T) {
	r := newRules(t, "UTC", 60, 15)
	for _, id := range []string{"ada", "mira"} {
		r.perform(id, "cut", minutes(60, 0, 0))
		r.perform(id, "colour", minutes(60, 0, 0))
	}
	busy := taken("ada", span("2027-05-05T13:00Z", "2027-05-05T13:30Z"))
	if got := order(r, want("cut", "colour"), busy, minute("2027-05-05T10:00Z")); got != "mira+mira mira+ada ada+mira ada+ada" {
		t.Errorf("all free: %q", got)
	}
	if got := order(r, want("cut", "colour"), busy, minute("2027-05-05T12:00Z")); got != "mira+mira ada+mira" {
		t.Errorf("ada taken afterwards: %q", got)
	}
}

// TestWeekOfTheSalon is Monday to Sunday on the salon's calendar.
func TestWeekOfTheSalon(t *testing.T) {
	r := newRules(t, "Pacific/Auckland", 60, 60)
	r.perform("ada", "cut", minutes(60, 0, 0))
	r.Hours = schedule.Hours{}
	// Monday begins at 2027-05-02T12:00Z there. The start is on that Monday.
	start := minute("2027-05-02T20:00Z")
	for _, tt := range []struct{ from, to, want string }{
		{"2027-05-02T11:00Z", "2027-05-02T12:00Z", "ada mira"},
		{"2027-05-02T12:00Z", "2027-05-02T13:00Z", "mira ada"},
		{"2027-05-09T11:00Z", "2027-05-09T12:00Z", "mira ada"},
		{"2027-05-09T12:00Z", "2027-05-09T13:00Z", "ada mira"},
	} {
		if got := order(r, want("cut"), taken("ada", span(tt.from, tt.to)), start); got != tt.want {
			t.Errorf("ada taken from %s: %q", tt.from, got)
		}
	}
}

// TestOrderOfMaps asks the same several times: the answer does not depend on the order of maps.
func TestOrderOfMaps(t *testing.T) {
	r := newRules(t, "UTC", 60, 15)
	var ids []string
	for _, id := range []string{"g", "b", "f", "a", "e", "c", "d"} {
		r.perform(id, "cut", minutes(60, 0, 0))
		ids = append(ids, id)
	}
	slices.Sort(ids)
	expected := strings.Join(append(ids, "mira"), " ")
	for range 10 {
		if got := order(r, want("cut"), &Taken{}, minute("2027-05-05T12:00Z")); got != expected {
			t.Fatalf("%q, want %q", got, expected)
		}
	}
}
