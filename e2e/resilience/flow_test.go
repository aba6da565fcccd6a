package resilience_test

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// flow is what people do, from the booking to the rating. It touches every service, and what they ask each other.
func flow(t *testing.T, c salontest.Caller) {
	cast := c.System().NewCast(t)
	customer, master := cast.CustomerA, cast.Master1

	booking := salontest.Booking(master, cast.Service, c.System().NextStart())
	appointment := salontest.Do[*appointmentv1.Appointment](t, c, customer, createAppointment, booking)
	if appointment.GetState() != appointmentv1.AppointmentState_APPOINTMENT_STATE_PENDING || appointment.GetCustomerId() == "" {
		t.Errorf("booked: %v", appointment)
	}
	c.Call(t, cast.CustomerB, createAppointment, booking).Want(t, codes.AlreadyExists, "SLOT_UNAVAILABLE")
	c.Call(t, cast.CustomerB, appointmentv1.AppointmentService_GetAppointment_FullMethodName,
		&appointmentv1.GetAppointmentRequest{AppointmentId: appointment.GetId()}).Want(t, codes.NotFound, "NOT_FOUND")

	rate := &ratingv1.CreateRatingRequest{AppointmentId: appointment.GetId(), Stars: 5, Comment: "Just what I wanted."}
	c.Call(t, customer, ratingv1.RatingService_CreateRating_FullMethodName, rate).
		Want(t, codes.FailedPrecondition, "NOT_COMPLETED")
	appointment = salontest.Do[*appointmentv1.Appointment](t, c, master, appointmentv1.AppointmentService_ConfirmAppointment_FullMethodName,
		&appointmentv1.ConfirmAppointmentRequest{AppointmentId: appointment.GetId(), Etag: appointment.GetEtag()})
	c.System().MoveToPast(t, appointment.GetId())
	appointment = salontest.Do[*appointmentv1.Appointment](t, c, master, appointmentv1.AppointmentService_CompleteAppointment_FullMethodName,
		&appointmentv1.CompleteAppointmentRequest{AppointmentId: appointment.GetId(), Etag: appointment.GetEtag()})
	salontest.Same(t, salontest.Do[*appointmentv1.Appointment](t, c, master,
		appointmentv1.AppointmentService_GetAppointment_FullMethodName,
		&appointmentv1.GetAppointmentRequest{AppointmentId: appointment.GetId()}), appointment)

	rating := salontest.Do[*ratingv1.Rating](t, c, customer, ratingv1.RatingService_CreateRating_FullMethodName, rate)
	c.Call(t, customer, ratingv1.RatingService_CreateRating_FullMethodName, rate).Want(t, codes.AlreadyExists, "ALREADY_RATED")
	expectations := []expectation{
		{customer, []notice{{created, appointment.GetId()}, {confirmed, appointment.GetId()}, {completed, appointment.GetId()}}},
		{master, []notice{
			{created, appointment.GetId()}, {confirmed, appointment.GetId()}, {completed, appointment.GetId()}, {ratingMade, rating.GetId()},
		}},
	}
	arrive(t, c, expectations)
	exactlyOnce(t, c, expectations)
	ratedOnce(t, c, master.ID, 5)
	logout(t, c, cast.CustomerB)
}

// ratedOnce waits until a master has a rating wherever ratings are counted, and fails the test unless it is exactly one,
// with these stars.
func ratedOnce(t *testing.T, c salontest.Caller, masterID string, stars int32) {
	t.Helper()
	summary := salontest.Do[*ratingv1.RatingSummary](t, c, nil, ratingv1.RatingService_GetRatingSummary_FullMethodName,
		&ratingv1.GetRatingSummaryRequest{MasterId: masterID})
	if summary.GetCount() != 1 || summary.GetMean() != float64(stars) || summary.GetHistogram()[stars-1] != 1 {
		t.Errorf("the summary is %v, want one rating of %d", summary, stars)
	}
	salontest.Eventually(t, func() error {
		profile := salontest.Do[*userv1.Master](t, c, nil, userv1.MasterService_GetMaster_FullMethodName,
			&userv1.GetMasterRequest{MasterId: masterID})
		if profile.GetRatingCount() != 1 || profile.GetRatingMean() != float64(stars) {
			return fmt.Errorf("the profile counts %d ratings with the mean %v, want one of %d", profile.GetRatingCount(),
				profile.GetRatingMean(), stars)
		}
		return nil
	})
}

// logoutTime is less than the five seconds for which a service trusts in a session that it has seen: it has to be notified.
const logoutTime = 2 * time.Second

// logout ends a session that every service has just seen: none takes its token any more.
func logout(t *testing.T, c salontest.Caller, who *salontest.Account) {
	t.Helper()
	pair := who.SignIn(t)
	token := salontest.Token(pair.GetAccessToken())
	calls := map[string]proto.Message{
		userv1.UserService_GetMe_FullMethodName: &userv1.GetMeRequest{},
		listAppointments:                        &appointmentv1.ListAppointmentsRequest{},
		listNotifications:                       &notificationv1.ListNotificationsRequest{},
	}
	for method, req := range calls {
		c.Call(t, token, method, req).Want(t, codes.OK, "")
	}
	salontest.Do[*emptypb.Empty](t, c, nil, userv1.AuthService_Logout_FullMethodName,
		&userv1.LogoutRequest{RefreshToken: pair.GetRefreshToken()})
	for method, req := range calls {
		if !salontest.Deadline(logoutTime, func() bool { return c.Call(t, token, method, req).Code == codes.Unauthenticated }) {
			t.Errorf("%s still takes the token of an ended session", method)
		}
	}
}
