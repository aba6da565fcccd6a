package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// TestAppointment follows an appointment from the booking to the answered rating, and who is notified of what.
func TestAppointment(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		t.Parallel()
		cast := s.NewCast(t)
		customer, master := cast.CustomerA, cast.Master1
		call := func(as salontest.Identity, method string, req proto.Message) *appointmentv1.Appointment {
			t.Helper()
			return salontest.Do[*appointmentv1.Appointment](t, c, as, method, req)
		}

		booking := salontest.Booking(master, cast.Service, s.NextStart())
		booking.Note = "Sensitive skin."
		appointment := call(customer, appointmentv1.AppointmentService_CreateAppointment_FullMethodName, booking)
		id := appointment.GetId()
		if appointment.GetState() != appointmentv1.AppointmentState_APPOINTMENT_STATE_PENDING ||
			appointment.GetSalonId() != salontest.DefaultSalon || appointment.GetCustomerId() == "" || appointment.GetCustomer() != nil ||
			appointment.GetNote() != booking.GetNote() || appointment.GetTotalPrice().GetAmountMinor() != 4500 ||
			appointment.GetEndTime().AsTime().Sub(appointment.GetStartTime().AsTime()).Minutes() != 60 {
			t.Errorf("booked %v", appointment)
		}
		confirmed := call(master, appointmentv1.AppointmentService_ConfirmAppointment_FullMethodName,
			&appointmentv1.ConfirmAppointmentRequest{AppointmentId: id, Etag: appointment.GetEtag()})
		if confirmed.GetState() != appointmentv1.AppointmentState_APPOINTMENT_STATE_CONFIRMED || confirmed.GetEtag() == appointment.GetEtag() {
			t.Errorf("confirmed %v", confirmed)
		}
		// A customer who moves an appointment has to be confirmed again.
		later := s.NextStart()
		moved := call(customer, appointmentv1.AppointmentService_RescheduleAppointment_FullMethodName,
			&appointmentv1.RescheduleAppointmentRequest{AppointmentId: id, StartTime: timestamp(later)})
		if moved.GetState() != appointmentv1.AppointmentState_APPOINTMENT_STATE_PENDING || !moved.GetStartTime().AsTime().Equal(later) {
			t.Errorf("moved %v", moved)
		}
		// The time that it left is free again.
		second := call(cast.CustomerB, appointmentv1.AppointmentService_CreateAppointment_FullMethodName,
			salontest.Booking(master, cast.Service, appointment.GetStartTime().AsTime()))
		cancelled := call(cast.CustomerB, appointmentv1.AppointmentService_CancelAppointment_FullMethodName,
			&appointmentv1.CancelAppointmentRequest{AppointmentId: second.GetId(), Reason: "I am ill."})
		if cancelled.GetCancelledBy() != appointmentv1.Actor_ACTOR_CUSTOMER || cancelled.GetCancelReason() != "I am ill." {
			t.Errorf("cancelled %v", cancelled)
		}
		call(master, appointmentv1.AppointmentService_ConfirmAppointment_FullMethodName,
			&appointmentv1.ConfirmAppointmentRequest{AppointmentId: id})
		complete := &appointmentv1.CompleteAppointmentRequest{AppointmentId: id}
		c.Call(t, master, appointmentv1.AppointmentService_CompleteAppointment_FullMethodName, complete).
			Want(t, codes.FailedPrecondition, "NOT_STARTED")
		s.MoveToPast(t, id)
		completed := call(master, appointmentv1.AppointmentService_CompleteAppointment_FullMethodName, complete)
		if completed.GetState() != appointmentv1.AppointmentState_APPOINTMENT_STATE_COMPLETED {
			t.Errorf("completed %v", completed)
		}

		rating := salontest.Do[*ratingv1.Rating](t, c, customer, ratingv1.RatingService_CreateRating_FullMethodName,
			&ratingv1.CreateRatingRequest{AppointmentId: id, Stars: 4, Comment: "Just what I wanted."})
		replied := salontest.Do[*ratingv1.Rating](t, c, master, ratingv1.RatingService_ReplyToRating_FullMethodName,
			&ratingv1.ReplyToRatingRequest{RatingId: rating.GetId(), Reply: new("Thank you!")})
		if replied.GetReply() != "Thank you!" || replied.GetStars() != 4 || replied.GetCustomerId() != "" {
			t.Errorf("replied %v", replied) // the master does not learn who it was
		}
		summary := salontest.Do[*ratingv1.RatingSummary](t, c, nil, ratingv1.RatingService_GetRatingSummary_FullMethodName,
			&ratingv1.GetRatingSummaryRequest{MasterId: master.ID})
		if summary.GetCount() != 1 || summary.GetMean() != 4 || !slices.Equal(summary.GetHistogram(), []int32{0, 0, 0, 1, 0}) {
			t.Errorf("summary %v", summary)
		}
		salontest.Eventually(t, func() error {
			m := salontest.Do[*userv1.Master](t, c, nil, userv1.MasterService_GetMaster_FullMethodName,
				&userv1.GetMasterRequest{MasterId: master.ID})
			if m.GetRatingCount() != 1 || m.GetRatingMean() != 4 {
				return fmt.Errorf("the profile has %d ratings of %v", m.GetRatingCount(), m.GetRatingMean())
			}
			return nil
		})

		notified := []string{
			"APPOINTMENT_CREATED", "APPOINTMENT_CONFIRMED", "APPOINTMENT_RESCHEDULED", "APPOINTMENT_CONFIRMED", "APPOINTMENT_COMPLETED",
		}
		wantNotifications(t, c, customer, id, rating.GetId(), append(slices.Clone(notified), "RATING_REPLIED")...)
		wantNotifications(t, c, master, id, rating.GetId(), append(slices.Clone(notified), "RATING_CREATED")...)
		wantNotifications(t, c, cast.Master2, id, rating.GetId())
	})
}

// wantNotifications waits until somebody has been notified of all of this about an appointment and of nothing else.
func wantNotifications(t *testing.T, c salontest.Caller, who *salontest.Account, appointmentID, ratingID string, want ...string) {
	t.Helper()
	slices.Sort(want)
	salontest.Eventually(t, func() error {
		list := salontest.Do[*notificationv1.ListNotificationsResponse](t, c, who,
			notificationv1.NotificationService_ListNotifications_FullMethodName, &notificationv1.ListNotificationsRequest{})
		var got []string
		for _, n := range list.GetNotifications() {
			if n.GetAppointmentId() == appointmentID || n.GetRatingId() == ratingID {
				got = append(got, strings.TrimPrefix(n.GetType().String(), "NOTIFICATION_TYPE_"))
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			return fmt.Errorf("%s was notified of %v, want %v", who.Name, got, want)
		}
		return nil
	})
}

// TestNotificationInbox reads what there is, one and all.
func TestNotificationInbox(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		cast := people(t)
		cast.Master1 = s.NewMaster(t, "Inbox")
		s.Offer(t, cast.Master1, cast.Service)
		for range 2 {
			cast.Book(t, cast.CustomerA, cast.Master1)
		}
		unread := func() int32 {
			return salontest.Do[*notificationv1.UnreadCount](t, c, cast.Master1,
				notificationv1.NotificationService_GetUnreadCount_FullMethodName, &notificationv1.GetUnreadCountRequest{}).GetCount()
		}
		salontest.Eventually(t, func() error {
			if n := unread(); n != 2 {
				return fmt.Errorf("%d are unread, want 2", n)
			}
			return nil
		})
		list := func(unreadOnly bool) []*notificationv1.Notification {
			return salontest.Do[*notificationv1.ListNotificationsResponse](t, c, cast.Master1,
				notificationv1.NotificationService_ListNotifications_FullMethodName,
				&notificationv1.ListNotificationsRequest{UnreadOnly: unreadOnly}).GetNotifications()
		}
		first := list(true)[0]
		mark := &notificationv1.MarkNotificationReadRequest{NotificationId: first.GetId()}
		read := salontest.Do[*notificationv1.Notification](t, c, cast.Master1,
			notificationv1.NotificationService_MarkNotificationRead_FullMethodName, mark)
		again := salontest.Do[*notificationv1.Notification](t, c, cast.Master1,
			notificationv1.NotificationService_MarkNotificationRead_FullMethodName, mark)
		salontest.Same(t, again, read)
		if read.GetReadTime() == nil || unread() != 1 || len(list(true)) != 1 || len(list(false)) != 2 {
			t.Errorf("after reading one: %v, %d unread", read, unread())
		}
		all := salontest.Do[*notificationv1.MarkAllNotificationsReadResponse](t, c, cast.Master1,
			notificationv1.NotificationService_MarkAllNotificationsRead_FullMethodName, &notificationv1.MarkAllNotificationsReadRequest{})
		if all.GetMarkedCount() != 1 || unread() != 0 {
			t.Errorf("after reading all: %v, %d unread", all, unread())
		}
	})
}
