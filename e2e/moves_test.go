package e2e_test

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/beauty-salon/platform/e2e/salontest"
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
