package waitlist

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
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
	joinReq    = appointmentv1.CreateWaitlistEntryRequest
	getReq     = appointmentv1.GetWaitlistEntryRequest
	listReq    = appointmentv1.ListWaitlistEntriesRequest
	leaveReq   = appointmentv1.LeaveWaitlistRequest
	declineReq = appointmentv1.DeclineWaitlistOfferRequest
	moveReq    = appointmentv1.MoveWaitlistEntryRequest
)

// fixture is the service on its platform: a salon in UTC, open all day, with customers, two masters who offer a cut of an hour and a shave of
// half an hour, a receptionist and a manager. The clock shows Monday 2027-10-04, 10:00. Nobody goes through the line but work.
type fixture struct {
	*servicetest.Platform
	t            testing.TB
	db           *postgres.DB
	waitlist     *Waitlist
	bookings     *booking.Bookings
	entries      appointmentv1.WaitlistServiceClient
	appointments appointmentv1.AppointmentServiceClient
	holds        appointmentv1.HoldServiceClient
	schedules    appointmentv1.ScheduleServiceClient
	salons       appointmentv1.SalonServiceClient
	searches     appointmentv1.AvailabilityServiceClient

	ann, ben, cas, dora, mira, zoe, receptionist, manager, admin auth.Principal
	cut, shave                                                   *appointmentv1.Service
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
	f.bookings = booking.New(d, known, offers, slots)
	f.waitlist = New(d, known, slots, f.bookings)
	p.Serve("appointment", func(r grpc.ServiceRegistrar) {
		salons.Register(r)
		known.Register(r)
		offers.Register(r)
		schedule.New(d, known).Register(r)
		slots.Register(r)
		f.bookings.Register(r)
		f.waitlist.Register(r)
	})
	conn := p.Conns.For("appointment")
	f.entries, f.appointments = appointmentv1.NewWaitlistServiceClient(conn), appointmentv1.NewAppointmentServiceClient(conn)
	f.holds, f.schedules = appointmentv1.NewHoldServiceClient(conn), appointmentv1.NewScheduleServiceClient(conn)
	f.salons, f.searches = appointmentv1.NewSalonServiceClient(conn), appointmentv1.NewAvailabilityServiceClient(conn)

	member := func(role apiv1.SalonRole) auth.Principal {
		return f.SignIn(apiv1.Role_ROLE_CUSTOMER, servicetest.Member(id.FirstSalon, role))
	}
	customer := func() auth.Principal { return f.SignIn(apiv1.Role_ROLE_CUSTOMER) }
	f.ann, f.ben, f.cas, f.dora, f.admin = customer(), customer(), customer(), customer(), f.SignIn(apiv1.Role_ROLE_ADMIN)
	f.mira, f.zoe = member(apiv1.SalonRole_SALON_ROLE_MASTER), member(apiv1.SalonRole_SALON_ROLE_MASTER)
	f.receptionist, f.manager = member(apiv1.SalonRole_SALON_ROLE_RECEPTIONIST), member(apiv1.SalonRole_SALON_ROLE_MANAGER)
	catalogue := appointmentv1.NewCatalogServiceClient(conn)
	service := func(name string, minutes int32) *appointmentv1.Service {
		price := int32(4500)
		made := ok(f, catalogue.CreateService, f.admin, &appointmentv1.CreateServiceRequest{
			SalonId: new(id.FirstSalon), Name: name, Category: "Hair", DurationMinutes: &minutes,
			Price: &apiv1.Money{CurrencyCode: "EUR", AmountMinor: &price},
		})
		for _, master := range []auth.Principal{f.mira, f.zoe} {
			ok(f, catalogue.PutOffering, f.admin, &appointmentv1.PutOfferingRequest{MasterId: master.UserID, ServiceId: made.GetId()})
		}
		return made
	}
	f.cut, f.shave = service("Cut", 60), service("Shave", 30)
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

// refused makes a call that has to be refused.
func refused[Req, Resp any](f *fixture, method call[Req, Resp], who auth.Principal, req Req, reason, field string) {
	f.t.Helper()
	_, err := method(f.As(who), req)
	if got := apierr.ReasonOf(err); got != reason || servicetest.FieldOf(err) != field {
		f.t.Errorf("%T: %v, blames %q; want %s and %q", req, err, servicetest.FieldOf(err), reason, field)
	}
}

// noon is 12:00 on a day of October 2027.
func noon(day int) time.Time { return time.Date(2027, 10, day, 12, 0, 0, 0, time.UTC) }

// book books a cut by a master at noon of a day.
func (f *fixture) book(who, master auth.Principal, day int) *appointmentv1.Appointment {
	f.t.Helper()
	return ok(f, f.appointments.CreateAppointment, who, &appointmentv1.CreateAppointmentRequest{
		Segments:  []*appointmentv1.SegmentInput{{ServiceId: f.cut.GetId(), MasterId: new(master.UserID)}},
		StartTime: timestamppb.New(noon(day)),
	})
}

func (f *fixture) cancel(a *appointmentv1.Appointment) {
	f.t.Helper()
	ok(f, f.appointments.CancelAppointment, f.admin, &appointmentv1.CancelAppointmentRequest{AppointmentId: a.GetId()})
}

// wants is for a cut by Mira at noon of a day, and not at another time.
func (f *fixture) wants(day int, change ...func(*joinReq)) *joinReq {
	date := noon(day).Format(time.DateOnly)
	req := &joinReq{
		Segments:  []*appointmentv1.SegmentFilter{{ServiceId: f.cut.GetId(), MasterIds: []string{f.mira.UserID}}},
		StartDate: date, EndDate: date, PartOfDay: &appointmentv1.WallInterval{Start: "12:00", End: "12:15"},
	}
	for _, c := range change {
		c(req)
	}
	return req
}

// join joins the line, and lets it be gone through: what is free is offered.
func (f *fixture) join(who auth.Principal, req *joinReq) *appointmentv1.WaitlistEntry {
	f.t.Helper()
	e := ok(f, f.entries.CreateWaitlistEntry, who, req)
	f.work()
	return f.entry(e)
}

func (f *fixture) entry(e *appointmentv1.WaitlistEntry) *appointmentv1.WaitlistEntry {
	f.t.Helper()
	return ok(f, f.entries.GetWaitlistEntry, f.admin, &getReq{EntryId: e.GetId()})
}

// work goes through the lines.
func (f *fixture) work() {
	f.t.Helper()
	if err := f.waitlist.Work(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

// expire lets an offer expire.
func (f *fixture) expire(e *appointmentv1.WaitlistEntry) {
	f.t.Helper()
	f.exec("UPDATE holds SET expire_time = clock_timestamp() WHERE id = ?", f.entry(e).GetOffer().GetHoldId())
	if err := f.bookings.ExpireHolds(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) exec(statement string, args ...any) {
	f.t.Helper()
	if err := f.db.Conn(f.t.Context()).Exec(statement, args...).Error; err != nil {
		f.t.Fatal(err)
	}
}

// count is how many rows there are.
func (f *fixture) count(what string, args ...any) (n int) {
	f.t.Helper()
	if err := f.db.Conn(f.t.Context()).Raw("SELECT count(*) FROM "+what, args...).Scan(&n).Error; err != nil {
		f.t.Fatal(err)
	}
	return n
}

// wantState checks where entries stand: the first letters of their states.
func (f *fixture) wantState(want string, list ...*appointmentv1.WaitlistEntry) {
	f.t.Helper()
	got := ""
	for _, e := range list {
		got += f.entry(e).GetState().String()[len(statePrefix):][:1]
	}
	if got != want {
		f.t.Errorf("the states are %s, want %s", got, want)
	}
}

// wantNothingKept checks that no freed time is left, neither noted nor kept.
func (f *fixture) wantNothingKept() {
	f.t.Helper()
	if n := f.count("freed_times") + f.count("claims WHERE kept") + f.count("group_places WHERE freed_id IS NOT NULL"); n > 0 {
		f.t.Errorf("%d freed times or claims are left", n)
	}
}

// eventually waits until something is so.
func (f *fixture) eventually(what string, so func() bool) {
	f.t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for end := time.Now().Add(30 * time.Second); !so(); <-again.C {
		if time.Now().After(end) {
			f.t.Fatal("it never happens that " + what)
		}
	}
}
