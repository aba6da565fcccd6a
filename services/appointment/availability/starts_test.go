package availability

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beauty-salon/platform/services/appointment/civil"
	"github.com/beauty-salon/platform/services/appointment/schedule"
)

// TestStarts are values that must come out of searches.
func TestStarts(t *testing.T) {
	tuesdays := schedule.Hours{Periods: []schedule.Period{{Week: civil.Week{time.Tuesday: dayOf("13:00-14:00")}}}}
	for _, tt := range []struct {
		name          string
		zone          string
		hours         schedule.Hours
		minutes, step Minute
		first, last   string
		now           string
		taken         *Taken
		change        func(*Rules)
		want          string // "first … last" for all of a step in between
	}{
		{
			name: "New York on the day when clocks are set forward", zone: "America/New_York", hours: everyDay("13:00-18:00"),
			minutes: 60, step: 30, first: "2027-03-14", last: "2027-03-14", want: "03-14T17:00 … 03-14T21:00",
		},
		{
			name: "New York on the day before", zone: "America/New_York", hours: everyDay("13:00-18:00"),
			minutes: 60, step: 30, first: "2027-03-13", last: "2027-03-13", want: "03-13T18:00 … 03-13T22:00",
		},
		{
			name: "Berlin on Tuesdays", zone: "Europe/Berlin", hours: tuesdays,
			minutes: 60, step: 60, first: "2027-10-25", last: "2027-11-07", want: "10-26T11:00 11-02T12:00",
		},
		{
			name: "Berlin, eight hours when clocks are set forward", zone: "Europe/Berlin", hours: everyDay("09:00-17:00"),
			minutes: 60, step: 30, first: "2027-03-28", last: "2027-03-28", want: "03-28T07:00 … 03-28T14:00",
		},
		{
			name: "Berlin, an hour that does not exist", zone: "Europe/Berlin", hours: everyDay("02:00-04:00"),
			minutes: 30, step: 30, first: "2027-03-28", last: "2027-03-28", want: "03-28T01:00 03-28T01:30",
		},
		{
			name: "Berlin, an hour that exists twice", zone: "Europe/Berlin", hours: everyDay("02:00-04:00"),
			minutes: 30, step: 30, first: "2027-10-31", last: "2027-10-31", want: "10-31T00:00 … 10-31T02:30",
		},
		{
			name: "bookable until 31 January, Los Angeles", zone: "America/Los_Angeles", minutes: 60, step: 60,
			first: "2027-01-31", last: "2027-02-02", want: "01-31T08:00 … 02-01T07:00",
			change: func(r *Rules) { r.Policy.BookableUntil = date("2027-01-31") },
		},
		{
			name: "lead time of 7 days over the end of summer time", zone: "America/New_York", hours: everyDay("09:00-17:00"),
			minutes: 60, step: 60, first: "2027-10-31", last: "2027-11-07", now: "2027-10-31T15:00Z",
			change: func(r *Rules) { r.Policy.LeadTime = 7 * 24 * time.Hour },
			want:   "11-07T15:00 … 11-07T21:00",
		},
		{
			name: "that day's hours", zone: "America/New_York", hours: everyDay("09:00-17:00"),
			minutes: 60, step: 60, first: "2027-11-07", last: "2027-11-07", want: "11-07T14:00 … 11-07T21:00",
		},
		{
			name: "until 24:00", zone: "Europe/Berlin", hours: everyDay("18:00-24:00"),
			minutes: 60, step: 60, first: "2027-05-03", last: "2027-05-03", want: "05-03T16:00 … 05-03T21:00",
		},
		{
			name: "a break", zone: "UTC", hours: everyDay("09:30-12:00 12:30-17:00"),
			minutes: 60, step: 30, first: "2027-05-03", last: "2027-05-03",
			want: "05-03T09:30 05-03T10:00 05-03T10:30 05-03T11:00 05-03T12:30 05-03T13:00 05-03T13:30 05-03T14:00 05-03T14:30 " +
				"05-03T15:00 05-03T15:30 05-03T16:00",
		},
		{
			name: "90 minutes until 20:00", zone: "UTC", hours: everyDay("16:00-20:00"),
			minutes: 90, step: 30, first: "2027-05-03", last: "2027-05-03", want: "05-03T16:00 … 05-03T18:30",
		},
		{
			name: "15 minutes before, after what is taken", zone: "UTC", hours: everyDay("12:30-16:00"),
			minutes: 60, step: 5, first: "2027-05-03", last: "2027-05-03",
			change: func(r *Rules) { r.perform("mira", "cut", minutes(60, 15, 0)) },
			taken:  taken("mira", span("2027-05-03T12:50Z", "2027-05-03T13:50Z")),
			want:   "05-03T14:05 … 05-03T15:00",
		},
		{
			name: "540 minutes", zone: "UTC", hours: everyDay("09:00-18:00"),
			minutes: 540, step: 15, first: "2027-05-03", last: "2027-05-03", want: "05-03T09:00",
		},
		{
			name: "540 minutes, taken", zone: "UTC", hours: everyDay("09:00-18:00"),
			minutes: 540, step: 15, first: "2027-05-03", last: "2027-05-03",
			taken: taken("mira", span("2027-05-03T09:00Z", "2027-05-03T18:00Z")),
		},
		{
			name: "105 minutes taken at 10:00, seen at 10:15", zone: "UTC", hours: everyDay("10:00-13:00"), now: "2027-05-03T10:15Z",
			minutes: 60, step: 15, first: "2027-05-03", last: "2027-05-03",
			taken: taken("mira", span("2027-05-03T10:00Z", "2027-05-03T11:45Z")), want: "05-03T11:45 05-03T12:00",
		},
		{
			name: "a gap between two steps", zone: "UTC", hours: everyDay("09:00-12:00"),
			minutes: 60, step: 60, first: "2027-05-03", last: "2027-05-03",
			taken: taken("mira", span("2027-05-03T09:10Z", "2027-05-03T09:40Z"), span("2027-05-03T10:40Z", "2027-05-03T12:00Z")),
			want:  "05-03T09:40",
		},
		{
			name: "a clock with half hours", zone: "Asia/Kolkata", hours: everyDay("09:00-11:00"),
			minutes: 60, step: 60, first: "2027-05-03", last: "2027-05-03", want: "05-03T03:30 05-03T04:30",
		},
		{
			name: "Lord Howe, half an hour twice", zone: "Australia/Lord_Howe", hours: everyDay("01:00-03:00"),
			minutes: 15, step: 30, first: "2027-04-04", last: "2027-04-04", want: "04-03T14:00 … 04-03T16:00",
		},
		{
			name: "two stretches that touch at midnight", zone: "Europe/Berlin", hours: everyDay("00:00-01:00 23:00-24:00"),
			minutes: 90, step: 30, first: "2027-05-03", last: "2027-05-04", want: "05-03T21:00 05-03T21:30 05-04T21:00 05-04T21:30",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRules(t, tt.zone, tt.minutes, tt.step)
			r.Masters["mira"].Hours = tt.hours
			if tt.change != nil {
				tt.change(r)
			}
			q := want("cut")
			if tt.now != "" {
				q.Now = at(tt.now)
			}
			if tt.taken == nil {
				tt.taken = &Taken{}
			}
			expected := strings.Fields(tt.want)
			if first, last, ok := strings.Cut(tt.want, " … "); ok {
				expected = nil
				for m := minute("2027-" + first + "Z"); m <= minute("2027-"+last+"Z"); m += tt.step {
					expected = append(expected, m.Time().Format("01-02T15:04"))
				}
			}
			if got := starts(r, q, tt.taken, tt.first, tt.last); !slices.Equal(got, expected) {
				t.Errorf("%v\nwant %v", got, expected)
			}
		})
	}
}
