package e2e_test

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// TestMoveToOtherSegments: an appointment moves to other masters, and by staff to other services. What stays has the price at which it was
// booked.
func TestMoveToOtherSegments(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		h := newShop(t, c, "UTC", 2)
		other, idle := s.NewServiceOf(t, h.salon, lasting(30)), s.NewMasterOf(t, h.salon, "Idle")
		s.Offer(t, h.masters[1], other)
		start := midnight(27).Add(10 * time.Hour)
		a := book(t, c, h.customer, salontest.Booking(h.masters[0], h.service, start))
		move := func(master *salontest.Account, service *appointmentv1.Service) *appointmentv1.RescheduleAppointmentRequest {
			return &appointmentv1.RescheduleAppointmentRequest{
				AppointmentId: a.GetId(), StartTime: timestamp(start),
				Segments: []*appointmentv1.SegmentInput{salontest.Segment(master, service)},
			}
		}
		want := func(moved *appointmentv1.Appointment, master *salontest.Account, service *appointmentv1.Service) {
			t.Helper()
			got := moved.GetSegments()[0]
			if got.GetMasterId() != master.ID || got.GetServiceId() != service.GetId() || got.GetServiceName() != service.GetName() {
				t.Errorf("moved to %v", got)
			}
			minutes := time.Duration(service.GetDurationMinutes()) * time.Minute
			salontest.Same(t, moved.GetEndTime(), timestamp(start.Add(minutes)))
		}
		want(change(t, c, h.customer, rescheduleAppointment, move(h.masters[1], h.service)), h.masters[1], h.service)

		refused := c.Call(t, h.customer, rescheduleAppointment, move(idle, h.service))
		refused.Want(t, codes.FailedPrecondition, "NOT_OFFERED")
		if !refused.HasField("segments[0].service_id") {
			t.Errorf("the wrong fields are %v", refused.Fields)
		}
		overridden := move(h.masters[0], h.service)
		overridden.Override = &appointmentv1.RuleOverride{Reason: "I can."}
		for _, req := range []*appointmentv1.RescheduleAppointmentRequest{move(h.masters[1], other), overridden} {
			c.Call(t, h.customer, rescheduleAppointment, req).Want(t, codes.PermissionDenied, "PERMISSION_DENIED")
		}
		want(change(t, c, s.NewReceptionist(t, h.salon), rescheduleAppointment, move(h.masters[1], other)), h.masters[1], other)
		c.Call(t, h.customer, createAppointment, salontest.Booking(h.masters[0], h.service, start.Add(30*time.Minute))).
			Want(t, codes.OK, "") // the first master is free again, and the customer after half an hour
	})
}

// TestSearchesForMoves: a search, an explanation and a check for an appointment that cannot be moved have the error of the move, and they plan
// what the move plans.
func TestSearchesForMoves(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		h := newShop(t, c, "UTC", 1)
		start := time.Now().UTC().Truncate(time.Hour).Add(72 * time.Hour)
		a := book(t, c, h.customer, salontest.Booking(h.masters[0], h.service, start))
		date := start.Format(time.DateOnly)
		search := &appointmentv1.SearchAvailabilityRequest{AppointmentId: new(a.GetId()), StartDate: date, EndDate: date}
		refused := func(reason string) {
			t.Helper()
			for method, req := range map[string]proto.Message{
				searchAvailability: search,
				explainSlot:        &appointmentv1.ExplainSlotRequest{AppointmentId: new(a.GetId()), StartTime: timestamp(start)},
				checkSlots:         &appointmentv1.CheckSlotsRequest{AppointmentId: new(a.GetId()), StartTimes: stamps(start)},
			} {
				c.Call(t, h.customer, method, req).Want(t, codes.FailedPrecondition, reason)
			}
		}
		manager := s.NewManager(t, h.salon)
		salontest.Do[proto.Message](t, c, manager, updateService, &appointmentv1.UpdateServiceRequest{
			ServiceId: h.service.GetId(), DurationMinutes: new(int32(90)), Price: &apiv1.Money{CurrencyCode: "EUR", AmountMinor: new(int32(9900))},
		})
		// What is booked keeps its price and duration, also where the master is named or open, and there is nothing to book by.
		for _, segments := range [][]*appointmentv1.SegmentFilter{
			nil, filters(h.service), {{ServiceId: h.service.GetId(), MasterIds: []string{h.masters[0].ID}}},
		} {
			search.Segments = segments
			slot := salontest.Do[*appointmentv1.SearchAvailabilityResponse](t, c, h.customer, searchAvailability, search).GetSlots()[0]
			if slot.GetDurationMinutes() != 60 || !proto.Equal(slot.GetTotalPrice(), a.GetTotalPrice()) || slot.GetQuote() != "" {
				t.Errorf("for %v, a slot is %v", segments, slot)
			}
		}
		start = start.Add(4 * time.Hour)
		moved := change(t, c, h.customer, rescheduleAppointment, &appointmentv1.RescheduleAppointmentRequest{
			AppointmentId: a.GetId(), StartTime: timestamp(start), Segments: []*appointmentv1.SegmentInput{{ServiceId: h.service.GetId()}},
		})
		salontest.Same(t, moved.GetTotalPrice(), a.GetTotalPrice())
		search.Segments = filters(s.NewServiceOf(t, h.salon))
		c.Call(t, h.customer, searchAvailability, search).Want(t, codes.InvalidArgument, "INVALID_FIELDS")
		search.Segments = nil

		h.policy(t, &appointmentv1.UpdateBookingPolicyRequest{ReschedulingWindowMinutes: new(int32(129600))})
		refused("TOO_LATE")
		h.policy(t, &appointmentv1.UpdateBookingPolicyRequest{ReschedulingWindowMinutes: new(int32(0))})
		s.MoveToPast(t, a.GetId())
		refused("ALREADY_STARTED")
		change(t, c, manager, cancelAppointment, &appointmentv1.CancelAppointmentRequest{AppointmentId: a.GetId()})
		refused("ILLEGAL_STATE")
	})
}
