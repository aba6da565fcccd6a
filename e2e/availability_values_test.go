package e2e_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// value is the starts that a search has to find.
type value struct {
	name, zone  string
	hours       *appointmentv1.WeeklyHours // of the only master; nil: all day
	minutes     int32
	step        int32
	first, last string                    // dates; none: a date that lies a month ahead
	days        []appointmentv1.DayOfWeek // none: all
	prepare     func(t *testing.T, h *shop, date time.Time)
	want        string            // times in UTC without the year, or of the date; "first … last" for all of a step in between
	refused     map[string]string // starts that cannot be booked, and the reasons
}

// values are what must come out of hours, time zones and taken time.
var values = []value{
	{
		name: "New York on the day when clocks are set forward", zone: "America/New_York", hours: everyDay("13:00", "18:00"),
		minutes: 60, step: 30, first: "2027-03-14", last: "2027-03-14", want: "03-14T17:00 … 03-14T21:00",
		refused: map[string]string{"03-14T22:00": "OUTSIDE_HOURS"},
	},
	{
		name: "New York on the day before", zone: "America/New_York", hours: everyDay("13:00", "18:00"),
		minutes: 60, step: 30, first: "2027-03-13", last: "2027-03-13", want: "03-13T18:00 … 03-13T22:00",
		refused: map[string]string{"03-13T17:00": "OUTSIDE_HOURS"},
	},
	{
		name: "Berlin on Tuesdays", zone: "Europe/Berlin", hours: period("", "", weekly("13:00", "14:00", tuesday)),
		minutes: 60, step: 60, first: "2027-10-25", last: "2027-11-07", want: "10-26T11:00 11-02T12:00",
		refused: map[string]string{"11-02T11:00": "OUTSIDE_HOURS"},
	},
	{
		name: "Berlin, eight hours when clocks are set forward", zone: "Europe/Berlin", hours: everyDay("09:00", "17:00"),
		minutes: 60, step: 30, first: "2027-03-28", last: "2027-03-28", want: "03-28T07:00 … 03-28T14:00",
	},
	{
		name: "Berlin, an hour that does not exist", zone: "Europe/Berlin", hours: everyDay("02:00", "04:00"),
		minutes: 30, step: 30, first: "2027-03-28", last: "2027-03-28", want: "03-28T01:00 03-28T01:30",
	},
	{
		name: "Berlin, an hour that exists twice", zone: "Europe/Berlin", hours: everyDay("02:00", "04:00"),
		minutes: 30, step: 30, first: "2027-10-31", last: "2027-10-31", want: "10-31T00:00 … 10-31T02:30",
	},
	{
		name: "a day off in Cairo that begins at 01:00", zone: "Africa/Cairo", minutes: 60, step: 60, first: "2027-04-29", last: "2027-05-01",
		prepare: func(t *testing.T, h *shop, _ time.Time) {
			h.vacation(t, "2027-04-30", "2027-04-30", "2027-04-29T22:00", "2027-04-30T21:00")
		},
		want:    "04-28T22:00 … 04-29T21:00 04-30T21:00 … 05-01T20:00",
		refused: map[string]string{"04-29T22:00": "TIME_OFF", "04-30T20:00": "TIME_OFF"},
	},
	{
		name: "time off in Los Angeles", zone: "America/Los_Angeles", minutes: 60, step: 60, first: "2027-10-26", last: "2027-11-01",
		prepare: func(t *testing.T, h *shop, _ time.Time) {
			h.vacation(t, "2027-10-27", "2027-10-31", "2027-10-27T07:00", "2027-11-01T07:00")
		},
		want: "10-26T07:00 … 10-27T06:00 11-01T07:00 … 11-02T06:00", refused: map[string]string{"11-01T06:00": "TIME_OFF"},
	},
	{
		name: "bookable until 31 January in Los Angeles", zone: "America/Los_Angeles", minutes: 60, step: 60,
		first: "2027-01-31", last: "2027-02-02", want: "01-31T08:00 … 02-01T07:00",
		prepare: func(t *testing.T, h *shop, _ time.Time) {
			h.policy(t, &appointmentv1.UpdateBookingPolicyRequest{BookableUntil: new("2027-01-31")})
		},
		refused: map[string]string{"02-01T08:00": "HORIZON", "02-02T20:00": "HORIZON"},
	},
	{
		name: "Saturday in Amsterdam", zone: "Europe/Amsterdam", hours: everyDay("00:00", "00:15"), minutes: 15, step: 15,
		first: "2027-05-03", last: "2027-05-09", days: []appointmentv1.DayOfWeek{appointmentv1.DayOfWeek_DAY_OF_WEEK_SATURDAY},
		want: "05-07T22:00", refused: map[string]string{"05-07T22:15": "OUTSIDE_HOURS"},
	},
	{name: "until 24:00", zone: "UTC", hours: everyDay("18:00", "24:00"), minutes: 60, step: 60, want: "18:00 … 23:00"},
	{
		name: "a break", zone: "UTC", hours: everyDay("09:30", "17:00"), minutes: 60, step: 30,
		prepare: func(t *testing.T, h *shop, date time.Time) {
			salontest.Do[proto.Message](t, h.c, h.s.Admin(), createTimeOff, &appointmentv1.CreateTimeOffRequest{
				MasterId: h.masters[0].ID, Kind: appointmentv1.TimeOffKind_TIME_OFF_KIND_BREAK,
				StartTime: timestamp(date.Add(12 * time.Hour)), EndTime: timestamp(date.Add(12*time.Hour + 30*time.Minute)),
			})
		},
		want: "09:30 … 11:00 12:30 … 16:00", refused: map[string]string{"11:30": "TIME_OFF", "12:00": "TIME_OFF", "16:30": "OUTSIDE_HOURS"},
	},
	{
		name: "90 minutes until 20:00", zone: "UTC", hours: everyDay("16:00", "20:00"), minutes: 90, step: 30, want: "16:00 … 18:30",
		refused: map[string]string{"19:00": "OUTSIDE_HOURS"},
	},
	{
		name: "15 minutes before, after what is taken", zone: "UTC", hours: everyDay("12:30", "16:00"), minutes: 60, step: 5,
		prepare: func(t *testing.T, h *shop, date time.Time) {
			h.take(t, date.Add(12*time.Hour+50*time.Minute), 60)
			salontest.Do[proto.Message](t, h.c, h.s.Admin(), appointmentv1.CatalogService_UpdateService_FullMethodName,
				&appointmentv1.UpdateServiceRequest{ServiceId: h.service.GetId(), BufferBeforeMinutes: new(int32(15))})
		},
		want: "14:05 … 15:00", refused: map[string]string{"14:00": "BUFFER", "12:30": "BOOKED", "15:45": "OUTSIDE_HOURS"},
	},
	{name: "540 minutes", zone: "UTC", hours: everyDay("09:00", "18:00"), minutes: 540, step: 15, want: "09:00"},
	{
		name: "after 105 minutes", zone: "UTC", hours: everyDay("10:00", "13:00"), minutes: 60, step: 15,
		prepare: func(t *testing.T, h *shop, date time.Time) { h.take(t, date.Add(10*time.Hour), 105) },
		want:    "11:45 12:00", refused: map[string]string{"11:00": "BOOKED", "11:30": "BOOKED"},
	},
	{
		name: "a gap between two steps", zone: "UTC", hours: everyDay("09:00", "12:00"), minutes: 60, step: 60,
		prepare: func(t *testing.T, h *shop, date time.Time) {
			h.take(t, date.Add(9*time.Hour+10*time.Minute), 30)
			h.take(t, date.Add(10*time.Hour+40*time.Minute), 80)
		},
		want: "09:40", refused: map[string]string{"09:50": "STEP"},
	},
}

// vacation gives the first master dates off, which read back as those dates and as these times.
func (h *shop) vacation(t *testing.T, first, last, from, to string) {
	t.Helper()
	salontest.Do[proto.Message](t, h.c, h.s.Admin(), createTimeOff, &appointmentv1.CreateTimeOffRequest{
		MasterId: h.masters[0].ID, Kind: appointmentv1.TimeOffKind_TIME_OFF_KIND_VACATION, StartDate: first, EndDate: last,
	})
	list := salontest.Do[*appointmentv1.ListTimeOffResponse](t, h.c, h.masters[0], appointmentv1.ScheduleService_ListTimeOff_FullMethodName,
		&appointmentv1.ListTimeOffRequest{MasterId: h.masters[0].ID}).GetTimeOff()
	if len(list) != 1 || list[0].GetStartDate() != first || list[0].GetEndDate() != last {
		t.Fatalf("the time off is %v, want %s to %s", list, first, last)
	}
	salontest.Same(t, list[0].GetStartTime(), timestamp(utc(t, from)))
	salontest.Same(t, list[0].GetEndTime(), timestamp(utc(t, to)))
}

// TestAvailabilityValues searches, explains and books: the search finds what can be booked and nothing else.
func TestAvailabilityValues(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	for _, v := range values {
		t.Run(v.name, func(t *testing.T) {
			salontest.Both(t, s, func(t *testing.T, c salontest.Caller) { v.test(t, c) })
		})
	}
}

func (v value) test(t *testing.T, c salontest.Caller) {
	if v.first == "" {
		v.first, v.last = inDays(30), inDays(30)
	}
	skipUnlessAhead(t, v.first, v.last)
	date := utc(t, v.first+"T00:00")
	h := newShop(t, c, v.zone, 1, lasting(v.minutes))
	h.policy(t, &appointmentv1.UpdateBookingPolicyRequest{SlotStepMinutes: &v.step})
	if v.hours != nil {
		h.work(t, v.hours)
	}
	if v.prepare != nil {
		v.prepare(t, h, date)
	}
	search := func() *appointmentv1.SearchAvailabilityResponse {
		return h.find(t, h.customer, &appointmentv1.SearchAvailabilityRequest{StartDate: v.first, EndDate: v.last, Days: v.days, Limit: 500})
	}
	slots := search().GetSlots()
	found, want := startsOf(slots), v.starts(t)
	if !slices.EqualFunc(found, want, time.Time.Equal) {
		t.Fatalf("found %v\nwant  %v", found, want)
	}
	h.agree(t, found, v.step, v.days)

	for text, reason := range v.refused {
		start := v.at(t, text)
		if got := reasonsOf(h.explain(t, h.customer, start)); !slices.Contains(got, reason) {
			t.Errorf("against %s speaks %v, want %s", text, got, reason)
		}
		refused := c.Call(t, h.customer, createAppointment, salontest.Booking(h.masters[0], h.service, start))
		if refused.Reason != "NOT_BOOKABLE" && refused.Reason != "SLOT_UNAVAILABLE" {
			t.Fatalf("booked at %s: %v", text, refused)
		}
		if got := reasonsOf(notBookable(t, refused).GetBlocks()); !slices.Contains(got, reason) {
			t.Errorf("a booking at %s is refused for %v, want %s", text, got, reason)
		}
	}

	last := slots[len(slots)-1]
	h.quoted(t, last)
	after := search()
	if slices.ContainsFunc(startsOf(after.GetSlots()), last.GetStartTime().AsTime().Equal) {
		t.Errorf("%v is booked, and was found again", last.GetStartTime().AsTime())
	}
	if len(slots) == 1 && (len(after.GetSlots()) > 0 || len(after.GetReasons()) == 0) {
		t.Errorf("the only start is booked; now %v", after)
	}
}

// agree compares what was found with what CheckSlots and ExplainSlot say about all starts of the step from a day before to a day after.
func (h *shop) agree(t *testing.T, found []time.Time, step int32, days []appointmentv1.DayOfWeek) {
	t.Helper()
	var others []time.Time
	if len(days) == 0 { // else there are starts on other days
		for at := found[0]; at.Before(found[len(found)-1]); at = at.Add(time.Duration(step) * time.Minute) {
			if !slices.ContainsFunc(found, at.Equal) {
				others = append(others, at)
			}
		}
	}
	for i, check := range h.check(t, append(slices.Clone(found), others...)) {
		if listed := i < len(found); check.GetBookable() != listed || (len(check.GetReasons()) == 0) != listed {
			t.Errorf("listed: %t, checked: %v", listed, check)
		}
	}
	for _, at := range []time.Time{found[0], found[len(found)-1]} {
		if blocks := h.explain(t, h.customer, at); len(blocks) > 0 {
			t.Errorf("against %v, which was found, speaks %v", at, blocks)
		}
	}
	if len(others) > 0 && len(h.explain(t, h.customer, others[0])) == 0 {
		t.Errorf("nothing speaks against %v, which was not found", others[0])
	}
}

// at reads a time of the table.
func (v value) at(t *testing.T, text string) time.Time {
	t.Helper()
	if strings.Contains(text, "T") {
		return utc(t, v.first[:len("2027-")]+text)
	}
	return utc(t, v.first+"T"+text)
}

// starts are the starts of the table.
func (v value) starts(t *testing.T) []time.Time {
	t.Helper()
	var list []time.Time
	words := strings.Fields(v.want)
	for i, word := range words {
		if word != "…" {
			list = append(list, v.at(t, word))
			continue
		}
		for at := list[len(list)-1].Add(time.Duration(v.step) * time.Minute); at.Before(v.at(t, words[i+1])); {
			list = append(list, at)
			at = at.Add(time.Duration(v.step) * time.Minute)
		}
	}
	return list
}
