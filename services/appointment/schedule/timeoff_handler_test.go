package schedule

import (
	"fmt"
	"slices"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/servicetest"
)

const (
	vacation = appointmentv1.TimeOffKind_TIME_OFF_KIND_VACATION
	sick     = appointmentv1.TimeOffKind_TIME_OFF_KIND_SICK
	aBreak   = appointmentv1.TimeOffKind_TIME_OFF_KIND_BREAK
	training = appointmentv1.TimeOffKind_TIME_OFF_KIND_TRAINING
)

// off makes time off of Mira.
func (f *fixture) off(req *appointmentv1.CreateTimeOffRequest) (*appointmentv1.CreateTimeOffResponse, error) {
	req.MasterId = f.mira.UserID
	return f.client.CreateTimeOff(f.As(f.manager), req)
}

func (f *fixture) mustOff(req *appointmentv1.CreateTimeOffRequest) *appointmentv1.TimeOff {
	f.t.Helper()
	got, err := f.off(req)
	if err != nil {
		f.t.Fatalf("create time off: %v", err)
	}
	return got.GetTimeOff()
}

// listOff lists Mira's time off.
func (f *fixture) listOff(from *timestamppb.Timestamp) (all []*appointmentv1.TimeOff) {
	f.t.Helper()
	req := &appointmentv1.ListTimeOffRequest{MasterId: f.mira.UserID, FromTime: from, PageSize: 2}
	for {
		page, err := f.client.ListTimeOff(f.As(f.mira), req)
		if err != nil {
			f.t.Fatal(err)
		}
		all = append(all, page.GetTimeOff()...)
		if req.PageToken = page.GetNextPageToken(); req.PageToken == "" {
			return all
		}
	}
}

func TestTimeOff(t *testing.T) {
	f := newFixture(t)
	rules := f.rules()
	req := &appointmentv1.CreateTimeOffRequest{
		Kind: training, StartTime: stamp(t, "2027-03-02T08:00Z"), EndTime: stamp(t, "2027-03-02T15:30Z"), Note: "Colours", RequestId: f.NewID(),
	}
	got, err := f.off(req)
	if err != nil {
		t.Fatal(err)
	}
	want := &appointmentv1.TimeOff{
		Id: got.GetTimeOff().GetId(), MasterId: f.mira.UserID, Kind: training, StartTime: req.GetStartTime(), EndTime: req.GetEndTime(),
		Note: "Colours", CreateTime: timestamppb.New(f.Clock.Now()),
	}
	servicetest.WantMessage(t, got, &appointmentv1.CreateTimeOffResponse{TimeOff: want})
	again, err := f.off(req)
	if err != nil {
		t.Fatal(err)
	}
	servicetest.WantMessage(t, again, got)
	if n := f.count("times_off"); n != 1 || f.rules() != rules+1 {
		t.Errorf("%d rows, the rules have version %d after %d", n, f.rules(), rules)
	}
	servicetest.WantMessage(t, f.listOff(nil)[0], want)

	both := &appointmentv1.CreateTimeOffRequest{Kind: sick, StartTime: req.GetStartTime(), EndTime: req.GetEndTime(), StartDate: "2027-03-02"}
	_, err = f.off(both)
	servicetest.WantError(t, err, codes.InvalidArgument, "INVALID_FIELDS", "start_date")
	_, err = f.off(&appointmentv1.CreateTimeOffRequest{Kind: sick})
	servicetest.WantError(t, err, codes.InvalidArgument, "INVALID_FIELDS", "start_time")
	_, err = f.off(&appointmentv1.CreateTimeOffRequest{StartDate: "2027-03-02"})
	servicetest.WantError(t, err, codes.InvalidArgument, "INVALID_FIELDS", "kind")

	remove := func() error {
		_, err := f.client.DeleteTimeOff(f.As(f.manager), &appointmentv1.DeleteTimeOffRequest{TimeOffId: want.GetId()})
		return err
	}
	if err := remove(); err != nil {
		t.Fatal(err)
	}
	servicetest.WantError(t, remove(), codes.NotFound, "NOT_FOUND", "")
	if f.rules() != rules+2 {
		t.Errorf("the rules have version %d after %d", f.rules(), rules)
	}
	if got := f.listOff(nil); len(got) > 0 {
		t.Errorf("there is %v", got)
	}
	// What a resource has is not a master's.
	resource := f.NewID()
	f.exec(`INSERT INTO times_off (salon_id, id, subject_id, subject_kind, start_time, end_time, note, create_time)
		VALUES (?, ?, ?, 'RESOURCE', now(), now() + interval '1 hour', '', now())`, id.FirstSalon, resource, f.NewID())
	_, err = f.client.DeleteTimeOff(f.As(f.manager), &appointmentv1.DeleteTimeOffRequest{TimeOffId: resource})
	servicetest.WantError(t, err, codes.NotFound, "NOT_FOUND", "")
}

// TestTimeOffFollowsTheZone: time off by dates is those dates, in whatever zone the salon is; time off between instants stays.
func TestTimeOffFollowsTheZone(t *testing.T) {
	f := newFixture(t)
	f.setZone("America/Los_Angeles")
	dated := f.mustOff(&appointmentv1.CreateTimeOffRequest{Kind: vacation, StartDate: "2027-10-27", EndDate: "2027-10-31"})
	fixed := f.mustOff(&appointmentv1.CreateTimeOffRequest{Kind: sick, StartTime: stamp(t, "2027-11-02T16:00Z"), EndTime: stamp(t, "2027-11-02T20:00Z")})
	want := &appointmentv1.TimeOff{
		Id: dated.GetId(), MasterId: f.mira.UserID, Kind: vacation, StartDate: "2027-10-27", EndDate: "2027-10-31",
		StartTime: stamp(t, "2027-10-27T07:00Z"), EndTime: stamp(t, "2027-11-01T07:00Z"), CreateTime: timestamppb.New(f.Clock.Now()),
	}
	servicetest.WantMessage(t, dated, want)
	f.setZone("Africa/Cairo")
	want.StartTime, want.EndTime = stamp(t, "2027-10-26T21:00Z"), stamp(t, "2027-10-31T22:00Z")
	for from, count := range map[string]int{"2027-10-31T21:59Z": 2, "2027-10-31T22:00Z": 1, "2027-11-02T19:59Z": 1, "2027-11-02T20:00Z": 0} {
		got := f.listOff(stamp(t, from))
		if len(got) != count {
			t.Errorf("from %s there is %v", from, got)
			continue
		}
		for _, off := range got {
			if off.GetId() == fixed.GetId() {
				servicetest.WantMessage(t, off, fixed)
			} else {
				servicetest.WantMessage(t, off, want)
			}
		}
	}
	schedule, err := f.client.GetSchedule(f.As(f.mira), &appointmentv1.GetScheduleRequest{
		MasterId: f.mira.UserID, StartDate: "2027-10-26", EndDate: "2027-11-02",
	})
	if err != nil {
		t.Fatal(err)
	}
	var open []string
	for _, day := range schedule.GetDays() {
		for _, o := range day.GetOpen() {
			open = append(open, day.GetDate()+" "+o.GetStart()+"-"+o.GetEnd())
		}
	}
	if want := []string{"2027-10-26 00:00-24:00", "2027-11-01 00:00-24:00", "2027-11-02 00:00-18:00", "2027-11-02 22:00-24:00"}; !slices.Equal(open, want) {
		t.Errorf("open %q, want %q", open, want)
	}
}

func TestTimeOffOfDatesThatBeginLate(t *testing.T) {
	f := newFixture(t)
	f.setZone("Africa/Cairo")
	got := f.mustOff(&appointmentv1.CreateTimeOffRequest{Kind: vacation, StartDate: "2027-04-30"})
	if got.GetStartDate() != "2027-04-30" || got.GetEndDate() != "2027-04-30" ||
		!got.GetStartTime().AsTime().Equal(instant(t, "2027-04-29T22:00Z")) || !got.GetEndTime().AsTime().Equal(instant(t, "2027-04-30T21:00Z")) {
		t.Errorf("got %v", got)
	}
	f.setZone("Pacific/Apia")
	_, err := f.off(&appointmentv1.CreateTimeOffRequest{Kind: vacation, StartDate: "2011-12-30"})
	servicetest.WantError(t, err, codes.InvalidArgument, "INVALID_FIELDS", "start_date")
}

func TestListTimeOff(t *testing.T) {
	f := newFixture(t)
	for _, start := range []string{"2027-05-01T10:00Z", "2027-03-01T10:00Z", "2027-04-01T10:00Z"} {
		f.mustOff(&appointmentv1.CreateTimeOffRequest{
			Kind: sick, StartTime: stamp(t, start), EndTime: timestamppb.New(instant(t, start).AddDate(0, 0, 1)),
		})
	}
	f.mustOff(&appointmentv1.CreateTimeOffRequest{Kind: vacation, StartDate: "2027-04-10", EndDate: "2027-04-20"})
	_, err := f.client.CreateTimeOff(f.As(f.manager), &appointmentv1.CreateTimeOffRequest{MasterId: f.noor.UserID, Kind: sick, StartDate: "2027-04-10"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, off := range f.listOff(nil) {
		got = append(got, off.GetStartTime().AsTime().Format("01-02T15:04"))
	}
	if want := []string{"03-01T10:00", "04-01T10:00", "04-09T22:00", "05-01T10:00"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	_, err = f.client.ListTimeOff(f.As(f.mira), &appointmentv1.ListTimeOffRequest{
		MasterId: f.mira.UserID, FromTime: &timestamppb.Timestamp{Nanos: -1},
	})
	servicetest.WantError(t, err, codes.InvalidArgument, "INVALID_FIELDS", "from_time")
}

// TestBreaks: a break is within the time in which the master can work, and refused otherwise.
func TestBreaks(t *testing.T) {
	f := newFixture(t)
	f.setOpening(everyDay("08:00", "18:00"))
	f.setWorking(f.mira, everyDay("09:00", "20:00")) // until 18:00: 08:00Z to 17:00Z
	f.mustOff(&appointmentv1.CreateTimeOffRequest{Kind: sick, StartTime: stamp(t, "2027-03-02T12:00Z"), EndTime: stamp(t, "2027-03-02T13:00Z")})
	for _, tt := range []struct{ start, end, field string }{
		{"2027-03-02T08:00Z", "2027-03-02T08:30Z", ""},
		{"2027-03-02T16:30Z", "2027-03-02T17:00Z", ""},
		{"2027-03-02T07:59Z", "2027-03-02T08:30Z", "start_time"},
		{"2027-03-02T16:00Z", "2027-03-02T17:01Z", "end_time"},
		{"2027-03-02T18:00Z", "2027-03-02T18:30Z", "start_time"},
		{"2027-03-02T11:30Z", "2027-03-02T12:01Z", "end_time"},
		{"2027-03-02T12:30Z", "2027-03-02T13:30Z", "start_time"},
		{"2027-03-02T10:00Z", "2027-03-03T10:00Z", "end_time"},
	} {
		t.Run(fmt.Sprint(tt.start, " to ", tt.end), func(t *testing.T) {
			before := f.count("times_off")
			_, err := f.off(&appointmentv1.CreateTimeOffRequest{Kind: aBreak, StartTime: stamp(t, tt.start), EndTime: stamp(t, tt.end)})
			wantField(t, "the break", err, tt.field)
			if n := f.count("times_off") - before; (n == 1) != (tt.field == "") {
				t.Errorf("%d rows were written", n)
			}
		})
	}
	_, err := f.off(&appointmentv1.CreateTimeOffRequest{Kind: aBreak, StartDate: "2027-03-04"})
	wantField(t, "a whole date", err, "start_date")
	_, err = f.off(&appointmentv1.CreateTimeOffRequest{Kind: vacation, StartTime: stamp(t, "2027-03-02T18:00Z"), EndTime: stamp(t, "2027-03-02T18:30Z")})
	wantField(t, "other time off", err, "")
	f.setOpening()
	f.setWorking(f.mira)
	_, err = f.off(&appointmentv1.CreateTimeOffRequest{Kind: aBreak, StartDate: "2027-03-04", EndDate: "2027-03-05"})
	wantField(t, "whole dates of a salon that is open all day", err, "")
}
