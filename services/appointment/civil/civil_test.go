package civil

import (
	"testing"
	"time"
)

func TestOffsetMinutes(t *testing.T) {
	for _, tt := range []struct {
		zone string
		at   time.Time
		want int32
	}{
		{"UTC", time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), 0},
		{"Europe/Berlin", time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), 60},
		{"Europe/Berlin", time.Date(2027, 7, 1, 0, 0, 0, 0, time.UTC), 120},
		{"America/New_York", time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), -300},
		{"Asia/Kolkata", time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), 330},
		{"Australia/Lord_Howe", time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), 660},
		{"Australia/Lord_Howe", time.Date(2027, 7, 1, 0, 0, 0, 0, time.UTC), 630},
	} {
		if got := OffsetMinutes(tt.at, load(t, tt.zone)); got != tt.want {
			t.Errorf("%s at %v: %d, want %d", tt.zone, tt.at, got, tt.want)
		}
	}
}

func TestIsWholeMinute(t *testing.T) {
	whole := time.Date(2027, 1, 1, 10, 5, 0, 0, time.UTC)
	if !IsWholeMinute(whole) {
		t.Error("10:05 is refused")
	}
	for _, more := range []time.Duration{time.Nanosecond, time.Second, 59 * time.Second} {
		if IsWholeMinute(whole.Add(more)) {
			t.Errorf("10:05 and %v is a whole minute", more)
		}
	}
}
