package e2e_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// deskShop is a salon with two masters, and a receptionist.
func deskShop(t *testing.T, c salontest.Caller, zone string) (*shop, *salontest.Account) {
	t.Helper()
	h := newShop(t, c, zone, 2)
	return h, h.s.NewReceptionist(t, h.salon)
}

// daytime is a zone in which it is day now, hours before midnight.
func daytime(t *testing.T) string {
	t.Helper()
	for _, zone := range []string{"UTC", "America/New_York", "America/Los_Angeles", "Pacific/Honolulu", "Asia/Tokyo", "Asia/Kolkata", "Pacific/Auckland"} {
		if hour := time.Now().In(load(t, zone)).Hour(); hour >= 6 && hour < 18 {
			return zone
		}
	}
	t.Fatal("it is night everywhere")
	return ""
}

// forGuest is a booking for somebody new.
func (h *shop) forGuest(t *testing.T, start time.Time) *appointmentv1.CreateAppointmentRequest {
	t.Helper()
	req := salontest.Booking(h.masters[0], h.service, start)
	req.CustomerId = new(h.s.NewCustomerOf(t, h.salon, "Ida Keller").GetId())
	return req
}

// TestOverbooking: staff book what is taken, it is shown and stays taken for everybody else, and a move makes it an ordinary appointment.
func TestOverbooking(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		h, desk := deskShop(t, c, "UTC")
		start := midnight(20).Add(10 * time.Hour)
		first := book(t, c, h.customer, salontest.Booking(h.masters[0], h.service, start))
		req := h.forGuest(t, start.Add(30*time.Minute))
		c.Call(t, desk, createAppointment, req).Want(t, codes.AlreadyExists, "SLOT_UNAVAILABLE")
		req.Overbook = &appointmentv1.Overbooking{Reason: "Only the fringe."}
		over := book(t, c, desk, req)
		if !over.GetOverbooked() || !read(t, c, h.masters[0], over.GetId()).GetOverbooked() || read(t, c, desk, first.GetId()).GetOverbooked() {
			t.Errorf("overbooked: %v", over)
		}
		list := salontest.Do[*appointmentv1.ListAppointmentsResponse](t, c, desk, listAppointments,
			&appointmentv1.ListAppointmentsRequest{SalonId: &h.salon})
		if got := list.GetAppointments(); len(got) != 2 || got[0].GetOverbooked() || !got[1].GetOverbooked() {
			t.Errorf("the list has %v", got)
		}
		if changes := salontest.Do[*appointmentv1.ListAppointmentHistoryResponse](t, c, desk, listAppointmentHistory,
			&appointmentv1.ListAppointmentHistoryRequest{AppointmentId: over.GetId()}).GetChanges(); !changes[0].GetOverbooked() ||
			changes[0].GetReason() != "Only the fringe." {
			t.Errorf("the history has %v", changes)
		}
		again := h.forGuest(t, start.Add(30*time.Minute))
		again.Overbook = req.GetOverbook()
		book(t, c, desk, again)
		// The half hour after the first appointment is only overbooked.
		other := s.NewCustomer(t, "Other")
		c.Call(t, other, createAppointment, salontest.Booking(h.masters[0], h.service, start.Add(time.Hour))).
			Want(t, codes.AlreadyExists, "SLOT_UNAVAILABLE")
		moved := change(t, c, desk, rescheduleAppointment,
			&appointmentv1.RescheduleAppointmentRequest{AppointmentId: over.GetId(), StartTime: timestamp(start.Add(5 * time.Hour))})
		if moved.GetOverbooked() {
			t.Errorf("moved: %v", moved)
		}
		c.Call(t, other, createAppointment, salontest.Booking(h.masters[0], h.service, start.Add(5*time.Hour))).
			Want(t, codes.AlreadyExists, "SLOT_UNAVAILABLE")
	})
}

// TestWalkIns: people who walk in are served now, by whoever is free.
func TestWalkIns(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		h, desk := deskShop(t, c, daytime(t))
		req := &appointmentv1.WalkInRequest{Segments: []*appointmentv1.SegmentInput{{ServiceId: h.service.GetId()}}, ValidateOnly: true}
		preview := change(t, c, desk, walkIn, req)
		if preview.GetId() != "" || preview.GetEtag() != "" || preview.GetStartTime() == nil {
			t.Errorf("the preview is %v", preview)
		}
		req.ValidateOnly, req.RequestId, req.Guest = false, uuid.NewString(), &appointmentv1.WalkInGuest{DisplayName: "Otto"}
		one := change(t, c, desk, walkIn, req)
		if wait := time.Until(one.GetStartTime().AsTime()); wait > time.Minute || stateOf(one) != "CONFIRMED" || one.GetCustomer().GetDisplayName() != "Otto" {
			t.Errorf("the first is %v", one)
		}
		salontest.Same(t, change(t, c, desk, walkIn, req), one)
		salontest.Same(t, read(t, c, desk, one.GetId()), one)
		two := change(t, c, desk, walkIn, &appointmentv1.WalkInRequest{Segments: req.GetSegments()})
		if two.GetSegments()[0].GetMasterId() == one.GetSegments()[0].GetMasterId() || time.Until(two.GetStartTime().AsTime()) > time.Minute {
			t.Errorf("the second is %v", two)
		}
		three := change(t, c, desk, walkIn, &appointmentv1.WalkInRequest{Segments: req.GetSegments()})
		if !three.GetStartTime().AsTime().Equal(one.GetEndTime().AsTime()) {
			t.Errorf("the third is %v", three)
		}
		wantNotifications(t, c, h.masters[0], one.GetId(), "none", noticeFor(h.masters[0], one)...)

		idle := s.NewMasterOf(t, h.salon, "Idle")
		salontest.Do[*appointmentv1.CreateClosureResponse](t, c, s.Admin(), appointmentv1.ScheduleService_CreateClosure_FullMethodName,
			&appointmentv1.CreateClosureRequest{SalonId: h.salon, StartDate: one.GetStartTime().AsTime().Add(-12 * time.Hour).Format(time.DateOnly),
				EndDate: one.GetStartTime().AsTime().Add(14 * time.Hour).Format(time.DateOnly)})
		to := func(master string) *appointmentv1.WalkInRequest {
			return &appointmentv1.WalkInRequest{Segments: []*appointmentv1.SegmentInput{{ServiceId: h.service.GetId(), MasterId: &master}}}
		}
		nobody := to(h.masters[0].ID)
		nobody.CustomerId = new(unknownID)
		refuse(t, c,
			refused{"SLOT_UNAVAILABLE", desk, walkIn, &appointmentv1.WalkInRequest{Segments: req.GetSegments()}},
			refused{"NOT_OFFERED", desk, walkIn, to(idle.ID)},
			refused{"MASTER_UNAVAILABLE", desk, walkIn, to(unknownID)},
			refused{"CUSTOMER_UNAVAILABLE", desk, walkIn, nobody},
			refused{"PERMISSION_DENIED", h.masters[0], walkIn, &appointmentv1.WalkInRequest{Segments: req.GetSegments()}},
			refused{"PERMISSION_DENIED", h.customer, walkIn, to(h.masters[0].ID)})
	})
}

// noticeFor is what a master is told of a new appointment, if it is theirs.
func noticeFor(master *salontest.Account, a *appointmentv1.Appointment) []string {
	if a.GetSegments()[0].GetMasterId() == master.ID {
		return []string{"APPOINTMENT_CREATED"}
	}
	return nil
}

// TestAdjusting: an appointment ends later, what follows moves when it is to, and those concerned are told.
func TestAdjusting(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		h, desk := deskShop(t, c, "UTC")
		start := midnight(21).Add(10 * time.Hour)
		a := book(t, c, h.customer, salontest.Booking(h.masters[0], h.service, start))
		other := s.NewCustomer(t, "Other")
		b := book(t, c, other, salontest.Booking(h.masters[0], h.service, start.Add(time.Hour)))
		end := start.Add(75 * time.Minute)
		req := &appointmentv1.AdjustAppointmentRequest{AppointmentId: a.GetId(), EndTime: timestamp(end), Reason: "It takes longer."}
		collision := c.Call(t, desk, adjustAppointment, req)
		collision.Want(t, codes.AlreadyExists, "SLOT_UNAVAILABLE")
		if m, ok := collision.Details[0].(*appointmentv1.AdjustmentCollisions); !ok || len(m.GetFollowing()) != 1 ||
			m.GetFollowing()[0].GetAppointmentId() != b.GetId() {
			t.Errorf("in the way are %v", collision.Details)
		}
		req.ValidateOnly, req.MoveFollowing = true, true
		adjust := func() *appointmentv1.AdjustAppointmentResponse {
			t.Helper()
			return salontest.Do[*appointmentv1.AdjustAppointmentResponse](t, c, desk, adjustAppointment, req)
		}
		preview := adjust()
		salontest.Same(t, read(t, c, desk, b.GetId()).GetStartTime(), b.GetStartTime())
		req.ValidateOnly = false
		done := adjust()
		if list := done.GetFollowing(); len(list) != 1 || !list[0].GetNewStartTime().AsTime().Equal(end) {
			t.Fatalf("what follows is %v", list)
		}
		salontest.Same(t, preview.GetFollowing()[0], done.GetFollowing()[0])
		salontest.Same(t, read(t, c, desk, a.GetId()), done.GetAppointment())
		salontest.Same(t, read(t, c, desk, b.GetId()).GetStartTime(), timestamp(end))
		wantNotifications(t, c, h.customer, a.GetId(), "none", "APPOINTMENT_CREATED", "APPOINTMENT_ADJUSTED")
		wantNotifications(t, c, other, b.GetId(), "none", "APPOINTMENT_CREATED", "APPOINTMENT_RESCHEDULED")
		wantText(t, c, h.customer, a.GetId(), "APPOINTMENT_ADJUSTED", func(_, body string) bool { return strings.Contains(body, " now ends at ") })

		salontest.Do[*appointmentv1.CreateClosureResponse](t, c, s.Admin(), appointmentv1.ScheduleService_CreateClosure_FullMethodName,
			&appointmentv1.CreateClosureRequest{SalonId: h.salon, StartDate: start.AddDate(0, 0, -1).Format(time.DateOnly),
				EndDate: start.AddDate(0, 0, 1).Format(time.DateOnly)})
		later := &appointmentv1.AdjustAppointmentRequest{AppointmentId: b.GetId(), EndTime: timestamp(end.Add(2 * time.Hour))}
		c.Call(t, desk, adjustAppointment, later).Want(t, codes.FailedPrecondition, "NOT_BOOKABLE")
		req.EndTime, req.Override = timestamp(end.Add(time.Minute)), &appointmentv1.RuleOverride{Reason: "We are here."}
		adjust()
		cancel(t, c, desk, b.GetId())
		c.Call(t, desk, adjustAppointment, later).Want(t, codes.FailedPrecondition, "ILLEGAL_STATE")
		c.Call(t, h.customer, adjustAppointment, req).Want(t, codes.PermissionDenied, "PERMISSION_DENIED")
	})
}

// TestCancellationFees: what the policy demands is recorded when staff cancel late, and everybody who sees the appointment sees it.
func TestCancellationFees(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		h, desk := deskShop(t, c, "UTC")
		h.policy(t, &appointmentv1.UpdateBookingPolicyRequest{
			CancellationWindowMinutes: new(int32(60 * 24 * 80)), LateCancellationFeePercent: new(int32(33)), NoShowFeePercent: new(int32(100)),
		})
		confirmedAt := func(days int) string {
			a := book(t, c, h.customer, salontest.Booking(h.masters[0], h.service, midnight(days).Add(10*time.Hour)))
			change(t, c, desk, confirmAppointment, &appointmentv1.ConfirmAppointmentRequest{AppointmentId: a.GetId()})
			return a.GetId()
		}
		late := confirmedAt(22)
		c.Call(t, h.customer, cancelAppointment, &appointmentv1.CancelAppointmentRequest{AppointmentId: late}).
			Want(t, codes.FailedPrecondition, "TOO_LATE")
		c.Call(t, h.customer, cancelAppointment, &appointmentv1.CancelAppointmentRequest{AppointmentId: late, WaiveFee: true}).
			Want(t, codes.PermissionDenied, "PERMISSION_DENIED")
		fee := cancel(t, c, desk, late).GetCancellationFee()
		if fee.GetAmount().GetAmountMinor() != 1485 || fee.GetAmount().GetCurrencyCode() != "EUR" ||
			fee.GetRule() != appointmentv1.FeeRule_FEE_RULE_LATE_CANCELLATION || fee.GetWaived() {
			t.Errorf("the fee is %v", fee)
		}
		salontest.Same(t, read(t, c, h.customer, late).GetCancellationFee(), fee)
		waived := change(t, c, desk, cancelAppointment, &appointmentv1.CancelAppointmentRequest{AppointmentId: confirmedAt(23), WaiveFee: true})
		if fee := waived.GetCancellationFee(); fee.GetAmount().GetAmountMinor() != 0 || !fee.GetWaived() {
			t.Errorf("waived, the fee is %v", fee)
		}
		if fee := cancel(t, c, desk, confirmedAt(90)).GetCancellationFee(); fee != nil {
			t.Errorf("in time, the fee is %v", fee)
		}
		missed := confirmedAt(24)
		s.MoveToPast(t, missed)
		got := change(t, c, desk, markNoShow, &appointmentv1.MarkNoShowRequest{AppointmentId: missed})
		if fee := got.GetCancellationFee(); fee.GetAmount().GetAmountMinor() != 4500 || fee.GetRule() != appointmentv1.FeeRule_FEE_RULE_NO_SHOW {
			t.Errorf("missed, the fee is %v", fee)
		}
	})
}
