package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/id"
)

const (
	createSeries     = appointmentv1.AppointmentSeriesService_CreateAppointmentSeries_FullMethodName
	getSeries        = appointmentv1.AppointmentSeriesService_GetAppointmentSeries_FullMethodName
	listSeries       = appointmentv1.AppointmentSeriesService_ListAppointmentSeries_FullMethodName
	cancelSeries     = appointmentv1.AppointmentSeriesService_CancelAppointmentSeries_FullMethodName
	rescheduleSeries = appointmentv1.AppointmentSeriesService_RescheduleAppointmentSeries_FullMethodName
)

// series makes a call that answers with a series, which has to succeed.
func series(t testing.TB, c salontest.Caller, as salontest.Identity, method string, req proto.Message) *appointmentv1.AppointmentSeries {
	t.Helper()
	return salontest.Do[*appointmentv1.AppointmentSeries](t, c, as, method, req)
}

// repeat asks for the shop's service by its first master, again and again.
func (h *shop) repeat(
	rule, first, wall string, changes ...func(*appointmentv1.CreateAppointmentSeriesRequest),
) *appointmentv1.CreateAppointmentSeriesRequest {
	req := &appointmentv1.CreateAppointmentSeriesRequest{
		Segments:   []*appointmentv1.SegmentInput{salontest.Segment(h.masters[0], h.service)},
		Recurrence: rule, StartDate: first, LocalTime: wall,
	}
	for _, change := range changes {
		change(req)
	}
	return req
}

// datesOf are the starts of a series in UTC without the year.
func datesOf(s *appointmentv1.AppointmentSeries) string {
	var list []string
	for _, o := range s.GetOccurrences() {
		list = append(list, o.GetStartTime().AsTime().Format("01-02T15:04"))
	}
	return strings.Join(list, " ")
}

// conflictsOf are the dates that an error names, with the reasons.
func conflictsOf(r *salontest.Result) []string {
	var list []string
	for _, detail := range r.Details {
		conflicts, _ := detail.(*appointmentv1.SeriesConflicts)
		for _, c := range conflicts.GetConflicts() {
			text := c.GetLocalDate()
			for _, reason := range c.GetReasons() {
				text += " " + strings.TrimPrefix(reason.String(), "BLOCK_REASON_")
			}
			if c.GetRefusal() != 0 {
				text += " " + strings.TrimPrefix(c.GetRefusal().String(), "ERROR_REASON_")
			}
			list = append(list, text)
		}
	}
	return list
}

// TestSeriesValues: what must come out of rules and time zones. Each date is an ordinary appointment.
func TestSeriesValues(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		for _, tt := range []struct{ name, zone, rule, first, wall, want string }{
			{
				"weekly in London over the end of summer time", "Europe/London", "FREQ=WEEKLY;BYDAY=TU;COUNT=4", "2027-10-19", "19:00",
				"10-19T18:00 10-26T18:00 11-02T19:00 11-09T19:00",
			},
			{
				"on the 31st", "Europe/Berlin", "FREQ=MONTHLY;BYMONTHDAY=31;COUNT=5", "2027-01-31", "10:00",
				"01-31T09:00 03-31T08:00 05-31T08:00 07-31T08:00 08-31T08:00",
			},
			{
				"on the last day", "Europe/Berlin", "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=5", "2027-01-31", "10:00",
				"01-31T09:00 02-28T09:00 03-31T08:00 04-30T08:00 05-31T08:00",
			},
		} {
			t.Run(tt.name, func(t *testing.T) {
				h := newShop(t, c, tt.zone, 1)
				made := series(t, c, h.customer, createSeries, h.repeat(tt.rule, tt.first, tt.wall))
				if got := datesOf(made); got != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
				for _, o := range made.GetOccurrences() {
					a := read(t, c, h.masters[0], o.GetAppointmentId())
					if a.GetSeriesId() != made.GetId() || o.GetLocalTime() != tt.wall || stateOf(a) != "PENDING" {
						t.Errorf("%v is %v", o, a)
					}
					salontest.Same(t, a.GetStartTime(), o.GetStartTime())
				}
				salontest.Same(t, series(t, c, h.masters[0], getSeries, &appointmentv1.GetAppointmentSeriesRequest{SeriesId: made.GetId()}), made)
				last := made.GetOccurrences()[len(made.GetOccurrences())-1].GetAppointmentId()
				wantNotifications(t, c, h.customer, last, "none", "APPOINTMENT_CREATED")
			})
		}
	})
}

// TestSeriesConflicts: of a series of 12, the third is taken and one is on a day off. Nothing is made and both are named; with
// skip_conflicts ten are made and two named.
func TestSeriesConflicts(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		h := newShop(t, c, "Europe/Berlin", 1)
		h.take(t, time.Date(2027, 2, 15, 8, 30, 0, 0, time.UTC), 60)
		h.vacation(t, "2027-03-08", "2027-03-08", "2027-03-07T23:00", "2027-03-08T23:00")
		req := h.repeat("FREQ=WEEKLY;BYDAY=MO;COUNT=12", "2027-02-01", "10:00")
		refused := c.Call(t, h.customer, createSeries, req)
		refused.Want(t, codes.AlreadyExists, "SERIES_CONFLICT")
		want := []string{"2027-02-15 BOOKED", "2027-03-08 TIME_OFF"}
		if got := conflictsOf(refused); !slices.Equal(got, want) || !refused.HasField("recurrence") {
			t.Errorf("%v names %q, want %q", refused, got, want)
		}
		if found := listedIDs(t, c, h.customer, &appointmentv1.ListAppointmentsRequest{}); len(found) != 0 {
			t.Errorf("made %v", found)
		}
		req.ValidateOnly = true
		result := c.Call(t, h.customer, createSeries, req)
		result.Want(t, codes.OK, "")
		preview, _ := result.Message.(*appointmentv1.AppointmentSeries)
		if preview.GetId() != "" || result.Status == 201 || result.Header.Get("Location") != "" {
			t.Errorf("a preview has created something: %v", result)
		}
		for i, o := range preview.GetOccurrences() {
			if blocked := i == 2 || i == 5; blocked != (len(o.GetConflicts()) > 0) || (i == 2) != (len(o.GetAlternatives()) == 3) {
				t.Errorf("date %d: %v", i+1, o)
			}
		}
		req.ValidateOnly, req.SkipConflicts, req.RequestId = false, true, id.New()
		made := series(t, c, h.customer, createSeries, req)
		var skipped []string
		for _, o := range made.GetOccurrences() {
			if o.GetAppointmentId() == "" {
				skipped = append(skipped, o.GetLocalDate()+" "+strings.Join(reasonsOf(o.GetConflicts()), " "))
			}
		}
		found := listedIDs(t, c, h.customer, &appointmentv1.ListAppointmentsRequest{})
		if !slices.Equal(skipped, want) || len(found) != 10 {
			t.Errorf("skipped %q and made %d", skipped, len(found))
		}
		salontest.Same(t, series(t, c, h.customer, createSeries, req), made)
		list := salontest.Do[*appointmentv1.ListAppointmentSeriesResponse](t, c, h.customer, listSeries,
			&appointmentv1.ListAppointmentSeriesRequest{SalonId: &h.salon})
		if len(list.GetSeries()) != 1 || len(list.GetSeries()[0].GetOccurrences()) != 12 {
			t.Errorf("listed %v", list)
		}
	})
}

// TestSeriesChanges: one appointment and all that follow are moved, or cancelled; what was moved by itself stays when the rest is
// moved.
func TestSeriesChanges(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		h := newShop(t, c, "Europe/London", 2)
		made := series(t, c, h.customer, createSeries, h.repeat("FREQ=WEEKLY;COUNT=5", "2027-10-12", "19:00"))
		of := func(i int) string { return made.GetOccurrences()[i].GetAppointmentId() }
		change(t, c, h.customer, rescheduleAppointment, &appointmentv1.RescheduleAppointmentRequest{
			AppointmentId: of(3), StartTime: timestamp(time.Date(2027, 11, 3, 9, 0, 0, 0, time.UTC)),
		})
		move := &appointmentv1.RescheduleAppointmentSeriesRequest{
			SeriesId: made.GetId(), FromAppointmentId: new(of(1)), ShiftDays: 7, LocalTime: new("18:30"), RequestId: id.New(), ValidateOnly: true,
		}
		if got := datesOf(series(t, c, h.customer, rescheduleSeries, move)); got != "10-26T17:30 11-02T18:30 11-16T18:30" {
			t.Errorf("the preview is %s", got)
		}
		move.ValidateOnly = false
		const after = "10-12T18:00 10-26T17:30 11-02T18:30 11-03T09:00 11-16T18:30"
		for range 2 { // the second call is the first one repeated
			result := c.Call(t, h.customer, rescheduleSeries, move)
			moved, _ := result.Message.(*appointmentv1.AppointmentSeries)
			dates := moved.GetOccurrences()
			if got := datesOf(moved); got != after || !dates[3].GetMoved() || dates[1].GetMoved() || result.Status == 201 {
				t.Errorf("moved to %s: %v", got, result)
			}
		}
		other := &appointmentv1.RescheduleAppointmentSeriesRequest{
			SeriesId: made.GetId(), FromDate: new("2027-11-01"), IncludeMoved: true,
			Segments: []*appointmentv1.SegmentInput{salontest.Segment(h.masters[1], h.service)},
		}
		series(t, c, h.customer, rescheduleSeries, other)
		for i, want := range []int{0, 0, 1, 1, 1} {
			if got := read(t, c, h.customer, of(i)).GetSegments()[0].GetMasterId(); got != h.masters[want].ID {
				t.Errorf("appointment %d is with another master", i+1)
			}
		}
		cancelled := series(t, c, h.customer, cancelSeries,
			&appointmentv1.CancelAppointmentSeriesRequest{SeriesId: made.GetId(), FromAppointmentId: new(of(2)), Reason: "Moving away."})
		var states []string
		for _, o := range cancelled.GetOccurrences() {
			states = append(states, strings.TrimPrefix(o.GetState().String(), "APPOINTMENT_STATE_"))
		}
		reason := read(t, c, h.customer, of(4)).GetCancelReason()
		if got := fmt.Sprint(states); got != "[PENDING PENDING CANCELLED CANCELLED CANCELLED]" || reason != "Moving away." {
			t.Errorf("the states are %s", got)
		}
		wantNotifications(t, c, h.customer, of(4), "none",
			"APPOINTMENT_CREATED", "APPOINTMENT_RESCHEDULED", "APPOINTMENT_RESCHEDULED", "APPOINTMENT_CANCELLED")
	})
}

// TestReasonsOfSeries drives what is declared beside the methods of series, and what a request can have wrong.
func TestReasonsOfSeries(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		h := newShop(t, c, "Europe/Berlin", 1)
		desk, nobody := s.NewReceptionist(t, h.salon), id.New()
		made := series(t, c, h.customer, createSeries, h.repeat("FREQ=WEEKLY;COUNT=2", "2027-02-01", "10:00"))
		with := func(change func(*appointmentv1.CreateAppointmentSeriesRequest)) *appointmentv1.CreateAppointmentSeriesRequest {
			return h.repeat("FREQ=WEEKLY;COUNT=2", "2027-02-02", "10:00", change)
		}
		move := func(change func(*appointmentv1.RescheduleAppointmentSeriesRequest)) *appointmentv1.RescheduleAppointmentSeriesRequest {
			r := &appointmentv1.RescheduleAppointmentSeriesRequest{SeriesId: made.GetId(), LocalTime: new("11:00")}
			change(r)
			return r
		}
		type (
			create = appointmentv1.CreateAppointmentSeriesRequest
			moved  = appointmentv1.RescheduleAppointmentSeriesRequest
		)
		stranger := s.NewMasterOf(t, h.salon, "Who does something else")
		by := func(m string) []*appointmentv1.SegmentInput {
			return []*appointmentv1.SegmentInput{{ServiceId: h.service.GetId(), MasterId: &m}}
		}
		override := &appointmentv1.RuleOverride{Reason: "Comes from far away."}
		refuse(t, c,
			refused{"SERIES_CONFLICT", h.customer, createSeries, with(func(r *create) { r.StartDate = "2027-02-01" })},
			refused{"START_IN_PAST", h.customer, createSeries, with(func(r *create) { r.StartDate = "2026-01-05" })},
			refused{"NOT_OFFERED", h.customer, createSeries, with(func(r *create) { r.Segments = by(stranger.ID) })},
			refused{"MASTER_UNAVAILABLE", h.customer, createSeries, with(func(r *create) { r.Segments = by(nobody) })},
			refused{"CUSTOMER_UNAVAILABLE", desk, createSeries, with(func(r *create) { r.CustomerId = &nobody })},
			refused{"PERMISSION_DENIED", h.customer, createSeries, with(func(r *create) { r.CustomerId = &nobody })},
			refused{"PERMISSION_DENIED", h.customer, createSeries, with(func(r *create) { r.Override = override })},
			refused{"MASTER_UNAVAILABLE", desk, rescheduleSeries, move(func(r *moved) { r.Segments = by(nobody) })},
			refused{"NOT_OFFERED", desk, rescheduleSeries, move(func(r *moved) { r.Segments = by(stranger.ID) })},
			refused{"PERMISSION_DENIED", h.customer, rescheduleSeries, move(func(r *moved) { r.Override = override })},
			refused{"SERIES_CONFLICT", h.customer, rescheduleSeries, move(func(r *moved) { r.ShiftDays = -366 })},
			refused{"NOT_FOUND", s.NewCustomer(t, "Stranger"), rescheduleSeries, move(func(*moved) {})},
		)
		for _, bad := range []struct {
			field  string
			method string
			req    proto.Message
		}{
			{"recurrence", createSeries, with(func(r *create) { r.Recurrence = "FREQ=DAILY;COUNT=2" })},
			{"recurrence", createSeries, with(func(r *create) { r.Recurrence = "FREQ=WEEKLY;COUNT=53" })},
			{"recurrence", createSeries, with(func(r *create) { r.Recurrence = "FREQ=WEEKLY;UNTIL=20270101" })},
			{"recurrence", createSeries, with(func(r *create) { r.Recurrence = "" })},
			{"start_date", createSeries, with(func(r *create) { r.StartDate = "2027-02-30" })},
			{"start_date", createSeries, with(func(r *create) { r.StartDate = "tomorrow" })},
			{"start_date", createSeries, with(func(r *create) { r.StartDate = "9999-12-31" })},
			{"local_time", createSeries, with(func(r *create) { r.LocalTime = "24:00" })},
			{"local_time", createSeries, with(func(r *create) { r.LocalTime = "9:00" })},
			{"segments", createSeries, with(func(r *create) { r.Segments = nil })},
			{"segments", createSeries, with(func(r *create) { r.Segments = slices.Repeat(r.GetSegments(), 9) })},
			{"local_time", rescheduleSeries, move(func(r *moved) { r.LocalTime = nil })},
			{"local_time", rescheduleSeries, move(func(r *moved) { r.LocalTime = new("25:00") })},
			{"shift_days", rescheduleSeries, move(func(r *moved) { r.ShiftDays = 367 })},
			{"segments", rescheduleSeries, move(func(r *moved) { r.Segments = append(by(stranger.ID), by(nobody)...) })},
			{"from_date", rescheduleSeries, move(func(r *moved) { r.FromDate = new("2027-02-30") })},
			{"from_appointment_id", cancelSeries,
				&appointmentv1.CancelAppointmentSeriesRequest{SeriesId: made.GetId(), FromAppointmentId: &nobody}},
		} {
			if got := c.Call(t, h.customer, bad.method, bad.req); got.Reason != "INVALID_FIELDS" || !got.HasField(bad.field) {
				t.Errorf("%v, want %s: %v", bad.req, bad.field, got)
			}
		}
		h.policy(t, &appointmentv1.UpdateBookingPolicyRequest{
			CancellationWindowMinutes: new(int32(43200)), ReschedulingWindowMinutes: new(int32(43200)),
		})
		soon := time.Now().UTC().AddDate(0, 0, 3).Format(time.DateOnly)
		near := series(t, c, h.customer, createSeries, h.repeat("FREQ=WEEKLY;COUNT=8", soon, "12:00"))
		for _, call := range []refused{
			{"SERIES_REFUSED", h.customer, cancelSeries, &appointmentv1.CancelAppointmentSeriesRequest{SeriesId: near.GetId()}},
			{"SERIES_REFUSED", h.customer, rescheduleSeries,
				&appointmentv1.RescheduleAppointmentSeriesRequest{SeriesId: near.GetId(), LocalTime: new("13:00")}},
		} {
			got := c.Call(t, call.as, call.method, call.req)
			if named := conflictsOf(got); got.Reason != call.reason || len(named) != 4 || named[0] != soon+" TOO_LATE" {
				t.Errorf("%s: %v, named %q", call.method, got, named)
			}
		}
		salontest.Same(t, series(t, c, h.customer, getSeries, &appointmentv1.GetAppointmentSeriesRequest{SeriesId: near.GetId()}), near)
	})
}
