package series

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/servicetest"
)

// book books the weekly series for Ann.
func (f *fixture) book(change func(*createReq)) *appointmentv1.AppointmentSeries {
	f.t.Helper()
	return ok(f, f.series.CreateAppointmentSeries, f.ann, f.weekly(change))
}

// of is the appointment of a date of a series, from 0.
func of(s *appointmentv1.AppointmentSeries, date int) string {
	return s.GetOccurrences()[date].GetAppointmentId()
}

// move moves an appointment by itself.
func (f *fixture) move(who auth.Principal, appointmentID string, start time.Time) {
	f.t.Helper()
	ok(f, f.appointments.RescheduleAppointment, who, &appointmentv1.RescheduleAppointmentRequest{
		AppointmentId: appointmentID, StartTime: timestamppb.New(start),
	})
}

func utc(month time.Month, day, hour, minute int) time.Time {
	return time.Date(2027, month, day, hour, minute, 0, 0, time.UTC)
}

// TestCancelSeries: an appointment and all that follow are cancelled, wherever they were moved to; what is over stays.
func TestCancelSeries(t *testing.T) {
	f := newFixture(t)
	s := f.book(nil)
	f.move(f.ann, of(s, 3), utc(10, 12, 9, 0)) // before all others
	ok(f, f.appointments.CancelAppointment, f.ann, &appointmentv1.CancelAppointmentRequest{AppointmentId: of(s, 1), Reason: "Ill."})
	heard := f.Listen("heard", "appointment.cancelled")
	req := &cancelReq{SeriesId: s.GetId(), FromAppointmentId: new(of(s, 1)), Reason: "Moving."}
	wantRefused(f, f.series.CancelAppointmentSeries, f.ben, req, "NOT_FOUND", "")
	wantRefused(f, f.series.CancelAppointmentSeries, f.ann,
		&cancelReq{SeriesId: s.GetId(), FromAppointmentId: new(id.New())}, "INVALID_FIELDS", "from_appointment_id")
	wantRefused(f, f.series.CancelAppointmentSeries, f.ann,
		&cancelReq{SeriesId: s.GetId(), FromDate: new("2027-02-30")}, "INVALID_FIELDS", "from_date")
	cancelled := ok(f, f.series.CancelAppointmentSeries, f.ann, req)
	wantShown(t, cancelled, "10-19T18:00 19:00 PENDING", "10-26T18:00 19:00 CANCELLED", "11-02T19:00 19:00 CANCELLED",
		"10-12T09:00 10:00 CANCELLED moved")
	reason := func(date int) string {
		return ok(f, f.appointments.GetAppointment, f.ann, &appointmentv1.GetAppointmentRequest{AppointmentId: of(s, date)}).GetCancelReason()
	}
	if reason(1) != "Ill." || reason(2) != "Moving." {
		t.Errorf("the reasons are %q and %q", reason(1), reason(2))
	}
	heard.Wait(3)
	servicetest.WantMessage(t, ok(f, f.series.CancelAppointmentSeries, f.ann, req), cancelled)
	if n := f.count("claims"); n != 2 {
		t.Errorf("%d claims are left", n)
	}
	f.Clock.Set(utc(10, 19, 18, 30)) // the first one is under way
	all := &cancelReq{SeriesId: s.GetId()}
	wantShown(t, ok(f, f.series.CancelAppointmentSeries, f.receptionist, all), shown(cancelled)...)
}

// TestCancelSeriesFromDate: from a date on, as the appointments are now; all or none.
func TestCancelSeriesFromDate(t *testing.T) {
	f := newFixture(t)
	ok(f, f.salons.UpdateBookingPolicy, f.manager, &appointmentv1.UpdateBookingPolicyRequest{
		SalonId: id.FirstSalon, CancellationWindowMinutes: new(int32(15 * 24 * 60)),
	})
	s := f.book(nil)
	f.move(f.receptionist, of(s, 0), utc(11, 16, 9, 0))
	f.move(f.receptionist, of(s, 3), utc(10, 18, 9, 0))
	f.Clock.Set(utc(10, 12, 10, 0)) // 21 days before 2 November, 14 before 26 October
	from := func(date string) *cancelReq {
		return &cancelReq{SeriesId: s.GetId(), FromDate: &date}
	}
	conflicts := wantRefused(f, f.series.CancelAppointmentSeries, f.ann, from("2027-10-18"), "SERIES_REFUSED", "")
	var named []string
	for _, c := range conflicts {
		named = append(named, fmt.Sprint(c.GetPosition(), " ", c.GetLocalDate(), " ", c.GetRefusal(), " ", c.GetAppointmentId() != ""))
	}
	want := []string{"2 2027-10-26 ERROR_REASON_TOO_LATE true", "4 2027-10-18 ERROR_REASON_TOO_LATE true"}
	if !slices.Equal(named, want) {
		t.Errorf("named %q", named)
	}
	if n := f.count("appointments WHERE state = 'CANCELLED'"); n != 0 {
		t.Errorf("%d are cancelled", n)
	}
	wantShown(t, ok(f, f.series.CancelAppointmentSeries, f.ann, from("2027-11-01")), "11-16T09:00 09:00 CANCELLED moved",
		"10-26T18:00 19:00 PENDING", "11-02T19:00 19:00 CANCELLED", "10-18T09:00 10:00 PENDING moved")
	wantShown(t, ok(f, f.series.CancelAppointmentSeries, f.receptionist, from("2027-10-19")), "11-16T09:00 09:00 CANCELLED moved",
		"10-26T18:00 19:00 CANCELLED", "11-02T19:00 19:00 CANCELLED", "10-18T09:00 10:00 PENDING moved")
}

// TestRescheduleSeries: an appointment and all that follow are moved in wall time. Each may go where another one is now.
func TestRescheduleSeries(t *testing.T) {
	f := newFixture(t)
	s := f.book(nil)
	req := &moveReq{
		SeriesId: s.GetId(), FromAppointmentId: new(of(s, 1)), ShiftDays: 7, RequestId: id.New(), ValidateOnly: true,
	}
	wantShown(t, ok(f, f.series.RescheduleAppointmentSeries, f.ann, req), "11-02T19:00 19:00 PENDING", "11-09T19:00 19:00 PENDING",
		"11-16T19:00 19:00 PENDING")
	req.ValidateOnly = false
	want := []string{"10-19T18:00 19:00 PENDING", "11-02T19:00 19:00 PENDING", "11-09T19:00 19:00 PENDING", "11-16T19:00 19:00 PENDING"}
	moved := ok(f, f.series.RescheduleAppointmentSeries, f.ann, req)
	wantShown(t, moved, want...)
	servicetest.WantMessage(t, ok(f, f.series.RescheduleAppointmentSeries, f.ann, req), moved)
	wantShown(t, ok(f, f.series.GetAppointmentSeries, f.ann, &getReq{SeriesId: s.GetId()}), want...)

	back := &moveReq{
		SeriesId: s.GetId(), FromDate: new("2027-11-01"), ShiftDays: -7, LocalTime: new("18:30"),
		Segments: []*appointmentv1.SegmentInput{{ServiceId: f.cut.GetId(), MasterId: new(f.zoe.UserID)}},
	}
	wantShown(t, ok(f, f.series.RescheduleAppointmentSeries, f.receptionist, back), "10-19T18:00 19:00 PENDING", "10-26T17:30 18:30 PENDING",
		"11-02T18:30 18:30 PENDING", "11-09T18:30 18:30 PENDING")
	// A master sees their own.
	get := &getReq{SeriesId: s.GetId()}
	wantShown(t, ok(f, f.series.GetAppointmentSeries, f.mira, get), "10-19T18:00 19:00 PENDING")
	if n := len(ok(f, f.series.GetAppointmentSeries, f.zoe, get).GetOccurrences()); n != 3 {
		t.Errorf("the other master sees %d", n)
	}
	if n := f.count("claims WHERE subject_id = ?", f.zoe.UserID); n != 3 {
		t.Errorf("the other master has %d claims", n)
	}
}

// TestMovedAloneStays: what was moved by itself stays when the rest is moved, unless asked for.
func TestMovedAloneStays(t *testing.T) {
	f := newFixture(t)
	s := f.book(nil)
	f.move(f.ann, of(s, 1), utc(10, 27, 9, 0))
	req := &moveReq{SeriesId: s.GetId(), FromAppointmentId: new(of(s, 1)), LocalTime: new("20:00")}
	wantShown(t, ok(f, f.series.RescheduleAppointmentSeries, f.ann, req), "10-19T18:00 19:00 PENDING", "10-27T09:00 10:00 PENDING moved",
		"11-02T20:00 20:00 PENDING", "11-09T20:00 20:00 PENDING")
	req.IncludeMoved = true
	wantShown(t, ok(f, f.series.RescheduleAppointmentSeries, f.ann, req), "10-19T18:00 19:00 PENDING", "10-27T19:00 20:00 PENDING",
		"11-02T20:00 20:00 PENDING", "11-09T20:00 20:00 PENDING")
}

// TestRescheduleSeriesRefused: all or none, and what is in the way is named.
func TestRescheduleSeriesRefused(t *testing.T) {
	f := newFixture(t)
	s := f.book(nil)
	ok(f, f.appointments.CreateAppointment, f.ben, &appointmentv1.CreateAppointmentRequest{
		StartTime: timestamppb.New(utc(11, 2, 17, 30)), Segments: f.weekly(nil).GetSegments(),
	})
	req := func(change func(*moveReq)) *moveReq {
		r := &moveReq{SeriesId: s.GetId(), FromAppointmentId: new(of(s, 1)), LocalTime: new("18:00")}
		if change != nil {
			change(r)
		}
		return r
	}
	conflicts := wantRefused(f, f.series.RescheduleAppointmentSeries, f.ann, req(nil), "SERIES_CONFLICT", "series_id")
	if len(conflicts) != 1 || conflicts[0].GetLocalDate() != "2027-11-02" || conflicts[0].GetAppointmentId() != of(s, 2) ||
		!slices.Equal(conflicts[0].GetReasons(), []appointmentv1.BlockReason{appointmentv1.BlockReason_BLOCK_REASON_BOOKED}) {
		t.Errorf("named %v", conflicts)
	}
	get := &getReq{SeriesId: s.GetId()}
	wantShown(t, ok(f, f.series.GetAppointmentSeries, f.ann, get), shown(s)...)
	preview := ok(f, f.series.RescheduleAppointmentSeries, f.ann, req(func(r *moveReq) { r.ValidateOnly = true }))
	wantShown(t, preview, "10-26T17:00 18:00 PENDING", "11-02T18:00 18:00 PENDING BOOKED", "11-09T18:00 18:00 PENDING")
	if len(preview.GetOccurrences()[1].GetAlternatives()) != 3 {
		t.Errorf("alternatives: %v", preview.GetOccurrences()[1].GetAlternatives())
	}
	other := []*appointmentv1.SegmentInput{{ServiceId: f.cut.GetId(), MasterId: new(id.New())}}
	for _, tt := range []struct {
		who           auth.Principal
		change        func(*moveReq)
		reason, field string
	}{
		{f.ann, func(r *moveReq) { r.LocalTime = nil }, "INVALID_FIELDS", "local_time"},
		{f.ann, func(r *moveReq) { r.Segments = slices.Repeat(other, 2) }, "INVALID_FIELDS", "segments"},
		{f.receptionist, func(r *moveReq) { r.Segments = other }, "MASTER_UNAVAILABLE", "segments[0].master_id"},
		{f.ann, func(r *moveReq) {
			r.Override = &appointmentv1.RuleOverride{Reason: "x"}
		},
			"PERMISSION_DENIED", "override"},
		{f.ann, func(r *moveReq) { r.FromAppointmentId = new(id.New()) },
			"INVALID_FIELDS", "from_appointment_id"},
		{f.ann, func(r *moveReq) { r.ShiftDays = -100 }, "SERIES_CONFLICT", "series_id"},
		{f.ben, func(*moveReq) {}, "NOT_FOUND", ""},
	} {
		wantRefused(f, f.series.RescheduleAppointmentSeries, tt.who, req(tt.change), tt.reason, tt.field)
	}
	ok(f, f.salons.UpdateBookingPolicy, f.manager, &appointmentv1.UpdateBookingPolicyRequest{
		SalonId: id.FirstSalon, ReschedulingWindowMinutes: new(int32(25 * 24 * 60)),
	})
	late := wantRefused(f, f.series.RescheduleAppointmentSeries, f.ann, req(nil), "SERIES_REFUSED", "")
	if len(late) != 1 || late[0].GetRefusal() != appointmentv1.ErrorReason_ERROR_REASON_TOO_LATE || late[0].GetPosition() != 2 {
		t.Errorf("refused: %v", late)
	}
}

// TestListSeries: newest first, page by page, for whoever sees them.
func TestListSeries(t *testing.T) {
	f := newFixture(t)
	var ids []string
	for hour := range 3 {
		s := f.book(func(r *createReq) {
			r.LocalTime, r.Recurrence = fmt.Sprint(10+hour, ":00"), "FREQ=WEEKLY;COUNT=1"
		})
		ids = append([]string{s.GetId()}, ids...)
	}
	list := func(who auth.Principal, change func(*listReq)) (found []string) {
		t.Helper()
		req := &listReq{PageSize: 2}
		if change != nil {
			change(req)
		}
		for {
			page := ok(f, f.series.ListAppointmentSeries, who, req)
			for _, s := range page.GetSeries() {
				found = append(found, s.GetId())
				if len(s.GetOccurrences()) != 1 {
					t.Errorf("%v has no dates", s)
				}
			}
			if req.PageToken = page.GetNextPageToken(); req.PageToken == "" {
				return found
			}
		}
	}
	for _, who := range []auth.Principal{f.ann, f.mira, f.receptionist, f.admin} {
		if got := list(who, nil); !slices.Equal(got, ids) {
			t.Errorf("found %v, want %v", got, ids)
		}
	}
	salon := func(r *listReq) { r.SalonId = new(id.FirstSalon) }
	other := func(r *listReq) { r.SalonId = new(id.New()) }
	nobody := func(r *listReq) { r.CustomerId = new(id.New()) }
	if len(list(f.ann, salon)) != 3 || len(list(f.ann, other))+len(list(f.ann, nobody)) != 0 || len(list(f.ben, nil))+len(list(f.zoe, nil)) != 0 {
		t.Error("the filters, or what others see, are wrong")
	}
}

// TestSeriesAgainstBookings: while a series is moved to and fro, and single appointments are booked in its way, the moves are
// whole, and nothing fails in another way than with a conflict.
func TestSeriesAgainstBookings(t *testing.T) {
	f := newFixture(t)
	s := f.book(nil)
	var wg sync.WaitGroup
	for worker := range 3 {
		wg.Go(func() {
			for i := range 8 {
				if worker == 0 {
					_, err := f.series.RescheduleAppointmentSeries(f.As(f.ann), &moveReq{
						SeriesId: s.GetId(), LocalTime: new([]string{"18:00", "20:00"}[i%2]),
					})
					if reason := apierr.ReasonOf(err); err != nil && reason != "SERIES_CONFLICT" {
						t.Errorf("move: %v", err)
					}
					continue
				}
				booked, err := f.appointments.CreateAppointment(f.As(f.ben), &appointmentv1.CreateAppointmentRequest{
					StartTime: timestamppb.New(utc(11, 2, 17+worker, 0)), Segments: f.weekly(nil).GetSegments(), AllowCustomerOverlap: true,
				})
				if err != nil {
					if reason := apierr.ReasonOf(err); reason != "SLOT_UNAVAILABLE" {
						t.Errorf("book: %v", err)
					}
					continue
				}
				_, err = f.appointments.CancelAppointment(f.As(f.ben), &appointmentv1.CancelAppointmentRequest{AppointmentId: booked.GetId()})
				if err != nil {
					t.Errorf("cancel: %v", err)
				}
			}
		})
	}
	wg.Wait()
	n := f.count("(SELECT DISTINCT start_time::time + make_interval(mins => utc_offset_minutes) FROM appointments WHERE series_id IS NOT NULL) AS w")
	if n != 1 {
		t.Errorf("the appointments have %d wall times", n)
	}
}
