package e2e_test

import (
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// outcomes are the words of the matrix.
var outcomes = map[string]codes.Code{
	"OK":    codes.OK,
	"--":    codes.Unauthenticated,
	"no":    codes.PermissionDenied,
	"404":   codes.NotFound, // what is not yours does not exist
	"wrong": codes.FailedPrecondition,
}

// right is a row of the matrix: what happens to each of the callers.
type right struct {
	method string
	// Outcomes for nobody, customers A and B, masters 1 and 2, and an administrator.
	want string
	// The request. It is made anew for each call that is to succeed, since that may use up what it names.
	req func(*stage) proto.Message
}

// matrix says who may do what. Visits, ratings and profiles are those of customer A and master 1.
var matrix = []right{
	// Accounts and sessions
	{userv1.AuthService_Register_FullMethodName, "OK OK OK OK OK OK", func(*stage) proto.Message {
		return registration(func(*userv1.RegisterRequest) {})
	}},
	{userv1.AuthService_Login_FullMethodName, "OK OK OK OK OK OK", func(s *stage) proto.Message {
		return &userv1.LoginRequest{Email: s.CustomerB.Email, Password: s.CustomerB.Password}
	}},
	{userv1.AuthService_RefreshSession_FullMethodName, "OK OK OK OK OK OK", func(s *stage) proto.Message {
		return &userv1.RefreshSessionRequest{RefreshToken: s.CustomerB.SignIn(s.t).GetRefreshToken()}
	}},
	{userv1.AuthService_Logout_FullMethodName, "OK OK OK OK OK OK", func(*stage) proto.Message {
		return &userv1.LogoutRequest{RefreshToken: "unknown"}
	}},
	{userv1.AuthService_GetJwks_FullMethodName, "OK OK OK OK OK OK", fixed(&userv1.GetJwksRequest{})},
	{userv1.AuthService_ChangePassword_FullMethodName, "-- wrong wrong wrong wrong wrong", func(*stage) proto.Message {
		return &userv1.ChangePasswordRequest{CurrentPassword: "not the password", NewPassword: "a fine new password"}
	}},
	{userv1.AuthService_ListSessions_FullMethodName, "-- OK OK OK OK OK", fixed(&userv1.ListSessionsRequest{})},
	{userv1.AuthService_RevokeSession_FullMethodName, "-- OK 404 404 404 404", func(s *stage) proto.Message {
		return &userv1.RevokeSessionRequest{SessionId: s.session()}
	}},
	{userv1.UserService_GetMe_FullMethodName, "-- OK OK OK OK OK", fixed(&userv1.GetMeRequest{})},
	{userv1.UserService_UpdateMe_FullMethodName, "-- OK OK OK OK OK", fixed(&userv1.UpdateMeRequest{Phone: new("+4930123456")})},
	{userv1.UserService_ListUsers_FullMethodName, "-- no no no no OK", fixed(&userv1.ListUsersRequest{})},
	{userv1.UserService_GetUser_FullMethodName, "-- no no no no OK", func(s *stage) proto.Message {
		return &userv1.GetUserRequest{UserId: s.CustomerA.ID}
	}},
	{userv1.UserService_SetUserRole_FullMethodName, "-- no no no no OK", func(s *stage) proto.Message {
		return &userv1.SetUserRoleRequest{UserId: s.guest.ID, Role: apiv1.Role_ROLE_ADMIN}
	}},
	{userv1.UserService_DisableUser_FullMethodName, "-- no no no no OK", func(s *stage) proto.Message {
		return &userv1.DisableUserRequest{UserId: s.guest.ID}
	}},
	{userv1.UserService_EnableUser_FullMethodName, "-- no no no no OK", func(s *stage) proto.Message {
		return &userv1.EnableUserRequest{UserId: s.guest.ID}
	}},

	// Masters
	{userv1.MasterService_GetMaster_FullMethodName, "OK OK OK OK OK OK", func(s *stage) proto.Message {
		return &userv1.GetMasterRequest{MasterId: s.Master1.ID}
	}},
	{userv1.MasterService_ListMasters_FullMethodName, "OK OK OK OK OK OK", fixed(&userv1.ListMastersRequest{})},
	{userv1.MasterService_CreateMaster_FullMethodName, "-- no no no no OK", func(s *stage) proto.Message {
		return &userv1.CreateMasterRequest{UserId: s.newcomer(), DisplayName: "New Master"}
	}},
	{userv1.MasterService_UpdateMaster_FullMethodName, "-- no no OK 404 OK", func(s *stage) proto.Message {
		return &userv1.UpdateMasterRequest{MasterId: s.Master1.ID, Bio: new("Colour and care.")}
	}},
	{userv1.MasterService_DeleteMaster_FullMethodName, "-- no no no no OK", func(s *stage) proto.Message {
		return &userv1.DeleteMasterRequest{MasterId: s.formerMaster()}
	}},

	// Catalogue
	{appointmentv1.CatalogService_GetService_FullMethodName, "OK OK OK OK OK OK", func(s *stage) proto.Message {
		return &appointmentv1.GetServiceRequest{ServiceId: s.Service.GetId()}
	}},
	{appointmentv1.CatalogService_ListServices_FullMethodName, "OK OK OK OK OK OK", fixed(&appointmentv1.ListServicesRequest{})},
	{appointmentv1.CatalogService_CreateService_FullMethodName, "-- no no no no OK", func(*stage) proto.Message {
		return newService(func(*appointmentv1.CreateServiceRequest) {})
	}},
	{appointmentv1.CatalogService_UpdateService_FullMethodName, "-- no no no no OK", func(s *stage) proto.Message {
		return &appointmentv1.UpdateServiceRequest{ServiceId: s.Service.GetId(), Description: new("A cut.")}
	}},
	{appointmentv1.CatalogService_DeleteService_FullMethodName, "-- no no no no OK", func(s *stage) proto.Message {
		return &appointmentv1.DeleteServiceRequest{ServiceId: s.system.NewService(s.t).GetId()}
	}},
	{appointmentv1.CatalogService_ListOfferings_FullMethodName, "OK OK OK OK OK OK", func(s *stage) proto.Message {
		return &appointmentv1.ListOfferingsRequest{MasterId: s.Master1.ID}
	}},
	{appointmentv1.CatalogService_PutOffering_FullMethodName, "-- no no OK 404 OK", func(s *stage) proto.Message {
		return &appointmentv1.PutOfferingRequest{MasterId: s.Master1.ID, ServiceId: s.Service.GetId()}
	}},
	{appointmentv1.CatalogService_DeleteOffering_FullMethodName, "-- no no OK 404 OK", func(s *stage) proto.Message {
		service := s.system.NewService(s.t)
		s.system.Offer(s.t, s.Master1, service)
		return &appointmentv1.DeleteOfferingRequest{MasterId: s.Master1.ID, ServiceId: service.GetId()}
	}},

	// Appointments
	{appointmentv1.AppointmentService_CreateAppointment_FullMethodName, "-- OK OK OK OK OK", func(s *stage) proto.Message {
		return salontest.Booking(s.Master1, s.Service, s.system.NextStart())
	}},
	{appointmentv1.AppointmentService_GetAppointment_FullMethodName, "-- OK 404 OK 404 OK", func(s *stage) proto.Message {
		return &appointmentv1.GetAppointmentRequest{AppointmentId: s.completed.GetId()}
	}},
	{appointmentv1.AppointmentService_ListAppointments_FullMethodName, "-- OK OK OK OK OK", fixed(&appointmentv1.ListAppointmentsRequest{})},
	{appointmentv1.AppointmentService_CancelAppointment_FullMethodName, "-- OK 404 OK 404 OK", func(s *stage) proto.Message {
		return &appointmentv1.CancelAppointmentRequest{AppointmentId: s.pending()}
	}},
	{appointmentv1.AppointmentService_RescheduleAppointment_FullMethodName, "-- OK 404 OK 404 OK", func(s *stage) proto.Message {
		return &appointmentv1.RescheduleAppointmentRequest{AppointmentId: s.pending(), StartTime: timestamp(s.system.NextStart())}
	}},
	{appointmentv1.AppointmentService_ConfirmAppointment_FullMethodName, "-- no no OK 404 OK", func(s *stage) proto.Message {
		return &appointmentv1.ConfirmAppointmentRequest{AppointmentId: s.pending()}
	}},
	{appointmentv1.AppointmentService_CompleteAppointment_FullMethodName, "-- no no OK 404 OK", func(s *stage) proto.Message {
		return &appointmentv1.CompleteAppointmentRequest{AppointmentId: s.confirmed()}
	}},
	{appointmentv1.AppointmentService_MarkNoShow_FullMethodName, "-- no no wrong 404 wrong", func(s *stage) proto.Message {
		return &appointmentv1.MarkNoShowRequest{AppointmentId: s.confirmed()} // which has not begun
	}},

	// Ratings
	{ratingv1.RatingService_CreateRating_FullMethodName, "-- OK 404 404 404 404", func(s *stage) proto.Message {
		return &ratingv1.CreateRatingRequest{AppointmentId: s.unrated(), Stars: 5}
	}},
	{ratingv1.RatingService_GetRating_FullMethodName, "OK OK OK OK OK OK", func(s *stage) proto.Message {
		return &ratingv1.GetRatingRequest{RatingId: s.rating.GetId()}
	}},
	{ratingv1.RatingService_UpdateRating_FullMethodName, "-- OK 404 404 404 404", func(s *stage) proto.Message {
		return &ratingv1.UpdateRatingRequest{RatingId: s.rating.GetId(), Stars: new(int32(3))}
	}},
	{ratingv1.RatingService_DeleteRating_FullMethodName, "-- OK 404 404 404 OK", func(s *stage) proto.Message {
		return &ratingv1.DeleteRatingRequest{RatingId: s.newRating().GetId()}
	}},
	{ratingv1.RatingService_ReplyToRating_FullMethodName, "-- no no OK 404 404", func(s *stage) proto.Message {
		return &ratingv1.ReplyToRatingRequest{RatingId: s.rating.GetId(), Reply: "Thank you!"}
	}},
	{ratingv1.RatingService_ListMasterRatings_FullMethodName, "OK OK OK OK OK OK", func(s *stage) proto.Message {
		return &ratingv1.ListMasterRatingsRequest{MasterId: s.Master1.ID}
	}},
	{ratingv1.RatingService_GetRatingSummary_FullMethodName, "OK OK OK OK OK OK", func(s *stage) proto.Message {
		return &ratingv1.GetRatingSummaryRequest{MasterId: s.Master1.ID}
	}},

	// Notifications
	{notificationv1.NotificationService_ListNotifications_FullMethodName, "-- OK OK OK OK OK", fixed(&notificationv1.ListNotificationsRequest{})},
	{notificationv1.NotificationService_GetUnreadCount_FullMethodName, "-- OK OK OK OK OK", fixed(&notificationv1.GetUnreadCountRequest{})},
	{notificationv1.NotificationService_MarkNotificationRead_FullMethodName, "-- OK 404 404 404 404", func(s *stage) proto.Message {
		return &notificationv1.MarkNotificationReadRequest{NotificationId: s.notification}
	}},
	{notificationv1.NotificationService_MarkAllNotificationsRead_FullMethodName, "-- OK OK OK OK OK", fixed(&notificationv1.MarkAllNotificationsReadRequest{})},
}

// TestAuthorization calls every method as everybody.
func TestAuthorization(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	rows := map[string]right{}
	for _, row := range matrix {
		if _, twice := rows[row.method]; twice {
			t.Errorf("%s has two rows", row.method)
		}
		rows[row.method] = row
	}
	st := newStage(t, s)
	callers := []struct {
		name string
		as   salontest.Identity
	}{
		{"nobody", nil}, {"customer A", st.CustomerA}, {"customer B", st.CustomerB},
		{"master 1", st.Master1}, {"master 2", st.Master2}, {"administrator", st.Admin},
	}
	for _, md := range publicMethods(t) {
		row, ok := rows[fullName(md)]
		if !ok {
			t.Errorf("%s has no row: say in the matrix who may call it", md.FullName())
			continue
		}
		want := strings.Fields(row.want)
		if len(want) != len(callers) {
			t.Fatalf("%s: %d outcomes for %d callers", md.FullName(), len(want), len(callers))
		}
		t.Run(string(md.Parent().Name())+"."+string(md.Name()), func(t *testing.T) {
			salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
				st := st.in(t)
				req := row.req(st)
				for i, caller := range callers {
					code, known := outcomes[want[i]]
					if !known {
						t.Fatalf("there is no outcome %q", want[i])
					}
					got := c.Call(t, caller.as, row.method, req)
					if got.Code != code {
						t.Errorf("%s: %v, want %s", caller.name, got, code)
					}
					if got.Code == codes.OK {
						req = row.req(st)
					}
				}
			})
		})
	}
}

// TestInternalMethods: methods for the services among themselves are nowhere to be found, not even for an administrator.
func TestInternalMethods(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	internal := methods(isInternal)
	if len(internal) == 0 {
		t.Fatal("the contract has no internal methods")
	}
	for _, md := range internal {
		s.GRPC().Call(t, s.Admin(), fullName(md), newRequest(t, md)).Want(t, codes.Unimplemented, "NO_SUCH_METHOD")
		r := salontest.NewRequest("POST", fullName(md), "{}").As(t, s.Admin())
		s.HTTP(t, r).Result(t, nil).Want(t, codes.Unimplemented, "NO_SUCH_METHOD")
	}
}
