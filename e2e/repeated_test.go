package e2e_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// TestRequestID: the same request id with the same request gives the first answer, with another request an error.
func TestRequestID(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	cast := people(t)
	kind, start := s.NewResourceKind(t, salontest.DefaultSalon), s.NextStart()
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		for name, call := range map[string]struct {
			method string
			as     salontest.Identity
			req    proto.Message
			change func(proto.Message)
		}{
			"appointment": {
				appointmentv1.AppointmentService_CreateAppointment_FullMethodName, cast.CustomerA,
				salontest.Booking(cast.Master1, cast.Service, s.NextStart()),
				func(m proto.Message) { m.(*appointmentv1.CreateAppointmentRequest).Note = "another" },
			},
			"service": {
				appointmentv1.CatalogService_CreateService_FullMethodName, cast.Admin,
				newService(func(*appointmentv1.CreateServiceRequest) {}),
				func(m proto.Message) { m.(*appointmentv1.CreateServiceRequest).DurationMinutes = new(int32(45)) },
			},
			"account": {
				userv1.AuthService_Register_FullMethodName, nil, registration(func(*userv1.RegisterRequest) {}),
				func(m proto.Message) { m.(*userv1.RegisterRequest).DisplayName = "Another" },
			},
			"master": {
				userv1.MasterService_CreateMaster_FullMethodName, cast.Admin,
				&userv1.CreateMasterRequest{UserId: s.NewCustomer(t, "Newcomer").ID, DisplayName: "New Master"},
				func(m proto.Message) { m.(*userv1.CreateMasterRequest).Bio = "Another." },
			},
			"salon": {
				appointmentv1.SalonService_CreateSalon_FullMethodName, cast.Admin, newSalon(func(*appointmentv1.CreateSalonRequest) {}),
				func(m proto.Message) { m.(*appointmentv1.CreateSalonRequest).Name = "Another" },
			},
			"closure": {
				appointmentv1.ScheduleService_CreateClosure_FullMethodName, cast.Admin,
				&appointmentv1.CreateClosureRequest{SalonId: salontest.DefaultSalon, StartDate: farDate()},
				func(m proto.Message) { m.(*appointmentv1.CreateClosureRequest).Title = "Another" },
			},
			"override": {
				appointmentv1.ScheduleService_CreateOverride_FullMethodName, cast.Admin,
				&appointmentv1.CreateOverrideRequest{MasterId: cast.Master1.ID, StartDate: farDate()},
				func(m proto.Message) { m.(*appointmentv1.CreateOverrideRequest).Note = "Another." },
			},
			"time off": {
				appointmentv1.ScheduleService_CreateTimeOff_FullMethodName, cast.Admin, &appointmentv1.CreateTimeOffRequest{
					MasterId: cast.Master1.ID, StartDate: farDate(), Kind: appointmentv1.TimeOffKind_TIME_OFF_KIND_SICK,
				},
				func(m proto.Message) { m.(*appointmentv1.CreateTimeOffRequest).Note = "Another." },
			},
			"customer": {
				appointmentv1.CustomerService_CreateCustomer_FullMethodName, cast.Master1,
				&appointmentv1.CreateCustomerRequest{DisplayName: "Ida Keller"},
				func(m proto.Message) { m.(*appointmentv1.CreateCustomerRequest).Notes = "Another." },
			},
			"kind of resources": {
				createResourceKind, cast.Admin,
				&appointmentv1.CreateResourceKindRequest{SalonId: salontest.DefaultSalon, Name: "Kind " + salontest.Unique()},
				func(m proto.Message) { m.(*appointmentv1.CreateResourceKindRequest).Name = "Another" },
			},
			"resource": {
				createResource, cast.Admin,
				&appointmentv1.CreateResourceRequest{SalonId: salontest.DefaultSalon, ResourceKindId: kind.GetId(), Name: "Resource " + salontest.Unique()},
				func(m proto.Message) { m.(*appointmentv1.CreateResourceRequest).Name = "Another" },
			},
			"closure of a resource": {
				createResourceClosure, cast.Admin, &appointmentv1.CreateResourceClosureRequest{
					ResourceId: s.NewResource(t, kind).GetId(), StartTime: timestamp(start), EndTime: timestamp(start.Add(time.Hour)),
				},
				func(m proto.Message) { m.(*appointmentv1.CreateResourceClosureRequest).Note = "Another" },
			},
			"invitation": {
				userv1.MemberService_InviteMember_FullMethodName, cast.Admin, &userv1.InviteMemberRequest{
					SalonId: salontest.DefaultSalon, Email: "invited-" + salontest.Unique() + "@example.com",
					Roles: []apiv1.SalonRole{apiv1.SalonRole_SALON_ROLE_RECEPTIONIST},
				},
				func(m proto.Message) {
					m.(*userv1.InviteMemberRequest).Roles = []apiv1.SalonRole{apiv1.SalonRole_SALON_ROLE_MANAGER}
				},
			},
			"rating": {
				ratingv1.RatingService_CreateRating_FullMethodName, cast.CustomerA,
				&ratingv1.CreateRatingRequest{
					AppointmentId: cast.Complete(t, cast.Master1, cast.Book(t, cast.CustomerA, cast.Master1)).GetId(), Stars: 4,
				},
				func(m proto.Message) { m.(*ratingv1.CreateRatingRequest).Stars = 5 },
			},
		} {
			t.Run(name, func(t *testing.T) {
				setText(call.req, "request_id", uuid.NewString())
				first := salontest.Do[proto.Message](t, c, call.as, call.method, call.req)
				salontest.Same(t, salontest.Do[proto.Message](t, c, call.as, call.method, call.req), first)
				call.change(call.req)
				c.Call(t, call.as, call.method, call.req).Want(t, codes.AlreadyExists, "REQUEST_ID_REUSED")
			})
		}
	})
}

// TestRequestInFlight sends a request many times at once: all that succeed have the same answer, and the others learn that
// the first one is still running.
func TestRequestInFlight(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	cast := people(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		customer := s.NewCustomer(t, "Impatient")
		req := salontest.Booking(cast.Master1, cast.Service, s.NextStart())
		req.RequestId = uuid.NewString()
		results := make([]*salontest.Result, 20)
		var calls sync.WaitGroup
		for i := range results {
			calls.Go(func() {
				results[i] = c.Call(t, customer, appointmentv1.AppointmentService_CreateAppointment_FullMethodName, req)
			})
		}
		calls.Wait()
		var first proto.Message
		for _, r := range results {
			switch {
			case r.Code != codes.OK:
				r.Want(t, codes.Aborted, "REQUEST_IN_FLIGHT")
			case first == nil:
				first = r.Message
			default:
				salontest.Same(t, r.Message, first)
			}
		}
		if first == nil {
			t.Fatal("none succeeded")
		}
		salontest.Same(t, salontest.Do[proto.Message](t, c, customer,
			appointmentv1.AppointmentService_CreateAppointment_FullMethodName, req), first)
		list := salontest.Do[*appointmentv1.ListAppointmentsResponse](t, c, customer,
			appointmentv1.AppointmentService_ListAppointments_FullMethodName,
			&appointmentv1.ListAppointmentsRequest{From: req.GetStartTime(), PageSize: 1})
		if len(list.GetAppointments()) != 1 || list.GetNextPageToken() != "" {
			t.Errorf("there are more appointments than one: %v", list)
		}
	})
}

// TestRepeatedVerbs: what was done is not done again, and says the same.
func TestRepeatedVerbs(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	cast := people(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		appointment := cast.Book(t, cast.CustomerA, cast.Master1)
		twice := func(as salontest.Identity, method string, req proto.Message) {
			t.Helper()
			first := salontest.Do[proto.Message](t, c, as, method, req)
			salontest.Same(t, salontest.Do[proto.Message](t, c, as, method, req), first)
		}
		id := appointment.GetId()
		twice(cast.Master1, appointmentv1.AppointmentService_ConfirmAppointment_FullMethodName,
			&appointmentv1.ConfirmAppointmentRequest{AppointmentId: id, Etag: appointment.GetEtag()})
		twice(cast.CustomerA, appointmentv1.AppointmentService_CancelAppointment_FullMethodName,
			&appointmentv1.CancelAppointmentRequest{AppointmentId: id, Reason: "I am ill."})
		other := cast.Book(t, cast.CustomerA, cast.Master1)
		cast.Confirm(t, cast.Master1, other)
		twice(cast.Master1, appointmentv1.AppointmentService_CompleteAppointment_FullMethodName,
			&appointmentv1.CompleteAppointmentRequest{AppointmentId: other.GetId(), Early: true})
		customer := s.NewCustomer(t, "Locked")
		twice(cast.Admin, userv1.UserService_DisableUser_FullMethodName, &userv1.DisableUserRequest{UserId: customer.ID})
		twice(cast.Admin, userv1.UserService_EnableUser_FullMethodName, &userv1.EnableUserRequest{UserId: customer.ID})
	})
}
