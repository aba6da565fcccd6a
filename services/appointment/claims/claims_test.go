package claims

import (
	"testing"
	"time"
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
