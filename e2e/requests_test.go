package e2e_test

import (
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// TestDecline: staff refuse a request. The customer is told, the time is free, and doing it again changes nothing.
func TestDecline(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		cast := s.NewCastOf(t, s.NewSalon(t).GetId())
		a := cast.Book(t, cast.CustomerA, cast.Master1)
		req := &appointmentv1.DeclineAppointmentRequest{AppointmentId: a.GetId(), Reason: "We are closed that week.", Etag: a.GetEtag()}
		declined := change(t, c, cast.Master1, declineAppointment, req)
		if stateOf(declined) != "CANCELLED" || declined.GetCancelledBy() != appointmentv1.Actor_ACTOR_MASTER ||
			declined.GetCancellationCause() != appointmentv1.CancellationCause_CANCELLATION_CAUSE_DECLINED ||
			declined.GetCancelReason() != req.GetReason() {
			t.Errorf("declined: %v", declined)
		}
		req.Reason = "Another reason."
		salontest.Same(t, change(t, c, cast.Master1, declineAppointment, req), declined)
		salontest.Same(t, salontest.ForAll(read(t, c, cast.CustomerA, a.GetId())), salontest.ForAll(declined))
		c.Call(t, cast.Master1, confirmAppointment, &appointmentv1.ConfirmAppointmentRequest{AppointmentId: a.GetId()}).
			Want(t, codes.FailedPrecondition, "ILLEGAL_STATE")
		book(t, c, cast.CustomerB, salontest.Booking(cast.Master1, cast.Service, a.GetStartTime().AsTime()))

		notified := []string{"APPOINTMENT_CREATED", "APPOINTMENT_DECLINED"}
		wantNotifications(t, c, cast.CustomerA, a.GetId(), "none", notified...)
		wantNotifications(t, c, cast.Master1, a.GetId(), "none", notified...)
		wantText(t, c, cast.CustomerA, a.GetId(), "APPOINTMENT_DECLINED", func(_, body string) bool {
			return strings.HasPrefix(body, "The salon cannot take your request for a visit to ")
		})
	})
}
