package schedule

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/beauty-salon/platform/internal/zoneinfo"
	"github.com/beauty-salon/platform/services/appointment/civil"
)

// date parses a date of a test.
func date(t testing.TB, text string) civil.Date {
	t.Helper()
	d, err := civil.ParseDate(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return d
}

// day makes the hours of a day, such as "09:00-12:00".
func day(t testing.TB, texts ...string) civil.Day {
	t.Helper()
	d, err := decodeDay(texts)
	if err != nil {
		t.Fatalf("%q: %v", texts, err)
	}
	return d
}

// daily is the same hours on each day.
func daily(t testing.TB, texts ...string) Hours {
	t.Helper()
	var week civil.Week
	for i := range week {
		week[i] = day(t, texts...)
	}
	return Hours{Periods: []Period{{Week: week}}}
}

// on replaces the hours of one date.
func on(t testing.TB, h Hours, d string, texts ...string) Hours {
	t.Helper()
	h.Dated = append(slices.Clone(h.Dated), Dated{From: date(t, d), Until: date(t, d), Day: day(t, texts...)})
	return h
}

func location(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := zoneinfo.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// instant parses an instant such as "2027-03-28T07:00Z".
func instant(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02T15:04Z07:00", text)
	if err != nil {
		t.Fatal(err)
	}
	return at.UTC()
}

// span makes a stretch of time.
func span(t testing.TB, from, to string) Span {
	t.Helper()
	return Span{instant(t, from), instant(t, to)}
}

// texts shows stretches of time, in UTC.
func texts(spans []Span) []string {
	list := make([]string, len(spans))
	for i, s := range spans {
		list[i] = s.Start.UTC().Format("2006-01-02T15:04Z") + "–" + s.End.UTC().Format("2006-01-02T15:04Z")
	}
	return list
}

func TestDay(t *testing.T) {
	period := func(from, until string, h Hours) Hours {
		h.Periods[0].From, h.Periods[0].Until = date(t, from), date(t, until)
		return h
	}
	for _, tt := range []struct {
		name, zone, date string
		salon, master    Hours
		off              []Span
		salonSource      Source
		masterSource     Source
		want             []string
	}{
		{
			name: "nothing is set", zone: "Europe/Berlin", date: "2027-03-01",
			salonSource: AllDay, masterSource: AllDay, want: []string{"2027-02-28T23:00Z–2027-03-01T23:00Z"},
		},
		{
			name: "a day of 23 hours", zone: "Europe/Berlin", date: "2027-03-28",
			salonSource: AllDay, masterSource: AllDay, want: []string{"2027-03-27T23:00Z–2027-03-28T22:00Z"},
		},
		{
			name: "the master follows the salon", zone: "Europe/Berlin", date: "2027-03-28", salon: daily(t, "09:00-17:00"),
			salonSource: OpeningHours, masterSource: OpeningHours, want: []string{"2027-03-28T07:00Z–2027-03-28T15:00Z"},
		},
		{
			name: "the salon has hours on other dates only", zone: "Europe/Berlin", date: "2027-03-01",
			salon: period("2027-04-01", "2027-12-31", daily(t, "09:00-17:00")), master: daily(t, "09:00-17:00"),
			salonSource: OpeningHours, masterSource: WorkingHours,
		},
		{
			name: "the master has hours on other dates only", zone: "Europe/Berlin", date: "2027-03-01", salon: daily(t, "10:00-12:00"),
			master:      period("2027-04-01", "2027-12-31", daily(t, "11:00-17:00")),
			salonSource: OpeningHours, masterSource: OpeningHours, want: []string{"2027-03-01T09:00Z–2027-03-01T11:00Z"},
		},
		{
			name: "what both have", zone: "America/New_York", date: "2027-03-14", salon: daily(t, "10:00-14:00", "15:00-19:00"),
			master:      daily(t, "13:00-18:00"),
			salonSource: OpeningHours, masterSource: WorkingHours,
			want: []string{"2027-03-14T17:00Z–2027-03-14T18:00Z", "2027-03-14T19:00Z–2027-03-14T22:00Z"},
		},
		{
			name: "closed", zone: "Europe/Berlin", date: "2027-03-01", salon: on(t, daily(t, "09:00-17:00"), "2027-03-01"),
			master:      on(t, Hours{}, "2027-03-01", "00:00-24:00"),
			salonSource: Closure, masterSource: Override,
		},
		{
			name: "a special day without opening hours", zone: "Europe/Berlin", date: "2027-03-01",
			salon:       on(t, Hours{}, "2027-03-01", "08:00-12:00"),
			salonSource: Closure, masterSource: Closure, want: []string{"2027-03-01T07:00Z–2027-03-01T11:00Z"},
		},
		{
			name: "an override instead of the working hours", zone: "Europe/Berlin", date: "2027-03-01", salon: daily(t, "09:00-20:00"),
			master:      on(t, daily(t, "09:00-17:00"), "2027-03-01", "16:00-22:00"),
			salonSource: OpeningHours, masterSource: Override, want: []string{"2027-03-01T15:00Z–2027-03-01T19:00Z"},
		},
		{
			name: "an override without hours", zone: "Europe/Berlin", date: "2027-03-01", master: on(t, daily(t, "09:00-17:00"), "2027-03-01"),
			salonSource: AllDay, masterSource: Override,
		},
		{
			name: "time off in the middle, at the end, and elsewhere", zone: "Europe/Berlin", date: "2027-03-01", master: daily(t, "09:00-17:00"),
			off: []Span{
				span(t, "2027-03-01T11:00Z", "2027-03-01T11:30Z"), span(t, "2027-03-01T15:30Z", "2027-03-02T09:00Z"),
				span(t, "2027-03-01T03:00Z", "2027-03-01T08:00Z"),
			},
			salonSource: AllDay, masterSource: WorkingHours,
			want: []string{"2027-03-01T08:00Z–2027-03-01T11:00Z", "2027-03-01T11:30Z–2027-03-01T15:30Z"},
		},
		{
			name: "the hour that clocks skip", zone: "Europe/Berlin", date: "2027-03-28", master: daily(t, "02:00-04:00"),
			salonSource: AllDay, masterSource: WorkingHours, want: []string{"2027-03-28T01:00Z–2027-03-28T02:00Z"},
		},
		{
			name: "the hour that comes twice", zone: "Europe/Berlin", date: "2027-10-31", master: daily(t, "02:00-04:00"),
			salonSource: AllDay, masterSource: WorkingHours, want: []string{"2027-10-31T00:00Z–2027-10-31T03:00Z"},
		},
		{
			name: "a date that the zone leaves out", zone: "Pacific/Apia", date: "2011-12-30", master: daily(t, "09:00-17:00"),
			salonSource: AllDay, masterSource: WorkingHours,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &Calendar{Zone: location(t, tt.zone), Salon: tt.salon, Masters: map[string]Hours{"m": tt.master}, TimeOff: map[string][]TimeOffEntry{}}
			for _, s := range tt.off {
				c.TimeOff["m"] = append(c.TimeOff["m"], TimeOffEntry{Span: s})
			}
			d := date(t, tt.date)
			c.TimeOff["another"] = []TimeOffEntry{{Span: Span{d.Start(c.Zone), d.End(c.Zone)}}}
			got := c.Day("m", d)
			if got.SalonSource != tt.salonSource || got.HoursSource != tt.masterSource {
				t.Errorf("sources %s and %s, want %s and %s", got.SalonSource, got.HoursSource, tt.salonSource, tt.masterSource)
			}
			if !slices.Equal(texts(got.Open), tt.want) {
				t.Errorf("open %q, want %q", texts(got.Open), tt.want)
			}
		})
	}
}

// TestOpenOverMidnight: stretches that touch at midnight are one, also where a day begins at 01:00.
func TestOpenOverMidnight(t *testing.T) {
	c := &Calendar{Zone: location(t, "Africa/Cairo"), Masters: map[string]Hours{"m": daily(t, "00:00-02:00", "20:00-24:00")}}
	_, master := c.Open("m", span(t, "2027-04-29T20:00Z", "2027-04-29T23:00Z"))
	want := []string{
		"2027-04-28T22:00Z–2027-04-29T00:00Z", "2027-04-29T18:00Z–2027-04-29T23:00Z", "2027-04-30T17:00Z–2027-04-30T21:00Z",
	}
	if !slices.Equal(texts(master), want) {
		t.Errorf("open %q, want %q", texts(master), want)
	}
}

// TestTimeOffByDates: the instants are made from the dates in the zone at hand.
func TestTimeOffByDates(t *testing.T) {
	for _, tt := range []struct{ zone, from, until, want string }{
		{"Africa/Cairo", "2027-04-30", "2027-04-30", "2027-04-29T22:00Z–2027-04-30T21:00Z"},
		{"America/Los_Angeles", "2027-10-27", "2027-10-31", "2027-10-27T07:00Z–2027-11-01T07:00Z"},
		{"America/Santiago", "2022-09-11", "2022-09-11", "2022-09-11T04:00Z–2022-09-12T03:00Z"},
		{"Pacific/Apia", "2011-12-29", "2011-12-30", "2011-12-29T10:00Z–2011-12-30T10:00Z"},
	} {
		e := TimeOffEntry{From: date(t, tt.from), Until: date(t, tt.until), Span: span(t, "2000-01-01T00:00Z", "2000-01-02T00:00Z")}
		if got := texts([]Span{e.In(location(t, tt.zone))})[0]; got != tt.want {
			t.Errorf("%s: %s, want %s", tt.zone, got, tt.want)
		}
	}
	fixed := TimeOffEntry{Span: span(t, "2027-01-01T00:00Z", "2027-01-02T00:00Z")}
	if got := fixed.In(location(t, "Asia/Tokyo")); got != fixed.Span {
		t.Errorf("time off of instants is %v", got)
	}
}

// TestDayProperties: open time is sorted, without overlaps, within the date and the salon's open time, and outside of all time off;
// every minute of the date that all of this admits is open.
func TestDayProperties(t *testing.T) {
	zones := []string{"UTC", "Europe/Berlin", "America/New_York", "Africa/Cairo", "Australia/Lord_Howe", "America/Santiago"}
	dates := []string{"2027-03-01", "2027-03-14", "2027-03-28", "2027-04-04", "2027-04-30", "2027-09-05", "2027-10-31"}
	rapid.Check(t, func(rt *rapid.T) {
		zone := location(t, rapid.SampledFrom(zones).Draw(rt, "zone"))
		d := date(t, rapid.SampledFrom(dates).Draw(rt, "date"))
		hours := rapid.Custom(func(rt *rapid.T) civil.Day {
			var intervals []civil.Interval
			for from := rapid.IntRange(0, 700).Draw(rt, "from"); from < 24*60; {
				to := min(from+rapid.IntRange(1, 700).Draw(rt, "length"), 24*60)
				intervals = append(intervals, civil.Interval{From: civil.WallTime(from), To: civil.WallTime(to)})
				from = to + rapid.IntRange(0, 700).Draw(rt, "gap")
			}
			day, _, err := civil.NewDay(intervals)
			if err != nil {
				rt.Fatal(err)
			}
			return day
		})
		c := &Calendar{
			Zone: zone, Salon: Hours{Dated: []Dated{{From: d, Until: d, Day: hours.Draw(rt, "salon")}}},
			Masters: map[string]Hours{"m": {Dated: []Dated{{From: d, Until: d, Day: hours.Draw(rt, "master")}}}},
		}
		var off []TimeOffEntry
		for range rapid.IntRange(0, 4).Draw(rt, "times off") {
			start := d.Start(zone).Add(time.Duration(rapid.IntRange(-600, 1500).Draw(rt, "start")) * time.Minute)
			off = append(off, TimeOffEntry{Span: Span{start, start.Add(time.Duration(rapid.IntRange(1, 900).Draw(rt, "minutes")) * time.Minute)}})
		}
		c.TimeOff = map[string][]TimeOffEntry{"m": off}
		got := c.Day("m", d)
		for i := 1; i < len(got.Open); i++ {
			if got.Open[i].Start.Before(got.Open[i-1].End) {
				rt.Fatalf("not in order: %q", texts(got.Open))
			}
		}
		contains := func(spans []Span, at time.Time) bool { return covers(spans, Span{at, at.Add(time.Minute)}) }
		own := c.instants(c.Masters["m"].Dated[0].Day, d)
		for at := got.Start.Add(-time.Hour); at.Before(got.End.Add(time.Hour)); at = at.Add(time.Minute) {
			want := contains(got.SalonOpen, at) && contains(own, at) && !slices.ContainsFunc(off, func(o TimeOffEntry) bool {
				return at.Before(o.End) && o.Start.Before(at.Add(time.Minute))
			})
			if want != contains(got.Open, at) {
				rt.Fatalf("%v: open is %t, want %t", at, !want, want)
			}
		}
	})
}
