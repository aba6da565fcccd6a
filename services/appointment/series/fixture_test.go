package series

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/servicetest"
	"github.com/beauty-salon/platform/services/appointment/availability"
	"github.com/beauty-salon/platform/services/appointment/booking"
	"github.com/beauty-salon/platform/services/appointment/catalog"
	"github.com/beauty-salon/platform/services/appointment/migrations"
	"github.com/beauty-salon/platform/services/appointment/people"
	"github.com/beauty-salon/platform/services/appointment/salon"
	"github.com/beauty-salon/platform/services/appointment/schedule"
)

// The requests.
type (
	createReq = appointmentv1.CreateAppointmentSeriesRequest
	getReq    = appointmentv1.GetAppointmentSeriesRequest
	listReq   = appointmentv1.ListAppointmentSeriesRequest
	cancelReq = appointmentv1.CancelAppointmentSeriesRequest
	moveReq   = appointmentv1.RescheduleAppointmentSeriesRequest
)

// fixture is the service on its platform: a salon in London, open all day, with a customer, two masters who offer a cut of an
// hour, a receptionist and a manager. The clock shows Monday 2027-10-04, 10:00.
type fixture struct {
	*servicetest.Platform
	t            testing.TB
	db           *postgres.DB
	series       appointmentv1.AppointmentSeriesServiceClient
	appointments appointmentv1.AppointmentServiceClient
	salons       appointmentv1.SalonServiceClient
	schedules    appointmentv1.ScheduleServiceClient

	ann, ben, mira, zoe, receptionist, manager, admin auth.Principal
	cut                                               *appointmentv1.Service
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	p := servicetest.New(t, migrations.Migrations)
	p.Clock.Set(time.Date(2027, 10, 4, 10, 0, 0, 0, time.UTC))
	d := p.Deps("appointments")
	f := &fixture{Platform: p, t: t, db: d.DB}
	salons := salon.New(d)
	known := people.New(d, salons)
	offers := catalog.New(d, salons, known)
	slots := availability.New(d, known, offers)
	bookings := booking.New(d, known, offers, slots)
	p.Serve("appointment", func(r grpc.ServiceRegistrar) {
		salons.Register(r)
		offers.Register(r)
		schedule.New(d, known).Register(r)
		bookings.Register(r)
		New(d, bookings).Register(r)
	})
	p.Go(events.NewRelay(d.DB, d.Bus, d.Log, nil).Run)
	conn := p.Conns.For("appointment")
	f.series, f.appointments = appointmentv1.NewAppointmentSeriesServiceClient(conn), appointmentv1.NewAppointmentServiceClient(conn)
	f.salons, f.schedules = appointmentv1.NewSalonServiceClient(conn), appointmentv1.NewScheduleServiceClient(conn)

	member := func(role apiv1.SalonRole) auth.Principal {
		return f.SignIn(apiv1.Role_ROLE_CUSTOMER, servicetest.Member(id.FirstSalon, role))
	}
	f.ann, f.ben, f.admin = f.SignIn(apiv1.Role_ROLE_CUSTOMER), f.SignIn(apiv1.Role_ROLE_CUSTOMER), f.SignIn(apiv1.Role_ROLE_ADMIN)
	f.mira, f.zoe = member(apiv1.SalonRole_SALON_ROLE_MASTER), member(apiv1.SalonRole_SALON_ROLE_MASTER)
	f.receptionist, f.manager = member(apiv1.SalonRole_SALON_ROLE_RECEPTIONIST), member(apiv1.SalonRole_SALON_ROLE_MANAGER)
	ok(f, f.salons.UpdateSalon, f.manager, &appointmentv1.UpdateSalonRequest{SalonId: id.FirstSalon, TimeZone: new("Europe/London")})
	catalogue := appointmentv1.NewCatalogServiceClient(conn)
	price := int32(4500)
	f.cut = ok(f, catalogue.CreateService, f.admin, &appointmentv1.CreateServiceRequest{
		SalonId: new(id.FirstSalon), Name: "Cut", Category: "Hair", DurationMinutes: new(int32(60)),
		Price: &apiv1.Money{CurrencyCode: "EUR", AmountMinor: &price},
	})
	for _, master := range []auth.Principal{f.mira, f.zoe} {
		ok(f, catalogue.PutOffering, f.admin, &appointmentv1.PutOfferingRequest{MasterId: master.UserID, ServiceId: f.cut.GetId()})
	}
	return f
}

// call is a method of a client.
type call[Req, Resp any] func(ctx context.Context, req Req, opts ...grpc.CallOption) (Resp, error)

// ok makes a call that has to succeed.
func ok[Req, Resp any](f *fixture, method call[Req, Resp], who auth.Principal, req Req) Resp {
	f.t.Helper()
	resp, err := method(f.As(who), req)
	if err != nil {
		f.t.Fatalf("%T: %v", req, err)
	}
	return resp
}

// wantRefused makes a call that has to be refused, and returns the conflicts that come with the error.
func wantRefused[Req, Resp any](
	f *fixture, method call[Req, Resp], who auth.Principal, req Req, reason, field string,
) []*appointmentv1.SeriesConflict {
	f.t.Helper()
	_, err := method(f.As(who), req)
	if got := apierr.ReasonOf(err); got != reason || servicetest.FieldOf(err) != field {
		f.t.Errorf("%T: %v, blames %q; want %s and %q", req, err, servicetest.FieldOf(err), reason, field)
	}
	for _, d := range status.Convert(err).Details() {
		if c, is := d.(*appointmentv1.SeriesConflicts); is {
			return c.GetConflicts()
		}
	}
	return nil
}

// weekly asks for a cut by Mira on Tuesdays at 19:00 from 19 October on.
func (f *fixture) weekly(change func(*createReq)) *createReq {
	req := &createReq{
		Segments:   []*appointmentv1.SegmentInput{{ServiceId: f.cut.GetId(), MasterId: new(f.mira.UserID)}},
		Recurrence: "FREQ=WEEKLY;BYDAY=TU;COUNT=4", StartDate: "2027-10-19", LocalTime: "19:00",
	}
	if change != nil {
		change(req)
	}
	return req
}

// count is how many rows there are.
func (f *fixture) count(what string, args ...any) (n int) {
	f.t.Helper()
	if err := f.db.Conn(f.t.Context()).Raw("SELECT count(*) FROM "+what, args...).Scan(&n).Error; err != nil {
		f.t.Fatal(err)
	}
	return n
}

// shown are the dates of a series: the start in UTC, the state, and what is said of it.
func shown(s *appointmentv1.AppointmentSeries) []string {
	list := make([]string, len(s.GetOccurrences()))
	for i, o := range s.GetOccurrences() {
		text := o.GetStartTime().AsTime().Format("01-02T15:04") + " " + o.GetLocalTime()
		if o.GetAppointmentId() != "" {
			text += " " + o.GetState().String()[len(statePrefix):]
		}
		if o.GetMoved() {
			text += " moved"
		}
		for _, c := range o.GetConflicts() {
			text += " " + c.GetReason().String()[len("BLOCK_REASON_"):]
		}
		list[i] = text
	}
	return list
}
