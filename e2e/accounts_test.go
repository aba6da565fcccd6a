package e2e_test

import (
	"fmt"
	"slices"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/beauty-salon/platform/e2e/salontest"
	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// TestSessions: ending a session, a new role, a lock and a new password count for the very next call.
func TestSessions(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		customer := s.NewCustomer(t, "Customer")
		me := func(pair *userv1.TokenPair) *salontest.Result {
			return c.Call(t, salontest.Token(pair.GetAccessToken()), userv1.UserService_GetMe_FullMethodName, &userv1.GetMeRequest{})
		}
		open := func(pair *userv1.TokenPair) { t.Helper(); me(pair).Want(t, codes.OK, "") }
		ended := func(pair *userv1.TokenPair) {
			t.Helper()
			me(pair).Want(t, codes.Unauthenticated, "UNAUTHENTICATED")
			c.Call(t, nil, userv1.AuthService_RefreshSession_FullMethodName,
				&userv1.RefreshSessionRequest{RefreshToken: pair.GetRefreshToken()}).Want(t, codes.Unauthenticated, "REFRESH_TOKEN_INVALID")
		}
		admin := func(method string, req proto.Message) {
			t.Helper()
			c.Call(t, s.Admin(), method, req).Want(t, codes.OK, "")
		}

		phone, laptop := customer.SignIn(t), customer.SignIn(t)
		open(phone)
		open(laptop)
		list := salontest.Do[*userv1.ListSessionsResponse](t, c, salontest.Token(laptop.GetAccessToken()),
			userv1.AuthService_ListSessions_FullMethodName, &userv1.ListSessionsRequest{}).GetSessions()
		if len(list) != 2 || !list[0].GetCurrent() || list[1].GetCurrent() {
			t.Fatalf("sessions, newest first: %v", list)
		}
		c.Call(t, salontest.Token(laptop.GetAccessToken()), userv1.AuthService_RevokeSession_FullMethodName,
			&userv1.RevokeSessionRequest{SessionId: list[1].GetId()}).Want(t, codes.OK, "")
		ended(phone)
		open(laptop)
		c.Call(t, nil, userv1.AuthService_Logout_FullMethodName,
			&userv1.LogoutRequest{RefreshToken: laptop.GetRefreshToken()}).Want(t, codes.OK, "")
		ended(laptop)

		pair := customer.SignIn(t)
		token := salontest.Token(pair.GetAccessToken())
		listUsers := func() *salontest.Result {
			return c.Call(t, token, userv1.UserService_ListUsers_FullMethodName, &userv1.ListUsersRequest{PageSize: 1})
		}
		listUsers().Want(t, codes.PermissionDenied, "PERMISSION_DENIED")
		admin(userv1.UserService_SetUserRole_FullMethodName, &userv1.SetUserRoleRequest{UserId: customer.ID, Role: apiv1.Role_ROLE_ADMIN})
		listUsers().Want(t, codes.OK, "")
		admin(userv1.UserService_SetUserRole_FullMethodName, &userv1.SetUserRoleRequest{UserId: customer.ID, Role: apiv1.Role_ROLE_CUSTOMER})
		listUsers().Want(t, codes.PermissionDenied, "PERMISSION_DENIED")

		admin(userv1.UserService_DisableUser_FullMethodName, &userv1.DisableUserRequest{UserId: customer.ID})
		ended(pair)
		c.Call(t, nil, userv1.AuthService_Login_FullMethodName, &userv1.LoginRequest{Email: customer.Email, Password: customer.Password}).
			Want(t, codes.Unauthenticated, "BAD_CREDENTIALS")
		admin(userv1.UserService_EnableUser_FullMethodName, &userv1.EnableUserRequest{UserId: customer.ID})

		old, current := customer.SignIn(t), customer.SignIn(t)
		c.Call(t, salontest.Token(current.GetAccessToken()), userv1.AuthService_ChangePassword_FullMethodName,
			&userv1.ChangePasswordRequest{CurrentPassword: customer.Password, NewPassword: "a fine new password"}).Want(t, codes.OK, "")
		ended(old)
		open(current)
		c.Call(t, nil, userv1.AuthService_Login_FullMethodName, &userv1.LoginRequest{Email: customer.Email, Password: customer.Password}).
			Want(t, codes.Unauthenticated, "BAD_CREDENTIALS")
		customer.Password = "a fine new password"
		open(customer.SignIn(t))
	})
}

// TestMasterProfile: making and deleting a profile changes the account's role at once, and what can be booked.
func TestMasterProfile(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		cast := people(t)
		cast.Service, cast.Master1 = s.NewService(t), s.NewMaster(t, "Short Career")
		s.Offer(t, cast.Master1, cast.Service)
		s.Offer(t, cast.Master2, cast.Service)
		master := cast.Master1
		update := func(bio string) *salontest.Result {
			return c.Call(t, master, userv1.MasterService_UpdateMaster_FullMethodName, &userv1.UpdateMasterRequest{
				MasterId: master.ID, Bio: &bio, Specialties: []string{"balayage"},
				UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"bio"}},
			})
		}
		got := update("Colour and care.")
		got.Want(t, codes.OK, "")
		if m := got.Message.(*userv1.Master); m.GetBio() != "Colour and care." || !slices.Equal(m.GetSpecialties(), []string{"cuts"}) {
			t.Errorf("updated %v", m)
		}
		salontest.Eventually(t, func() error { // who offers a service is a copy
			found := salontest.Do[*userv1.ListMastersResponse](t, c, nil, userv1.MasterService_ListMasters_FullMethodName,
				&userv1.ListMastersRequest{ServiceId: new(cast.Service.GetId())})
			if len(found.GetMasters()) != 2 {
				return fmt.Errorf("%d masters offer the service", len(found.GetMasters()))
			}
			return nil
		})
		appointment := cast.Book(t, cast.CustomerA, master)
		salontest.Do[*userv1.Master](t, c, nil, userv1.MasterService_GetMaster_FullMethodName, &userv1.GetMasterRequest{MasterId: master.ID})
		bookable := func(want codes.Code) {
			t.Helper()
			salontest.Eventually(t, func() error {
				r := c.Call(t, nil, userv1.MasterService_GetMaster_FullMethodName, &userv1.GetMasterRequest{MasterId: master.ID})
				if seen := want == codes.OK; seen != (r.Code == codes.OK) {
					return fmt.Errorf("the profile: %v", r)
				}
				r = c.Call(t, cast.CustomerA, appointmentv1.AppointmentService_CreateAppointment_FullMethodName,
					salontest.Booking(master, cast.Service, s.NextStart()))
				if r.Code != want {
					return fmt.Errorf("booking: %v, want %v", r, want)
				}
				return nil
			})
		}
		c.Call(t, s.Admin(), userv1.UserService_DisableUser_FullMethodName, &userv1.DisableUserRequest{UserId: master.ID}).
			Want(t, codes.OK, "")
		bookable(codes.FailedPrecondition)
		c.Call(t, cast.CustomerA, appointmentv1.AppointmentService_RescheduleAppointment_FullMethodName,
			&appointmentv1.RescheduleAppointmentRequest{AppointmentId: appointment.GetId(), StartTime: timestamppb.New(s.NextStart())}).
			Want(t, codes.FailedPrecondition, "MASTER_UNAVAILABLE")
		c.Call(t, s.Admin(), userv1.UserService_EnableUser_FullMethodName, &userv1.EnableUserRequest{UserId: master.ID}).
			Want(t, codes.OK, "")
		bookable(codes.OK)
		master.SignInAgain(t)

		c.Call(t, s.Admin(), userv1.MasterService_DeleteMaster_FullMethodName, &userv1.DeleteMasterRequest{MasterId: master.ID}).
			Want(t, codes.OK, "")
		update("Gone.").Want(t, codes.PermissionDenied, "PERMISSION_DENIED")
		c.Call(t, nil, userv1.MasterService_GetMaster_FullMethodName, &userv1.GetMasterRequest{MasterId: master.ID}).
			Want(t, codes.NotFound, "NOT_FOUND")
		salontest.Eventually(t, func() error {
			r := c.Call(t, cast.CustomerA, appointmentv1.AppointmentService_CreateAppointment_FullMethodName,
				salontest.Booking(master, cast.Service, s.NextStart()))
			if r.Code != codes.FailedPrecondition {
				return fmt.Errorf("booking a master who is gone: %v", r)
			}
			return nil
		})
		c.Call(t, cast.CustomerA, appointmentv1.AppointmentService_GetAppointment_FullMethodName,
			&appointmentv1.GetAppointmentRequest{AppointmentId: appointment.GetId()}).Want(t, codes.OK, "")
	})
}
