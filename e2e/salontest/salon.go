package salontest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// DefaultSalon is the id of the salon that a new installation begins with.
const DefaultSalon = "00000000-0000-7000-8000-000000000001"

// LiftBookingLimit lets customers have any number of open appointments in the default salon.
func (s *System) LiftBookingLimit(ctx context.Context) error {
	pair, err := userv1.NewAuthServiceClient(s.Conn()).Login(ctx, &userv1.LoginRequest{Email: AdminEmail, Password: AdminPassword})
	if err != nil {
		return fmt.Errorf("sign in as administrator: %w", err)
	}
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+pair.GetAccessToken())
	_, err = appointmentv1.NewSalonServiceClient(s.Conn()).UpdateBookingPolicy(ctx,
		&appointmentv1.UpdateBookingPolicyRequest{SalonId: DefaultSalon, MaxOpenAppointments: new(int32(0))})
	if err != nil {
		return fmt.Errorf("lift the limit of open appointments: %w", err)
	}
	return nil
}

// NewSalon adds a salon in Berlin without a limit of open appointments. Each change alters the request first.
func (s *System) NewSalon(t testing.TB, changes ...func(*appointmentv1.CreateSalonRequest)) *appointmentv1.Salon {
	t.Helper()
	unique := Unique()
	req := &appointmentv1.CreateSalonRequest{
		Name: "Salon " + unique, Slug: "salon-" + unique, TimeZone: "Europe/Berlin", CurrencyCode: "EUR",
	}
	for _, change := range changes {
		change(req)
	}
	salon := Do[*appointmentv1.Salon](t, s.REST(), s.Admin(), appointmentv1.SalonService_CreateSalon_FullMethodName, req)
	s.LimitBookings(t, salon.GetId(), 0)
	return salon
}

// LimitBookings sets how many open appointments a customer may have in a salon; 0 for no limit.
func (s *System) LimitBookings(t testing.TB, salonID string, most int32) {
	t.Helper()
	Do[*appointmentv1.BookingPolicy](t, s.REST(), s.Admin(), appointmentv1.SalonService_UpdateBookingPolicy_FullMethodName,
		&appointmentv1.UpdateBookingPolicyRequest{SalonId: salonID, MaxOpenAppointments: &most})
}

// Step sets the distance of the starts that customers of a salon may choose, in minutes.
func (s *System) Step(t testing.TB, salonID string, minutes int32) {
	t.Helper()
	Do[*appointmentv1.BookingPolicy](t, s.REST(), s.Admin(), appointmentv1.SalonService_UpdateBookingPolicy_FullMethodName,
		&appointmentv1.UpdateBookingPolicyRequest{SalonId: salonID, SlotStepMinutes: &minutes})
}

// Invite invites an account to be a member of a salon, as the administrator.
func (s *System) Invite(t testing.TB, salonID string, a *Account, roles ...apiv1.SalonRole) *userv1.Invitation {
	t.Helper()
	return Do[*userv1.Invitation](t, s.REST(), s.Admin(), userv1.MemberService_InviteMember_FullMethodName,
		&userv1.InviteMemberRequest{SalonId: salonID, Email: a.Email, Roles: roles})
}

// Join makes an account a member of a salon, or gives a member more roles.
func (s *System) Join(t testing.TB, salonID string, a *Account, roles ...apiv1.SalonRole) *userv1.Member {
	t.Helper()
	invitation := s.Invite(t, salonID, a, roles...)
	return Do[*userv1.Member](t, s.REST(), a, userv1.MemberService_AcceptInvitation_FullMethodName,
		&userv1.AcceptInvitationRequest{InvitationId: invitation.GetId()})
}

// NewMember registers an account and makes it a member of a salon.
func (s *System) NewMember(t testing.TB, salonID, name string, roles ...apiv1.SalonRole) *Account {
	t.Helper()
	a := s.NewCustomer(t, name)
	s.Join(t, salonID, a, roles...)
	return a
}

// NewReceptionist registers a receptionist of a salon.
func (s *System) NewReceptionist(t testing.TB, salonID string) *Account {
	t.Helper()
	return s.NewMember(t, salonID, "Receptionist", apiv1.SalonRole_SALON_ROLE_RECEPTIONIST)
}

// NewManager registers a manager of a salon.
func (s *System) NewManager(t testing.TB, salonID string) *Account {
	t.Helper()
	return s.NewMember(t, salonID, "Manager", apiv1.SalonRole_SALON_ROLE_MANAGER)
}

// NewMaster registers an account and gives it a master's profile in the default salon.
func (s *System) NewMaster(t testing.TB, name string) *Account {
	t.Helper()
	return s.NewMasterOf(t, DefaultSalon, name)
}

// NewMasterOf registers an account and gives it a master's profile in a salon.
func (s *System) NewMasterOf(t testing.TB, salonID, name string) *Account {
	t.Helper()
	a := s.NewCustomer(t, name)
	Do[*userv1.Master](t, s.REST(), s.Admin(), userv1.MasterService_CreateMaster_FullMethodName,
		&userv1.CreateMasterRequest{UserId: a.ID, SalonId: new(salonID), DisplayName: name, Specialties: []string{"cuts"}})
	return a
}

// NewCustomerOf adds a customer without an account to a salon.
func (s *System) NewCustomerOf(t testing.TB, salonID, name string) *appointmentv1.Customer {
	t.Helper()
	return Do[*appointmentv1.Customer](t, s.REST(), s.Admin(), appointmentv1.CustomerService_CreateCustomer_FullMethodName,
		&appointmentv1.CreateCustomerRequest{SalonId: new(salonID), DisplayName: name})
}

// NewService adds a service of an hour without buffers to the catalogue of the default salon.
func (s *System) NewService(t testing.TB) *appointmentv1.Service {
	t.Helper()
	return s.NewServiceOf(t, DefaultSalon)
}

// NewServiceOf adds a service of an hour without buffers, at 45 euros, to the catalogue of a salon. Each change alters
// the request first.
func (s *System) NewServiceOf(
	t testing.TB, salonID string, changes ...func(*appointmentv1.CreateServiceRequest),
) *appointmentv1.Service {
	t.Helper()
	req := &appointmentv1.CreateServiceRequest{
		SalonId: new(salonID), Name: "Cut " + Unique(), Category: "Hair", DurationMinutes: new(int32(60)),
		Price: &apiv1.Money{CurrencyCode: "EUR", AmountMinor: new(int32(4500))},
	}
	for _, change := range changes {
		change(req)
	}
	return Do[*appointmentv1.Service](t, s.REST(), s.Admin(), appointmentv1.CatalogService_CreateService_FullMethodName, req)
}

// Offer makes a master perform a service.
func (s *System) Offer(t testing.TB, master *Account, service *appointmentv1.Service) *appointmentv1.Offering {
	t.Helper()
	return Do[*appointmentv1.Offering](t, s.REST(), s.Admin(), appointmentv1.CatalogService_PutOffering_FullMethodName,
		&appointmentv1.PutOfferingRequest{MasterId: master.ID, ServiceId: service.GetId()})
}

// NewResourceKind adds a kind of resources to a salon.
func (s *System) NewResourceKind(t testing.TB, salonID string) *appointmentv1.ResourceKind {
	t.Helper()
	return Do[*appointmentv1.ResourceKind](t, s.REST(), s.Admin(), appointmentv1.ResourceService_CreateResourceKind_FullMethodName,
		&appointmentv1.CreateResourceKindRequest{SalonId: salonID, Name: "Kind " + Unique()})
}

// NewResource adds a resource of a kind.
func (s *System) NewResource(t testing.TB, kind *appointmentv1.ResourceKind) *appointmentv1.Resource {
	t.Helper()
	return Do[*appointmentv1.Resource](t, s.REST(), s.Admin(), appointmentv1.ResourceService_CreateResource_FullMethodName,
		&appointmentv1.CreateResourceRequest{SalonId: kind.GetSalonId(), ResourceKindId: kind.GetId(), Name: "Resource " + Unique()})
}

// CloseResource takes a resource out of use for an hour.
func (s *System) CloseResource(t testing.TB, resource *appointmentv1.Resource, start time.Time) *appointmentv1.ResourceClosure {
	t.Helper()
	return Do[*appointmentv1.CreateResourceClosureResponse](t, s.REST(), s.Admin(),
		appointmentv1.ResourceService_CreateResourceClosure_FullMethodName, &appointmentv1.CreateResourceClosureRequest{
			ResourceId: resource.GetId(), StartTime: timestamppb.New(start), EndTime: timestamppb.New(start.Add(time.Hour)),
			Note: "Closed " + Unique(),
		}).GetResourceClosure()
}
