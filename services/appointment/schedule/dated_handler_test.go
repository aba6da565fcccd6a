package schedule

import (
	"slices"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/servicetest"
)

func TestClosures(t *testing.T) {
	f := newFixture(t)
	rules := f.rules()
	req := &appointmentv1.CreateClosureRequest{
		SalonId: id.FirstSalon, StartDate: "2027-12-24", EndDate: "2027-12-26", Title: " Christmas ", RequestId: f.NewID(),
		Intervals: []*appointmentv1.WallInterval{wall("10:00", "12:00"), wall("09:00", "10:00")},
	}
	got, err := f.client.CreateClosure(f.As(f.manager), req)
	if err != nil {
		t.Fatal(err)
	}
	want := &appointmentv1.Closure{
		Id: got.GetClosure().GetId(), SalonId: id.FirstSalon, StartDate: "2027-12-24", EndDate: "2027-12-26", Title: "Christmas",
		Intervals: []*appointmentv1.WallInterval{wall("09:00", "12:00")}, CreateTime: timestamppb.New(f.Clock.Now()),
	}
	servicetest.WantMessage(t, got, &appointmentv1.CreateClosureResponse{Closure: want})
	again, err := f.client.CreateClosure(f.As(f.manager), req)
	if err != nil {
		t.Fatal(err)
	}
	servicetest.WantMessage(t, again, got)
	if n := f.count("dated_hours"); n != 1 || f.rules() != rules+1 {
		t.Errorf("%d closures, the rules have version %d after %d", n, f.rules(), rules)
	}
	req.Title = "Another"
	_, err = f.client.CreateClosure(f.As(f.manager), req)
	servicetest.WantError(t, err, codes.AlreadyExists, "REQUEST_ID_REUSED", "")

	create := func(start, end string, validateOnly bool) error {
		_, err := f.client.CreateClosure(f.As(f.manager), &appointmentv1.CreateClosureRequest{
			SalonId: id.FirstSalon, StartDate: start, EndDate: end, ValidateOnly: validateOnly,
		})
		return err
	}
	for _, taken := range [][2]string{{"2027-12-24", ""}, {"2027-12-26", "2027-12-31"}, {"2027-12-01", "2027-12-31"}} {
		for _, validateOnly := range []bool{false, true} {
			servicetest.WantError(t, create(taken[0], taken[1], validateOnly), codes.AlreadyExists, "DATES_TAKEN", "start_date")
		}
	}
	for _, free := range [][2]string{{"2027-12-27", ""}, {"2027-01-01", "2027-12-23"}} {
		if err := create(free[0], free[1], false); err != nil {
			t.Error(err)
		}
	}
	servicetest.WantError(t, create("2027-02-30", "", false), codes.InvalidArgument, "INVALID_FIELDS", "start_date")
	servicetest.WantError(t, create("2029-01-01", "2030-01-03", false), codes.InvalidArgument, "INVALID_FIELDS", "end_date")
	_, err = f.client.CreateClosure(f.As(f.otherManager), &appointmentv1.CreateClosureRequest{SalonId: f.other, StartDate: "2027-12-24"})
	if err != nil {
		t.Errorf("the dates of another salon: %v", err)
	}

	remove := func() error {
		_, err := f.client.DeleteClosure(f.As(f.manager), &appointmentv1.DeleteClosureRequest{ClosureId: want.GetId()})
		return err
	}
	_, err = f.client.DeleteOverride(f.As(f.admin), &appointmentv1.DeleteOverrideRequest{OverrideId: want.GetId()})
	servicetest.WantError(t, err, codes.NotFound, "NOT_FOUND", "")
	if err := remove(); err != nil {
		t.Fatal(err)
	}
	servicetest.WantError(t, remove(), codes.NotFound, "NOT_FOUND", "")
	if err := create("2027-12-24", "", false); err != nil {
		t.Errorf("the dates of a closure that was deleted: %v", err)
	}
}

func TestListClosures(t *testing.T) {
	f := newFixture(t)
	for _, dates := range [][2]string{{"2027-12-24", "2027-12-26"}, {"2027-05-01", ""}, {"2027-02-28", "2027-03-01"}, {"2027-10-03", ""}} {
		_, err := f.client.CreateClosure(f.As(f.manager), &appointmentv1.CreateClosureRequest{
			SalonId: id.FirstSalon, StartDate: dates[0], EndDate: dates[1],
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	list := func(from string) (got []string) {
		t.Helper()
		req := &appointmentv1.ListClosuresRequest{SalonId: id.FirstSalon, FromDate: from, PageSize: 2}
		for {
			page, err := f.client.ListClosures(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range page.GetClosures() {
				got = append(got, c.GetStartDate())
			}
			if req.PageToken = page.GetNextPageToken(); req.PageToken == "" {
				return got
			}
		}
	}
	for from, want := range map[string][]string{
		"":           {"2027-02-28", "2027-05-01", "2027-10-03", "2027-12-24"},
		"2027-03-01": {"2027-02-28", "2027-05-01", "2027-10-03", "2027-12-24"},
		"2027-03-02": {"2027-05-01", "2027-10-03", "2027-12-24"},
		"2027-12-26": {"2027-12-24"},
		"2027-12-27": nil,
	} {
		if got := list(from); !slices.Equal(got, want) {
			t.Errorf("from %q: %q, want %q", from, got, want)
		}
	}
	_, err := f.client.ListClosures(t.Context(), &appointmentv1.ListClosuresRequest{SalonId: id.FirstSalon, FromDate: "2027-02-29"})
	servicetest.WantError(t, err, codes.InvalidArgument, "INVALID_FIELDS", "from_date")
	_, err = f.client.ListClosures(t.Context(), &appointmentv1.ListClosuresRequest{SalonId: f.NewID()})
	servicetest.WantError(t, err, codes.NotFound, "NOT_FOUND", "")
}

func TestOverrides(t *testing.T) {
	f := newFixture(t)
	create := func(masterID, start, end string) (*appointmentv1.CreateOverrideResponse, error) {
		return f.client.CreateOverride(f.As(f.manager), &appointmentv1.CreateOverrideRequest{
			MasterId: masterID, StartDate: start, EndDate: end, Note: "Late shift\nand early", Intervals: []*appointmentv1.WallInterval{wall("18:00", "24:00")},
		})
	}
	got, err := create(f.mira.UserID, "2027-05-03", "")
	if err != nil {
		t.Fatal(err)
	}
	want := &appointmentv1.Override{
		Id: got.GetOverride().GetId(), MasterId: f.mira.UserID, StartDate: "2027-05-03", EndDate: "2027-05-03", Note: "Late shift\nand early",
		Intervals: []*appointmentv1.WallInterval{wall("18:00", "24:00")}, CreateTime: timestamppb.New(f.Clock.Now()),
	}
	servicetest.WantMessage(t, got, &appointmentv1.CreateOverrideResponse{Override: want})
	_, err = create(f.mira.UserID, "2027-05-01", "2027-05-31")
	servicetest.WantError(t, err, codes.AlreadyExists, "DATES_TAKEN", "start_date")
	if _, err := create(f.noor.UserID, "2027-05-01", "2027-05-31"); err != nil {
		t.Errorf("the dates of another master: %v", err)
	}
	_, err = f.client.CreateClosure(f.As(f.manager), &appointmentv1.CreateClosureRequest{SalonId: id.FirstSalon, StartDate: "2027-05-03"})
	if err != nil {
		t.Errorf("the dates of the salon: %v", err)
	}

	list, err := f.client.ListOverrides(f.As(f.mira), &appointmentv1.ListOverridesRequest{MasterId: f.mira.UserID, FromDate: "2027-05-03"})
	if err != nil {
		t.Fatal(err)
	}
	servicetest.WantMessage(t, list, &appointmentv1.ListOverridesResponse{Overrides: []*appointmentv1.Override{want}})
	_, err = f.client.DeleteClosure(f.As(f.admin), &appointmentv1.DeleteClosureRequest{ClosureId: want.GetId()})
	servicetest.WantError(t, err, codes.NotFound, "NOT_FOUND", "")
	for _, validateOnly := range []bool{true, false} {
		req := &appointmentv1.DeleteOverrideRequest{OverrideId: want.GetId(), ValidateOnly: validateOnly}
		deleted, err := f.client.DeleteOverride(f.As(f.manager), req)
		if err != nil {
			t.Fatal(err)
		}
		servicetest.WantMessage(t, deleted, &appointmentv1.DeleteOverrideResponse{})
		if n := f.count("dated_hours WHERE id = ?", want.GetId()); (n == 1) != validateOnly {
			t.Errorf("%d rows; only validated: %t", n, validateOnly)
		}
	}
}

// TestCreateOnlyValidates: nothing stays, not even the request id, and nothing made has an id.
func TestCreateOnlyValidates(t *testing.T) {
	f := newFixture(t)
	rules := f.rules()
	requests := f.count("idempotency_keys")
	closure := &appointmentv1.CreateClosureRequest{SalonId: id.FirstSalon, StartDate: "2027-05-03", ValidateOnly: true, RequestId: f.NewID()}
	override := &appointmentv1.CreateOverrideRequest{MasterId: f.mira.UserID, StartDate: "2027-05-03", ValidateOnly: true, RequestId: f.NewID()}
	off := &appointmentv1.CreateTimeOffRequest{
		MasterId: f.mira.UserID, StartDate: "2027-05-03", Kind: appointmentv1.TimeOffKind_TIME_OFF_KIND_SICK, ValidateOnly: true, RequestId: f.NewID(),
	}
	for range 2 {
		c, err := f.client.CreateClosure(f.As(f.manager), closure)
		if err != nil || c.GetClosure().GetId() != "" || c.GetClosure().GetEndDate() != "2027-05-03" {
			t.Errorf("got %v, %v", c, err)
		}
		o, err := f.client.CreateOverride(f.As(f.manager), override)
		if err != nil || o.GetOverride().GetId() != "" || o.GetOverride().GetEndDate() != "2027-05-03" {
			t.Errorf("got %v, %v", o, err)
		}
		a, err := f.client.CreateTimeOff(f.As(f.manager), off)
		if err != nil || a.GetTimeOff().GetId() != "" || a.GetTimeOff().GetEndDate() != "2027-05-03" {
			t.Errorf("got %v, %v", a, err)
		}
	}
	if n := f.count("dated_hours") + f.count("times_off"); n != 0 || f.count("idempotency_keys") != requests || f.rules() != rules {
		t.Errorf("%d rows and %d request ids were written, and the rules have version %d after %d", n, f.count("idempotency_keys"), f.rules(), rules)
	}
	closure.ValidateOnly = false // the request id is free
	if c, err := f.client.CreateClosure(f.As(f.manager), closure); err != nil || c.GetClosure().GetId() == "" {
		t.Errorf("got %v, %v", c, err)
	}
}
