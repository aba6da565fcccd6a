package availability

import (
	"fmt"
	"strings"
	"testing"
)

// TestUnits gives the resources of plans that start at 12:00.
func TestUnits(t *testing.T) {
	chair, basin := []string{"chair"}, []string{"basin"}
	both := []string{"chair", "basin"}
	for _, tt := range []struct {
		name     string
		chain    []string
		segments [][]Phase // of service0, service1, …
		before   Minute
		after    Minute
		taken    map[string]Span // in minutes from 12:00 on
		closed   map[string]Span
		want     string // the units of each segment, or the reason
	}{
		{name: "the first one", segments: [][]Phase{{{Minutes: 30, Kinds: chair}}}, want: "chair1"},
		{name: "one of each kind", segments: [][]Phase{{{Minutes: 30, Kinds: both}}}, want: "chair1 basin1"},
		{
			name: "the next one", segments: [][]Phase{{{Minutes: 30, Kinds: chair}}},
			taken: map[string]Span{"chair1": {20, 90}}, want: "chair2",
		},
		{
			name: "the next one, because of its buffer", segments: [][]Phase{{{Minutes: 30, Kinds: chair}}}, after: 10,
			taken: map[string]Span{"chair1": {35, 90}}, want: "chair2",
		},
		{
			name: "out of use", segments: [][]Phase{{{Minutes: 30, Kinds: chair}}},
			closed: map[string]Span{"chair1": {20, 90}}, want: "chair2",
		},
		{
			name: "a buffer while it is out of use", segments: [][]Phase{{{Minutes: 30, Kinds: chair}}}, after: 10,
			closed: map[string]Span{"chair1": {30, 90}}, want: "chair1",
		},
		{
			name: "none is free", segments: [][]Phase{{{Minutes: 30, Kinds: chair}}},
			taken: map[string]Span{"chair1": {20, 90}, "chair2": {-90, 1}}, want: "RESOURCE",
		},
		{
			name: "none is free long enough", segments: [][]Phase{{{Minutes: 30, Kinds: chair}}}, after: 10,
			taken: map[string]Span{"chair1": {35, 90}, "chair2": {30, 45}}, want: "BUFFER",
		},
		{name: "a kind without resources", segments: [][]Phase{{{Minutes: 30, Kinds: []string{"laser"}}}}, want: "RESOURCE"},
		{
			name:     "consecutive phases keep it, waiting too",
			segments: [][]Phase{{{Minutes: 30, Kinds: chair}, {Wait: true, Minutes: 30, Kinds: chair}, {Minutes: 30, Kinds: both}}},
			taken:    map[string]Span{"chair1": {75, 80}}, want: "chair2 basin1",
		},
		{
			name:     "waiting frees what it does not list",
			segments: [][]Phase{{{Minutes: 30, Kinds: chair}, {Wait: true, Minutes: 30}, {Minutes: 30, Kinds: chair}}},
			taken:    map[string]Span{"chair1": {30, 60}, "chair2": {-30, 10}}, want: "chair1 chair1",
		},
		{
			name:     "another one after a pause",
			segments: [][]Phase{{{Minutes: 30, Kinds: chair}, {Wait: true, Minutes: 30}, {Minutes: 30, Kinds: chair}}},
			taken:    map[string]Span{"chair1": {40, 70}, "chair2": {0, 30}}, want: "chair1 chair2",
		},
		{
			name:     "the first segment decides for the next ones",
			segments: [][]Phase{{{Minutes: 30, Kinds: chair}}, {{Minutes: 30, Kinds: chair}}, {{Minutes: 30, Kinds: chair}}},
			taken:    map[string]Span{"chair1": {10, 25}}, want: "chair2 | chair2 | chair2",
		},
		{
			name:     "kept as far back as possible",
			segments: [][]Phase{{{Minutes: 30, Kinds: chair}}, {{Minutes: 30, Kinds: chair}}, {{Minutes: 30, Kinds: chair}}},
			taken:    map[string]Span{"chair1": {10, 25}, "chair2": {65, 70}}, want: "chair2 | chair1 | chair1",
		},
		{
			name: "the next segment keeps it", after: 10,
			segments: [][]Phase{{{Minutes: 30, Kinds: chair}}, {{Minutes: 30, Kinds: chair}}},
			taken:    map[string]Span{"chair1": {70, 90}}, want: "chair1 | chair1",
		},
		{
			// The first free one for the first segment is chair1, but the second segment does not get it, and chair1 has no time for
			// the buffer in between.
			name: "not the first one that comes", after: 10,
			segments: [][]Phase{{{Minutes: 30, Kinds: chair}}, {{Minutes: 30, Kinds: chair}}},
			taken:    map[string]Span{"chair1": {35, 90}}, want: "chair2 | chair2",
		},
		{
			name: "a change with buffers", after: 10, before: 5,
			segments: [][]Phase{{{Minutes: 30, Kinds: chair}}, {{Minutes: 30, Kinds: chair}}},
			taken:    map[string]Span{"chair1": {40, 90}, "chair2": {0, 25}}, want: "chair1 | chair2",
		},
		{
			name: "a change without time for buffers", after: 10, before: 6,
			segments: [][]Phase{{{Minutes: 30, Kinds: chair}}, {{Minutes: 30, Kinds: chair}}},
			taken:    map[string]Span{"chair1": {40, 90}, "chair2": {0, 25}}, want: "BUFFER",
		},
		{
			name: "a change without time for the buffer after", after: 10, before: 5,
			segments: [][]Phase{{{Minutes: 30, Kinds: chair}}, {{Minutes: 30, Kinds: chair}}},
			taken:    map[string]Span{"chair1": {39, 90}, "chair2": {0, 25}}, want: "BUFFER",
		},
		{
			name:     "kept over three segments, changed where it must",
			segments: [][]Phase{{{Minutes: 30, Kinds: chair}}, {{Minutes: 30, Kinds: both}}, {{Minutes: 30, Kinds: basin}}},
			taken:    map[string]Span{"chair2": {50, 55}, "basin1": {65, 80}},
			want:     "chair1 | chair1 basin2 | basin2",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRules(t, "UTC", 60, 15)
			start := minute("2027-05-03T12:00Z")
			busy := &Taken{Claims: map[string][]Claim{}}
			for _, kind := range both {
				k := &Kind{ID: kind}
				for i := range 2 {
					u := Unit{ID: fmt.Sprint(kind, i+1)}
					if s, ok := tt.closed[u.ID]; ok {
						u.Closed = []Span{{start + s.From, start + s.To}}
					}
					if s, ok := tt.taken[u.ID]; ok {
						busy.Claims[u.ID] = []Claim{{Span: Span{start + s.From, start + s.To}, AppointmentID: "a"}}
					}
					k.Units = append(k.Units, u)
				}
				r.Kinds[kind] = k
			}
			var q Query
			for i, phases := range tt.segments {
				service := fmt.Sprintf("service%d", i)
				r.perform("mira", service, &Offering{Phases: phases, BufferBefore: tt.before, BufferAfter: tt.after})
				q.Chain = append(q.Chain, Want{ServiceID: service})
			}
			q.Now = now
			var got []string
			if p, ok := r.Plan(q, busy, start); ok {
				for _, s := range p.Segments {
					var units []string
					for _, u := range s.Uses {
						units = append(units, u.UnitID)
					}
					got = append(got, strings.Join(units, " "))
				}
			} else {
				got = append(got, reasons(r, q, busy, start))
			}
			if text := strings.Join(got, " | "); text != tt.want {
				t.Errorf("%q, want %q", text, tt.want)
			}
		})
	}
}

// TestKeptWithoutBuffer needs no buffer in a resource that the next segment keeps, not even one that is longer than the segment.
func TestKeptWithoutBuffer(t *testing.T) {
	r := newRules(t, "UTC", 60, 15)
	r.Kinds["chair"] = &Kind{ID: "chair", Units: []Unit{{ID: "chair1"}}}
	r.perform("mira", "colour", &Offering{Phases: []Phase{{Minutes: 30, Kinds: []string{"chair"}}}, BufferAfter: 40})
	r.perform("ada", "look", &Offering{Phases: []Phase{{Minutes: 10, Kinds: []string{"chair"}}}})
	busy := taken("chair1", span("2027-05-03T12:45Z", "2027-05-03T13:00Z"))
	if _, ok := r.Plan(want("colour", "look"), busy, minute("2027-05-03T12:00Z")); !ok {
		t.Error("no plan")
	}
	if got := reasons(r, want("colour"), busy, minute("2027-05-03T12:00Z")); got != "BUFFER" {
		t.Errorf("without the next segment: %q", got)
	}
}

// TestManyUnits has more resources of a kind than a word has bits.
func TestManyUnits(t *testing.T) {
	r := newRules(t, "UTC", 60, 15)
	k := &Kind{ID: "locker"}
	busy := &Taken{Claims: map[string][]Claim{}}
	for i := range 130 {
		id := fmt.Sprintf("locker%03d", i)
		k.Units = append(k.Units, Unit{ID: id})
		if i != 129 {
			busy.Claims[id] = []Claim{{Span: span("2027-05-03T12:30Z", "2027-05-03T13:30Z"), AppointmentID: "a"}}
		}
	}
	r.Kinds["locker"] = k
	r.perform("mira", "sauna", &Offering{Phases: []Phase{{Minutes: 30, Kinds: []string{"locker"}}}})
	p, ok := r.Plan(want("sauna", "sauna"), busy, minute("2027-05-03T12:00Z"))
	if !ok || p.Segments[0].Uses[0].UnitID != "locker129" || p.Segments[1].Uses[0].UnitID != "locker129" {
		t.Errorf("%+v, %t", p, ok)
	}
}
