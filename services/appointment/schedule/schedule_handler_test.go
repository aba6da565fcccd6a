package schedule

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/servicetest"
)

func TestGetSchedule(t *testing.T) {
	f := newFixture(t)
	f.setOpening(everyDay("09:00", "17:00"))
	f.setWorking(f.mira, period("2027-03-02", "", weekly("13:00", "24:00", 1, 2, 3, 4, 5, 6, 7)))
	_, err := f.client.CreateClosure(f.As(f.manager), &appointmentv1.CreateClosureRequest{
		SalonId: id.FirstSalon, StartDate: "2027-03-03", Intervals: []*appointmentv1.WallInterval{wall("18:00", "24:00")},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.client.CreateOverride(f.As(f.manager), &appointmentv1.CreateOverrideRequest{
		MasterId: f.mira.UserID, StartDate: "2027-03-03", EndDate: "2027-03-04", Intervals: []*appointmentv1.WallInterval{wall("08:00", "24:00")},
	})
	if err != nil {
		t.Fatal(err)
	}
	lunch := f.mustOff(&appointmentv1.CreateTimeOffRequest{Kind: aBreak, StartTime: stamp(t, "2027-03-04T11:00Z"), EndTime: stamp(t, "2027-03-04T11:30Z")})
	ill := f.mustOff(&appointmentv1.CreateTimeOffRequest{Kind: sick, StartTime: stamp(t, "2027-03-04T15:00Z"), EndTime: stamp(t, "2027-03-05T12:30Z")})
	got, err := f.client.GetSchedule(f.As(f.mira), &appointmentv1.GetScheduleRequest{
		MasterId: f.mira.UserID, StartDate: "2027-03-01", EndDate: "2027-03-05",
	})
	if err != nil {
		t.Fatal(err)
	}
	const (
		opening  = appointmentv1.ScheduleSource_SCHEDULE_SOURCE_OPENING_HOURS
		closure  = appointmentv1.ScheduleSource_SCHEDULE_SOURCE_CLOSURE
		working  = appointmentv1.ScheduleSource_SCHEDULE_SOURCE_WORKING_HOURS
		override = appointmentv1.ScheduleSource_SCHEDULE_SOURCE_OVERRIDE
	)
	day := func(d string, hours, salon appointmentv1.ScheduleSource, open []*appointmentv1.OpenInterval, off ...*appointmentv1.TimeOff) *appointmentv1.ScheduleDay {
		zone := location(t, "Europe/Berlin")
		return &appointmentv1.ScheduleDay{
			Date: d, StartTime: timestamppb.New(date(t, d).Start(zone)), EndTime: timestamppb.New(date(t, d).End(zone)),
			HoursSource: hours, SalonSource: salon, Open: open, TimeOff: off,
		}
	}
	open := func(start, end, from, to string) *appointmentv1.OpenInterval {
		return &appointmentv1.OpenInterval{StartTime: stamp(t, start), EndTime: stamp(t, end), Start: from, End: to}
	}
	type list = []*appointmentv1.OpenInterval
	servicetest.WantMessage(t, got, &appointmentv1.Schedule{
		MasterId: f.mira.UserID, SalonId: id.FirstSalon, TimeZone: "Europe/Berlin", Days: []*appointmentv1.ScheduleDay{
			day("2027-03-01", opening, opening, list{open("2027-03-01T08:00Z", "2027-03-01T16:00Z", "09:00", "17:00")}),
			day("2027-03-02", working, opening, list{open("2027-03-02T12:00Z", "2027-03-02T16:00Z", "13:00", "17:00")}),
			day("2027-03-03", override, closure, list{open("2027-03-03T17:00Z", "2027-03-03T23:00Z", "18:00", "24:00")}),
			day("2027-03-04", override, opening, list{
				open("2027-03-04T08:00Z", "2027-03-04T11:00Z", "09:00", "12:00"), open("2027-03-04T11:30Z", "2027-03-04T15:00Z", "12:30", "16:00"),
			}, lunch, ill),
			day("2027-03-05", working, opening, list{open("2027-03-05T12:30Z", "2027-03-05T16:00Z", "13:30", "17:00")}, ill),
		},
	})
}

// TestScheduleOfLongAndShortDays: a day has the hours that the zone gives it; a date that the zone leaves out has none.
func TestScheduleOfLongAndShortDays(t *testing.T) {
	f := newFixture(t)
	for _, tt := range []struct {
		zone, date string
		minutes    int
		from       string // of the open interval
	}{
		{"Europe/Berlin", "2027-03-28", 23 * 60, "00:00"},
		{"Europe/Berlin", "2027-10-31", 25 * 60, "00:00"},
		{"Australia/Lord_Howe", "2027-04-04", 24*60 + 30, "00:00"},
		{"Africa/Cairo", "2027-04-30", 23 * 60, "01:00"},
		{"Pacific/Apia", "2011-12-30", 0, ""},
	} {
		f.setZone(tt.zone)
		got, err := f.client.GetSchedule(f.As(f.admin), &appointmentv1.GetScheduleRequest{
			MasterId: f.mira.UserID, StartDate: tt.date, EndDate: tt.date,
		})
		if err != nil || len(got.GetDays()) != 1 {
			t.Errorf("%s: %v, %v", tt.zone, got, err)
			continue
		}
		day := got.GetDays()[0]
		if minutes := int(day.GetEndTime().AsTime().Sub(day.GetStartTime().AsTime()).Minutes()); minutes != tt.minutes {
			t.Errorf("%s on %s has %d minutes, want %d", tt.zone, tt.date, minutes, tt.minutes)
		}
		switch {
		case tt.from == "":
			if len(day.GetOpen()) > 0 {
				t.Errorf("%s on %s is open: %v", tt.zone, tt.date, day)
			}
		case len(day.GetOpen()) != 1 || day.GetOpen()[0].GetStart() != tt.from || day.GetOpen()[0].GetEnd() != "24:00":
			t.Errorf("%s on %s is open: %v", tt.zone, tt.date, day)
		}
	}
}

func TestGetScheduleIsRefused(t *testing.T) {
	f := newFixture(t)
	for _, tt := range []struct{ start, end, field string }{
		{"2027-03-01", "2027-05-02", "end_date"},
		{"2027-03-02", "2027-03-01", "end_date"},
		{"2027-02-29", "2027-03-01", "start_date"},
		{"2027-03-01", "2027-03-32", "end_date"},
		{"9999-12-31", "9999-12-31", "start_date"},
		{"", "2027-03-01", "start_date"},
		{"2027-03-01", "", "end_date"},
	} {
		_, err := f.client.GetSchedule(f.As(f.mira), &appointmentv1.GetScheduleRequest{
			MasterId: f.mira.UserID, StartDate: tt.start, EndDate: tt.end,
		})
		wantField(t, tt.start+" to "+tt.end, err, tt.field)
	}
	got, err := f.client.GetSchedule(f.As(f.mira), &appointmentv1.GetScheduleRequest{
		MasterId: f.mira.UserID, StartDate: "2027-03-01", EndDate: "2027-05-01",
	})
	if err != nil || len(got.GetDays()) != 62 {
		t.Errorf("%d days, %v", len(got.GetDays()), err)
	}
	_, err = f.client.GetSchedule(f.As(f.admin), &appointmentv1.GetScheduleRequest{
		MasterId: f.NewID(), StartDate: "2027-03-01", EndDate: "2027-05-01",
	})
	servicetest.WantError(t, err, codes.NotFound, "NOT_FOUND", "")
}
