package e2e_test

import (
	"fmt"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// The protocols of a refusal.
const (
	both     = ""
	onlyREST = "REST"
	onlyGRPC = "gRPC"
)

// refusal is an input that has to be refused, and how. It is given as a message of the contract, or as an HTTP request
// where no message can be like that.
type refusal struct {
	name   string
	over   string // both, or one of the protocols
	as     salontest.Identity
	method string
	req    proto.Message
	http   *salontest.Request
	reason string   // the code follows from it
	fields []string // that have to be named as wrong
}

// world is what the refused inputs are about.
type world struct {
	*salontest.Cast
	system    *salontest.System
	pending   *appointmentv1.Appointment // of customer A with master 1
	completed *appointmentv1.Appointment // the same
	rating    *ratingv1.Rating           // of another completed appointment of theirs

	receptionist, manager *salontest.Account
	unregistered          *appointmentv1.Customer // without an account

	other         *salontest.Cast         // of another salon
	otherCustomer *appointmentv1.Customer // of that salon

	kind      *appointmentv1.ResourceKind // a kind, and a resource of it
	resource  *appointmentv1.Resource
	otherKind *appointmentv1.ResourceKind // of the other salon
}

func newWorld(t *testing.T, s *salontest.System) *world {
	t.Helper()
	w := &world{
		Cast: s.NewCast(t), system: s,
		receptionist: s.NewReceptionist(t, salontest.DefaultSalon), manager: s.NewManager(t, salontest.DefaultSalon),
		unregistered: s.NewCustomerOf(t, salontest.DefaultSalon, "Ida Keller"),
	}
	other := s.NewSalon(t).GetId()
	w.other, w.otherCustomer = s.NewCastOf(t, other), s.NewCustomerOf(t, other, "Other Customer")
	w.kind, w.otherKind = s.NewResourceKind(t, salontest.DefaultSalon), s.NewResourceKind(t, other)
	w.resource = s.NewResource(t, w.kind)
	w.pending = w.Book(t, w.CustomerA, w.Master1)
	w.completed = w.Complete(t, w.Master1, w.Book(t, w.CustomerA, w.Master1))
	rated := w.Complete(t, w.Master1, w.Book(t, w.CustomerA, w.Master1))
	w.rating = salontest.Do[*ratingv1.Rating](t, s.REST(), w.CustomerA, ratingv1.RatingService_CreateRating_FullMethodName,
		&ratingv1.CreateRatingRequest{AppointmentId: rated.GetId(), Stars: 4, Comment: "Good."})
	salontest.Eventually(t, func() error { // a copy that arrives later would look like a change
		m := salontest.Do[*userv1.Master](t, s.GRPC(), nil, userv1.MasterService_GetMaster_FullMethodName,
			&userv1.GetMasterRequest{MasterId: w.Master1.ID})
		if m.GetRatingCount() != 1 {
			return fmt.Errorf("the master has %d ratings", m.GetRatingCount())
		}
		return nil
	})
	return w
}

// everything is what the system's clients can see, for comparison.
func (w *world) everything(t *testing.T) []proto.Message {
	t.Helper()
	c := w.system.GRPC()
	list := func(method string, req proto.Message) proto.Message {
		return salontest.Do[proto.Message](t, c, w.Admin, method, req)
	}
	return []proto.Message{
		list(userv1.UserService_ListUsers_FullMethodName, &userv1.ListUsersRequest{PageSize: 100}),
		list(userv1.MasterService_ListMasters_FullMethodName, &userv1.ListMastersRequest{PageSize: 100}),
		list(appointmentv1.CatalogService_ListServices_FullMethodName, &appointmentv1.ListServicesRequest{PageSize: 100}),
		list(appointmentv1.CatalogService_ListOfferings_FullMethodName, &appointmentv1.ListOfferingsRequest{MasterId: w.Master1.ID}),
		list(appointmentv1.AppointmentService_ListAppointments_FullMethodName, &appointmentv1.ListAppointmentsRequest{PageSize: 100}),
		list(appointmentv1.SalonService_ListSalons_FullMethodName, &appointmentv1.ListSalonsRequest{PageSize: 100}),
		list(listResourceKinds, &appointmentv1.ListResourceKindsRequest{SalonId: salontest.DefaultSalon}),
		list(listResources, &appointmentv1.ListResourcesRequest{SalonId: salontest.DefaultSalon, PageSize: 100}),
		list(listResourceClosures, &appointmentv1.ListResourceClosuresRequest{ResourceId: w.resource.GetId(), PageSize: 100}),
		list(getPolicy, &appointmentv1.GetBookingPolicyRequest{SalonId: salontest.DefaultSalon}),
		list(appointmentv1.CustomerService_ListCustomers_FullMethodName, &appointmentv1.ListCustomersRequest{PageSize: 100}),
		list(userv1.MemberService_ListMembers_FullMethodName, &userv1.ListMembersRequest{SalonId: salontest.DefaultSalon, PageSize: 100}),
		list(userv1.MemberService_ListInvitations_FullMethodName,
			&userv1.ListInvitationsRequest{SalonId: salontest.DefaultSalon, PageSize: 100}),
		list(ratingv1.RatingService_ListMasterRatings_FullMethodName, &ratingv1.ListMasterRatingsRequest{MasterId: w.Master1.ID}),
		list(appointmentv1.ScheduleService_GetOpeningHours_FullMethodName,
			&appointmentv1.GetOpeningHoursRequest{SalonId: salontest.DefaultSalon}),
		list(appointmentv1.ScheduleService_ListClosures_FullMethodName, &appointmentv1.ListClosuresRequest{SalonId: salontest.DefaultSalon}),
		list(appointmentv1.ScheduleService_GetWorkingHours_FullMethodName, &appointmentv1.GetWorkingHoursRequest{MasterId: w.Master1.ID}),
		list(appointmentv1.ScheduleService_ListOverrides_FullMethodName, &appointmentv1.ListOverridesRequest{MasterId: w.Master1.ID}),
		list(appointmentv1.ScheduleService_ListTimeOff_FullMethodName, &appointmentv1.ListTimeOffRequest{MasterId: w.Master1.ID}),
	}
}

// TestRefused sends every input that is wrong by itself, or at the wrong time. The answer has to name the reason and the
// field, and nothing may change.
//
// What there is is compared after each group of inputs. When something has changed, its cases by themselves say which did.
func TestRefused(t *testing.T) {
	t.Parallel() // no other test has the quiet system meanwhile: the others are not parallel
	w := newWorld(t, quiet.Get(t))
	groups := []struct {
		name  string
		cases []refusal
	}{
		{"bodies", w.bodies()},
		{"parameters", w.parameters()},
		{"numbers", w.numbers()},
		{"times", w.times()},
		{"absent values", w.absent()},
		{"pages", w.pages(t)},
		{"ids", w.ids()},
		{"texts", w.texts()},
		{"addresses", w.addresses()},
		{"states", w.states()},
		{"salons", w.salons()},
		{"policies", w.policies()},
		{"hours", w.hours(t)},
		{"availability", w.availability(t)},
		{"resources", w.resources(t)},
		{"phases", w.phases()},
		{"members", w.members(t)},
		{"customers", w.customers()},
		{"chains", w.chains(t)},
		{"desk", w.desk()},
		{"groups", w.groups()},
	}
	before := w.everything(t)
	for _, group := range groups {
		t.Run(group.name, func(t *testing.T) {
			for _, r := range group.cases {
				for _, c := range w.system.Callers() {
					if r.over == both || r.over == c.Name() {
						t.Run(r.name+"/"+c.Name(), func(t *testing.T) { r.check(t, c) })
					}
				}
			}
			after := w.everything(t)
			for i := range after {
				salontest.Same(t, after[i], before[i])
			}
			before = after // one change is one failure
		})
	}
}

// check sends the input once.
func (r refusal) check(t *testing.T, c salontest.Caller) {
	t.Helper()
	var got *salontest.Result
	if r.http != nil {
		if r.as != nil {
			r.http.As(t, r.as)
		}
		got = c.System().HTTP(t, r.http).Result(t, nil)
	} else {
		got = c.Call(t, r.as, r.method, r.req)
	}
	if got.Code == codes.OK || got.Reason != r.reason {
		t.Fatalf("got %v, want %s", got, r.reason)
	}
	for _, field := range r.fields {
		if !got.HasField(field) {
			t.Errorf("%q is not named as wrong in %v", field, got)
		}
	}
}

// registration is a good registration, for cases that spoil one field of it.
func registration(change func(*userv1.RegisterRequest)) *userv1.RegisterRequest {
	req := &userv1.RegisterRequest{
		Email: "new-" + salontest.Unique() + "@example.com", Password: salontest.Password, DisplayName: "New Customer",
	}
	change(req)
	return req
}

// newService is a good service, for cases that spoil one field of it.
func newService(change func(*appointmentv1.CreateServiceRequest)) *appointmentv1.CreateServiceRequest {
	req := &appointmentv1.CreateServiceRequest{
		Name: "Service " + salontest.Unique(), Category: "Hair", DurationMinutes: new(int32(30)),
		Price: &apiv1.Money{CurrencyCode: "EUR", AmountMinor: new(int32(3000))},
	}
	change(req)
	return req
}

// newSalon is a good salon, for cases that spoil one field of it.
func newSalon(change func(*appointmentv1.CreateSalonRequest)) *appointmentv1.CreateSalonRequest {
	unique := salontest.Unique()
	req := &appointmentv1.CreateSalonRequest{
		Name: "Salon " + unique, Slug: "salon-" + unique, TimeZone: "Europe/Berlin", CurrencyCode: "EUR",
	}
	change(req)
	return req
}
