package appointment

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/servicetest"
)

// fixture is the service on its platform, with a customer, a master and an
// administrator, and one service that the master offers.
type fixture struct {
	*servicetest.Platform
	t            testing.TB
	service      *Service
	catalog      appointmentv1.CatalogServiceClient
	appointments appointmentv1.AppointmentServiceClient
	visits       appointmentv1.VisitServiceClient

	ann, mira, admin auth.Principal
	cut              *appointmentv1.Service
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	p := servicetest.New(t, Migrations)
	s, err := New(p.Deps("appointments"))
	if err != nil {
		t.Fatal(err)
	}
	p.Start("appointment", s)
	conn := p.Conns.For("appointment")
	f := &fixture{
		Platform: p, t: t, service: s,
		catalog:      appointmentv1.NewCatalogServiceClient(conn),
		appointments: appointmentv1.NewAppointmentServiceClient(conn),
		visits:       appointmentv1.NewVisitServiceClient(conn),
		ann:          p.SignIn(apiv1.Role_ROLE_CUSTOMER),
		mira:         p.SignIn(apiv1.Role_ROLE_MASTER),
		admin:        p.SignIn(apiv1.Role_ROLE_ADMIN),
	}
	f.cut = f.newService("Cut", 4500)
	f.offer(f.mira, f.cut)
	return f
}

func euros(minor int32) *apiv1.Money { return &apiv1.Money{CurrencyCode: "EUR", AmountMinor: minor} }

// newService adds a service of an hour.
func (f *fixture) newService(name string, price int32) *appointmentv1.Service {
	f.t.Helper()
	s, err := f.catalog.CreateService(f.As(f.admin), &appointmentv1.CreateServiceRequest{
		Name: name, Category: "Hair", Price: euros(price), DurationMinutes: 60,
	})
	if err != nil {
		f.t.Fatalf("create a service: %v", err)
	}
	return s
}

// offer makes a master offer a service as it is.
func (f *fixture) offer(master auth.Principal, s *appointmentv1.Service) *appointmentv1.Offering {
	f.t.Helper()
	o, err := f.catalog.PutOffering(f.As(f.admin), &appointmentv1.PutOfferingRequest{MasterId: master.UserID, ServiceId: s.GetId()})
	if err != nil {
		f.t.Fatalf("put an offering: %v", err)
	}
	return o
}

// in is a time from now.
func (f *fixture) in(d time.Duration) *timestamppb.Timestamp {
	return timestamppb.New(f.Clock.Now().Add(d))
}

// wish asks for a cut by Mira.
func (f *fixture) wish(start *timestamppb.Timestamp) *appointmentv1.CreateAppointmentRequest {
	return &appointmentv1.CreateAppointmentRequest{Segments: []*appointmentv1.SegmentInput{{
		ServiceId: f.cut.GetId(), MasterId: f.mira.UserID, StartTime: start,
	}}}
}

// book books a cut with Mira.
func (f *fixture) book(who auth.Principal, start *timestamppb.Timestamp) *appointmentv1.Appointment {
	f.t.Helper()
	a, err := f.appointments.CreateAppointment(f.As(who), f.wish(start))
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

// wantError checks code, reason and, unless it is empty, the first field that is blamed.
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
