package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

const (
	monday  = appointmentv1.DayOfWeek_DAY_OF_WEEK_MONDAY
	tuesday = appointmentv1.DayOfWeek_DAY_OF_WEEK_TUESDAY
)

// wall is a part of a day.
func wall(start, end string) *appointmentv1.WallInterval {
	return &appointmentv1.WallInterval{Start: start, End: end}
}

// weekly is a part of each Monday, or of other days.
func weekly(start, end string, days ...appointmentv1.DayOfWeek) *appointmentv1.WeeklyInterval {
	if len(days) == 0 {
		days = []appointmentv1.DayOfWeek{monday}
	}
	return &appointmentv1.WeeklyInterval{Days: days, Interval: wall(start, end)}
}

// period is weekly hours from a date until a date.
func period(from, until string, intervals ...*appointmentv1.WeeklyInterval) *appointmentv1.WeeklyHours {
	return &appointmentv1.WeeklyHours{ValidFrom: from, ValidUntil: until, Intervals: intervals}
}

// hours are hours that nobody can have, of a salon and of a master.
func (w *world) hours(t *testing.T) []refusal {
	return append(append(w.weeklyHours(), w.datedHours(t)...), w.timeOff()...)
}

// weeklyHours are bad opening hours and working hours.
func (w *world) weeklyHours() []refusal {
	var cases []refusal
	weeks := func(name, field string, periods ...*appointmentv1.WeeklyHours) {
		for what, call := range map[string]struct {
			method string
			req    proto.Message
		}{
			"opening hours": {
				appointmentv1.ScheduleService_SetOpeningHours_FullMethodName,
				&appointmentv1.SetOpeningHoursRequest{SalonId: salontest.DefaultSalon, Periods: periods},
			},
			"working hours": {
				appointmentv1.ScheduleService_SetWorkingHours_FullMethodName,
				&appointmentv1.SetWorkingHoursRequest{MasterId: w.Master1.ID, Periods: periods},
			},
		} {
			cases = append(cases, refusal{
				name: what + ", " + name, as: w.manager, method: call.method, req: call.req, reason: "INVALID_FIELDS", fields: []string{field},
			})
		}
	}
	const start, end = "periods[0].intervals[0].interval.start", "periods[0].intervals[0].interval.end"
	for _, text := range []string{"25:00", "24:00", "9:00", "09:60", "0900", "09:00:00", "9am", "-1:00", "09:00\n", "٠٩:٠٠", ""} {
		weeks("from "+text, start, period("", "", weekly(text, "24:00")))
	}
	for _, text := range []string{"24:01", "25:00", "17", "17:00 ", "00:00", "09:00", "08:59"} {
		weeks("until "+text, end, period("", "", weekly("09:00", text)))
	}
	weeks("over night", end, period("", "", weekly("17:00", "09:00")))
	weeks("overlapping", "periods[1].intervals[1].interval.start",
		period("", "2027-01-31", weekly("09:00", "12:00")),
		period("2027-02-01", "", weekly("09:00", "12:00", monday, tuesday), weekly("11:59", "18:00", tuesday)))
	weeks("twice the same", "periods[0].intervals[1].interval.start", period("", "", weekly("09:00", "12:00"), weekly("09:00", "12:00")))
	weeks("no days", "periods[0].intervals[0].days", period("", "", &appointmentv1.WeeklyInterval{Interval: wall("09:00", "12:00")}))
	weeks("unspecified day", "periods[0].intervals[0].days", period("", "", weekly("09:00", "12:00", 0)))
	weeks("unknown day", "periods[0].intervals[0].days", period("", "", weekly("09:00", "12:00", 8)))
	weeks("a day twice", "periods[0].intervals[0].days", period("", "", weekly("09:00", "12:00", monday, monday)))
	weeks("no interval", "periods[0].intervals[0].interval",
		period("", "", &appointmentv1.WeeklyInterval{Days: []appointmentv1.DayOfWeek{monday}}))
	for _, text := range []string{"2027-02-29", "2027-13-01", "2027-1-1", "01.01.2027", "2027-01-01T00:00:00Z", "0000-01-01", "today"} {
		weeks("from the date "+text, "periods[0].valid_from", period(text, ""))
		weeks("until the date "+text, "periods[0].valid_until", period("", text))
	}
	weeks("until before from", "periods[0].valid_until", period("2027-02-01", "2027-01-31"))
	weeks("two at a time", "periods[1].valid_from", period("2027-01-01", "2027-12-31"), period("2027-12-31", ""))
	weeks("two for ever", "periods[1].valid_from", period("", ""), period("", ""))
	weeks("too many periods", "periods", make([]*appointmentv1.WeeklyHours, 51)...)

	set := "/v1/salons/" + salontest.DefaultSalon + "/openingHours"
	written := func(name, interval, field string) refusal {
		return refusal{
			name: name, over: onlyREST, as: w.manager, reason: "MALFORMED_REQUEST", fields: []string{field},
			http: salontest.NewRequest(http.MethodPut, set, `{"periods":[{"intervals":[`+interval+`]}]}`),
		}
	}
	stale := func(name, method string, req proto.Message) refusal {
		return refusal{name: "stale etag of " + name, as: w.manager, method: method, req: req, reason: "ETAG_MISMATCH"}
	}
	return append(cases,
		written("unknown day by name", `{"days":["DAY_OF_WEEK_FUNDAY"],"interval":{"start":"09:00","end":"17:00"}}`, "periods[0].intervals[0].days"),
		written("a number for a time", `{"days":["DAY_OF_WEEK_MONDAY"],"interval":{"start":900,"end":"17:00"}}`, start),
		written("a misspelt field", `{"day":["DAY_OF_WEEK_MONDAY"],"interval":{"start":"09:00","end":"17:00"}}`, "periods[0].intervals[0].day"),
		stale("opening hours", appointmentv1.ScheduleService_SetOpeningHours_FullMethodName,
			&appointmentv1.SetOpeningHoursRequest{SalonId: salontest.DefaultSalon, Etag: "9999"}),
		stale("working hours", appointmentv1.ScheduleService_SetWorkingHours_FullMethodName,
			&appointmentv1.SetWorkingHoursRequest{MasterId: w.Master1.ID, Etag: "9999"}),
	)
}

// datedHours are bad closures, overrides and dates, and such of nobody.
func (w *world) datedHours(t *testing.T) []refusal {
	taken := farDate()
	salontest.Do[proto.Message](t, w.system.REST(), w.manager, appointmentv1.ScheduleService_CreateClosure_FullMethodName,
		&appointmentv1.CreateClosureRequest{SalonId: salontest.DefaultSalon, StartDate: taken})
	salontest.Do[proto.Message](t, w.system.REST(), w.manager, appointmentv1.ScheduleService_CreateOverride_FullMethodName,
		&appointmentv1.CreateOverrideRequest{MasterId: w.Master1.ID, StartDate: taken})
	var cases []refusal
	dated := func(name, reason, field, start, end string, intervals ...*appointmentv1.WallInterval) {
		cases = append(cases,
			refusal{
				name: "closure, " + name, as: w.manager, method: appointmentv1.ScheduleService_CreateClosure_FullMethodName,
				req: &appointmentv1.CreateClosureRequest{
					SalonId: salontest.DefaultSalon, StartDate: start, EndDate: end, Intervals: intervals,
				},
				reason: reason, fields: []string{field},
			},
			refusal{
				name: "override, " + name, as: w.manager, method: appointmentv1.ScheduleService_CreateOverride_FullMethodName,
				req: &appointmentv1.CreateOverrideRequest{
					MasterId: w.Master1.ID, StartDate: start, EndDate: end, Intervals: intervals, ValidateOnly: true,
				},
				reason: reason, fields: []string{field},
			})
	}
	const invalid = "INVALID_FIELDS"
	for _, text := range []string{"", "2027-02-29", "2027-00-10", "2027-1-1", "24.12.2027", "tomorrow", "10000-01-01", "2027-12-24\n"} {
		dated("on "+text, invalid, "start_date", text, "")
		if text != "" {
			dated("until "+text, invalid, "end_date", "2027-01-01", text)
		}
	}
	dated("ending before it begins", invalid, "end_date", "2150-01-02", "2150-01-01")
	dated("longer than a year", invalid, "end_date", "2150-01-01", "2151-01-03")
	dated("over night", invalid, "intervals[1].end", "2150-01-01", "", wall("09:00", "10:00"), wall("22:00", "06:00"))
	dated("at 25:00", invalid, "intervals[0].start", "2150-01-01", "", wall("25:00", "26:00"))
	dated("overlapping", invalid, "intervals[1].start", "2150-01-01", "", wall("09:00", "12:00"), wall("11:00", "13:00"))
	dated("too many intervals", invalid, "intervals", "2150-01-01", "", make([]*appointmentv1.WallInterval, 21)...)
	dated("on dates that are taken", "DATES_TAKEN", "start_date", taken, "")

	add := func(name, method, reason, field string, req proto.Message) {
		r := refusal{name: name, as: w.manager, method: method, req: req, reason: reason}
		if field != "" {
			r.fields = []string{field}
		}
		cases = append(cases, r)
	}
	closure := appointmentv1.ScheduleService_CreateClosure_FullMethodName
	for name, title := range map[string]string{"line break": "a\nb", "NUL": "a\x00b", "101 letters": strings.Repeat("a", 101)} {
		add(name+" in a title", closure, invalid, "title",
			&appointmentv1.CreateClosureRequest{SalonId: salontest.DefaultSalon, StartDate: "2150-01-01", Title: title})
	}
	add("closure with a request id that is none", closure, invalid, "request_id",
		&appointmentv1.CreateClosureRequest{SalonId: salontest.DefaultSalon, StartDate: "2150-01-01", RequestId: "1"})
	add("closures from 30 February", appointmentv1.ScheduleService_ListClosures_FullMethodName, invalid, "from_date",
		&appointmentv1.ListClosuresRequest{SalonId: salontest.DefaultSalon, FromDate: "2027-02-30"})
	add("overrides from nowhere", appointmentv1.ScheduleService_ListOverrides_FullMethodName, invalid, "from_date",
		&appointmentv1.ListOverridesRequest{MasterId: w.Master1.ID, FromDate: "now"})
	for name, dates := range map[string][3]string{
		"of 63 dates": {"2027-03-01", "2027-05-02", "end_date"}, "backwards": {"2027-03-02", "2027-03-01", "end_date"},
		"from 29 February": {"2027-02-29", "2027-03-01", "start_date"}, "until nowhere": {"2027-03-01", "", "end_date"},
		"from nowhere": {"", "2027-03-01", "start_date"}, "of the last date": {"9999-12-31", "9999-12-31", "start_date"},
		"of the first date": {"0001-01-01", "0001-01-01", "start_date"},
	} {
		add("schedule "+name, appointmentv1.ScheduleService_GetSchedule_FullMethodName, invalid, dates[2],
			&appointmentv1.GetScheduleRequest{MasterId: w.Master1.ID, StartDate: dates[0], EndDate: dates[1]})
	}
	for name, id := range map[string]string{"unknown": unknownID, "customer as a": w.CustomerA.ID, "foreign": w.other.Master1.ID} {
		for method, req := range map[string]proto.Message{
			appointmentv1.ScheduleService_GetWorkingHours_FullMethodName: &appointmentv1.GetWorkingHoursRequest{MasterId: id},
			appointmentv1.ScheduleService_SetWorkingHours_FullMethodName: &appointmentv1.SetWorkingHoursRequest{MasterId: id},
			appointmentv1.ScheduleService_ListOverrides_FullMethodName:   &appointmentv1.ListOverridesRequest{MasterId: id},
			appointmentv1.ScheduleService_CreateOverride_FullMethodName: &appointmentv1.CreateOverrideRequest{
				MasterId: id, StartDate: "2150-01-01",
			},
			appointmentv1.ScheduleService_ListTimeOff_FullMethodName: &appointmentv1.ListTimeOffRequest{MasterId: id},
			appointmentv1.ScheduleService_CreateTimeOff_FullMethodName: &appointmentv1.CreateTimeOffRequest{
				MasterId: id, StartDate: "2150-01-01", Kind: appointmentv1.TimeOffKind_TIME_OFF_KIND_SICK,
			},
			appointmentv1.ScheduleService_GetSchedule_FullMethodName: &appointmentv1.GetScheduleRequest{
				MasterId: id, StartDate: "2027-03-01", EndDate: "2027-03-01",
			},
		} {
			add(name+" master: "+method[strings.LastIndex(method, "/")+1:], method, "NOT_FOUND", "", req)
		}
	}
	add("hours of an unknown salon", appointmentv1.ScheduleService_GetOpeningHours_FullMethodName, "NOT_FOUND", "",
		&appointmentv1.GetOpeningHoursRequest{SalonId: unknownID})
	add("unknown closure", appointmentv1.ScheduleService_DeleteClosure_FullMethodName, "NOT_FOUND", "",
		&appointmentv1.DeleteClosureRequest{ClosureId: unknownID})
	add("unknown override", appointmentv1.ScheduleService_DeleteOverride_FullMethodName, "NOT_FOUND", "",
		&appointmentv1.DeleteOverrideRequest{OverrideId: unknownID})
	add("closure's id cut short", appointmentv1.ScheduleService_DeleteClosure_FullMethodName, invalid, "closure_id",
		&appointmentv1.DeleteClosureRequest{ClosureId: unknownID[:35]})
	return cases
}

// timeOff are bad times off.
func (w *world) timeOff() []refusal {
	const sick = appointmentv1.TimeOffKind_TIME_OFF_KIND_SICK
	at := time.Date(2150, time.January, 1, 9, 0, 0, 0, time.UTC)
	stamp := timestamppb.New
	var cases []refusal
	for _, tt := range []struct {
		name, over, field string
		req               *appointmentv1.CreateTimeOffRequest
	}{
		{"both times and dates", both, "start_date", &appointmentv1.CreateTimeOffRequest{
			Kind: sick, StartTime: stamp(at), EndTime: stamp(at.Add(time.Hour)), StartDate: "2150-01-01",
		}},
		{"times and a last date", both, "start_time", &appointmentv1.CreateTimeOffRequest{
			Kind: sick, StartTime: stamp(at), EndTime: stamp(at.Add(time.Hour)), EndDate: "2150-01-01",
		}},
		{"neither times nor dates", both, "start_time", &appointmentv1.CreateTimeOffRequest{Kind: sick}},
		{"only a start", both, "end_time", &appointmentv1.CreateTimeOffRequest{Kind: sick, StartTime: stamp(at)}},
		{"only an end", both, "start_time", &appointmentv1.CreateTimeOffRequest{Kind: sick, EndTime: stamp(at)}},
		{"only a last date", both, "start_date", &appointmentv1.CreateTimeOffRequest{Kind: sick, EndDate: "2150-01-01"}},
		{"no kind", both, "kind", &appointmentv1.CreateTimeOffRequest{StartDate: "2150-01-01"}},
		{"unknown kind", both, "kind", &appointmentv1.CreateTimeOffRequest{StartDate: "2150-01-01", Kind: 99}},
		{"ending when it begins", both, "end_time", &appointmentv1.CreateTimeOffRequest{Kind: sick, StartTime: stamp(at), EndTime: stamp(at)}},
		{"ending before it begins", both, "end_time", &appointmentv1.CreateTimeOffRequest{
			Kind: sick, StartTime: stamp(at), EndTime: stamp(at.Add(-time.Minute)),
		}},
		{"longer than a year", both, "end_time", &appointmentv1.CreateTimeOffRequest{
			Kind: sick, StartTime: stamp(at), EndTime: stamp(at.AddDate(1, 0, 2)),
		}},
		{"seconds", both, "start_time", &appointmentv1.CreateTimeOffRequest{
			Kind: sick, StartTime: stamp(at.Add(time.Second)), EndTime: stamp(at.Add(time.Hour)),
		}},
		{"nanoseconds", both, "end_time", &appointmentv1.CreateTimeOffRequest{
			Kind: sick, StartTime: stamp(at), EndTime: stamp(at.Add(time.Hour + time.Nanosecond)),
		}},
		{"year 10000", onlyGRPC, "end_time", &appointmentv1.CreateTimeOffRequest{
			Kind: sick, StartTime: stamp(at), EndTime: stamp(time.Date(10_000, time.January, 1, 0, 0, 0, 0, time.UTC)),
		}},
		{"30 February", both, "start_date", &appointmentv1.CreateTimeOffRequest{Kind: sick, StartDate: "2150-02-30"}},
		{"last date before the first", both, "end_date", &appointmentv1.CreateTimeOffRequest{
			Kind: sick, StartDate: "2150-01-02", EndDate: "2150-01-01",
		}},
		{"too many dates", both, "end_date", &appointmentv1.CreateTimeOffRequest{Kind: sick, StartDate: "2150-01-01", EndDate: "2151-01-03"}},
		{"the last date that there is", both, "start_date", &appointmentv1.CreateTimeOffRequest{Kind: sick, StartDate: "9999-12-31"}},
		{"NUL in a note", both, "note", &appointmentv1.CreateTimeOffRequest{Kind: sick, StartDate: "2150-01-01", Note: "a\x00b"}},
	} {
		tt.req.MasterId = w.Master1.ID
		cases = append(cases, refusal{
			name: "time off, " + tt.name, over: tt.over, as: w.manager, method: appointmentv1.ScheduleService_CreateTimeOff_FullMethodName,
			req: tt.req, reason: "INVALID_FIELDS", fields: []string{tt.field},
		})
	}
	return append(cases,
		refusal{
			name: "unknown time off", as: w.manager, method: appointmentv1.ScheduleService_DeleteTimeOff_FullMethodName,
			req: &appointmentv1.DeleteTimeOffRequest{TimeOffId: unknownID}, reason: "NOT_FOUND",
		},
		refusal{
			name: "time off from a time that is none", over: onlyGRPC, as: w.manager,
			method: appointmentv1.ScheduleService_ListTimeOff_FullMethodName,
			req:    &appointmentv1.ListTimeOffRequest{MasterId: w.Master1.ID, FromTime: &timestamppb.Timestamp{Nanos: -1}},
			reason: "INVALID_FIELDS", fields: []string{"from_time"},
		},
		refusal{
			name: "time off by dates that are times", over: onlyREST, as: w.manager, reason: "INVALID_FIELDS", fields: []string{"start_date"},
			http: salontest.NewRequest(http.MethodPost, "/v1/masters/"+w.Master1.ID+"/timeOff",
				`{"kind":"TIME_OFF_KIND_SICK","startDate":"2150-01-01T00:00:00Z"}`),
		},
	)
}
