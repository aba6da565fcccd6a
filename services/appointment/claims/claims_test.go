package claims

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// at is a time of a day.
func at(hour, minute int) time.Time {
	return time.Date(2027, time.March, 3, hour, minute, 0, 0, time.UTC)
}

func TestOverlaps(t *testing.T) {
	base := New(Master, "m", "s", at(10, 0), at(11, 0))
	for _, tt := range []struct {
		name     string
		subject  string
		from, to time.Time
		want     bool
	}{
		{"the same time", "m", at(10, 0), at(11, 0), true},
		{"inside", "m", at(10, 15), at(10, 30), true},
		{"around", "m", at(9, 0), at(12, 0), true},
		{"the last minute", "m", at(10, 59), at(12, 0), true},
		{"touching at the end", "m", at(11, 0), at(12, 0), false},
		{"touching at the start", "m", at(9, 0), at(10, 0), false},
		{"another subject", "x", at(10, 0), at(11, 0), false},
	} {
		other := New(Master, tt.subject, "s", tt.from, tt.to)
		if base.Overlaps(other) != tt.want || other.Overlaps(base) != tt.want {
			t.Errorf("%s: want %t", tt.name, tt.want)
		}
	}
}

// TestTrimSurroundsARun: buffers stay around a run of segments of one master, and vanish inside it.
func TestTrimSurroundsARun(t *testing.T) {
	starts := []time.Time{at(10, 0), at(11, 0), at(11, 30)}
	list := []Claim{
		New(Master, "m", "1", at(9, 50), at(11, 20)),
		New(Master, "m", "2", at(10, 50), at(11, 50)),
		New(Master, "m", "3", at(11, 20), at(12, 20)),
	}
	Trim(list, starts)
	for i, want := range [][2]time.Time{{at(9, 50), at(11, 0)}, {at(11, 0), at(11, 30)}, {at(11, 30), at(12, 20)}} {
		if !list[i].From.Equal(want[0]) || !list[i].To.Equal(want[1]) {
			t.Errorf("claim %d is %v to %v, want %v", i, list[i].From, list[i].To, want)
		}
	}
}

// TestTrimAroundAnother: a master works, another does, and the first again; the buffers of the first do
// not collide.
func TestTrimAroundAnother(t *testing.T) {
	starts := []time.Time{at(10, 0), at(11, 0), at(11, 10)}
	list := []Claim{
		New(Master, "a", "1", at(10, 0), at(11, 30)),
		New(Master, "b", "2", at(10, 55), at(11, 15)),
		New(Master, "a", "3", at(10, 50), at(12, 0)),
	}
	Trim(list, starts)
	for i, want := range [][2]time.Time{{at(10, 0), at(11, 10)}, {at(10, 55), at(11, 15)}, {at(11, 10), at(12, 0)}} {
		if !list[i].From.Equal(want[0]) || !list[i].To.Equal(want[1]) {
			t.Errorf("claim %d is %v to %v, want %v", i, list[i].From, list[i].To, want)
		}
	}
}

// TestTrimProperties: claims of one appointment never overlap, each covers its segment, and no claim grows.
func TestTrimProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		minutes := func(name string, most int) time.Duration {
			return time.Duration(rapid.IntRange(0, most).Draw(t, name)) * time.Minute
		}
		start := at(10, 0)
		var list, before []Claim
		var starts, ends []time.Time
		for i := range rapid.IntRange(1, 8).Draw(t, "segments") {
			end := start.Add(minutes("duration", 120) + 5*time.Minute)
			master := fmt.Sprint("m", rapid.IntRange(0, 2).Draw(t, "master"))
			list = append(list, New(Master, master, fmt.Sprint(i), start.Add(-minutes("before", 240)), end.Add(minutes("after", 240))))
			starts, ends = append(starts, start), append(ends, end)
			start = end
		}
		before = append(before, list...)
		Trim(list, starts)
		for i, c := range list {
			if c.From.After(starts[i]) || c.To.Before(ends[i]) {
				t.Fatalf("claim %d does not cover its segment", i)
			}
			if c.From.Before(before[i].From) || c.To.After(before[i].To) {
				t.Fatalf("claim %d grew", i)
			}
			for j := range i {
				if c.Overlaps(list[j]) {
					t.Fatalf("claims %d and %d overlap", i, j)
				}
			}
		}
	})
}
