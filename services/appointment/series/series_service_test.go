package series

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/servicetest"
)

func wantShown(t *testing.T, s *appointmentv1.AppointmentSeries, want ...string) {
	t.Helper()
	if got := shown(s); !slices.Equal(got, want) {
		t.Errorf("\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

// TestCreateSeries: the appointments are ordinary ones, at the same wall time before and after the end of summer time.
func TestCreateSeries(t *testing.T) {
	f := newFixture(t)
	req := f.weekly(func(r *createReq) { r.Note, r.RequestId = "Short.", id.New() })
	heard := f.Listen("heard", "appointment.created")
	made := ok(f, f.series.CreateAppointmentSeries, f.ann, req)
	wantShown(t, made, "10-19T18:00 19:00 PENDING", "10-26T18:00 19:00 PENDING", "11-02T19:00 19:00 PENDING", "11-09T19:00 19:00 PENDING")
	if made.GetId() == "" || made.GetTimeZone() != "Europe/London" || made.GetRecurrence() != req.GetRecurrence() || made.GetCreateTime() == nil {
		t.Errorf("made %v", made)
	}
	for _, o := range made.GetOccurrences() {
		a := ok(f, f.appointments.GetAppointment, f.ann, &appointmentv1.GetAppointmentRequest{AppointmentId: o.GetAppointmentId()})
		if a.GetSeriesId() != made.GetId() || a.GetNote() != "Short." || !proto.Equal(a.GetStartTime(), o.GetStartTime()) ||
			a.GetCustomerId() != made.GetCustomerId() || a.GetLapseTime() == nil {
			t.Errorf("the appointment is %v", a)
		}
	}
	heard.Wait(4)
	servicetest.WantMessage(t, ok(f, f.series.CreateAppointmentSeries, f.ann, req), made)
	for _, who := range []auth.Principal{f.ann, f.mira, f.receptionist, f.manager, f.admin} {
		servicetest.WantMessage(t, ok(f, f.series.GetAppointmentSeries, who, &getReq{SeriesId: made.GetId()}), made)
	}
	for _, who := range []auth.Principal{f.ben, f.zoe} {
		wantRefused(f, f.series.GetAppointmentSeries, who, &getReq{SeriesId: made.GetId()}, "NOT_FOUND", "")
	}
	req.LocalTime = "20:00"
	wantRefused(f, f.series.CreateAppointmentSeries, f.ann, req, "REQUEST_ID_REUSED", "")
	if n := f.count("appointments"); n != 4 {
		t.Errorf("%d appointments", n)
	}
}

// TestConflicts: of twelve dates, the third is taken and one is a day off. Nothing is made and both are named, or ten are made.
func TestConflicts(t *testing.T) {
	f := newFixture(t)
	twelve := f.weekly(func(r *createReq) { r.Recurrence = "FREQ=WEEKLY;COUNT=12" })
	ok(f, f.appointments.CreateAppointment, f.ben, &appointmentv1.CreateAppointmentRequest{
		StartTime: timestamppb.New(time.Date(2027, 11, 2, 18, 30, 0, 0, time.UTC)), Segments: twelve.GetSegments(),
	})
	ok(f, f.schedules.CreateTimeOff, f.manager, &appointmentv1.CreateTimeOffRequest{
		MasterId: f.mira.UserID, Kind: appointmentv1.TimeOffKind_TIME_OFF_KIND_VACATION, StartDate: "2027-11-16",
	})
	conflicts := wantRefused(f, f.series.CreateAppointmentSeries, f.ann, twelve, "SERIES_CONFLICT", "recurrence")
	var named []string
	for _, c := range conflicts {
		named = append(named, fmt.Sprint(c.GetPosition(), " ", c.GetLocalDate(), " ", c.GetLocalTime(), " ", c.GetReasons()))
	}
	want := []string{"3 2027-11-02 19:00 [BLOCK_REASON_BOOKED]", "5 2027-11-16 19:00 [BLOCK_REASON_TIME_OFF]"}
	if !slices.Equal(named, want) {
		t.Errorf("named %q, want %q", named, want)
	}
	if n := f.count("appointments") + f.count("appointment_series"); n != 1 {
		t.Errorf("%d rows were made", n-1)
	}

	twelve.ValidateOnly = true
	preview := ok(f, f.series.CreateAppointmentSeries, f.ann, twelve)
	third, fifth := preview.GetOccurrences()[2], preview.GetOccurrences()[4]
	var nearest []string
	for _, s := range third.GetAlternatives() {
		nearest = append(nearest, s.GetLocalTime())
	}
	if preview.GetId() != "" || len(third.GetConflicts()) != 1 || len(fifth.GetAlternatives()) != 0 ||
		!slices.Equal(nearest, []string{"19:30", "19:45", "20:00"}) {
		t.Errorf("the preview has %v, nearest %v", preview, nearest)
	}
	if n := f.count("appointments") + f.count("appointment_series"); n != 1 {
		t.Errorf("a preview made %d rows", n-1)
	}

	twelve.ValidateOnly, twelve.SkipConflicts = false, true
	made := ok(f, f.series.CreateAppointmentSeries, f.ann, twelve)
	if n := f.count("appointments WHERE series_id = ?", made.GetId()); n != 10 || len(made.GetOccurrences()) != 12 {
		t.Errorf("%d appointments on %d dates", n, len(made.GetOccurrences()))
	}
	for i, o := range made.GetOccurrences() {
		if skipped := i == 2 || i == 4; skipped != (o.GetAppointmentId() == "") || skipped != (len(o.GetConflicts()) > 0) {
			t.Errorf("date %d: %v", i, o)
		}
	}
	none := f.weekly(func(r *createReq) {
		r.Recurrence, r.StartDate, r.SkipConflicts = "FREQ=WEEKLY;COUNT=1", "2027-11-16", true
	})
	wantRefused(f, f.series.CreateAppointmentSeries, f.ann, none, "SERIES_CONFLICT", "recurrence")
}

// TestHorizonWithinASeries: dates beyond the horizon are not possible, and a series counts once among the open appointments, in the preview too.
func TestHorizonWithinASeries(t *testing.T) {
	f := newFixture(t)
	ok(f, f.salons.UpdateBookingPolicy, f.manager, &appointmentv1.UpdateBookingPolicyRequest{
		SalonId: id.FirstSalon, MaxOpenAppointments: new(int32(1)), HorizonDays: new(int32(30)),
	})
	req := f.weekly(func(r *createReq) { r.ValidateOnly = true })
	wantShown(t, ok(f, f.series.CreateAppointmentSeries, f.ann, req),
		"10-19T18:00 19:00", "10-26T18:00 19:00", "11-02T19:00 19:00", "11-09T19:00 19:00 HORIZON")
	req.ValidateOnly, req.SkipConflicts = false, true
	wantShown(t, ok(f, f.series.CreateAppointmentSeries, f.ann, req), "10-19T18:00 19:00 PENDING", "10-26T18:00 19:00 PENDING",
		"11-02T19:00 19:00 PENDING", "11-09T19:00 19:00 HORIZON")
}

// TestCreateSeriesRefused: what speaks against all dates, or is not readable, is an error that names the field.
func TestCreateSeriesRefused(t *testing.T) {
	f := newFixture(t)
	for _, tt := range []struct {
		who           auth.Principal
		change        func(*createReq)
		reason, field string
	}{
		{f.ann, func(r *createReq) { r.Recurrence = "FREQ=DAILY;COUNT=2" }, "INVALID_FIELDS", "recurrence"},
		{f.ann, func(r *createReq) { r.Recurrence = "FREQ=WEEKLY;UNTIL=20270101" }, "INVALID_FIELDS", "recurrence"},
		{f.ann, func(r *createReq) { r.StartDate = "2027-02-30" }, "INVALID_FIELDS", "start_date"},
		{f.ann, func(r *createReq) { r.StartDate = "2028-10-19" }, "INVALID_FIELDS", "start_date"},
		{f.ann, func(r *createReq) { r.StartDate = "2027-09-28" }, "START_IN_PAST", "start_date"},
		{f.ann, func(r *createReq) { r.Segments[0].ServiceId = id.New() }, "NOT_OFFERED", "segments[0].service_id"},
		{f.ann, func(r *createReq) { r.Segments[0].MasterId = new(id.New()) }, "MASTER_UNAVAILABLE",
			"segments[0].master_id"},
		{f.ann, func(r *createReq) {
			r.Override = &appointmentv1.RuleOverride{Reason: "x"}
		},
			"PERMISSION_DENIED", "override"},
		{f.ann, func(r *createReq) { r.CustomerId = new(id.New()) }, "PERMISSION_DENIED", "customer_id"},
		{f.receptionist, func(r *createReq) { r.CustomerId = new(id.New()) }, "CUSTOMER_UNAVAILABLE", "customer_id"},
	} {
		wantRefused(f, f.series.CreateAppointmentSeries, tt.who, f.weekly(tt.change), tt.reason, tt.field)
	}
	if n := f.count("appointment_series"); n != 0 {
		t.Errorf("%d series were made", n)
	}
}

// TestOneSeriesWins: of several series of one master at once, one is booked wholly, and nothing of the others.
func TestOneSeriesWins(t *testing.T) {
	f := newFixture(t)
	for round := range 5 {
		var wg sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			who := []auth.Principal{f.ann, f.ben, f.zoe, f.manager}[i]
			req := f.weekly(func(r *createReq) {
				r.LocalTime = fmt.Sprintf("%02d:%02d", 8+2*round, 15*i)
				if i%2 == 1 { // on the same dates in part
					r.Recurrence = "FREQ=WEEKLY;INTERVAL=2;COUNT=3"
				}
			})
			wg.Go(func() { _, errs[i] = f.series.CreateAppointmentSeries(f.As(who), req) })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			switch reason := apierr.ReasonOf(err); {
			case err == nil:
				won++
			case reason != "SERIES_CONFLICT":
				t.Errorf("lost with %v", err)
			}
		}
		if won != 1 || f.count("appointment_series") != round+1 {
			t.Errorf("%d have won, there are %d series", won, f.count("appointment_series"))
		}
	}
	incomplete := f.count(`appointment_series s WHERE (SELECT count(*) FROM series_occurrences o WHERE o.series_id = s.id) <>
		(SELECT count(*) FROM appointments a WHERE a.series_id = s.id)`)
	if incomplete != 0 {
		t.Errorf("%d series are incomplete", incomplete)
	}
}

// TestLongestSeries: a year of weeks is booked by a customer whom the salon does not know yet, and moved to and fro.
func TestLongestSeries(t *testing.T) {
	f := newFixture(t)
	ok(f, f.salons.UpdateBookingPolicy, f.manager, &appointmentv1.UpdateBookingPolicyRequest{
		SalonId: id.FirstSalon, MaxOpenAppointments: new(int32(0)),
	})
	s := ok(f, f.series.CreateAppointmentSeries, f.ann, f.weekly(func(r *createReq) {
		r.Recurrence, r.StartDate = "FREQ=WEEKLY;COUNT=52", "2027-10-12"
	}))
	if n := f.count("appointments WHERE series_id = ?", s.GetId()); n != 52 {
		t.Fatalf("%d appointments", n)
	}
	for _, days := range []int32{-7, 7} { // each but one to where another one is
		moved := ok(f, f.series.RescheduleAppointmentSeries, f.receptionist, &moveReq{SeriesId: s.GetId(), ShiftDays: days})
		if n := f.count("claims"); n != 104 || len(moved.GetOccurrences()) != 52 {
			t.Errorf("%d claims, %d dates", n, len(moved.GetOccurrences()))
		}
	}
	wantShown(t, ok(f, f.series.GetAppointmentSeries, f.ann, &getReq{SeriesId: s.GetId()}), shown(s)...)
}

// TestSeriesOnce: calls at once with one request id make one series, and none of them is refused because of the others.
func TestSeriesOnce(t *testing.T) {
	f := newFixture(t)
	for round := range 6 {
		first := f.weekly(func(r *createReq) { r.LocalTime, r.RequestId = fmt.Sprintf("1%d:00", round), id.New() })
		ids := make([]string, 16)
		var all sync.WaitGroup
		for i := range ids {
			req := proto.CloneOf(first)
			all.Go(func() {
				s, err := f.series.CreateAppointmentSeries(f.As(f.ann), req)
				if ids[i] = s.GetId(); err != nil && status.Code(err) != codes.Aborted { // the first is still under way
					t.Error(err)
				}
			})
		}
		all.Wait()
		slices.Sort(ids)
		if ids = slices.Compact(slices.DeleteFunc(ids, func(id string) bool { return id == "" })); len(ids) != 1 {
			t.Errorf("round %d made %v", round, ids)
		}
	}
}

// TestSeriesCountsOnce: in the limit of open appointments a series counts as one, when it is made and afterwards.
func TestSeriesCountsOnce(t *testing.T) {
	f := newFixture(t)
	policies := &appointmentv1.UpdateBookingPolicyRequest{SalonId: id.FirstSalon, MaxOpenAppointments: new(int32(2))}
	ok(f, f.salons.UpdateBookingPolicy, f.manager, policies)
	made := ok(f, f.series.CreateAppointmentSeries, f.ann, f.weekly(nil))
	if n := len(made.GetOccurrences()); n != 4 {
		t.Fatalf("%d dates", n)
	}
	single := func(day int) *appointmentv1.CreateAppointmentRequest {
		return &appointmentv1.CreateAppointmentRequest{
			StartTime: timestamppb.New(time.Date(2027, 10, day, 8, 0, 0, 0, time.UTC)), Segments: f.weekly(nil).GetSegments(),
		}
	}
	ok(f, f.appointments.CreateAppointment, f.ann, single(20))
	wantRefused(f, f.appointments.CreateAppointment, f.ann, single(21), "TOO_MANY_OPEN_APPOINTMENTS", "")
	other := f.weekly(func(r *createReq) { r.LocalTime = "12:00" })
	wantRefused(f, f.series.CreateAppointmentSeries, f.ann, other, "SERIES_CONFLICT", "recurrence")
	policies.MaxOpenAppointments = new(int32(3))
	ok(f, f.salons.UpdateBookingPolicy, f.manager, policies)
	ok(f, f.series.CreateAppointmentSeries, f.ann, other)
	wantRefused(f, f.appointments.CreateAppointment, f.ann, single(22), "TOO_MANY_OPEN_APPOINTMENTS", "")
}
