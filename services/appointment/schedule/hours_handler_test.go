package schedule

import (
	"testing"

	"google.golang.org/grpc/codes"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/servicetest"
)

func TestOpeningHours(t *testing.T) {
	f := newFixture(t)
	get := func() *appointmentv1.OpeningHours {
		t.Helper()
		got, err := f.client.GetOpeningHours(t.Context(), &appointmentv1.GetOpeningHoursRequest{SalonId: id.FirstSalon})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	servicetest.WantMessage(t, get(), &appointmentv1.OpeningHours{SalonId: id.FirstSalon, Etag: "1"})
	set := func(tag string, p ...*appointmentv1.WeeklyHours) (*appointmentv1.SetOpeningHoursResponse, error) {
		return f.client.SetOpeningHours(f.As(f.manager), &appointmentv1.SetOpeningHoursRequest{SalonId: id.FirstSalon, Periods: p, Etag: tag})
	}

	rules := f.rules()
	got, err := set("1", period("2027-07-01", "", weekly("10:00", "16:00", 6, 1)),
		period("", "2027-06-30", weekly("13:00", "18:00", 1, 2), weekly("09:00", "12:00", 2, 1, 7), weekly("18:00", "24:00", 2)))
	if err != nil {
		t.Fatal(err)
	}
	want := &appointmentv1.OpeningHours{
		SalonId: id.FirstSalon, Etag: "2", Periods: periods{
			period("", "2027-06-30", weekly("09:00", "12:00", 1, 2, 7), weekly("13:00", "18:00", 1), weekly("13:00", "24:00", 2)),
			period("2027-07-01", "", weekly("10:00", "16:00", 1, 6)),
		},
	}
	servicetest.WantMessage(t, got, &appointmentv1.SetOpeningHoursResponse{OpeningHours: want})
	servicetest.WantMessage(t, get(), want)
	if now := f.rules(); now != rules+1 {
		t.Errorf("the rules have version %d after %d", now, rules)
	}

	_, err = set("1", everyDay("09:00", "17:00"))
	servicetest.WantError(t, err, codes.Aborted, "ETAG_MISMATCH", "")
	if got, err = set("2", want.GetPeriods()...); err != nil {
		t.Fatal(err)
	}
	servicetest.WantMessage(t, got.GetOpeningHours(), want) // the same again changes nothing
	if got, err = set("2"); err != nil {
		t.Fatal(err)
	}
	servicetest.WantMessage(t, got, &appointmentv1.SetOpeningHoursResponse{
		OpeningHours: &appointmentv1.OpeningHours{SalonId: id.FirstSalon, Etag: "3"},
	})
	servicetest.WantMessage(t, get(), got.GetOpeningHours())

	_, err = set("", period("", "", weekly("17:00", "09:00", monday)))
	servicetest.WantError(t, err, codes.InvalidArgument, "INVALID_FIELDS", "periods[0].intervals[0].interval.end")
	_, err = set("", period("", "", weekly("25:00", "26:00", monday)))
	servicetest.WantError(t, err, codes.InvalidArgument, "INVALID_FIELDS", "periods[0].intervals[0].interval.start")
	_, err = f.client.GetOpeningHours(t.Context(), &appointmentv1.GetOpeningHoursRequest{SalonId: f.NewID()})
	servicetest.WantError(t, err, codes.NotFound, "NOT_FOUND", "")
	_, err = f.client.SetOpeningHours(f.As(f.admin), &appointmentv1.SetOpeningHoursRequest{SalonId: f.NewID()})
	servicetest.WantError(t, err, codes.NotFound, "NOT_FOUND", "")
}

func TestWorkingHours(t *testing.T) {
	f := newFixture(t)
	get := func(as auth.Principal) *appointmentv1.WorkingHours {
		t.Helper()
		got, err := f.client.GetWorkingHours(f.As(as), &appointmentv1.GetWorkingHoursRequest{MasterId: f.mira.UserID})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	want := &appointmentv1.WorkingHours{MasterId: f.mira.UserID, SalonId: id.FirstSalon, Etag: "1"}
	servicetest.WantMessage(t, get(f.mira), want)
	got := f.setWorking(f.mira, everyDay("09:00", "17:00"))
	want.Periods, want.Etag = periods{everyDay("09:00", "17:00")}, "2"
	servicetest.WantMessage(t, got, &appointmentv1.SetWorkingHoursResponse{WorkingHours: want})
	for _, as := range []auth.Principal{f.mira, f.receptionist, f.manager, f.admin} {
		servicetest.WantMessage(t, get(as), want)
	}
	_, err := f.client.SetWorkingHours(f.As(f.manager), &appointmentv1.SetWorkingHoursRequest{MasterId: f.mira.UserID, Etag: "1"})
	servicetest.WantError(t, err, codes.Aborted, "ETAG_MISMATCH", "")
	_, err = f.client.SetWorkingHours(f.As(f.manager), &appointmentv1.SetWorkingHoursRequest{
		MasterId: f.mira.UserID, Periods: periods{period("2027-02-29", "")},
	})
	servicetest.WantError(t, err, codes.InvalidArgument, "INVALID_FIELDS", "periods[0].valid_from")
}

// TestSetOnlyValidates: the answer is that of the change, which is not made.
func TestSetOnlyValidates(t *testing.T) {
	f := newFixture(t)
	late := f.book("CONFIRMED", "2027-03-02T15:00Z", part{f.mira, 60, ""})
	rules := f.rules()
	opening, err := f.client.SetOpeningHours(f.As(f.manager), &appointmentv1.SetOpeningHoursRequest{
		SalonId: id.FirstSalon, Periods: periods{everyDay("09:00", "16:00")}, ValidateOnly: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	servicetest.WantMessage(t, opening, &appointmentv1.SetOpeningHoursResponse{
		OpeningHours: &appointmentv1.OpeningHours{SalonId: id.FirstSalon, Periods: periods{everyDay("09:00", "16:00")}, Etag: "1"},
		Conflicts:    []*appointmentv1.Conflict{conflict(t, late, "2027-03-02T15:00Z", "2027-03-02T16:00Z", f.mira)},
	})
	working, err := f.client.SetWorkingHours(f.As(f.manager), &appointmentv1.SetWorkingHoursRequest{
		MasterId: f.mira.UserID, Periods: periods{everyDay("09:00", "16:59")}, ValidateOnly: true,
	})
	if err != nil || len(working.GetConflicts()) != 1 {
		t.Errorf("got %v, %v", working, err)
	}
	_, err = f.client.SetOpeningHours(f.As(f.manager), &appointmentv1.SetOpeningHoursRequest{SalonId: id.FirstSalon, Etag: "9", ValidateOnly: true})
	servicetest.WantError(t, err, codes.Aborted, "ETAG_MISMATCH", "")
	if n := f.count("weekly_hours"); n != 0 || f.rules() != rules {
		t.Errorf("%d rows were written, and the rules have version %d after %d", n, f.rules(), rules)
	}
}

// TestHoursOfAMasterWhoMoves: what a master has in one salon does not apply in another one.
func TestHoursOfAMasterWhoMoves(t *testing.T) {
	f := newFixture(t)
	f.setWorking(f.mira, everyDay("09:00", "17:00"))
	override, err := f.client.CreateOverride(f.As(f.manager), &appointmentv1.CreateOverrideRequest{MasterId: f.mira.UserID, StartDate: "2027-03-02"})
	if err != nil {
		t.Fatal(err)
	}
	off, err := f.client.CreateTimeOff(f.As(f.manager), &appointmentv1.CreateTimeOffRequest{
		MasterId: f.mira.UserID, StartDate: "2027-03-03", Kind: appointmentv1.TimeOffKind_TIME_OFF_KIND_SICK,
	})
	if err != nil {
		t.Fatal(err)
	}
	at := f.mira.UserID
	f.setMaster(&userv1.LookupMasterResponse{MasterId: at, SalonId: f.other, DisplayName: "Mira", Version: 2})
	hours, err := f.client.GetWorkingHours(f.As(f.otherManager), &appointmentv1.GetWorkingHoursRequest{MasterId: at})
	if err != nil {
		t.Fatal(err)
	}
	servicetest.WantMessage(t, hours, &appointmentv1.WorkingHours{MasterId: at, SalonId: f.other, Etag: "1"})
	schedule, err := f.client.GetSchedule(f.As(f.otherManager), &appointmentv1.GetScheduleRequest{
		MasterId: at, StartDate: "2027-03-02", EndDate: "2027-03-03",
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, day := range schedule.GetDays() {
		if day.GetHoursSource() != appointmentv1.ScheduleSource_SCHEDULE_SOURCE_ALL_DAY || len(day.GetTimeOff()) > 0 {
			t.Errorf("in the other salon there is %v", day)
		}
	}
	for name, call := range map[string]func(as auth.Principal) error{
		"read": func(as auth.Principal) error {
			_, err := f.client.GetWorkingHours(f.As(as), &appointmentv1.GetWorkingHoursRequest{MasterId: at})
			return err
		},
		"delete the override": func(as auth.Principal) error {
			_, err := f.client.DeleteOverride(f.As(as), &appointmentv1.DeleteOverrideRequest{OverrideId: override.GetOverride().GetId()})
			return err
		},
		"delete the time off": func(as auth.Principal) error {
			_, err := f.client.DeleteTimeOff(f.As(as), &appointmentv1.DeleteTimeOffRequest{TimeOffId: off.GetTimeOff().GetId()})
			return err
		},
	} {
		t.Log(name)
		servicetest.WantError(t, call(f.manager), codes.NotFound, "NOT_FOUND", "")
		if name != "read" {
			servicetest.WantError(t, call(f.otherManager), codes.NotFound, "NOT_FOUND", "")
		}
	}

	f.setMaster(&userv1.LookupMasterResponse{MasterId: at, SalonId: f.other, DisplayName: "Mira", Deleted: true, Version: 3})
	_, err = f.client.GetWorkingHours(f.As(f.admin), &appointmentv1.GetWorkingHoursRequest{MasterId: at})
	servicetest.WantError(t, err, codes.NotFound, "NOT_FOUND", "")
	_, err = f.client.SetWorkingHours(f.As(f.admin), &appointmentv1.SetWorkingHoursRequest{MasterId: at})
	servicetest.WantError(t, err, codes.NotFound, "NOT_FOUND", "")
}
