package e2e_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

const (
	getOpening    = appointmentv1.ScheduleService_GetOpeningHours_FullMethodName
	setOpening    = appointmentv1.ScheduleService_SetOpeningHours_FullMethodName
	setWorking    = appointmentv1.ScheduleService_SetWorkingHours_FullMethodName
	createClosure = appointmentv1.ScheduleService_CreateClosure_FullMethodName
	createTimeOff = appointmentv1.ScheduleService_CreateTimeOff_FullMethodName
	listClosures  = appointmentv1.ScheduleService_ListClosures_FullMethodName
	getSchedule   = appointmentv1.ScheduleService_GetSchedule_FullMethodName
)

// everyDay is hours that are the same on each day.
func everyDay(start, end string) *appointmentv1.WeeklyHours {
	return period("", "", weekly(start, end, 1, 2, 3, 4, 5, 6, 7))
}

// TestSchedule follows the hours of a salon in Berlin and its master, until they are a schedule.
func TestSchedule(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		salon := s.NewSalon(t).GetId()
		manager, master, colleague := s.NewManager(t, salon), s.NewMasterOf(t, salon, "Mira"), s.NewMasterOf(t, salon, "Noor")
		do := func(method string, req proto.Message) {
			t.Helper()
			salontest.Do[proto.Message](t, c, manager, method, req)
		}
		before := salontest.Do[*appointmentv1.OpeningHours](t, c, nil, getOpening, &appointmentv1.GetOpeningHoursRequest{SalonId: salon})
		opening := salontest.Do[*appointmentv1.SetOpeningHoursResponse](t, c, manager, setOpening, &appointmentv1.SetOpeningHoursRequest{
			SalonId: salon, Periods: []*appointmentv1.WeeklyHours{everyDay("09:00", "20:00")}, Etag: before.GetEtag(),
		}).GetOpeningHours()
		salontest.Same(t, salontest.Do[proto.Message](t, c, nil, getOpening, &appointmentv1.GetOpeningHoursRequest{SalonId: salon}), opening)
		c.Call(t, manager, setOpening, &appointmentv1.SetOpeningHoursRequest{SalonId: salon, Etag: before.GetEtag()}).
			Want(t, codes.Aborted, "ETAG_MISMATCH")
		do(setWorking, &appointmentv1.SetWorkingHoursRequest{
			MasterId: master.ID, Periods: []*appointmentv1.WeeklyHours{everyDay("08:00", "17:00")},
		})
		do(createClosure, &appointmentv1.CreateClosureRequest{SalonId: salon, StartDate: "2027-03-29", Title: "Easter Monday"})
		c.Call(t, manager, createClosure, &appointmentv1.CreateClosureRequest{SalonId: salon, StartDate: "2027-03-28", EndDate: "2027-03-29"}).
			Want(t, codes.AlreadyExists, "DATES_TAKEN")
		do(appointmentv1.ScheduleService_CreateOverride_FullMethodName, &appointmentv1.CreateOverrideRequest{
			MasterId: master.ID, StartDate: "2027-03-30", Intervals: []*appointmentv1.WallInterval{wall("12:00", "24:00")},
		})
		c.Call(t, manager, appointmentv1.ScheduleService_CreateOverride_FullMethodName,
			&appointmentv1.CreateOverrideRequest{MasterId: master.ID, StartDate: "2027-03-30"}).Want(t, codes.AlreadyExists, "DATES_TAKEN")
		at := func(text string) time.Time {
			at, err := time.Parse(time.RFC3339, text)
			if err != nil {
				t.Fatal(err)
			}
			return at
		}
		pause := &appointmentv1.CreateTimeOffRequest{
			MasterId: master.ID, Kind: appointmentv1.TimeOffKind_TIME_OFF_KIND_BREAK,
			StartTime: timestamp(at("2027-03-28T10:00:00Z")), EndTime: timestamp(at("2027-03-28T10:30:00Z")),
		}
		do(createTimeOff, pause)
		pause.StartTime, pause.EndTime = timestamp(at("2027-03-28T14:30:00Z")), timestamp(at("2027-03-28T15:30:00Z"))
		outside := c.Call(t, manager, createTimeOff, pause)
		outside.Want(t, codes.InvalidArgument, "INVALID_FIELDS")
		if !outside.HasField("end_time") {
			t.Errorf("a break after the end of the hours: %v", outside)
		}
		vacation := salontest.Do[*appointmentv1.CreateTimeOffResponse](t, c, manager, createTimeOff, &appointmentv1.CreateTimeOffRequest{
			MasterId: master.ID, Kind: appointmentv1.TimeOffKind_TIME_OFF_KIND_VACATION, StartDate: "2027-03-31", EndDate: "2027-04-01",
		}).GetTimeOff()
		if !vacation.GetStartTime().AsTime().Equal(at("2027-03-30T22:00:00Z")) || !vacation.GetEndTime().AsTime().Equal(at("2027-04-01T22:00:00Z")) {
			t.Errorf("the vacation is %v", vacation)
		}

		show := func(as *salontest.Account, of *salontest.Account) (days []string) {
			schedule := salontest.Do[*appointmentv1.Schedule](t, c, as, getSchedule, &appointmentv1.GetScheduleRequest{
				MasterId: of.ID, StartDate: "2027-03-27", EndDate: "2027-03-31",
			})
			for _, day := range schedule.GetDays() {
				line := day.GetDate()
				for _, o := range day.GetOpen() {
					line += " " + o.GetStart() + "-" + o.GetEnd() + o.GetStartTime().AsTime().Format(" (15:04Z)")
				}
				days = append(days, line)
			}
			return days
		}
		want := []string{ // summer time begins on 28 March
			"2027-03-27 09:00-17:00 (08:00Z)", "2027-03-28 09:00-12:00 (07:00Z) 12:30-17:00 (10:30Z)", "2027-03-29",
			"2027-03-30 12:00-20:00 (10:00Z)", "2027-03-31",
		}
		if got := show(master, master); !slices.Equal(got, want) {
			t.Errorf("the schedule is %q, want %q", got, want)
		}
		want = []string{
			"2027-03-27 09:00-20:00 (08:00Z)", "2027-03-28 09:00-20:00 (07:00Z)", "2027-03-29", "2027-03-30 09:00-20:00 (07:00Z)",
			"2027-03-31 09:00-20:00 (07:00Z)",
		}
		if got := show(manager, colleague); !slices.Equal(got, want) {
			t.Errorf("the schedule of the colleague is %q, want %q", got, want)
		}
		// Dates follow the salon to another zone.
		salontest.Do[proto.Message](t, c, s.Admin(), updateSalon, &appointmentv1.UpdateSalonRequest{SalonId: salon, TimeZone: new("Asia/Tokyo")})
		list := salontest.Do[*appointmentv1.ListTimeOffResponse](t, c, master, appointmentv1.ScheduleService_ListTimeOff_FullMethodName,
			&appointmentv1.ListTimeOffRequest{MasterId: master.ID, FromTime: timestamp(at("2027-03-29T00:00:00Z"))}).GetTimeOff()
		if len(list) != 1 || list[0].GetStartDate() != "2027-03-31" || !list[0].GetStartTime().AsTime().Equal(at("2027-03-30T15:00:00Z")) {
			t.Errorf("in Tokyo the vacation is %v", list)
		}
	})
}

// TestConflictsOfHours: a change of hours names the appointments that do not fit any more, and leaves them alone.
func TestConflictsOfHours(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		salon := s.NewSalon(t, func(r *appointmentv1.CreateSalonRequest) { r.TimeZone = "UTC" }).GetId()
		cast := s.NewCastOf(t, salon)
		appointment := book(t, c, cast.CustomerA, salontest.Booking(cast.Master1, cast.Service, s.NextStart()))
		book(t, c, cast.CustomerB, salontest.Booking(cast.Master1, cast.Service, s.NextStart().AddDate(0, 0, 2)))
		date := appointment.GetStartTime().AsTime().Format(time.DateOnly)
		version, _, _ := strings.Cut(appointment.GetEtag(), "-") // what a change compares
		want := &appointmentv1.Conflict{
			AppointmentId: appointment.GetId(), Etag: version, StartTime: appointment.GetStartTime(),
			EndTime: appointment.GetEndTime(), MasterIds: []string{cast.Master1.ID},
		}
		closures := func() int {
			list := salontest.Do[*appointmentv1.ListClosuresResponse](t, c, nil, listClosures, &appointmentv1.ListClosuresRequest{SalonId: salon})
			return len(list.GetClosures())
		}
		for _, validateOnly := range []bool{true, false} {
			got := salontest.Do[*appointmentv1.CreateClosureResponse](t, c, cast.Admin, createClosure,
				&appointmentv1.CreateClosureRequest{SalonId: salon, StartDate: date, ValidateOnly: validateOnly})
			salontest.Same(t, got, &appointmentv1.CreateClosureResponse{Closure: got.GetClosure(), Conflicts: []*appointmentv1.Conflict{want}})
			if made := got.GetClosure().GetId() != ""; made == validateOnly || closures() != map[bool]int{true: 1, false: 0}[made] {
				t.Errorf("only validated: %t, the closure is %v, there are %d", validateOnly, got.GetClosure(), closures())
			}
		}
		hours := salontest.Do[*appointmentv1.SetWorkingHoursResponse](t, c, cast.Admin, setWorking, &appointmentv1.SetWorkingHoursRequest{
			MasterId: cast.Master1.ID, Periods: []*appointmentv1.WeeklyHours{period("", date)},
		})
		for _, conflict := range hours.GetConflicts() {
			if conflict.GetAppointmentId() == appointment.GetId() {
				t.Errorf("the appointment did not fit before the hours either: %v", conflict)
			}
		}
		salontest.Same(t, read(t, c, cast.CustomerA, appointment.GetId()), appointment)
	})
}

// TestScheduleOverREST: the conditional headers, what a deletion answers, and its parameter.
func TestScheduleOverREST(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salon := s.NewSalon(t).GetId()
	path := "/v1/salons/" + salon
	read := s.HTTP(t, get(path+"/openingHours"))
	tag := read.Header.Get("ETag")
	if read.StatusCode != http.StatusOK || tag == "" {
		t.Fatalf("hours that were never set: %s %q", read.Status, tag)
	}
	put := func(header, tag string) *salontest.Response {
		body := `{"periods":[{"intervals":[{"days":["DAY_OF_WEEK_MONDAY"],"interval":{"start":"09:00","end":"24:00"}}]}]}`
		return s.HTTP(t, salontest.NewRequest(http.MethodPut, path+"/openingHours", body).With(header, tag).As(t, s.Admin()))
	}
	if r := put("If-None-Match", "*"); r.StatusCode != http.StatusPreconditionFailed {
		t.Errorf("a salon always has hours: %s", r.Status)
	}
	for _, want := range []int{http.StatusOK, http.StatusPreconditionFailed} {
		if r := put("If-Match", tag); r.StatusCode != want {
			t.Errorf("with the etag of before: %s, want %d", r.Status, want)
		}
	}
	if r := s.HTTP(t, get(path+"/openingHours").With("If-None-Match", tag)); r.StatusCode != http.StatusOK {
		t.Errorf("read after the change: %s", r.Status)
	}

	made := s.HTTP(t, salontest.NewRequest(http.MethodPost, path+"/closures", `{"startDate":"2150-01-01","title":"New Year"}`).As(t, s.Admin()))
	closure := made.Result(t, &appointmentv1.CreateClosureResponse{}).Message.(*appointmentv1.CreateClosureResponse).GetClosure()
	if made.StatusCode != http.StatusOK || closure.GetTitle() != "New Year" {
		t.Errorf("created with %s %s", made.Status, made.Bytes)
	}
	for i, query := range []string{"?validateOnly=true", "", ""} {
		r := s.HTTP(t, salontest.NewRequest(http.MethodDelete, "/v1/closures/"+closure.GetId()+query, "").As(t, s.Admin()))
		if want := []int{http.StatusOK, http.StatusOK, http.StatusNotFound}[i]; r.StatusCode != want {
			t.Errorf("deletion %d: %s %s", i, r.Status, r.Bytes)
		}
	}
	master := s.NewMasterOf(t, salon, "Mira")
	off := s.HTTP(t, salontest.NewRequest(http.MethodPost, "/v1/masters/"+master.ID+"/timeOff",
		`{"kind":"TIME_OFF_KIND_SICK","startDate":"2150-01-01"}`).As(t, s.Admin()))
	if !strings.Contains(string(off.Bytes), `"endDate":"2150-01-01"`) {
		t.Errorf("time off: %s %s", off.Status, off.Bytes)
	}
	id := off.Result(t, &appointmentv1.CreateTimeOffResponse{}).Message.(*appointmentv1.CreateTimeOffResponse).GetTimeOff().GetId()
	if r := s.HTTP(t, salontest.NewRequest(http.MethodDelete, "/v1/timeOff/"+id, "").As(t, s.Admin())); r.StatusCode != http.StatusNoContent {
		t.Errorf("deletion of time off: %s", r.Status)
	}
}
