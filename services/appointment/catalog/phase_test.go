package catalog

import (
	"reflect"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/internal/servicetest"
)

func TestCheckPhases(t *testing.T) {
	work := func(minutes int32, kinds ...string) Phase { return Phase{Minutes: minutes, Kinds: kinds} }
	wait := func(minutes int32, kinds ...string) Phase { return Phase{Wait: true, Minutes: minutes, Kinds: kinds} }
	for _, tt := range []struct {
		name   string
		phases []Phase
		field  string
	}{
		{"one", []Phase{work(60)}, ""},
		{"the shortest", []Phase{work(5)}, ""},
		{"the longest", []Phase{work(300), wait(120), work(300)}, ""},
		{"two of work", []Phase{work(10, "a"), work(10, "b")}, ""},
		{"two to wait", []Phase{work(10), wait(10, "a"), wait(10), work(5)}, ""},
		{"three kinds, some twice", []Phase{work(10, "a", "b"), wait(10, "b", "c"), work(10, "a")}, ""},
		{"to wait alone", []Phase{wait(60)}, "phases[0].kind"},
		{"to wait first", []Phase{wait(10), work(10)}, "phases[0].kind"},
		{"to wait last", []Phase{work(10), work(10), wait(10)}, "phases[2].kind"},
		{"too short", []Phase{work(2), wait(1), work(1)}, "phases"},
		{"too long", []Phase{work(300), wait(121), work(300)}, "phases"},
		{"a fourth kind", []Phase{work(10, "a", "b"), wait(10, "c", "b", "d"), work(10)}, "phases[1].resource_kind_ids[2]"},
	} {
		if got := servicetest.FieldOf(checkPhases("phases", tt.phases)); got != tt.field {
			t.Errorf("%s: blames %q, want %q", tt.name, got, tt.field)
		}
	}
}

func TestEncodePhases(t *testing.T) {
	for _, tt := range []struct {
		phases []Phase
		json   string
	}{
		{nil, `[]`},
		{[]Phase{{Minutes: 60}}, `[{"minutes":60}]`},
		{
			[]Phase{{Minutes: 30, Kinds: []string{"a", "b"}}, {Wait: true, Minutes: 20}, {Minutes: 5}},
			`[{"minutes":30,"kinds":["a","b"]},{"wait":true,"minutes":20},{"minutes":5}]`,
		},
	} {
		got, err := EncodePhases(tt.phases)
		if err != nil || got != tt.json {
			t.Errorf("%+v: %s, %v", tt.phases, got, err)
		}
		back, err := DecodePhases([]byte(tt.json))
		if err != nil || !reflect.DeepEqual(back, tt.phases) {
			t.Errorf("%s: %+v, %v", tt.json, back, err)
		}
	}
	if got, err := DecodePhases([]byte(`{"minutes":1}`)); err == nil {
		t.Errorf("no list: %+v", got)
	}
}

func TestSetPhases(t *testing.T) {
	several := []Phase{{Minutes: 30}, {Wait: true, Minutes: 20}, {Minutes: 10}}
	kept := []Phase{{Minutes: 45, Kinds: []string{"a"}}}
	for _, tt := range []struct {
		name    string
		phases  []Phase
		minutes *int32
		want    []Phase
		sum     int32
		field   string
	}{
		{"a duration", nil, proto.Int32(45), nil, 45, ""},
		{"nothing", nil, nil, nil, 60, "duration_minutes"},
		{"one phase, which is the same as a duration", []Phase{{Minutes: 45}}, nil, nil, 45, ""},
		{"one phase with a resource", kept, nil, kept, 45, ""},
		{"several", several, nil, several, 60, ""},
		{"as long as the duration", several, proto.Int32(60), several, 60, ""},
		{"longer than the duration", several, proto.Int32(59), nil, 60, "duration_minutes"},
		{"that cannot be", several[1:], nil, nil, 60, "phases[0].kind"},
	} {
		s := Service{DurationMinutes: 60}
		err := s.setPhases(tt.phases, tt.minutes)
		if servicetest.FieldOf(err) != tt.field || !reflect.DeepEqual(s.Phases, tt.want) || s.DurationMinutes != tt.sum {
			t.Errorf("%s: %+v in %d minutes, %v", tt.name, s.Phases, s.DurationMinutes, err)
		}
	}
}

func TestSetDuration(t *testing.T) {
	several := []Phase{{Minutes: 30}, {Wait: true, Minutes: 20}, {Minutes: 10}}
	for _, tt := range []struct {
		name    string
		phases  []Phase
		minutes int32
		want    []Phase
		field   string
	}{
		{"of one phase", nil, 45, nil, ""},
		{"of one phase with a resource", []Phase{{Minutes: 60, Kinds: []string{"a"}}}, 45, []Phase{{Minutes: 45, Kinds: []string{"a"}}}, ""},
		{"of several, as they are", several, 60, several, ""},
		{"of several", several, 45, several, "duration_minutes"},
	} {
		s := Service{DurationMinutes: 60, Phases: tt.phases}
		err := s.setDuration(tt.minutes)
		if servicetest.FieldOf(err) != tt.field || !reflect.DeepEqual(s.Phases, tt.want) || (err == nil) != (s.DurationMinutes == tt.minutes) {
			t.Errorf("%s: %+v in %d minutes, %v", tt.name, s.Phases, s.DurationMinutes, err)
		}
	}
}

func TestPhasesOfAnOffering(t *testing.T) {
	service := []Phase{{Minutes: 30}, {Wait: true, Minutes: 20}, {Minutes: 10}}
	own := []Phase{{Minutes: 40}, {Wait: true, Minutes: 20}, {Minutes: 15}}
	withKind := []Phase{{Minutes: 60, Kinds: []string{"a"}}}
	for _, tt := range []struct {
		name     string
		offering Offering
		want     []Phase
		minutes  int32
	}{
		{"one phase", Offering{}, []Phase{{Minutes: 60}}, 60},
		{"own duration", Offering{DurationOverrideMinutes: proto.Int32(75)}, []Phase{{Minutes: 75}}, 75},
		{
			"own duration, with the resources of the service",
			Offering{Service: Service{Phases: withKind}, DurationOverrideMinutes: proto.Int32(75)}, []Phase{{Minutes: 75, Kinds: []string{"a"}}}, 75,
		},
		{"those of the service", Offering{Service: Service{Phases: service}}, service, 60},
		{"own phases", Offering{Service: Service{Phases: service}, PhasesOverride: own}, own, 75},
		{"own phases of a service with one", Offering{PhasesOverride: own}, own, 75},
	} {
		tt.offering.Service.DurationMinutes = 60
		if got := tt.offering.Phases(); !reflect.DeepEqual(got, tt.want) || tt.offering.Minutes() != tt.minutes {
			t.Errorf("%s: %+v in %d minutes", tt.name, got, tt.offering.Minutes())
		}
	}
}

func TestCheckOverrides(t *testing.T) {
	several := []Phase{{Minutes: 30}, {Wait: true, Minutes: 20}, {Minutes: 10}}
	minutes := proto.Int32(75)
	for _, tt := range []struct {
		name     string
		offering Offering
		field    string
	}{
		{"nothing", Offering{}, ""},
		{"duration of one phase", Offering{DurationOverrideMinutes: minutes}, ""},
		{"duration of several phases", Offering{Service: Service{Phases: several}, DurationOverrideMinutes: minutes}, "duration_override_minutes"},
		{"duration and phases", Offering{DurationOverrideMinutes: minutes, PhasesOverride: several}, "duration_override_minutes"},
		{"phases", Offering{PhasesOverride: several}, ""},
		{"phases that cannot be", Offering{PhasesOverride: several[:2]}, "phases_override[1].kind"},
	} {
		if got := servicetest.FieldOf(tt.offering.checkOverrides()); got != tt.field {
			t.Errorf("%s: blames %q, want %q", tt.name, got, tt.field)
		}
	}
}
