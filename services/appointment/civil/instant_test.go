package civil

import (
	"slices"
	"testing"
	"time"

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
		{"America/Los_Angeles", "2027-10-27", "2027-10-27T07:00Z", "2027-10-28T07:00Z"},
		{"America/Los_Angeles", "2027-10-31", "2027-10-31T07:00Z", "2027-11-01T07:00Z"},
		{"America/Los_Angeles", "2027-01-31", "2027-01-31T08:00Z", "2027-02-01T08:00Z"},
		{"America/Nuuk", "2027-03-27", "2027-03-27T02:00Z", "2027-03-28T01:00Z"}, // ends at 23:00
		{"Pacific/Apia", "2011-12-30", "2011-12-30T10:00Z", "2011-12-30T10:00Z"}, // there is no such day
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
		{"America/New_York", "2027-11-06", "09:00", "17:00", "2027-11-06T13:00Z", "2027-11-06T21:00Z"},
		{"America/New_York", "2027-11-07", "09:00", "17:00", "2027-11-07T14:00Z", "2027-11-07T22:00Z"},
		{"America/New_York", "2027-11-08", "09:00", "17:00", "2027-11-08T14:00Z", "2027-11-08T22:00Z"},
		{"Europe/Berlin", "2027-03-28", "09:00", "17:00", "2027-03-28T07:00Z", "2027-03-28T15:00Z"}, // still eight hours
		{"Europe/Berlin", "2027-03-28", "02:00", "04:00", "2027-03-28T01:00Z", "2027-03-28T02:00Z"},
		{"Europe/Berlin", "2027-03-28", "02:00", "03:00", "2027-03-28T01:00Z", "2027-03-28T01:00Z"}, // skipped
		{"Europe/Berlin", "2027-03-28", "01:00", "02:30", "2027-03-28T00:00Z", "2027-03-28T01:30Z"}, // until 03:30
		{"Europe/Berlin", "2027-10-31", "02:00", "04:00", "2027-10-31T00:00Z", "2027-10-31T03:00Z"},
		{"Europe/Berlin", "2027-10-31", "18:00", "24:00", "2027-10-31T17:00Z", "2027-10-31T23:00Z"},
		{"Europe/Berlin", "2027-10-26", "13:00", "14:00", "2027-10-26T11:00Z", "2027-10-26T12:00Z"},
		{"Europe/Berlin", "2027-11-02", "13:00", "14:00", "2027-11-02T12:00Z", "2027-11-02T13:00Z"},
		{"Africa/Cairo", "2027-04-30", "00:00", "24:00", "2027-04-29T22:00Z", "2027-04-30T21:00Z"},
		{"Europe/Amsterdam", "2027-05-08", "00:00", "00:15", "2027-05-07T22:00Z", "2027-05-07T22:15Z"},
		{"Europe/London", "2027-10-26", "19:00", "20:00", "2027-10-26T18:00Z", "2027-10-26T19:00Z"},
		{"Europe/London", "2027-11-02", "19:00", "20:00", "2027-11-02T19:00Z", "2027-11-02T20:00Z"},
		{"America/Santiago", "2022-09-06", "10:00", "18:00", "2022-09-06T14:00Z", "2022-09-06T22:00Z"}, // Chile changed on the 11th
		{"America/Santiago", "2022-09-12", "10:00", "18:00", "2022-09-12T13:00Z", "2022-09-12T21:00Z"},
		{"America/Nuuk", "2027-03-27", "22:00", "23:30", "2027-03-28T00:00Z", "2027-03-28T01:00Z"}, // until 23:00, which is 24:00
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

// The half hours from 02:00 to 04:00, on a day without the hour from 02:00 on, and on a day with two of them.
func TestOccurrencesOfAGrid(t *testing.T) {
	zone := load(t, "Europe/Berlin")
	for day, want := range map[string][]string{
		"2027-03-28": {"2027-03-28T01:00Z", "2027-03-28T01:30Z"},
		"2027-10-31": {
			"2027-10-31T00:00Z", "2027-10-31T00:30Z", "2027-10-31T01:00Z", "2027-10-31T01:30Z", "2027-10-31T02:00Z", "2027-10-31T02:30Z",
		},
	} {
		var got []string
		for w := wall(t, "02:00"); w < wall(t, "04:00"); w += 30 {
			got = append(got, instants(date(t, day).Occurrences(w, zone)...)...)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", day, got, want)
		}
	}
}

func TestLocal(t *testing.T) {
	for _, tt := range []struct{ zone, instant, date, wall string }{
		{"Europe/Amsterdam", "2027-05-07T22:00:00Z", "2027-05-08", "00:00"},
		{"Europe/Amsterdam", "2027-05-07T21:59:59Z", "2027-05-07", "23:59"},
		{"America/Los_Angeles", "2027-02-01T01:00:00Z", "2027-01-31", "17:00"},
		{"America/Los_Angeles", "2027-02-01T08:00:00Z", "2027-02-01", "00:00"},
		{"Africa/Cairo", "2027-04-29T22:00:00Z", "2027-04-30", "01:00"},
		{"Europe/Berlin", "2027-10-31T00:30:00Z", "2027-10-31", "02:30"},
		{"Europe/Berlin", "2027-10-31T01:30:00Z", "2027-10-31", "02:30"},
		// At 00:01 clocks were set back to 23:01 of the day before.
		{"America/St_Johns", "2010-11-07T02:30:00Z", "2010-11-07", "00:00"},
		{"America/St_Johns", "2010-11-07T02:31:00Z", "2010-11-07", "23:01"},
		{"America/St_Johns", "2010-11-07T03:30:00Z", "2010-11-07", "00:00"},
	} {
		at, err := time.Parse(time.RFC3339, tt.instant)
		if err != nil {
			t.Fatal(err)
		}
		if d, w := Local(at, load(t, tt.zone)); d.String() != tt.date || w.String() != tt.wall {
			t.Errorf("%s %s: %s %s, want %s %s", tt.zone, tt.instant, d, w, tt.date, tt.wall)
		}
	}
}

// The dates are far from today, because a zone remembers the offset of today.
func BenchmarkAt(b *testing.B) {
	zone := load(b, "Europe/Berlin")
	for name, d := range map[string]Date{"ordinary": {2035, time.June, 5}, "change": {2035, time.March, 25}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				d.At(9*60, zone)
			}
		})
	}
}

func BenchmarkIntervalOn(b *testing.B) {
	zone := load(b, "Europe/Berlin")
	for b.Loop() {
		Interval{9 * 60, 17 * 60}.On(Date{2035, time.June, 5}, zone)
	}
}

func BenchmarkLocal(b *testing.B) {
	zone := load(b, "Europe/Berlin")
	t := time.Date(2035, 6, 5, 9, 0, 0, 0, time.UTC)
	for b.Loop() {
		Local(t, zone)
	}
}
