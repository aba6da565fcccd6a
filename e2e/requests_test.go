package e2e_test

import (
	"strings"
	"testing"
	"time"

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

// lapse lets a request lapse, and waits until it has.
func lapse(t *testing.T, s *salontest.System, c salontest.Caller, id string) *appointmentv1.Appointment {
	t.Helper()
	s.LapseNow(t, id)
	var a *appointmentv1.Appointment
	salontest.Eventually(t, func() error {
		a = read(t, c, s.Admin(), id)
		return errorUnless(a.GetCancellationCause() == appointmentv1.CancellationCause_CANCELLATION_CAUSE_LAPSED, "it is %s", stateOf(a))
	})
	return a
}

// TestRequestLapses: what nobody confirms in time is cancelled, its time is free, and those concerned are told once. Staff may still
// confirm it while the time is free.
func TestRequestLapses(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		salon := s.NewSalon(t).GetId()
		cast := s.NewCastOf(t, salon)
		salontest.Do[*appointmentv1.BookingPolicy](t, c, s.Admin(), updatePolicy,
			&appointmentv1.UpdateBookingPolicyRequest{SalonId: salon, RequestTimeoutMinutes: new(int32(5))})
		a := cast.Book(t, cast.CustomerA, cast.Master1)
		if want := a.GetCreateTime().AsTime().Add(5 * time.Minute); !a.GetLapseTime().AsTime().Equal(want) {
			t.Errorf("lapses at %v, want %v", a.GetLapseTime().AsTime(), want)
		}
		kept := cast.Confirm(t, cast.Master1, cast.Book(t, cast.CustomerA, cast.Master1))
		lapsed := lapse(t, s, c, a.GetId())
		if stateOf(lapsed) != "CANCELLED" || lapsed.GetCancelledBy() != appointmentv1.Actor_ACTOR_SYSTEM || lapsed.GetLapseTime() != nil {
			t.Errorf("lapsed: %v", lapsed)
		}
		notified := []string{"APPOINTMENT_CREATED", "APPOINTMENT_LAPSED"}
		wantNotifications(t, c, cast.CustomerA, a.GetId(), "none", notified...)
		wantNotifications(t, c, cast.Master1, a.GetId(), "none", notified...)
		wantText(t, c, cast.CustomerA, a.GetId(), "APPOINTMENT_LAPSED", func(_, body string) bool {
			return strings.HasPrefix(body, "The salon has not confirmed your request for a visit to ")
		})
		const (
			pending   = appointmentv1.AppointmentState_APPOINTMENT_STATE_PENDING
			cancelled = appointmentv1.AppointmentState_APPOINTMENT_STATE_CANCELLED
		)
		wantHistory(t, c, cast.CustomerA, a.GetId(),
			&appointmentv1.AppointmentChange{
				Action: appointmentv1.AppointmentAction_APPOINTMENT_ACTION_CREATED, Actor: appointmentv1.Actor_ACTOR_CUSTOMER,
				StateAfter: pending, StartAfter: a.GetStartTime(),
			},
			&appointmentv1.AppointmentChange{
				Action: appointmentv1.AppointmentAction_APPOINTMENT_ACTION_LAPSED, Actor: appointmentv1.Actor_ACTOR_SYSTEM,
				StateBefore: pending.Enum(), StateAfter: cancelled, StartBefore: a.GetStartTime(), StartAfter: a.GetStartTime(),
			})
		salontest.Same(t, salontest.ForAll(read(t, c, cast.CustomerA, kept.GetId())), salontest.ForAll(kept))
		c.Call(t, cast.Master1, declineAppointment, &appointmentv1.DeclineAppointmentRequest{AppointmentId: a.GetId()}).
			Want(t, codes.FailedPrecondition, "ILLEGAL_STATE")
		c.Call(t, cast.CustomerA, confirmAppointment, &appointmentv1.ConfirmAppointmentRequest{AppointmentId: a.GetId()}).
			Want(t, codes.PermissionDenied, "PERMISSION_DENIED")

		other := book(t, c, cast.CustomerB, salontest.Booking(cast.Master1, cast.Service, a.GetStartTime().AsTime()))
		confirm := &appointmentv1.ConfirmAppointmentRequest{AppointmentId: a.GetId()}
		c.Call(t, cast.Master1, confirmAppointment, confirm).Want(t, codes.AlreadyExists, "SLOT_UNAVAILABLE")
		salontest.Same(t, read(t, c, s.Admin(), a.GetId()), lapsed)
		cancel(t, c, cast.CustomerB, other.GetId())
		if got := change(t, c, cast.Master1, confirmAppointment, confirm); stateOf(got) != "CONFIRMED" || got.GetCancellationCause() != 0 {
			t.Errorf("confirmed: %v", got)
		}
		c.Call(t, cast.CustomerB, createAppointment, salontest.Booking(cast.Master1, cast.Service, a.GetStartTime().AsTime())).
			Want(t, codes.AlreadyExists, "SLOT_UNAVAILABLE")
	})
}

// TestReasonsOfLapsedRequests drives what is declared beside the methods that give a request its time again.
func TestReasonsOfLapsedRequests(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		cast := s.NewCastOf(t, s.NewSalon(t).GetId())
		begun := time.Now().Add(-10 * time.Hour).Truncate(time.Minute)
		at := func(customer, master *salontest.Account, start time.Time) string {
			id := cast.Book(t, customer, master).GetId()
			s.MoveTo(t, id, start)
			return id
		}
		for i, start := range []time.Time{begun, begun.Add(4 * time.Hour)} {
			id := at(cast.CustomerA, cast.Master1, start)
			lapse(t, s, c, id)
			reason := "SLOT_UNAVAILABLE"
			if i == 0 {
				at(cast.CustomerB, cast.Master1, start)
			} else {
				reason = "CUSTOMER_BUSY"
				at(cast.CustomerA, cast.Master2, start)
			}
			refuse(t, c,
				refused{reason, cast.Master1, confirmAppointment, &appointmentv1.ConfirmAppointmentRequest{AppointmentId: id}},
				refused{reason, cast.Master1, completeAppointment, &appointmentv1.CompleteAppointmentRequest{AppointmentId: id}})
			missed := change(t, c, cast.Master1, markNoShow, &appointmentv1.MarkNoShowRequest{AppointmentId: id})
			if stateOf(missed) != "NO_SHOW" {
				t.Errorf("missed: %v", missed)
			}
		}
		free := at(cast.CustomerA, cast.Master1, begun.Add(8*time.Hour))
		lapse(t, s, c, free)
		done := change(t, c, cast.Master1, completeAppointment, &appointmentv1.CompleteAppointmentRequest{AppointmentId: free})
		if stateOf(done) != "COMPLETED" {
			t.Errorf("completed: %v", done)
		}
	})
}
