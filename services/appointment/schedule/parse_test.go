package schedule

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/servicetest"
)

const (
	monday  = appointmentv1.DayOfWeek_DAY_OF_WEEK_MONDAY
	tuesday = appointmentv1.DayOfWeek_DAY_OF_WEEK_TUESDAY
	sunday  = appointmentv1.DayOfWeek_DAY_OF_WEEK_SUNDAY
)

func wall(start, end string) *appointmentv1.WallInterval {
	return &appointmentv1.WallInterval{Start: start, End: end}
}

func weekly(start, end string, days ...appointmentv1.DayOfWeek) *appointmentv1.WeeklyInterval {
	return &appointmentv1.WeeklyInterval{Days: days, Interval: wall(start, end)}
}

func period(from, until string, intervals ...*appointmentv1.WeeklyInterval) *appointmentv1.WeeklyHours {
	return &appointmentv1.WeeklyHours{ValidFrom: from, ValidUntil: until, Intervals: intervals}
}

type periods = []*appointmentv1.WeeklyHours

// wantField fails the test unless an error is INVALID_FIELDS of a field; an empty field means no error.
func wantField(t *testing.T, name string, err error, field string) {
	t.Helper()
	if field == "" {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return
	}
	if err == nil {
		t.Errorf("%s is taken", name)
		return
	}
	t.Log(name)
	servicetest.WantError(t, err, codes.InvalidArgument, "INVALID_FIELDS", field)
}

func TestParsePeriods(t *testing.T) {
	for _, tt := range []struct {
		name    string
		periods periods
		field   string
	}{
		{"none", nil, ""},
		{"closed for ever", periods{period("", "")}, ""},
		{"the end of the day", periods{period("", "", weekly("18:00", "24:00", monday, sunday))}, ""},
		{"one after the other", periods{period("2027-07-01", ""), period("", "2027-06-30")}, ""},
		{"one day", periods{period("2027-07-01", "2027-07-01")}, ""},
		{"touching", periods{period("", "", weekly("12:00", "18:00", monday), weekly("09:00", "12:00", monday, tuesday))}, ""},
		{"other days", periods{period("", "", weekly("09:00", "12:00", monday), weekly("09:00", "12:00", tuesday))}, ""},

		{"over night", periods{period("", "", weekly("17:00", "09:00", monday))}, "periods[0].intervals[0].interval.end"},
		{"no length", periods{period("", "", weekly("09:00", "09:00", monday))}, "periods[0].intervals[0].interval.end"},
		{"a late start", periods{period("", "", weekly("25:00", "26:00", monday))}, "periods[0].intervals[0].interval.start"},
		{"a late end", periods{period("", "", weekly("23:00", "24:01", monday))}, "periods[0].intervals[0].interval.end"},
		{
			"overlapping on one of the days",
			periods{
				period("", "2027-01-31"),
				period("2027-02-01", "", weekly("09:00", "12:00", monday), weekly("08:00", "10:00", tuesday, sunday), weekly("11:59", "13:00", tuesday, monday)),
			},
			"periods[1].intervals[2].interval.start",
		},
		{"the same", periods{period("", "", weekly("09:00", "12:00", monday), weekly("09:00", "12:00", monday))}, "periods[0].intervals[1].interval.start"},
		{"no such first date", periods{period("2027-02-29", "")}, "periods[0].valid_from"},
		{"no such last date", periods{period("", ""), period("2027-01-01", "2027-13-01")}, "periods[1].valid_until"},
		{"ending before it begins", periods{period("2027-07-01", "2027-06-30")}, "periods[0].valid_until"},
		{"two for ever", periods{period("", ""), period("", "")}, "periods[1].valid_from"},
		{"the last day of the one before", periods{period("2027-06-30", ""), period("", "2027-06-30")}, "periods[0].valid_from"},
		{"within another one", periods{period("2027-01-01", "2027-12-31"), period("2027-06-01", "2027-06-30")}, "periods[1].valid_from"},
		{"after one for ever", periods{period("2027-01-01", ""), period("2028-01-01", "")}, "periods[1].valid_from"},
	} {
		got, err := parsePeriods(tt.periods)
		wantField(t, tt.name, err, tt.field)
		for i := 1; i < len(got); i++ {
			if got[i].From.Compare(got[i-1].Until) <= 0 {
				t.Errorf("%s: not in order: %v", tt.name, got)
			}
		}
	}
}

func TestParseDated(t *testing.T) {
	for _, tt := range []struct {
		name, start, end string
		intervals        []*appointmentv1.WallInterval
		field            string
	}{
		{"one date", "2027-12-24", "", nil, ""},
		{"a year", "2027-01-01", "2028-01-01", nil, ""},
		{"hours", "2027-12-24", "2027-12-24", []*appointmentv1.WallInterval{wall("13:00", "14:00"), wall("09:00", "12:00")}, ""},

		{"no such date", "2027-02-30", "", nil, "start_date"},
		{"no such last date", "2027-02-28", "2027-02-29", nil, "end_date"},
		{"ending before it begins", "2027-02-28", "2027-02-27", nil, "end_date"},
		{"more than a year", "2027-01-01", "2028-01-03", nil, "end_date"},
		{"over night", "2027-12-24", "", []*appointmentv1.WallInterval{wall("09:00", "10:00"), wall("22:00", "02:00")}, "intervals[1].end"},
		{"a late start", "2027-12-24", "", []*appointmentv1.WallInterval{wall("9:00", "10:00")}, "intervals[0].start"},
		{"overlapping", "2027-12-24", "", []*appointmentv1.WallInterval{wall("11:00", "14:00"), wall("09:00", "12:00")}, "intervals[0].start"},
	} {
		_, err := parseDated(tt.start, tt.end, tt.intervals)
		wantField(t, tt.name, err, tt.field)
	}
}

func TestParseTimeOff(t *testing.T) {
	at := time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
	times := func(start, end time.Time) *appointmentv1.CreateTimeOffRequest {
		return &appointmentv1.CreateTimeOffRequest{StartTime: timestamppb.New(start), EndTime: timestamppb.New(end)}
	}
	dates := func(start, end string) *appointmentv1.CreateTimeOffRequest {
		return &appointmentv1.CreateTimeOffRequest{StartDate: start, EndDate: end}
	}
	both, neither := times(at, at.Add(time.Hour)), &appointmentv1.CreateTimeOffRequest{}
	both.EndDate = "2027-03-01"
	onlyStart, onlyEnd := times(at, at.Add(time.Hour)), times(at, at.Add(time.Hour))
	onlyStart.EndTime, onlyEnd.StartTime = nil, nil
	for _, tt := range []struct {
		name  string
		req   *appointmentv1.CreateTimeOffRequest
		field string
	}{
		{"a minute", times(at, at.Add(time.Minute)), ""},
		{"a year", times(at, at.Add(366*24*time.Hour)), ""},
		{"one date", dates("2027-03-01", ""), ""},
		{"many dates", dates("2027-03-02", "2028-03-02"), ""},
		{"the last date", dates("9999-12-30", ""), ""},

		{"both", both, "start_date"},
		{"neither", neither, "start_time"},
		{"only a start", onlyStart, "end_time"},
		{"only an end", onlyEnd, "start_time"},
		{"only a last date", dates("", "2027-03-01"), "start_date"},
		{"ending before it begins", times(at, at.Add(-time.Minute)), "end_time"},
		{"no length", times(at, at), "end_time"},
		{"more than a year", times(at, at.Add(366*24*time.Hour+time.Minute)), "end_time"},
		{"seconds", times(at.Add(time.Second), at.Add(time.Hour)), "start_time"},
		{"fractions", times(at, at.Add(time.Hour+time.Nanosecond)), "end_time"},
		{"no time", &appointmentv1.CreateTimeOffRequest{
			StartTime: &timestamppb.Timestamp{Nanos: -1}, EndTime: timestamppb.New(at),
		}, "start_time"},
		{"no such date", dates("2027-04-31", ""), "start_date"},
		{"last date before the first", dates("2027-03-02", "2027-03-01"), "end_date"},
		{"too many dates", dates("2027-03-02", "2028-03-03"), "end_date"},
		{"the end of time", dates("9999-12-31", ""), "start_date"},
		{"until the end of time", dates("9999-12-30", "9999-12-31"), "end_date"},
		{"the beginning of time", dates("0001-01-01", ""), "start_date"},
	} {
		_, _, _, err := parseTimeOff(tt.req)
		wantField(t, tt.name, err, tt.field)
	}
}

func TestParseSchedule(t *testing.T) {
	for _, tt := range []struct{ start, end, field string }{
		{"2027-03-01", "2027-03-01", ""},
		{"2027-03-01", "2027-05-01", ""},
		{"2027-03-01", "2027-05-02", "end_date"},
		{"2027-03-01", "2027-02-28", "end_date"},
		{"2027-02-29", "2027-03-01", "start_date"},
		{"9999-12-31", "9999-12-31", "start_date"},
	} {
		_, _, err := parseSchedule(&appointmentv1.GetScheduleRequest{StartDate: tt.start, EndDate: tt.end})
		wantField(t, tt.start+" to "+tt.end, err, tt.field)
	}
}
