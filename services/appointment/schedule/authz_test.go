package schedule

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/servicetest"
)

// TestWhoMaySeeAndChangeHours tries each method as each kind of caller.
func TestWhoMaySeeAndChangeHours(t *testing.T) {
	f := newFixture(t)
	made := func(message interface{ GetId() string }, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return message.GetId()
	}
	n := 0
	date := func() string { // each time another one
		n++
		return dateColumn(date(t, "2028-01-01").AddDays(n)).Format("2006-01-02")
	}
	mira := f.mira.UserID
	const vacation = appointmentv1.TimeOffKind_TIME_OFF_KIND_VACATION
	const no, none = codes.PermissionDenied, codes.NotFound
	type codesOf = [9]codes.Code
	callers := [9]auth.Principal{{}, f.ann, f.otherMaster, f.otherManager, f.noor, f.mira, f.receptionist, f.manager, f.admin}
	public := codesOf{}
	manage := codesOf{codes.Unauthenticated, no, no, no, no, no, no, codes.OK, codes.OK}         // what everybody may read
	manageHidden := codesOf{codes.Unauthenticated, no, no, none, no, no, no, codes.OK, codes.OK} // what strangers may not read
	see := codesOf{codes.Unauthenticated, no, none, none, none, codes.OK, codes.OK, codes.OK, codes.OK}
	for _, tt := range []struct {
		name string
		want codesOf
		call func(as auth.Principal) error
	}{
		{"GetOpeningHours", public, func(as auth.Principal) error {
			_, err := f.client.GetOpeningHours(f.As(as), &appointmentv1.GetOpeningHoursRequest{SalonId: id.FirstSalon})
			return err
		}},
		{"SetOpeningHours", manage, func(as auth.Principal) error {
			_, err := f.client.SetOpeningHours(f.As(as), &appointmentv1.SetOpeningHoursRequest{SalonId: id.FirstSalon})
			return err
		}},
		{"ListClosures", public, func(as auth.Principal) error {
			_, err := f.client.ListClosures(f.As(as), &appointmentv1.ListClosuresRequest{SalonId: id.FirstSalon})
			return err
		}},
		{"CreateClosure", manage, func(as auth.Principal) error {
			_, err := f.client.CreateClosure(f.As(as), &appointmentv1.CreateClosureRequest{SalonId: id.FirstSalon, StartDate: date()})
			return err
		}},
		{"DeleteClosure", manage, func(as auth.Principal) error {
			closure, err := f.client.CreateClosure(f.As(f.admin), &appointmentv1.CreateClosureRequest{SalonId: id.FirstSalon, StartDate: date()})
			id := made(closure.GetClosure(), err)
			_, err = f.client.DeleteClosure(f.As(as), &appointmentv1.DeleteClosureRequest{ClosureId: id})
			return err
		}},
		{"GetWorkingHours", see, func(as auth.Principal) error {
			_, err := f.client.GetWorkingHours(f.As(as), &appointmentv1.GetWorkingHoursRequest{MasterId: mira})
			return err
		}},
		{"SetWorkingHours", manageHidden, func(as auth.Principal) error {
			_, err := f.client.SetWorkingHours(f.As(as), &appointmentv1.SetWorkingHoursRequest{MasterId: mira})
			return err
		}},
		{"ListOverrides", see, func(as auth.Principal) error {
			_, err := f.client.ListOverrides(f.As(as), &appointmentv1.ListOverridesRequest{MasterId: mira})
			return err
		}},
		{"CreateOverride", manageHidden, func(as auth.Principal) error {
			_, err := f.client.CreateOverride(f.As(as), &appointmentv1.CreateOverrideRequest{MasterId: mira, StartDate: date()})
			return err
		}},
		{"DeleteOverride", manageHidden, func(as auth.Principal) error {
			override, err := f.client.CreateOverride(f.As(f.admin), &appointmentv1.CreateOverrideRequest{MasterId: mira, StartDate: date()})
			id := made(override.GetOverride(), err)
			_, err = f.client.DeleteOverride(f.As(as), &appointmentv1.DeleteOverrideRequest{OverrideId: id})
			return err
		}},
		{"ListTimeOff", see, func(as auth.Principal) error {
			_, err := f.client.ListTimeOff(f.As(as), &appointmentv1.ListTimeOffRequest{MasterId: mira})
			return err
		}},
		{"CreateTimeOff", manageHidden, func(as auth.Principal) error {
			_, err := f.client.CreateTimeOff(f.As(as), &appointmentv1.CreateTimeOffRequest{MasterId: mira, Kind: vacation, StartDate: date()})
			return err
		}},
		{"DeleteTimeOff", manageHidden, func(as auth.Principal) error {
			off, err := f.client.CreateTimeOff(f.As(f.admin), &appointmentv1.CreateTimeOffRequest{MasterId: mira, Kind: vacation, StartDate: date()})
			id := made(off.GetTimeOff(), err)
			_, err = f.client.DeleteTimeOff(f.As(as), &appointmentv1.DeleteTimeOffRequest{TimeOffId: id})
			return err
		}},
		{"GetSchedule", see, func(as auth.Principal) error {
			_, err := f.client.GetSchedule(f.As(as), &appointmentv1.GetScheduleRequest{MasterId: mira, StartDate: "2027-03-01", EndDate: "2027-03-01"})
			return err
		}},
	} {
		for i, as := range callers {
			if got := status.Code(tt.call(as)); got != tt.want[i] {
				t.Errorf("%s as caller %d: %v, want %v", tt.name, i, got, tt.want[i])
			}
		}
	}
	// A manager of another salon who is a receptionist here may see, and not change.
	both := f.SignIn(f.ann.Role, servicetest.Member(f.other, f.otherManager.Memberships[0].Roles...),
		servicetest.Member(id.FirstSalon, f.receptionist.Memberships[0].Roles...))
	_, err := f.client.SetWorkingHours(f.As(both), &appointmentv1.SetWorkingHoursRequest{MasterId: mira})
	servicetest.WantError(t, err, codes.PermissionDenied, "PERMISSION_DENIED", "")
	unknown := f.NewID()
	for name, call := range map[string]func() error{
		"closure": func() error {
			_, err := f.client.DeleteClosure(f.As(f.admin), &appointmentv1.DeleteClosureRequest{ClosureId: unknown})
			return err
		},
		"override": func() error {
			_, err := f.client.DeleteOverride(f.As(f.admin), &appointmentv1.DeleteOverrideRequest{OverrideId: unknown})
			return err
		},
		"time off": func() error {
			_, err := f.client.DeleteTimeOff(f.As(f.admin), &appointmentv1.DeleteTimeOffRequest{TimeOffId: unknown})
			return err
		},
		"master to read": func() error {
			_, err := f.client.GetWorkingHours(f.As(f.admin), &appointmentv1.GetWorkingHoursRequest{MasterId: unknown})
			return err
		},
		"master to change": func() error {
			_, err := f.client.SetWorkingHours(f.As(f.admin), &appointmentv1.SetWorkingHoursRequest{MasterId: unknown})
			return err
		},
	} {
		t.Log(name)
		servicetest.WantError(t, call(), codes.NotFound, "NOT_FOUND", "")
	}
}
