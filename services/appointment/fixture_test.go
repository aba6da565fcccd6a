package appointment

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/servicetest"
)

// fixture is the service on its platform, with a customer, a master of the first salon, an administrator,
// and one service that the master offers. The clock shows a whole minute.
type fixture struct {
	*servicetest.Platform
	t            testing.TB
	service      *Service
	db           *postgres.DB
	catalogue    appointmentv1.CatalogServiceClient
	appointments appointmentv1.AppointmentServiceClient
	directory    appointmentv1.DirectoryServiceClient

	ann, mira, admin auth.Principal
	cut              *appointmentv1.Service
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	p := servicetest.New(t, Migrations)
	p.Clock.Set(p.Clock.Now().Truncate(time.Minute))
	f := &fixture{Platform: p, t: t, db: p.Postgres.DB("appointments")}
	f.service = f.newService()
	p.Start("appointment", f.service)
	conn := p.Conns.For("appointment")
	f.catalogue = appointmentv1.NewCatalogServiceClient(conn)
	f.appointments = appointmentv1.NewAppointmentServiceClient(conn)
	f.directory = appointmentv1.NewDirectoryServiceClient(conn)
	f.ann, f.admin = p.SignIn(apiv1.Role_ROLE_CUSTOMER), p.SignIn(apiv1.Role_ROLE_ADMIN)
	f.mira = f.newMaster()
	f.cut = f.newCatalogService("Cut", 60, 0)
	f.offer(f.mira, f.cut)
	return f
}

// newService makes a process of the service, which answers and runs nothing.
func (f *fixture) newService() *Service {
	f.t.Helper()
	s, err := New(f.Deps("appointments"))
	if err != nil {
		f.t.Fatal(err)
	}
	return s
}

// newMaster signs a master of the first salon in.
func (f *fixture) newMaster() auth.Principal {
	f.t.Helper()
	return f.SignIn(apiv1.Role_ROLE_CUSTOMER, servicetest.Member(id.FirstSalon, apiv1.SalonRole_SALON_ROLE_MASTER))
}

// newCatalogService adds a service to the first salon's catalogue.
func (f *fixture) newCatalogService(name string, minutes, buffer int32) *appointmentv1.Service {
	f.t.Helper()
	s, err := f.catalogue.CreateService(f.As(f.admin), &appointmentv1.CreateServiceRequest{
		SalonId: new(id.FirstSalon), Name: name, Category: "Hair", Price: &apiv1.Money{CurrencyCode: "EUR", AmountMinor: new(int32(4500))},
		DurationMinutes: &minutes, BufferBeforeMinutes: buffer, BufferAfterMinutes: buffer,
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

// request asks for a cut by Mira.
func (f *fixture) request(fromNow time.Duration) *appointmentv1.CreateAppointmentRequest {
	return &appointmentv1.CreateAppointmentRequest{
		StartTime: timestamppb.New(f.Clock.Now().Add(fromNow)),
		Segments:  []*appointmentv1.SegmentInput{{ServiceId: f.cut.GetId(), MasterId: f.mira.UserID}},
	}
}

// book books a cut with Mira.
func (f *fixture) book(who auth.Principal, fromNow time.Duration) *appointmentv1.Appointment {
	f.t.Helper()
	a, err := f.appointments.CreateAppointment(f.As(who), f.request(fromNow))
	if err != nil {
		f.t.Fatalf("book: %v", err)
	}
	return a
}

// exec runs SQL that no method stands for.
func (f *fixture) exec(sql string, args ...any) {
	f.t.Helper()
	if err := f.db.Conn(f.t.Context()).Exec(sql, args...).Error; err != nil {
		f.t.Fatalf("%s: %v", sql, err)
	}
}

// count counts rows.
func (f *fixture) count(from string, args ...any) int {
	f.t.Helper()
	var n int
	if err := f.db.Conn(f.t.Context()).Raw("SELECT count(*) FROM "+from, args...).Scan(&n).Error; err != nil {
		f.t.Fatalf("count %s: %v", from, err)
	}
	return n
}
