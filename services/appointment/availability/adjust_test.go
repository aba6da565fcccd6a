package availability

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestMakeRoom is a property of random days: what moves begins later than before, on a time that nobody else has, and what does not collide
// stays. Nothing else moves.
func TestMakeRoom(t *testing.T) {
	r := newRules(t, "UTC", 30, 15)
	r.perform("nora", "cut", minutes(30, 0, 0))
	day := minute("2027-03-01T00:00Z")
	moved := 0
	rapid.Check(t, func(t *rapid.T) {
		taken := &Taken{Claims: map[string][]Claim{}}
		var list []Mover
		ends := map[string]Minute{"mira": day + 9*60, "nora": day + 9*60}
		for i := range rapid.IntRange(1, 8).Draw(t, "appointments") {
			master := rapid.SampledFrom([]string{"mira", "nora"}).Draw(t, "master")
			length := Minute(rapid.IntRange(10, 90).Draw(t, "length"))
			start := ends[master] + Minute(rapid.SampledFrom([]int{0, 0, 5, 40}).Draw(t, "gap"))
			ends[master] = start + length
			id := string(rune('a' + i))
			taken.add(master, Claim{Span: Span{start, start + length}, AppointmentID: id})
			q := Query{Now: now, Staff: true, Quoted: true, Moving: id}
			q.Chain = []Want{{ServiceID: "cut", MasterIDs: []string{master}, Offering: minutes(length, 0, 0), OfferedBy: master}}
			list = append(list, Mover{q, start})
		}
		slices.SortStableFunc(list, func(a, b Mover) int { return int(a.Start - b.Start) })
		more := Span{day + 9*60, day + 9*60 + Minute(rapid.IntRange(1, 120).Draw(t, "more"))}
		taken.add("mira", Claim{Span: more, AppointmentID: "adjusted"})
		plans, stuck := r.MakeRoom(taken, map[string][]Span{"mira": {more}}, list)
		if stuck >= 0 {
			t.Fatalf("%s cannot move", list[stuck].Moving)
		}
		var now []Span
		for i, m := range list {
			if m.Chain[0].OfferedBy == "nora" {
				if plans[i] != nil {
					t.Fatalf("%s of another master moves", m.Moving)
				}
				continue
			}
			at := Span{m.Start, m.Start + m.Chain[0].Offering.Minutes()}
			needed := overlaps([]Span{more}, at) || slices.ContainsFunc(now, func(s Span) bool { return overlaps([]Span{s}, at) })
			if (plans[i] != nil) != needed {
				t.Fatalf("%s moves: %t", m.Moving, plans[i] != nil)
			}
			if needed {
				moved++
				at = plans[i].Span
			}
			if at.From < m.Start || overlaps([]Span{more}, at) || slices.ContainsFunc(now, func(s Span) bool { return overlaps([]Span{s}, at) }) {
				t.Fatalf("%s is at %v, beside %v", m.Moving, at, now)
			}
			now = append(now, at)
		}
	})
	if moved == 0 {
		t.Error("nothing moved")
	}
}

// TestAgainst: hours, time off, buffers within hours and resources out of use speak against a later end.
func TestAgainst(t *testing.T) {
	r := newRules(t, "UTC", 30, 15)
	r.Hours = everyDay("09:00-18:00")
	r.Masters["mira"].Hours = everyDay("09:00-17:00")
	r.Masters["mira"].TimeOff = []Span{span("2027-03-01T12:00Z", "2027-03-01T13:00Z")}
	r.Kinds["chair"] = &Kind{ID: "chair", Units: []Unit{{ID: "a", Closed: []Span{span("2027-03-01T10:00Z", "2027-03-01T10:30Z")}}}}
	for _, tt := range []struct {
		name     string
		from, to string
		units    []string
		within   bool
		override bool
		want     []Reason
	}{
		{"in hours", "2027-03-01T11:00Z", "2027-03-01T11:30Z", nil, false, false, nil},
		{"shorter", "2027-03-01T19:00Z", "2027-03-01T18:30Z", nil, false, false, nil},
		{"closed", "2027-03-01T18:00Z", "2027-03-01T18:10Z", nil, false, false, []Reason{Closed, OutsideHours}},
		{"overridden", "2027-03-01T18:00Z", "2027-03-01T18:10Z", nil, false, true, nil},
		{"not at work", "2027-03-01T17:00Z", "2027-03-01T17:10Z", nil, false, false, []Reason{OutsideHours}},
		{"away", "2027-03-01T12:50Z", "2027-03-01T13:10Z", nil, false, false, []Reason{TimeOff}},
		{"the buffer is not at work", "2027-03-01T16:00Z", "2027-03-01T16:55Z", nil, true, false, []Reason{OutsideHours}},
		{"the buffer may be anywhere", "2027-03-01T16:00Z", "2027-03-01T16:55Z", nil, false, false, nil},
		{"a chair that is out of use", "2027-03-01T10:20Z", "2027-03-01T11:00Z", []string{"a"}, false, true, []Reason{NoResource}},
		{"another chair", "2027-03-01T10:20Z", "2027-03-01T11:00Z", []string{"b"}, false, false, nil},
	} {
		r.Policy.BuffersWithinHours = tt.within
		got := r.Against(Extension{
			MasterID: "mira", UnitIDs: tt.units, Work: span(tt.from, tt.to), BufferAfter: 10, Override: tt.override,
		})
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
