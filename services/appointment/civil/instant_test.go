package civil

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/beauty-salon/platform/internal/zoneinfo"
)

func load(t interface {
	Helper()
	Fatal(...any)
}, name string,
) *time.Location {
	t.Helper()
	zone, err := zoneinfo.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func date(t *testing.T, text string) Date {
	t.Helper()
	d, err := ParseDate(text)
	if err != nil {
		t.Fatal(text, err)
	}
	return d
}

func wall(t *testing.T, text string) WallTime {
	t.Helper()
	w, err := ParseWallTime(text)
	if err != nil {
		t.Fatal(text, err)
	}
	return w
}

func instants(ts ...time.Time) []string {
	var out []string
	for _, t := range ts {
		out = append(out, t.UTC().Format("2006-01-02T15:04Z"))
	}
	return out
}

func TestAt(t *testing.T) {
	for _, tt := range []struct{ zone, date, wall, want string }{
		{"UTC", "2027-01-01", "10:00", "2027-01-01T10:00Z"},
		{"UTC", "2027-01-01", "24:00", "2027-01-02T00:00Z"},
		{"Europe/Berlin", "2027-03-28", "01:59", "2027-03-28T00:59Z"},
		{"Europe/Berlin", "2027-03-28", "02:00", "2027-03-28T01:00Z"}, // shows 03:00
		{"Europe/Berlin", "2027-03-28", "02:30", "2027-03-28T01:30Z"}, // shows 03:30
		{"Europe/Berlin", "2027-03-28", "03:00", "2027-03-28T01:00Z"},
		{"Europe/Berlin", "2027-10-31", "02:30", "2027-10-31T00:30Z"}, // the first of two
		{"America/New_York", "2027-03-14", "13:00", "2027-03-14T17:00Z"},
		{"Australia/Lord_Howe", "2027-10-03", "02:15", "2027-10-02T15:45Z"}, // a gap of half an hour: shows 02:45
		{"Australia/Lord_Howe", "2027-04-04", "01:45", "2027-04-03T14:45Z"},
		{"Pacific/Apia", "2011-12-30", "10:00", "2011-12-30T20:00Z"}, // shows 10:00 of 31 December
		{"America/Toronto", "1919-03-30", "23:45", "1919-03-31T04:45Z"},
	} {
		if got := instants(date(t, tt.date).At(wall(t, tt.wall), load(t, tt.zone)))[0]; got != tt.want {
			t.Errorf("%s %s %s: %s, want %s", tt.zone, tt.date, tt.wall, got, tt.want)
		}
	}
}

func TestOccurrences(t *testing.T) {
	for _, tt := range []struct {
		zone, date, wall string
		want             []string
	}{
		{"Europe/Berlin", "2027-03-28", "02:30", nil},
		{"Europe/Berlin", "2027-03-28", "03:00", []string{"2027-03-28T01:00Z"}},
		{"Europe/Berlin", "2027-10-31", "02:00", []string{"2027-10-31T00:00Z", "2027-10-31T01:00Z"}},
		{"Europe/Berlin", "2027-10-31", "03:00", []string{"2027-10-31T02:00Z"}},
		{"Pacific/Apia", "2011-12-30", "10:00", nil},
		{"America/Havana", "2027-11-07", "00:30", []string{"2027-11-07T04:30Z", "2027-11-07T05:30Z"}},
	} {
		if got := instants(date(t, tt.date).Occurrences(wall(t, tt.wall), load(t, tt.zone))...); !slices.Equal(got, tt.want) {
			t.Errorf("%s %s %s: %v, want %v", tt.zone, tt.date, tt.wall, got, tt.want)
		}
	}
}

func TestDayBounds(t *testing.T) {
	for _, tt := range []struct{ zone, date, start, end string }{
		{"Europe/Berlin", "2027-03-28", "2027-03-27T23:00Z", "2027-03-28T22:00Z"}, // 23 hours
		{"Europe/Berlin", "2027-10-31", "2027-10-30T22:00Z", "2027-10-31T23:00Z"}, // 25 hours
		{"Australia/Lord_Howe", "2027-10-03", "2027-10-02T13:30Z", "2027-10-03T13:00Z"},
		{"Africa/Cairo", "2027-04-30", "2027-04-29T22:00Z", "2027-04-30T21:00Z"}, // begins at 01:00
		{"America/Santiago", "2027-09-05", "2027-09-05T04:00Z", "2027-09-06T03:00Z"},
		{"Asia/Beirut", "2027-03-28", "2027-03-27T22:00Z", "2027-03-28T21:00Z"},
		{"America/Havana", "2027-11-07", "2027-11-07T04:00Z", "2027-11-08T05:00Z"}, // 00:00 comes twice
		{"Pacific/Apia", "2011-12-30", "2011-12-30T10:00Z", "2011-12-30T10:00Z"},   // there is no such day
		{"America/Toronto", "1919-03-31", "1919-03-31T04:30Z", "1919-04-01T04:00Z"},
	} {
		d, zone := date(t, tt.date), load(t, tt.zone)
		if got := instants(d.Start(zone), d.End(zone)); got[0] != tt.start || got[1] != tt.end {
			t.Errorf("%s %s: %v, want %s to %s", tt.zone, tt.date, got, tt.start, tt.end)
		}
	}
}

func TestIntervalOn(t *testing.T) {
	for _, tt := range []struct{ zone, date, from, to, start, end string }{
		{"America/New_York", "2027-03-14", "13:00", "18:00", "2027-03-14T17:00Z", "2027-03-14T22:00Z"},
		{"America/New_York", "2027-03-13", "13:00", "18:00", "2027-03-13T18:00Z", "2027-03-13T23:00Z"},
		{"Europe/Berlin", "2027-03-28", "09:00", "17:00", "2027-03-28T07:00Z", "2027-03-28T15:00Z"},
		{"Europe/Berlin", "2027-03-28", "02:00", "04:00", "2027-03-28T01:00Z", "2027-03-28T02:00Z"},
		{"Europe/Berlin", "2027-10-31", "02:00", "04:00", "2027-10-31T00:00Z", "2027-10-31T03:00Z"},
		{"Europe/Berlin", "2027-10-26", "13:00", "14:00", "2027-10-26T11:00Z", "2027-10-26T12:00Z"},
		{"Europe/Berlin", "2027-11-02", "13:00", "14:00", "2027-11-02T12:00Z", "2027-11-02T13:00Z"},
		{"Africa/Cairo", "2027-04-30", "00:00", "24:00", "2027-04-29T22:00Z", "2027-04-30T21:00Z"},
		{"Europe/Amsterdam", "2027-05-08", "00:00", "00:15", "2027-05-07T22:00Z", "2027-05-07T22:15Z"},
		{"Pacific/Apia", "2011-12-30", "09:00", "17:00", "2011-12-30T10:00Z", "2011-12-30T10:00Z"},
	} {
		i, err := ParseInterval(tt.from, tt.to)
		if err != nil {
			t.Fatal(err)
		}
		start, end := i.On(date(t, tt.date), load(t, tt.zone))
		if got := instants(start, end); got[0] != tt.start || got[1] != tt.end {
			t.Errorf("%s %s %s: %v, want %s to %s", tt.zone, tt.date, i, got, tt.start, tt.end)
		}
	}
}

// transitions calls fn with each transition of each zone from 2020 to 2030.
func transitions(t *testing.T, fn func(zone *time.Location, at time.Time)) {
	t.Helper()
	count := 0
	for _, name := range zoneinfo.Names() {
		zone := load(t, name)
		const day = 24 * time.Hour
		last := time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)
		for at := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC); at.Before(last); at = at.Add(day) {
			if offsetAt(at, zone) != offsetAt(at.Add(day), zone) {
				count++
				fn(zone, transition(at, at.Add(day), zone))
			}
		}
	}
	if count < 3000 {
		t.Errorf("saw only %d transitions", count)
	}
}

// Around every transition, each instant is one of the occurrences of what clocks show then, and no other wall time has it:
// no instant is lost, and none comes twice.
func TestEveryInstantHasOneWallTime(t *testing.T) {
	transitions(t, func(zone *time.Location, at time.Time) {
		for minute := -180; minute <= 180; minute += 15 {
			instant := at.Add(time.Duration(minute) * time.Minute)
			shown := dateOf(instant.In(zone))
			w := WallTime(instant.In(zone).Hour()*60 + instant.In(zone).Minute())
			matches := 0
			for _, o := range shown.Occurrences(w, zone) {
				if o.Equal(instant) {
					matches++
				}
				if back := o.In(zone); dateOf(back) != shown || back.Hour()*60+back.Minute() != int(w) {
					t.Errorf("%s: %s %s occurs at %s", zone, shown, w, back)
				}
			}
			if matches != 1 {
				t.Errorf("%s: %s is %d of the occurrences of %s %s", zone, instant.UTC(), matches, shown, w)
			}
		}
	})
}

// Around every transition, each day ends when the next one starts, the days go forward, and each instant is in the day that
// Local names.
func TestDaysPartitionTime(t *testing.T) {
	transitions(t, func(zone *time.Location, at time.Time) {
		first := dateOf(at.In(zone)).AddDays(-2)
		for i := range 4 {
			d := first.AddDays(i)
			start, end := d.Start(zone), d.End(zone)
			if hours := end.Sub(start).Hours(); hours < 21 || hours > 27 {
				t.Errorf("%s: %s has %v hours", zone, d, hours)
			}
			for instant, want := range map[time.Time]Date{
				start: d, start.Add(-time.Second): d.AddDays(-1), end.Add(-time.Second): d, end: d.AddDays(1),
			} {
				if got, _ := Local(instant, zone); got != want {
					t.Errorf("%s: %s is on %s, want %s", zone, instant.UTC(), got, want)
				}
			}
		}
	})
}

// The mapping agrees with a search over all minutes around the wall time.
func TestAtAgreesWithSearch(t *testing.T) {
	names := zoneinfo.Names()
	rapid.Check(t, func(t *rapid.T) {
		zone := load(t, rapid.SampledFrom(names).Draw(t, "zone"))
		d := dateOf(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 4017).Draw(t, "day")))
		// Most transitions are at night; half of the days are moved to one.
		if rapid.Bool().Draw(t, "transition") {
			for i := range 200 {
				if later := d.AddDays(i); later.End(zone).Sub(later.Start(zone)) != 24*time.Hour {
					d = later
					break
				}
			}
		}
		w := WallTime(rapid.IntRange(0, 1439).Draw(t, "wall"))
		naive := d.utc().Add(time.Duration(w) * time.Minute)
		var shown []time.Time
		offsetBefore := 0
		for m := -27 * 60; m <= 27*60; m++ {
			instant := naive.Add(time.Duration(m) * time.Minute)
			_, offset := instant.In(zone).Zone()
			switch at := instant.Add(time.Duration(offset) * time.Second); {
			case at.Equal(naive):
				shown = append(shown, instant)
			case at.Before(naive):
				offsetBefore = offset
			}
		}
		want := naive.Add(-time.Duration(offsetBefore) * time.Second)
		if len(shown) > 0 {
			want = shown[0]
		}
		if got := d.At(w, zone); !got.Equal(want) {
			t.Fatalf("%s %s %s: %s, want %s", zone, d, w, got.UTC(), want.UTC())
		}
		if got := d.Occurrences(w, zone); len(got) != len(shown) {
			t.Fatalf("%s %s %s: occurs at %v, want %v", zone, d, w, got, shown)
		}
	})
}

func BenchmarkAt(b *testing.B) {
	zone := load(b, "Europe/Berlin")
	d := Date{2027, time.March, 28}
	for b.Loop() {
		d.At(9*60, zone)
	}
}
