package e2e_test

import (
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// The columns: nobody; customers A and B; masters 1 and 2, receptionist, manager; receptionist, manager and master of
// another salon; administrator.

var accountRights = []right{
	{userv1.AuthService_Register_FullMethodName, everybody, func(*stage) proto.Message {
		return registration(func(*userv1.RegisterRequest) {})
	}},
	{userv1.AuthService_Login_FullMethodName, everybody, func(s *stage) proto.Message {
		return &userv1.LoginRequest{Email: s.CustomerB.Email, Password: s.CustomerB.Password}
	}},
	{userv1.AuthService_RefreshSession_FullMethodName, everybody, func(s *stage) proto.Message {
		return &userv1.RefreshSessionRequest{RefreshToken: s.CustomerB.SignIn(s.t).GetRefreshToken()}
	}},
	{userv1.AuthService_Logout_FullMethodName, everybody, func(*stage) proto.Message {
		return &userv1.LogoutRequest{RefreshToken: "unknown"}
	}},
	{userv1.AuthService_GetJwks_FullMethodName, everybody, fixed(&userv1.GetJwksRequest{})},
	{
		userv1.AuthService_ChangePassword_FullMethodName,
		"--  wrong wrong  wrong wrong wrong wrong  wrong wrong wrong  wrong", func(*stage) proto.Message {
			return &userv1.ChangePasswordRequest{CurrentPassword: "not the password", NewPassword: "a fine new password"}
		},
	},
	{userv1.AuthService_ListSessions_FullMethodName, signedIn, fixed(&userv1.ListSessionsRequest{})},
	{userv1.AuthService_RevokeSession_FullMethodName, "--  OK 404  404 404 404 404  404 404 404  404", func(s *stage) proto.Message {
		return &userv1.RevokeSessionRequest{SessionId: s.session()}
	}},
	{userv1.UserService_GetMe_FullMethodName, signedIn, fixed(&userv1.GetMeRequest{})},
	{userv1.UserService_UpdateMe_FullMethodName, signedIn, fixed(&userv1.UpdateMeRequest{Phone: new("+4930123456")})},
	{userv1.UserService_ListUsers_FullMethodName, adminOnly, fixed(&userv1.ListUsersRequest{})},
	{userv1.UserService_GetUser_FullMethodName, adminOnly, func(s *stage) proto.Message {
		return &userv1.GetUserRequest{UserId: s.CustomerA.ID}
	}},
	{userv1.UserService_SetUserRole_FullMethodName, adminOnly, func(s *stage) proto.Message {
		return &userv1.SetUserRoleRequest{UserId: s.subject.ID, Role: apiv1.Role_ROLE_ADMIN}
	}},
	{userv1.UserService_DisableUser_FullMethodName, adminOnly, func(s *stage) proto.Message {
		return &userv1.DisableUserRequest{UserId: s.subject.ID}
	}},
	{userv1.UserService_EnableUser_FullMethodName, adminOnly, func(s *stage) proto.Message {
		return &userv1.EnableUserRequest{UserId: s.subject.ID}
	}},
	{
		userv1.UserService_EraseMe_FullMethodName,
		"--  wrong wrong  wrong wrong wrong wrong  wrong wrong wrong  wrong", fixed(&userv1.EraseMeRequest{CurrentPassword: "not the password"}),
	},
	{userv1.UserService_EraseUser_FullMethodName, adminOnly, func(s *stage) proto.Message {
		return &userv1.EraseUserRequest{UserId: s.system.NewCustomer(s.t, "Erased").ID}
	}},
	{userv1.UserService_GetErasure_FullMethodName, everybody, func(s *stage) proto.Message {
		return &userv1.GetErasureRequest{ErasureId: s.erasure()}
	}},
	{userv1.UserService_ExportMe_FullMethodName, signedIn, fixed(&userv1.ExportMeRequest{})},
}

var memberRights = []right{
	{userv1.MemberService_ListMembers_FullMethodName, "--  no no  OK OK OK OK  404 404 404  OK", fixed(
		&userv1.ListMembersRequest{SalonId: salontest.DefaultSalon})},
	{userv1.MemberService_GetMember_FullMethodName, "--  no no  OK OK OK OK  404 404 404  OK", func(s *stage) proto.Message {
		return &userv1.GetMemberRequest{SalonId: salontest.DefaultSalon, UserId: s.Master1.ID}
	}},
	{userv1.MemberService_UpdateMember_FullMethodName, "--  no no  no no no OK  no 404 no  OK", func(s *stage) proto.Message {
		return &userv1.UpdateMemberRequest{
			SalonId: salontest.DefaultSalon, UserId: s.newReceptionist(), Roles: []apiv1.SalonRole{apiv1.SalonRole_SALON_ROLE_MANAGER},
		}
	}},
	{userv1.MemberService_RemoveMember_FullMethodName, "--  no no  no no no OK  404 404 404  OK", func(s *stage) proto.Message {
		return &userv1.RemoveMemberRequest{SalonId: salontest.DefaultSalon, UserId: s.newReceptionist()}
	}},
	{userv1.MemberService_InviteMember_FullMethodName, "--  no no  no no no OK  no 404 no  OK", fixed(&userv1.InviteMemberRequest{
		SalonId: salontest.DefaultSalon, Email: "nobody@example.com", Roles: []apiv1.SalonRole{apiv1.SalonRole_SALON_ROLE_RECEPTIONIST},
	})},
	{userv1.MemberService_ListInvitations_FullMethodName, "--  no no  no no no OK  no 404 no  OK", fixed(
		&userv1.ListInvitationsRequest{SalonId: salontest.DefaultSalon})},
	{userv1.MemberService_RevokeInvitation_FullMethodName, "--  no no  no no no OK  no 404 no  OK", func(s *stage) proto.Message {
		return &userv1.RevokeInvitationRequest{SalonId: salontest.DefaultSalon, InvitationId: s.invitation(s.subject)}
	}},
	{userv1.MemberService_ListMyInvitations_FullMethodName, signedIn, fixed(&userv1.ListMyInvitationsRequest{})},
	{userv1.MemberService_AcceptInvitation_FullMethodName, "--  404 404  404 404 OK 404  404 404 404  404", func(s *stage) proto.Message {
		return &userv1.AcceptInvitationRequest{InvitationId: s.invitation(s.receptionist)}
	}},
	{userv1.MemberService_DeclineInvitation_FullMethodName, "--  OK 404  404 404 404 404  404 404 404  404", func(s *stage) proto.Message {
		return &userv1.DeclineInvitationRequest{InvitationId: s.invitation(s.CustomerA)}
	}},
	{userv1.MasterService_GetMaster_FullMethodName, everybody, func(s *stage) proto.Message {
		return &userv1.GetMasterRequest{MasterId: s.Master1.ID}
	}},
	{userv1.MasterService_ListMasters_FullMethodName, everybody, fixed(&userv1.ListMastersRequest{})},
	{userv1.MasterService_CreateMaster_FullMethodName, managers, func(s *stage) proto.Message {
		return &userv1.CreateMasterRequest{SalonId: new(salontest.DefaultSalon), UserId: s.newReceptionist(), DisplayName: "New Master"}
	}},
	{userv1.MasterService_UpdateMaster_FullMethodName, "--  no no  OK no no OK  no no no  OK", func(s *stage) proto.Message {
		return &userv1.UpdateMasterRequest{MasterId: s.Master1.ID, Bio: new("Colour and care.")}
	}},
	{userv1.MasterService_DeleteMaster_FullMethodName, managers, func(s *stage) proto.Message {
		return &userv1.DeleteMasterRequest{MasterId: s.formerMaster()}
	}},
}

var salonRights = []right{
	{appointmentv1.SalonService_GetSalon_FullMethodName, everybody, fixed(&appointmentv1.GetSalonRequest{SalonId: salontest.DefaultSalon})},
	{appointmentv1.SalonService_ListSalons_FullMethodName, everybody, fixed(&appointmentv1.ListSalonsRequest{})},
	{appointmentv1.SalonService_CreateSalon_FullMethodName, adminOnly, func(*stage) proto.Message {
		return newSalon(func(*appointmentv1.CreateSalonRequest) {})
	}},
	{appointmentv1.SalonService_UpdateSalon_FullMethodName, managers, fixed(
		&appointmentv1.UpdateSalonRequest{SalonId: salontest.DefaultSalon, Description: new("By the park.")})},
	{appointmentv1.SalonService_DeleteSalon_FullMethodName, adminOnly, func(s *stage) proto.Message {
		return &appointmentv1.DeleteSalonRequest{SalonId: s.system.NewSalon(s.t).GetId()}
	}},
	{appointmentv1.SalonService_SetDefaultSalon_FullMethodName, adminOnly, fixed(
		&appointmentv1.SetDefaultSalonRequest{SalonId: salontest.DefaultSalon})},
	{getPolicy, everybody, fixed(&appointmentv1.GetBookingPolicyRequest{SalonId: salontest.DefaultSalon})},
	{updatePolicy, managers, fixed(
		&appointmentv1.UpdateBookingPolicyRequest{SalonId: salontest.DefaultSalon, BuffersWithinHours: new(false)})},
	{appointmentv1.CatalogService_GetService_FullMethodName, everybody, func(s *stage) proto.Message {
		return &appointmentv1.GetServiceRequest{ServiceId: s.Service.GetId()}
	}},
	{appointmentv1.CatalogService_ListServices_FullMethodName, everybody, fixed(&appointmentv1.ListServicesRequest{})},
	{appointmentv1.CatalogService_CreateService_FullMethodName, managers, func(*stage) proto.Message {
		return newService(func(r *appointmentv1.CreateServiceRequest) { r.SalonId = new(salontest.DefaultSalon) })
	}},
	{appointmentv1.CatalogService_UpdateService_FullMethodName, managers, func(s *stage) proto.Message {
		return &appointmentv1.UpdateServiceRequest{ServiceId: s.Service.GetId(), Description: new("A cut.")}
	}},
	{appointmentv1.CatalogService_DeleteService_FullMethodName, managers, func(s *stage) proto.Message {
		return &appointmentv1.DeleteServiceRequest{ServiceId: s.system.NewService(s.t).GetId()}
	}},
	{appointmentv1.CatalogService_ListOfferings_FullMethodName, everybody, func(s *stage) proto.Message {
		return &appointmentv1.ListOfferingsRequest{MasterId: s.Master1.ID}
	}},
	{appointmentv1.CatalogService_PutOffering_FullMethodName, managers, func(s *stage) proto.Message {
		return &appointmentv1.PutOfferingRequest{MasterId: s.Master1.ID, ServiceId: s.Service.GetId()}
	}},
	{appointmentv1.CatalogService_DeleteOffering_FullMethodName, managers, func(s *stage) proto.Message {
		service := s.system.NewService(s.t)
		s.system.Offer(s.t, s.Master1, service)
		return &appointmentv1.DeleteOfferingRequest{MasterId: s.Master1.ID, ServiceId: service.GetId()}
	}},
}

// Rows about hours. Nothing that they change matters to a booking: the hours of the salon and the master stay empty, and the dates are
// far away.
var scheduleRights = []right{
	{appointmentv1.ScheduleService_GetOpeningHours_FullMethodName, everybody, fixed(
		&appointmentv1.GetOpeningHoursRequest{SalonId: salontest.DefaultSalon})},
	{appointmentv1.ScheduleService_SetOpeningHours_FullMethodName, managers, fixed(
		&appointmentv1.SetOpeningHoursRequest{SalonId: salontest.DefaultSalon})},
	{appointmentv1.ScheduleService_ListClosures_FullMethodName, everybody, fixed(
		&appointmentv1.ListClosuresRequest{SalonId: salontest.DefaultSalon})},
	{appointmentv1.ScheduleService_CreateClosure_FullMethodName, managers, func(*stage) proto.Message {
		return &appointmentv1.CreateClosureRequest{SalonId: salontest.DefaultSalon, StartDate: farDate()}
	}},
	{appointmentv1.ScheduleService_DeleteClosure_FullMethodName, managers, func(s *stage) proto.Message {
		made := salontest.Do[*appointmentv1.CreateClosureResponse](s.t, s.system.REST(), s.manager,
			appointmentv1.ScheduleService_CreateClosure_FullMethodName,
			&appointmentv1.CreateClosureRequest{SalonId: salontest.DefaultSalon, StartDate: farDate()})
		return &appointmentv1.DeleteClosureRequest{ClosureId: made.GetClosure().GetId()}
	}},
	{appointmentv1.ScheduleService_GetWorkingHours_FullMethodName, seeHours, func(s *stage) proto.Message {
		return &appointmentv1.GetWorkingHoursRequest{MasterId: s.Master1.ID}
	}},
	{appointmentv1.ScheduleService_SetWorkingHours_FullMethodName, setHours, func(s *stage) proto.Message {
		return &appointmentv1.SetWorkingHoursRequest{MasterId: s.Master1.ID}
	}},
	{appointmentv1.ScheduleService_ListOverrides_FullMethodName, seeHours, func(s *stage) proto.Message {
		return &appointmentv1.ListOverridesRequest{MasterId: s.Master1.ID}
	}},
	{appointmentv1.ScheduleService_CreateOverride_FullMethodName, setHours, func(s *stage) proto.Message {
		return &appointmentv1.CreateOverrideRequest{MasterId: s.Master1.ID, StartDate: farDate()}
	}},
	{appointmentv1.ScheduleService_DeleteOverride_FullMethodName, setHours, func(s *stage) proto.Message {
		made := salontest.Do[*appointmentv1.CreateOverrideResponse](s.t, s.system.REST(), s.manager,
			appointmentv1.ScheduleService_CreateOverride_FullMethodName,
			&appointmentv1.CreateOverrideRequest{MasterId: s.Master1.ID, StartDate: farDate()})
		return &appointmentv1.DeleteOverrideRequest{OverrideId: made.GetOverride().GetId()}
	}},
	{appointmentv1.ScheduleService_ListTimeOff_FullMethodName, seeHours, func(s *stage) proto.Message {
		return &appointmentv1.ListTimeOffRequest{MasterId: s.Master1.ID}
	}},
	{appointmentv1.ScheduleService_CreateTimeOff_FullMethodName, setHours, func(s *stage) proto.Message { return s.timeOff() }},
	{appointmentv1.ScheduleService_DeleteTimeOff_FullMethodName, setHours, func(s *stage) proto.Message {
		made := salontest.Do[*appointmentv1.CreateTimeOffResponse](s.t, s.system.REST(), s.manager,
			appointmentv1.ScheduleService_CreateTimeOff_FullMethodName, s.timeOff())
		return &appointmentv1.DeleteTimeOffRequest{TimeOffId: made.GetTimeOff().GetId()}
	}},
	{appointmentv1.ScheduleService_GetSchedule_FullMethodName, seeHours, func(s *stage) proto.Message {
		return &appointmentv1.GetScheduleRequest{MasterId: s.Master1.ID, StartDate: "2100-01-01", EndDate: "2100-01-31"}
	}},
}

var resourceRights = []right{
	{listResourceKinds, everybody, fixed(&appointmentv1.ListResourceKindsRequest{SalonId: salontest.DefaultSalon})},
	{createResourceKind, managers, func(*stage) proto.Message {
		return &appointmentv1.CreateResourceKindRequest{SalonId: salontest.DefaultSalon, Name: "Kind " + salontest.Unique()}
	}},
	{deleteResourceKind, managers, func(s *stage) proto.Message {
		return &appointmentv1.DeleteResourceKindRequest{ResourceKindId: s.system.NewResourceKind(s.t, salontest.DefaultSalon).GetId()}
	}},
	{listResources, "--  no no  OK OK OK OK  404 404 404  OK", fixed(&appointmentv1.ListResourcesRequest{SalonId: salontest.DefaultSalon})},
	{createResource, "--  no no  no no no OK  no 404 no  OK", func(s *stage) proto.Message {
		return &appointmentv1.CreateResourceRequest{
			SalonId: salontest.DefaultSalon, ResourceKindId: s.kind.GetId(), Name: "Resource " + salontest.Unique(),
		}
	}},
	{updateResource, "--  no no  no no no OK  no 404 no  OK", func(s *stage) proto.Message {
		return &appointmentv1.UpdateResourceRequest{ResourceId: s.resource.GetId(), Name: new("Resource " + salontest.Unique())}
	}},
	{deleteResource, "--  no no  no no no OK  no 404 no  OK", func(s *stage) proto.Message {
		return &appointmentv1.DeleteResourceRequest{ResourceId: s.system.NewResource(s.t, s.kind).GetId()}
	}},
	{listResourceClosures, "--  no no  OK OK OK OK  404 404 404  OK", func(s *stage) proto.Message {
		return &appointmentv1.ListResourceClosuresRequest{ResourceId: s.resource.GetId()}
	}},
	{createResourceClosure, "--  no no  no no no OK  no 404 no  OK", func(s *stage) proto.Message {
		start := s.system.NextStart()
		return &appointmentv1.CreateResourceClosureRequest{
			ResourceId: s.resource.GetId(), StartTime: timestamp(start), EndTime: timestamp(start.Add(time.Hour)),
		}
	}},
	{deleteResourceClosure, "--  no no  no no no OK  no 404 no  OK", func(s *stage) proto.Message {
		return &appointmentv1.DeleteResourceClosureRequest{
			ResourceClosureId: s.system.CloseResource(s.t, s.resource, s.system.NextStart()).GetId(),
		}
	}},
}

var customerRights = []right{
	{appointmentv1.CustomerService_GetCustomer_FullMethodName, "--  no no  OK OK OK OK  404 404 404  OK", func(s *stage) proto.Message {
		return &appointmentv1.GetCustomerRequest{CustomerId: s.customer}
	}},
	{appointmentv1.CustomerService_ListCustomers_FullMethodName, "--  no no  OK OK OK OK  OK OK OK  OK", fixed(
		&appointmentv1.ListCustomersRequest{})},
	{appointmentv1.CustomerService_CreateCustomer_FullMethodName, "--  no no  OK OK OK OK  no no no  OK", fixed(
		&appointmentv1.CreateCustomerRequest{SalonId: new(salontest.DefaultSalon), DisplayName: "Ida Keller"})},
	{appointmentv1.CustomerService_UpdateCustomer_FullMethodName, "--  no no  OK OK OK OK  404 404 404  OK", func(s *stage) proto.Message {
		return &appointmentv1.UpdateCustomerRequest{CustomerId: s.customer, Notes: new("Prefers mornings.")}
	}},
}

var appointmentRights = []right{
	{appointmentv1.AppointmentService_CreateAppointment_FullMethodName, signedIn, func(s *stage) proto.Message {
		return salontest.Booking(s.Master1, s.Service, s.system.NextStart())
	}},
	{appointmentv1.AppointmentService_GetAppointment_FullMethodName, "--  OK 404  OK 404 OK OK  404 404 404  OK", func(s *stage) proto.Message {
		return &appointmentv1.GetAppointmentRequest{AppointmentId: s.completed.GetId()}
	}},
	{appointmentv1.AppointmentService_ListAppointments_FullMethodName, signedIn, fixed(&appointmentv1.ListAppointmentsRequest{})},
	{listAppointmentHistory, "--  OK 404  OK 404 OK OK  404 404 404  OK", func(s *stage) proto.Message {
		return &appointmentv1.ListAppointmentHistoryRequest{AppointmentId: s.completed.GetId()}
	}},
	{appointmentv1.AppointmentService_CancelAppointment_FullMethodName, "--  OK 404  OK 404 OK OK  404 404 404  OK", func(s *stage) proto.Message {
		return &appointmentv1.CancelAppointmentRequest{AppointmentId: s.pending()}
	}},
	{
		appointmentv1.AppointmentService_RescheduleAppointment_FullMethodName,
		"--  OK 404  OK 404 OK OK  404 404 404  OK", func(s *stage) proto.Message {
			return &appointmentv1.RescheduleAppointmentRequest{AppointmentId: s.pending(), StartTime: timestamp(s.system.NextStart())}
		},
	},
	{appointmentv1.AppointmentService_ConfirmAppointment_FullMethodName, "--  no no  OK 404 OK OK  404 404 404  OK", func(s *stage) proto.Message {
		return &appointmentv1.ConfirmAppointmentRequest{AppointmentId: s.pending()}
	}},
	{declineAppointment, "--  no no  OK 404 OK OK  404 404 404  OK", func(s *stage) proto.Message {
		return &appointmentv1.DeclineAppointmentRequest{AppointmentId: s.pending()}
	}},
	{appointmentv1.AppointmentService_CompleteAppointment_FullMethodName, "--  no no  OK 404 OK OK  404 404 404  OK", func(s *stage) proto.Message {
		return &appointmentv1.CompleteAppointmentRequest{AppointmentId: s.confirmed(), Early: true}
	}},
	{
		appointmentv1.AppointmentService_MarkNoShow_FullMethodName,
		"--  no no  wrong 404 wrong wrong  404 404 404  wrong", func(s *stage) proto.Message {
			return &appointmentv1.MarkNoShowRequest{AppointmentId: s.confirmed()} // which has not begun
		},
	},
}

// seesSeries is for what whoever sees an appointment of a series may do.
const seesSeries = "--  OK 404  OK 404 OK OK  404 404 404  OK"

var seriesRights = []right{
	{createSeries, signedIn, func(s *stage) proto.Message { return s.seriesRequest() }},
	{getSeries, seesSeries, func(s *stage) proto.Message { return &appointmentv1.GetAppointmentSeriesRequest{SeriesId: s.series()} }},
	{listSeries, signedIn, fixed(&appointmentv1.ListAppointmentSeriesRequest{})},
	{rescheduleSeries, seesSeries, func(s *stage) proto.Message {
		return &appointmentv1.RescheduleAppointmentSeriesRequest{SeriesId: s.series(), ShiftDays: 1, ValidateOnly: true}
	}},
	{cancelSeries, seesSeries, func(s *stage) proto.Message {
		return &appointmentv1.CancelAppointmentSeriesRequest{SeriesId: s.series()}
	}},
}

var deskRights = []right{
	{walkIn, "--  no no  OK no OK OK  no no no  OK", func(s *stage) proto.Message {
		return &appointmentv1.WalkInRequest{
			Segments: []*appointmentv1.SegmentInput{salontest.Segment(s.Master1, s.Service)}, ValidateOnly: true,
		}
	}},
	{adjustAppointment, "--  no no  OK 404 OK OK  404 404 404  OK", func(s *stage) proto.Message {
		a := s.Book(s.t, s.CustomerA, s.Master1)
		return &appointmentv1.AdjustAppointmentRequest{
			AppointmentId: a.GetId(), EndTime: timestamp(a.GetEndTime().AsTime().Add(-15 * time.Minute)),
		}
	}},
}

var ratingRights = []right{
	{ratingv1.RatingService_CreateRating_FullMethodName, "--  OK 404  404 404 404 404  404 404 404  404", func(s *stage) proto.Message {
		return &ratingv1.CreateRatingRequest{AppointmentId: s.unrated(), Stars: 5}
	}},
	{ratingv1.RatingService_ListAppointmentRatings_FullMethodName, "--  OK 404  404 404 404 404  404 404 404  OK", func(s *stage) proto.Message {
		return &ratingv1.ListAppointmentRatingsRequest{AppointmentId: s.completed.GetId()}
	}},
	{ratingv1.RatingService_GetRating_FullMethodName, everybody, func(s *stage) proto.Message {
		return &ratingv1.GetRatingRequest{RatingId: s.rating.GetId()}
	}},
	{ratingv1.RatingService_UpdateRating_FullMethodName, "--  OK no  no no no no  no no no  no", func(s *stage) proto.Message {
		return &ratingv1.UpdateRatingRequest{RatingId: s.rating.GetId(), Stars: new(int32(3))}
	}},
	{ratingv1.RatingService_DeleteRating_FullMethodName, "--  OK no  no no no no  no no no  OK", func(s *stage) proto.Message {
		return &ratingv1.DeleteRatingRequest{RatingId: s.newRating().GetId()}
	}},
	{ratingv1.RatingService_ReplyToRating_FullMethodName, "--  no no  OK no no no  no no no  no", func(s *stage) proto.Message {
		return &ratingv1.ReplyToRatingRequest{RatingId: s.rating.GetId(), Reply: new("Thank you!")}
	}},
	{ratingv1.RatingService_ListMasterRatings_FullMethodName, everybody, func(s *stage) proto.Message {
		return &ratingv1.ListMasterRatingsRequest{MasterId: s.Master1.ID}
	}},
	{ratingv1.RatingService_GetRatingSummary_FullMethodName, everybody, func(s *stage) proto.Message {
		return &ratingv1.GetRatingSummaryRequest{MasterId: s.Master1.ID}
	}},
}

var watchRights = []right{
	{appointmentv1.WatchService_WatchAppointments_FullMethodName, signedIn, func(*stage) proto.Message { return watchDiary() }},
	{appointmentv1.WatchService_WatchAvailability_FullMethodName, everybody, func(s *stage) proto.Message {
		return watchFree(s.Service.GetId())
	}},
	{appointmentv1.WatchService_IssueWatchTicket_FullMethodName, signedIn, func(*stage) proto.Message { return ticketOf(watchDiary()) }},
}

var notificationRights = []right{
	{notificationv1.NotificationService_ListNotifications_FullMethodName, signedIn, fixed(&notificationv1.ListNotificationsRequest{})},
	{notificationv1.NotificationService_GetUnreadCount_FullMethodName, signedIn, fixed(&notificationv1.GetUnreadCountRequest{})},
	{
		notificationv1.NotificationService_MarkNotificationRead_FullMethodName,
		"--  OK 404  404 404 404 404  404 404 404  404", func(s *stage) proto.Message {
			return &notificationv1.MarkNotificationReadRequest{NotificationId: s.notification}
		},
	},
	{notificationv1.NotificationService_MarkAllNotificationsRead_FullMethodName, signedIn, fixed(&notificationv1.MarkAllNotificationsReadRequest{})},
	{watchNotifications, signedIn, fixed(&notificationv1.WatchNotificationsRequest{})},
	{issueNotificationTicket, signedIn, fixed(&notificationv1.IssueNotificationTicketRequest{})},
}
