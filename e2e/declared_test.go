package e2e_test

import (
	"errors"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/beauty-salon/platform/e2e/salontest"
	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

const masterRole = apiv1.SalonRole_SALON_ROLE_MASTER

// refused is a call that has to be refused with a reason.
type refused struct {
	reason string
	as     salontest.Identity
	method string
	req    proto.Message
}

func refuse(t *testing.T, c salontest.Caller, calls ...refused) {
	t.Helper()
	for _, r := range calls {
		if got := c.Call(t, r.as, r.method, r.req); got.Reason != r.reason {
			t.Errorf("%s %s: %v, want %s", c.Name(), r.method, got, r.reason)
		}
	}
}

// TestReasonsOfAccounts drives what is declared beside the methods of accounts, members and masters.
func TestReasonsOfAccounts(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	other := s.NewSalon(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		admin := s.Admin()
		master, elsewhere := s.NewMaster(t, "Here"), s.NewMasterOf(t, other.GetId(), "Elsewhere")
		disabled, stranger := s.NewReceptionist(t, salontest.DefaultSalon), s.NewCustomer(t, "Stranger")
		manager := s.NewManager(t, salontest.DefaultSalon)
		s.Join(t, salontest.DefaultSalon, elsewhere, apiv1.SalonRole_SALON_ROLE_RECEPTIONIST)
		salontest.Do[*userv1.User](t, c, admin, userv1.UserService_DisableUser_FullMethodName, &userv1.DisableUserRequest{UserId: disabled.ID})
		closed := s.Invite(t, salontest.DefaultSalon, stranger, apiv1.SalonRole_SALON_ROLE_RECEPTIONIST).GetId()
		c.Call(t, stranger, userv1.MemberService_DeclineInvitation_FullMethodName, &userv1.DeclineInvitationRequest{InvitationId: closed})
		toMaster := s.Invite(t, salontest.DefaultSalon, elsewhere, masterRole).GetId()
		weak := "password1234"
		refuse(t, c,
			refused{"EMAIL_TAKEN", nil, userv1.AuthService_Register_FullMethodName,
				&userv1.RegisterRequest{Email: master.Email, Password: salontest.Password, DisplayName: "X"}},
			refused{"WEAK_PASSWORD", nil, userv1.AuthService_Register_FullMethodName,
				&userv1.RegisterRequest{Email: "weak@example.com", Password: weak, DisplayName: "X"}},
			refused{"BAD_CREDENTIALS", nil, userv1.AuthService_Login_FullMethodName,
				&userv1.LoginRequest{Email: salontest.Unique() + "@example.com", Password: "x"}},
			refused{"REFRESH_TOKEN_INVALID", nil, userv1.AuthService_RefreshSession_FullMethodName,
				&userv1.RefreshSessionRequest{RefreshToken: "x"}},
			refused{"WEAK_PASSWORD", stranger, userv1.AuthService_ChangePassword_FullMethodName,
				&userv1.ChangePasswordRequest{CurrentPassword: salontest.Password, NewPassword: weak}},
			refused{"MASTER_EXISTS", admin, userv1.MasterService_CreateMaster_FullMethodName,
				&userv1.CreateMasterRequest{UserId: master.ID, DisplayName: "X"}},
			refused{"MASTER_ELSEWHERE", admin, userv1.MasterService_CreateMaster_FullMethodName,
				&userv1.CreateMasterRequest{UserId: elsewhere.ID, SalonId: new(salontest.DefaultSalon), DisplayName: "X"}},
			refused{"ACCOUNT_DISABLED", admin, userv1.MasterService_CreateMaster_FullMethodName,
				&userv1.CreateMasterRequest{UserId: disabled.ID, DisplayName: "X"}},
			refused{"NOT_FOUND", manager, userv1.MasterService_CreateMaster_FullMethodName,
				&userv1.CreateMasterRequest{UserId: stranger.ID, DisplayName: "X"}},
			refused{"MASTER_ELSEWHERE", admin, userv1.MemberService_UpdateMember_FullMethodName,
				&userv1.UpdateMemberRequest{SalonId: salontest.DefaultSalon, UserId: elsewhere.ID, Roles: []apiv1.SalonRole{masterRole}}},
			refused{"ACCOUNT_DISABLED", admin, userv1.MemberService_UpdateMember_FullMethodName,
				&userv1.UpdateMemberRequest{SalonId: salontest.DefaultSalon, UserId: disabled.ID, Roles: []apiv1.SalonRole{masterRole}}},
			refused{"MASTER_ELSEWHERE", elsewhere, userv1.MemberService_AcceptInvitation_FullMethodName,
				&userv1.AcceptInvitationRequest{InvitationId: toMaster}},
			refused{"INVITATION_CLOSED", stranger, userv1.MemberService_AcceptInvitation_FullMethodName,
				&userv1.AcceptInvitationRequest{InvitationId: closed}},
			refused{"INVITATION_CLOSED", stranger, userv1.MemberService_DeclineInvitation_FullMethodName,
				&userv1.DeclineInvitationRequest{InvitationId: closed}},
			refused{"INVITATION_CLOSED", admin, userv1.MemberService_RevokeInvitation_FullMethodName,
				&userv1.RevokeInvitationRequest{SalonId: salontest.DefaultSalon, InvitationId: closed}},
		)
		wrong := &userv1.ChangePasswordRequest{CurrentPassword: "x", NewPassword: "another long password"}
		for range 5 {
			refuse(t, c, refused{"CURRENT_PASSWORD_WRONG", stranger, userv1.AuthService_ChangePassword_FullMethodName, wrong})
		}
		refuse(t, c,
			refused{"LOGIN_THROTTLED", stranger, userv1.AuthService_ChangePassword_FullMethodName, wrong},
			refused{"LOGIN_THROTTLED", stranger, userv1.UserService_EraseMe_FullMethodName, &userv1.EraseMeRequest{CurrentPassword: "not the password"}},
			refused{"LOGIN_THROTTLED", nil, userv1.AuthService_Login_FullMethodName,
				&userv1.LoginRequest{Email: stranger.Email, Password: stranger.Password}})
	})
}

// TestLastAdministrator stays. The system is one that no other test gives a second one.
func TestLastAdministrator(t *testing.T) {
	s := quiet.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		id := s.Admin().Pair(t).GetUser().GetId()
		refuse(t, c,
			refused{"LAST_ADMIN", s.Admin(), userv1.UserService_SetUserRole_FullMethodName,
				&userv1.SetUserRoleRequest{UserId: id, Role: apiv1.Role_ROLE_CUSTOMER}},
			refused{"LAST_ADMIN", s.Admin(), userv1.UserService_DisableUser_FullMethodName, &userv1.DisableUserRequest{UserId: id}},
			refused{"LAST_ADMIN", s.Admin(), userv1.UserService_EraseUser_FullMethodName, &userv1.EraseUserRequest{UserId: id}},
			refused{"LAST_ADMIN", s.Admin(), userv1.UserService_EraseMe_FullMethodName, &userv1.EraseMeRequest{CurrentPassword: s.Admin().Password}})
	})
}

// TestReasonsOfSalons drives what is declared beside the methods of salons and their catalogue.
func TestReasonsOfSalons(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		admin, salon, taken := s.Admin(), s.NewSalon(t), s.NewSalon(t)
		service, named := s.NewServiceOf(t, salon.GetId()), s.NewServiceOf(t, salon.GetId())
		refuse(t, c,
			refused{"SLUG_TAKEN", admin, appointmentv1.SalonService_CreateSalon_FullMethodName, &appointmentv1.CreateSalonRequest{
				Name: "X", Slug: taken.GetSlug(), TimeZone: "UTC", CurrencyCode: "EUR",
			}},
			refused{"SLUG_TAKEN", admin, appointmentv1.SalonService_UpdateSalon_FullMethodName,
				&appointmentv1.UpdateSalonRequest{SalonId: salon.GetId(), Slug: new(taken.GetSlug())}},
			refused{"SALON_NOT_EMPTY", admin, appointmentv1.SalonService_DeleteSalon_FullMethodName,
				&appointmentv1.DeleteSalonRequest{SalonId: salon.GetId()}},
			refused{"DEFAULT_SALON", admin, appointmentv1.SalonService_DeleteSalon_FullMethodName,
				&appointmentv1.DeleteSalonRequest{SalonId: salontest.DefaultSalon}},
			refused{"SERVICE_NAME_TAKEN", admin, appointmentv1.CatalogService_CreateService_FullMethodName, &appointmentv1.CreateServiceRequest{
				SalonId: new(salon.GetId()), Name: named.GetName(), Category: "Hair", DurationMinutes: new(int32(60)), Price: service.GetPrice(),
			}},
			refused{"SERVICE_NAME_TAKEN", admin, appointmentv1.CatalogService_UpdateService_FullMethodName,
				&appointmentv1.UpdateServiceRequest{ServiceId: service.GetId(), Name: new(named.GetName())}},
		)
		kind := s.NewResourceKind(t, salon.GetId())
		chair, room := s.NewResource(t, kind), s.NewResource(t, kind)
		refuse(t, c,
			refused{"NAME_TAKEN", admin, createResourceKind,
				&appointmentv1.CreateResourceKindRequest{SalonId: salon.GetId(), Name: kind.GetName()}},
			refused{"RESOURCE_KIND_IN_USE", admin, deleteResourceKind, &appointmentv1.DeleteResourceKindRequest{ResourceKindId: kind.GetId()}},
			refused{"NAME_TAKEN", admin, createResource,
				&appointmentv1.CreateResourceRequest{SalonId: salon.GetId(), ResourceKindId: kind.GetId(), Name: chair.GetName()}},
			refused{"NAME_TAKEN", admin, updateResource,
				&appointmentv1.UpdateResourceRequest{ResourceId: room.GetId(), Name: new(chair.GetName())}},
		)
	})
}

// TestReasonsOfAppointments drives what is declared beside the methods of appointments.
func TestReasonsOfAppointments(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		salon := s.NewSalon(t)
		s.LimitBookings(t, salon.GetId(), 5)
		cast := s.NewCastOf(t, salon.GetId())
		unable, gone := s.NewMasterOf(t, salon.GetId(), "Unable"), s.NewMasterOf(t, salon.GetId(), "Gone")
		s.Offer(t, gone, cast.Service)
		ofGone := cast.Book(t, cast.CustomerB, gone)
		c.Call(t, cast.Admin, userv1.MasterService_DeleteMaster_FullMethodName, &userv1.DeleteMasterRequest{MasterId: gone.ID})
		pending, second := cast.Book(t, cast.CustomerA, cast.Master1), cast.Book(t, cast.CustomerA, cast.Master2)
		cancelled := cast.Book(t, cast.CustomerA, cast.Master2)
		c.Call(t, cast.CustomerA, appointmentv1.AppointmentService_CancelAppointment_FullMethodName,
			&appointmentv1.CancelAppointmentRequest{AppointmentId: cancelled.GetId()})
		begun := cast.Book(t, cast.CustomerB, cast.Master2)
		s.MoveTo(t, begun.GetId(), time.Now().Add(-10*time.Minute).Truncate(time.Minute))
		confirmed := cast.Confirm(t, cast.Master1, cast.Book(t, cast.CustomerB, cast.Master1))
		missed := cast.Complete(t, cast.Master1, cast.Book(t, cast.CustomerB, cast.Master1))
		create, book := appointmentv1.AppointmentService_CreateAppointment_FullMethodName, func(m *salontest.Account, at time.Time) *appointmentv1.CreateAppointmentRequest {
			return salontest.Booking(m, cast.Service, at)
		}
		forSomebody := book(cast.Master1, s.NextStart())
		forSomebody.CustomerId = new("019a0c4e-5b1a-7c3e-9f20-6a1d4e8b0c99")
		move := func(a *appointmentv1.Appointment, at time.Time) *appointmentv1.RescheduleAppointmentRequest {
			return &appointmentv1.RescheduleAppointmentRequest{AppointmentId: a.GetId(), StartTime: timestamppb.New(at)}
		}
		reschedule, at := appointmentv1.AppointmentService_RescheduleAppointment_FullMethodName, pending.GetStartTime().AsTime()
		past := time.Now().Add(-time.Hour).Truncate(time.Minute)
		refuse(t, c,
			refused{"SLOT_UNAVAILABLE", cast.CustomerB, create, book(cast.Master1, at)},
			refused{"CUSTOMER_BUSY", cast.CustomerA, create, book(cast.Master2, at)},
			refused{"START_IN_PAST", cast.CustomerA, create, book(cast.Master1, past)},
			refused{"NOT_OFFERED", cast.CustomerA, create, book(unable, s.NextStart())},
			refused{"MASTER_UNAVAILABLE", cast.CustomerA, create, book(gone, s.NextStart())},
			refused{"PERMISSION_DENIED", cast.CustomerA, create, forSomebody},
			refused{"CUSTOMER_UNAVAILABLE", cast.Admin, create, forSomebody},
			refused{"SLOT_UNAVAILABLE", cast.CustomerB, reschedule, move(confirmed, at)},
			refused{"CUSTOMER_BUSY", cast.CustomerA, reschedule, move(second, at)},
			refused{"START_IN_PAST", cast.CustomerA, reschedule, move(pending, past)},
			refused{"MASTER_UNAVAILABLE", cast.CustomerB, reschedule, move(ofGone, s.NextStart())},
			refused{"ILLEGAL_STATE", cast.CustomerA, reschedule, move(cancelled, s.NextStart())},
			refused{"ALREADY_STARTED", cast.CustomerB, reschedule, move(begun, s.NextStart())},
			refused{"ALREADY_STARTED", cast.CustomerB, appointmentv1.AppointmentService_CancelAppointment_FullMethodName,
				&appointmentv1.CancelAppointmentRequest{AppointmentId: begun.GetId()}},
			refused{"ILLEGAL_STATE", cast.CustomerB, appointmentv1.AppointmentService_CancelAppointment_FullMethodName,
				&appointmentv1.CancelAppointmentRequest{AppointmentId: missed.GetId()}},
			refused{"ILLEGAL_STATE", cast.Master2, appointmentv1.AppointmentService_ConfirmAppointment_FullMethodName,
				&appointmentv1.ConfirmAppointmentRequest{AppointmentId: cancelled.GetId()}},
			refused{"ILLEGAL_STATE", cast.Master1, declineAppointment, &appointmentv1.DeclineAppointmentRequest{AppointmentId: confirmed.GetId()}},
			refused{"ILLEGAL_STATE", cast.Master2, appointmentv1.AppointmentService_CompleteAppointment_FullMethodName,
				&appointmentv1.CompleteAppointmentRequest{AppointmentId: cancelled.GetId()}},
			refused{"NOT_STARTED", cast.Master1, appointmentv1.AppointmentService_CompleteAppointment_FullMethodName,
				&appointmentv1.CompleteAppointmentRequest{AppointmentId: confirmed.GetId()}},
			refused{"ILLEGAL_STATE", cast.Master2, appointmentv1.AppointmentService_MarkNoShow_FullMethodName,
				&appointmentv1.MarkNoShowRequest{AppointmentId: cancelled.GetId()}},
			refused{"NOT_STARTED", cast.Master1, appointmentv1.AppointmentService_MarkNoShow_FullMethodName,
				&appointmentv1.MarkNoShowRequest{AppointmentId: confirmed.GetId()}},
		)
		for range 3 {
			cast.Book(t, cast.CustomerA, cast.Master1)
		}
		refuse(t, c, refused{"TOO_MANY_OPEN_APPOINTMENTS", cast.CustomerA, create, book(cast.Master1, s.NextStart())})
	})
}

// TestReasonsOfRatings drives what is declared beside the methods of ratings.
func TestReasonsOfRatings(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		cast, db := s.NewCast(t), s.Database(t)
		pending := cast.Book(t, cast.CustomerA, cast.Master1)
		own := cast.Complete(t, cast.Master1, cast.Book(t, cast.Master1, cast.Master1))
		rated, longAgo := cast.Book(t, cast.CustomerA, cast.Master1), cast.Book(t, cast.CustomerA, cast.Master1)
		cast.Complete(t, cast.Master1, rated)
		cast.Complete(t, cast.Master1, longAgo)
		create := ratingv1.RatingService_CreateRating_FullMethodName
		rate := func(a *appointmentv1.Appointment) *ratingv1.CreateRatingRequest {
			return &ratingv1.CreateRatingRequest{AppointmentId: a.GetId(), Stars: 5}
		}
		rating := salontest.Do[*ratingv1.Rating](t, c, cast.CustomerA, create, rate(rated)).GetId()
		age := func(statement, id string) { // the program runs on the real clock
			t.Helper()
			salontest.Eventually(t, func() error {
				tag, err := db.Exec(t.Context(), statement, id)
				if err == nil && tag.RowsAffected() == 0 {
					err = errors.New("there is no such row yet")
				}
				return err
			})
		}
		age(`UPDATE ratings.appointments SET complete_time = complete_time - interval '91 days', end_time = end_time - interval '91 days'
			WHERE appointment_id = $1 AND state = 'COMPLETED'`, longAgo.GetId())
		update := &ratingv1.UpdateRatingRequest{RatingId: rating, Stars: new(int32(1))}
		refuse(t, c,
			refused{"OWN_WORK", cast.Master1, create, rate(own)},
			refused{"NOT_COMPLETED", cast.CustomerA, create, rate(pending)},
			refused{"ALREADY_RATED", cast.CustomerA, create, rate(rated)},
			refused{"TOO_LATE_TO_RATE", cast.CustomerA, create, rate(longAgo)},
			refused{"PERMISSION_DENIED", cast.CustomerB, ratingv1.RatingService_UpdateRating_FullMethodName, update},
			refused{"PERMISSION_DENIED", cast.CustomerB, ratingv1.RatingService_DeleteRating_FullMethodName,
				&ratingv1.DeleteRatingRequest{RatingId: rating}},
		)
		age(`UPDATE ratings.ratings SET create_time = create_time - interval '31 days' WHERE id = $1`, rating)
		refuse(t, c, refused{"TOO_LATE_TO_CHANGE", cast.CustomerA, ratingv1.RatingService_UpdateRating_FullMethodName, update})
	})
}
