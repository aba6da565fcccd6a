package series

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/beauty-salon/platform/internal/zoneinfo"
	"github.com/beauty-salon/platform/services/appointment/civil"
)

// starts are the instants of a rule, as they would be written in UTC.
func starts(t *testing.T, rule, first, wall, zone string) []string {
	t.Helper()
	r, err := ParseRecurrence(rule)
	if err != nil {
		t.Fatalf("%s: %v", rule, err)
	}
	date, err := civil.ParseDate(first)
	if err != nil {
		t.Fatal(err)
	}
	at, err := civil.ParseWallTime(wall)
	if err != nil {
		t.Fatal(err)
	}
	location, err := zoneinfo.Load(zone)
	if err != nil {
		t.Fatal(err)
	}
	list, err := r.Occurrences(date, at, location)
	if err != nil {
		t.Fatalf("%s: %v", rule, err)
	}
	var texts []string
	for _, o := range list {
		texts = append(texts, o.Start.Format("2006-01-02T15:04"))
	}
	return texts
}

func TestOccurrences(t *testing.T) {
	const london, berlin = "Europe/London", "Europe/Berlin"
	for _, tt := range []struct{ name, rule, first, wall, zone, want string }{
		{
			"weekly over the end of summer time", "FREQ=WEEKLY;BYDAY=TU;COUNT=4", "2027-10-19", "19:00", london,
			"2027-10-19T18:00 2027-10-26T18:00 2027-11-02T19:00 2027-11-09T19:00",
		},
		{
			"on the 31st", "FREQ=MONTHLY;BYMONTHDAY=31;COUNT=5", "2027-01-31", "10:00", "UTC",
			"2027-01-31T10:00 2027-03-31T10:00 2027-05-31T10:00 2027-07-31T10:00 2027-08-31T10:00",
		},
		{
			"the day of the start", "FREQ=MONTHLY;COUNT=2", "2027-01-31", "10:00", "UTC",
			"2027-01-31T10:00 2027-03-31T10:00",
		},
		{
			"on the last day", "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=5", "2027-01-31", "10:00", "UTC",
			"2027-01-31T10:00 2027-02-28T10:00 2027-03-31T10:00 2027-04-30T10:00 2027-05-31T10:00",
		},
		{
			"a leap year", "FREQ=MONTHLY;BYMONTHDAY=-1,29;INTERVAL=12;COUNT=3", "2027-02-01", "10:00", "UTC",
			"2027-02-28T10:00 2028-02-29T10:00 2029-02-28T10:00",
		},
		{
			"the second and the last Friday", "FREQ=MONTHLY;BYDAY=2FR,-1FR;UNTIL=20270226", "2027-01-10", "10:00", "UTC",
			"2027-01-29T10:00 2027-02-12T10:00 2027-02-26T10:00",
		},
		{
			"a fifth Monday", "FREQ=MONTHLY;BYDAY=5MO;COUNT=2", "2027-01-01", "10:00", "UTC",
			"2027-03-29T10:00 2027-05-31T10:00",
		},
		{
			"every two weeks on two days", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;COUNT=4", "2027-01-07", "10:00", "UTC",
			"2027-01-07T10:00 2027-01-18T10:00 2027-01-21T10:00 2027-02-01T10:00",
		},
		{
			"from a day that is not of the rule", "FREQ=WEEKLY;BYDAY=FR;COUNT=2", "2027-01-05", "10:00", "UTC",
			"2027-01-08T10:00 2027-01-15T10:00",
		},
		{
			"until a date, which is included late in the evening", "FREQ=WEEKLY;UNTIL=20270115", "2027-01-08", "23:30", "America/Los_Angeles",
			"2027-01-09T07:30 2027-01-16T07:30",
		},
		{
			"until an instant, which is included", "FREQ=WEEKLY;UNTIL=20270116T073000Z", "2027-01-08", "23:30", "America/Los_Angeles",
			"2027-01-09T07:30 2027-01-16T07:30",
		},
		{
			"until a second before", "FREQ=WEEKLY;UNTIL=20270116T072959Z", "2027-01-08", "23:30", "America/Los_Angeles",
			"2027-01-09T07:30",
		},
		{
			"in a gap", "FREQ=WEEKLY;COUNT=3", "2027-03-21", "02:30", berlin,
			"2027-03-21T01:30 2027-03-28T01:30 2027-04-04T00:30",
		},
		{
			"the first of two", "FREQ=WEEKLY;COUNT=3", "2027-10-24", "02:30", berlin,
			"2027-10-24T00:30 2027-10-31T00:30 2027-11-07T01:30",
		},
		{
			"over the new year", "FREQ=WEEKLY;COUNT=3", "2026-12-25", "10:00", "UTC",
			"2026-12-25T10:00 2027-01-01T10:00 2027-01-08T10:00",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := strings.Join(starts(t, tt.rule, tt.first, tt.wall, tt.zone), " "); got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
		})
	}
	if got := starts(t, "FREQ=WEEKLY;COUNT=52", "2027-01-01", "10:00", "UTC"); len(got) != 52 || got[51] != "2027-12-24T10:00" {
		t.Errorf("52 weeks: %v", got)
	}
}

// TestRecurrenceErrors: everything else is refused, and the error names the part.
func TestRecurrenceErrors(t *testing.T) {
	for _, tt := range []struct{ rule, part string }{
		{"", `""`},
		{"WEEKLY", `"WEEKLY"`},
		{"COUNT=3", "FREQ"},
		{"FREQ=DAILY;COUNT=3", "FREQ"},
		{"FREQ=YEARLY;COUNT=3", "FREQ"},
		{"FREQ=weekly;COUNT=3", "FREQ"},
		{"RRULE:FREQ=WEEKLY;COUNT=3", `"RRULE:FREQ"`},
		{"FREQ=WEEKLY;COUNT=3;", `""`},
		{"FREQ=WEEKLY;FREQ=WEEKLY;COUNT=3", "FREQ"},
		{"FREQ=WEEKLY;COUNT=3;WKST=SU", `"WKST"`},
		{"FREQ=WEEKLY;COUNT=3;BYHOUR=9", `"BYHOUR"`},
		{"FREQ=MONTHLY;COUNT=3;BYSETPOS=1", `"BYSETPOS"`},
		{"FREQ=WEEKLY;DTSTART=20270101;COUNT=3", `"DTSTART"`},
		{"FREQ=WEEKLY", "COUNT"},
		{"FREQ=WEEKLY;COUNT=0", "COUNT"},
		{"FREQ=WEEKLY;COUNT=53", "COUNT"},
		{"FREQ=WEEKLY;COUNT=-1", "COUNT"},
		{"FREQ=WEEKLY;COUNT=", "COUNT"},
		{"FREQ=WEEKLY;COUNT=99999999999999999999", "COUNT"},
		{"FREQ=WEEKLY;COUNT=3;UNTIL=20270101", "UNTIL"},
		{"FREQ=WEEKLY;UNTIL=2027-01-01", "UNTIL"},
		{"FREQ=WEEKLY;UNTIL=20270230", "UNTIL"},
		{"FREQ=WEEKLY;UNTIL=20270101T100000", "UNTIL"},
		{"FREQ=WEEKLY;COUNT=3;INTERVAL=0", "INTERVAL"},
		{"FREQ=WEEKLY;COUNT=3;INTERVAL=53", "INTERVAL"},
		{"FREQ=WEEKLY;COUNT=3;INTERVAL=x", "INTERVAL"},
		{"FREQ=WEEKLY;COUNT=3;BYDAY=", "BYDAY"},
		{"FREQ=WEEKLY;COUNT=3;BYDAY=XX", "BYDAY"},
		{"FREQ=WEEKLY;COUNT=3;BYDAY=MO,", "BYDAY"},
		{"FREQ=WEEKLY;COUNT=3;BYDAY=1MO", "BYDAY"},
		{"FREQ=MONTHLY;COUNT=3;BYDAY=MO", "BYDAY"},
		{"FREQ=MONTHLY;COUNT=3;BYDAY=0MO", "BYDAY"},
		{"FREQ=MONTHLY;COUNT=3;BYDAY=6MO", "BYDAY"},
		{"FREQ=MONTHLY;COUNT=3;BYDAY=xMO", "BYDAY"},
		{"FREQ=WEEKLY;COUNT=3;BYMONTHDAY=1", "BYMONTHDAY"},
		{"FREQ=MONTHLY;COUNT=3;BYMONTHDAY=0", "BYMONTHDAY"},
		{"FREQ=MONTHLY;COUNT=3;BYMONTHDAY=32", "BYMONTHDAY"},
		{"FREQ=MONTHLY;COUNT=3;BYMONTHDAY=-32", "BYMONTHDAY"},
		{"FREQ=MONTHLY;COUNT=3;BYMONTHDAY=", "BYMONTHDAY"},
		{"FREQ=MONTHLY;COUNT=3;BYMONTHDAY=1;BYDAY=1MO", "BYMONTHDAY"},
	} {
		_, err := ParseRecurrence(tt.rule)
		if err == nil || !strings.HasPrefix(err.Error(), tt.part+" ") {
			t.Errorf("%q: %v, want an error about %s", tt.rule, err, tt.part)
		}
	}
	for _, tt := range []struct{ rule, part string }{
		{"FREQ=WEEKLY;UNTIL=20280107", "UNTIL"},
		{"FREQ=WEEKLY;UNTIL=20261231", "must have"},
		{"FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=30;COUNT=2", "must have"},
	} {
		r, err := ParseRecurrence(tt.rule)
		if err != nil {
			t.Fatal(err)
		}
		first := civil.Date{Year: 2027, Month: time.February, Day: 1}
		if tt.part == "UNTIL" {
			first = civil.Date{Year: 2027, Month: time.January, Day: 1}
		}
		if _, err = r.Occurrences(first, 600, time.UTC); err == nil || !strings.HasPrefix(err.Error(), tt.part) {
			t.Errorf("%q: %v, want an error about %s", tt.rule, err, tt.part)
		}
	}
}

// TestWallTimeStays: in every zone, all appointments of a series are at the same wall time on the dates of the rule, except in a
// gap, and the instants are in the order of the dates.
func TestWallTimeStays(t *testing.T) {
	zones := []string{
		"Europe/London", "Europe/Berlin", "America/New_York", "America/Santiago", "Africa/Cairo", "Asia/Beirut", "Asia/Kolkata",
		"Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kiritimati", "America/St_Johns", "Africa/Casablanca", "Antarctica/Troll", "UTC",
	}
	rapid.Check(t, func(t *rapid.T) {
		zone, err := zoneinfo.Load(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		rule := rapid.SampledFrom([]string{
			"FREQ=WEEKLY;COUNT=52", "FREQ=WEEKLY;INTERVAL=2;BYDAY=SA,SU;COUNT=40", "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=12",
			"FREQ=MONTHLY;BYDAY=-1SU;COUNT=24", "FREQ=WEEKLY;BYDAY=FR,SA,SU;COUNT=52",
		}).Draw(t, "rule")
		first := civil.Date{Year: 2024, Month: time.January, Day: 1}.AddDays(rapid.IntRange(0, 1500).Draw(t, "days"))
		wall := civil.WallTime(rapid.IntRange(0, 1439).Draw(t, "wall"))
		r, err := ParseRecurrence(rule)
		if err != nil {
			t.Fatal(err)
		}
		list, err := r.Occurrences(first, wall, zone)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range list {
			exists := o.Date.Occurrences(wall, zone)
			shown := o.Start.In(zone)
			minutes := civil.WallTime(shown.Hour()*60 + shown.Minute())
			switch {
			case len(exists) == 0 && minutes <= wall && shown.Day() == o.Date.Day:
				t.Fatalf("%v %v is in a gap, and became %v", o.Date, wall, shown)
			case len(exists) > 0 && (minutes != wall || shown.Day() != o.Date.Day || !o.Start.Equal(exists[0])):
				t.Fatalf("%v %v became %v", o.Date, wall, shown)
			}
		}
		if !slices.IsSortedFunc(list, func(a, b Occurrence) int { return a.Start.Compare(b.Start) }) {
			t.Fatalf("not in order: %v", list)
		}
	})
}
