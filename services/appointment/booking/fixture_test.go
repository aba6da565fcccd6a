package booking

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/servicetest"
	"github.com/beauty-salon/platform/services/appointment/availability"
	"github.com/beauty-salon/platform/services/appointment/catalog"
	"github.com/beauty-salon/platform/services/appointment/migrations"
	"github.com/beauty-salon/platform/services/appointment/people"
	"github.com/beauty-salon/platform/services/appointment/resource"
	"github.com/beauty-salon/platform/services/appointment/salon"
	"github.com/beauty-salon/platform/services/appointment/schedule"
)

// process is one process of the service.
type process struct {
	salons    *salon.Salons
	people    *people.People
	catalog   *catalog.Catalog
	resources *resource.Resources
	schedules *schedule.Schedules

	availability *availability.Availability
	bookings     *Bookings
}

func (p process) register(r grpc.ServiceRegistrar) {
	p.salons.Register(r)
	p.people.Register(r)
	p.catalog.Register(r)
	p.resources.Register(r)
	p.schedules.Register(r)
	p.availability.Register(r)
	p.bookings.Register(r)
}

// fixture is the service on its platform: the first salon with a customer, staff, and a service that the
// master Mira offers; and an administrator. The clock shows a whole minute.
type fixture struct {
	*servicetest.Platform
	process
	t            testing.TB
	db           *postgres.DB
	catalogue    appointmentv1.CatalogServiceClient
	customers    appointmentv1.CustomerServiceClient
	appointments appointmentv1.AppointmentServiceClient
	desk         appointmentv1.DeskServiceClient
	rules        rules

	ann, mira, receptionist, manager, admin auth.Principal
	cut                                     *appointmentv1.Service
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	p := servicetest.New(t, migrations.Migrations)
	p.Clock.Set(p.Clock.Now().Truncate(time.Hour))
	d := p.Deps("appointments")
	f := &fixture{Platform: p, t: t, db: d.DB}
	f.process = f.newProcess()
	p.Serve("appointment", f.register)
	p.Go(events.NewRelay(d.DB, d.Bus, d.Log, nil).Run)
	conn := p.Conns.For("appointment")
	f.catalogue = appointmentv1.NewCatalogServiceClient(conn)
	f.customers = appointmentv1.NewCustomerServiceClient(conn)
	f.appointments = appointmentv1.NewAppointmentServiceClient(conn)
	f.desk = appointmentv1.NewDeskServiceClient(conn)
	f.rules = rules{
		appointmentv1.NewSalonServiceClient(conn), appointmentv1.NewScheduleServiceClient(conn),
		appointmentv1.NewResourceServiceClient(conn), appointmentv1.NewAvailabilityServiceClient(conn),
	}
	f.ann, f.admin = p.SignIn(apiv1.Role_ROLE_CUSTOMER), p.SignIn(apiv1.Role_ROLE_ADMIN)
	f.mira, f.receptionist, f.manager = f.staff(first.ID, roleMaster), f.staff(first.ID, roleReceptionist), f.staff(first.ID, roleManager)
	f.cut = f.newService(first.ID, "Cut", 4500)
	f.offer(f.mira, f.cut)
	return f
}

// newProcess makes another process over the same database. Its memory is its own.
func (f *fixture) newProcess() process {
	d := f.Deps("appointments")
	salons := salon.New(d)
	people := people.New(d, salons)
	catalog := catalog.New(d, salons, people)
	availability := availability.New(d, people, catalog)
	return process{
		salons, people, catalog, resource.New(d, salons), schedule.New(d, people), availability, New(d, people, catalog, availability),
	}
}

// principal is the context of a call by somebody that goes to a process directly.
func (f *fixture) principal(who auth.Principal) context.Context {
	return auth.WithPrincipal(f.t.Context(), who)
}

// staff signs somebody in who has roles in a salon.
func (f *fixture) staff(salonID string, roles ...apiv1.SalonRole) auth.Principal {
	f.t.Helper()
	return f.SignIn(apiv1.Role_ROLE_CUSTOMER, servicetest.Member(salonID, roles...))
}

func euros(minor int32) *apiv1.Money { return &apiv1.Money{CurrencyCode: "EUR", AmountMinor: &minor} }

// newService adds a service of an hour to a salon.
func (f *fixture) newService(salonID, name string, price int32) *appointmentv1.Service {
	f.t.Helper()
	s, err := f.catalogue.CreateService(f.As(f.admin), &appointmentv1.CreateServiceRequest{
		SalonId: new(salonID), Name: name, Category: "Hair", Price: euros(price), DurationMinutes: new(int32(60)),
	})
	if err != nil {
		f.t.Fatalf("create a service: %v", err)
	}
	return s
}

// offer makes a master offer a service as it is.
func (f *fixture) offer(master auth.Principal, s *appointmentv1.Service) {
	f.t.Helper()
	_, err := f.catalogue.PutOffering(f.As(f.admin), &appointmentv1.PutOfferingRequest{MasterId: master.UserID, ServiceId: s.GetId()})
	if err != nil {
		f.t.Fatalf("put an offering: %v", err)
	}
}

// newCustomer adds a customer without account to the first salon.
func (f *fixture) newCustomer(name string) *appointmentv1.Customer {
	f.t.Helper()
	c, err := f.customers.CreateCustomer(f.As(f.receptionist), &appointmentv1.CreateCustomerRequest{
		SalonId: new(first.ID), DisplayName: name, Phone: "+4930123456",
	})
	if err != nil {
		f.t.Fatalf("create a customer: %v", err)
	}
	return c
}

// in is a time from now.
func (f *fixture) in(d time.Duration) *timestamppb.Timestamp {
	return timestamppb.New(f.Clock.Now().Add(d))
}

// request asks for a cut by Mira.
func (f *fixture) request(start *timestamppb.Timestamp) *appointmentv1.CreateAppointmentRequest {
	return &appointmentv1.CreateAppointmentRequest{
		StartTime: start,
		Segments:  []*appointmentv1.SegmentInput{{ServiceId: f.cut.GetId(), MasterId: new(f.mira.UserID)}},
	}
}

// book books a cut with Mira.
func (f *fixture) book(who auth.Principal, start *timestamppb.Timestamp) *appointmentv1.Appointment {
	f.t.Helper()
	return f.create(who, f.request(start))
}

func (f *fixture) create(who auth.Principal, req *appointmentv1.CreateAppointmentRequest) *appointmentv1.Appointment {
	f.t.Helper()
	a, err := f.appointments.CreateAppointment(f.As(who), req)
	if err != nil {
		f.t.Fatalf("book: %v", err)
	}
	return a
}

func (f *fixture) get(who auth.Principal, id string) *appointmentv1.Appointment {
	f.t.Helper()
	a, err := f.appointments.GetAppointment(f.As(who), &appointmentv1.GetAppointmentRequest{AppointmentId: id})
	if err != nil {
		f.t.Fatalf("get: %v", err)
	}
	return a
}

func wantMessage(t testing.TB, got, want proto.Message) {
	t.Helper()
	if !proto.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// wantError checks the code, the reason and the first field that is blamed, if any.
func wantError(t testing.TB, err error, code codes.Code, reason, field string) {
	t.Helper()
	if got := status.Code(err); got != code {
		t.Errorf("code %v, want %v: %v", got, code, err)
	}
	if got := apierr.ReasonOf(err); got != reason {
		t.Errorf("reason %q, want %q: %v", got, reason, err)
	}
	if got := fieldOf(err); got != field {
		t.Errorf("blames %q, want %q: %v", got, field, err)
	}
}
