package civil

import (
	"errors"
	"slices"
	"testing"
	"time"
)

func TestParseDate(t *testing.T) {
	for _, text := range []string{"2027-02-28", "2028-02-29", "0001-01-01", "9999-12-31"} {
		if d, err := ParseDate(text); err != nil || d.String() != text {
			t.Errorf("%s: %v, %v", text, d, err)
		}
	}
	for _, text := range []string{
		"", "2027-02-29", "2027-2-3", "27-02-03", "2027-13-01", "2027-00-01", "0000-01-01",
		"10000-01-01", "2027-01-01 ", "2027-01-01T00:00:00Z",
	} {
		if _, err := ParseDate(text); !errors.Is(err, ErrDate) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestDateArithmetic(t *testing.T) {
	d := date(t, "2027-02-27")
	if got := d.AddDays(2).String(); got != "2027-03-01" {
		t.Errorf("two days later: %s", got)
	}
	if got := d.AddDays(-58).String(); got != "2026-12-31" {
		t.Errorf("58 days earlier: %s", got)
	}
	if got := d.DaysUntil(date(t, "2027-03-28")); got != 29 {
		t.Errorf("%d days", got)
	}
	if d.Weekday() != time.Saturday {
		t.Errorf("is a %s", d.Weekday())
	}
	if d.Compare(d.AddDays(1)) != -1 || d.Compare(date(t, "2027-02-27")) != 0 || d.Compare(d.AddDays(-1)) != 1 {
		t.Error("dates are not ordered")
	}
}

func TestParseWallTime(t *testing.T) {
	for text, want := range map[string]WallTime{"00:00": 0, "09:30": 570, "23:59": 1439, "24:00": 1440} {
		if w, err := ParseWallTime(text); err != nil || w != want || w.String() != text {
			t.Errorf("%s: %v, %v", text, w, err)
		}
	}
	for _, text := range []string{
		"", "9:30", "09:60", "24:01", "25:00", "0930", "09:30:00", "09.30", "-1:00", "+9:00", "09: 0", "aa:bb", "٠٩:٣٠",
	} {
		if _, err := ParseWallTime(text); !errors.Is(err, ErrWallTime) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestParseInterval(t *testing.T) {
	if i, err := ParseInterval("18:00", "24:00"); err != nil || i.String() != "18:00-24:00" {
		t.Errorf("%v, %v", i, err)
	}
	for _, tt := range []struct {
		from, to string
		want     error
	}{
		{"17:00", "09:00", ErrInterval}, {"09:00", "09:00", ErrInterval}, {"9", "10:00", ErrWallTime}, {"09:00", "25:00", ErrWallTime},
	} {
		if _, err := ParseInterval(tt.from, tt.to); !errors.Is(err, tt.want) {
			t.Errorf("%s to %s: %v", tt.from, tt.to, err)
		}
	}
}

func TestNewDay(t *testing.T) {
	day, _, err := NewDay([]Interval{{780, 1020}, {540, 720}, {720, 750}})
	if err != nil || !slices.Equal(day, Day{{540, 750}, {780, 1020}}) {
		t.Errorf("%v, %v", day, err)
	}
	if _, index, err := NewDay([]Interval{{780, 1020}, {540, 781}}); !errors.Is(err, ErrOverlap) || index != 0 {
		t.Errorf("%d, %v", index, err)
	}
	if day, _, err := NewDay(nil); err != nil || len(day) != 0 {
		t.Errorf("%v, %v", day, err)
	}
}

func TestWeek(t *testing.T) {
	var w Week
	if !w.IsEmpty() {
		t.Error("an empty week has intervals")
	}
	w[time.Tuesday] = Day{{780, 840}}
	if w.IsEmpty() || len(w.On(date(t, "2027-10-26"))) != 1 || len(w.On(date(t, "2027-10-27"))) != 0 {
		t.Error("the interval is not on Tuesdays")
	}
}
