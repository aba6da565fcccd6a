package resource

import (
	"testing"
	"time"

	"github.com/beauty-salon/platform/internal/servicetest"
)

func TestClosureCheck(t *testing.T) {
	at := func(month time.Month, day, hour int) time.Time {
		return time.Date(2027, month, day, hour, 0, 0, 0, time.UTC)
	}
	for _, tt := range []struct {
		name       string
		start, end time.Time
		field      string
	}{
		{"an hour", at(3, 1, 9), at(3, 1, 10), ""},
		{"a minute", at(3, 1, 9), at(3, 1, 9).Add(time.Minute), ""},
		{"a year, with the leap day", at(3, 1, 9), at(3, 1, 9).AddDate(1, 0, 0), ""},
		{"a minute more than a year", at(3, 1, 9), at(3, 1, 9).AddDate(1, 0, 0).Add(time.Minute), "end_time"},
		{"no time", at(3, 1, 9), at(3, 1, 9), "end_time"},
		{"backwards", at(3, 1, 9), at(3, 1, 8), "end_time"},
		{"a start with seconds", at(3, 1, 9).Add(time.Second), at(3, 1, 10), "start_time"},
		{"an end with a fraction of a second", at(3, 1, 9), at(3, 1, 10).Add(time.Nanosecond), "end_time"},
	} {
		if got := servicetest.FieldOf(Closure{Start: tt.start, End: tt.end}.check()); got != tt.field {
			t.Errorf("%s: blames %q, want %q", tt.name, got, tt.field)
		}
	}
}
