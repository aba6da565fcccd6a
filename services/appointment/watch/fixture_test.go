package watch

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/servicetest"
	"github.com/beauty-salon/platform/services/appointment/availability"
	"github.com/beauty-salon/platform/services/appointment/booking"
	"github.com/beauty-salon/platform/services/appointment/catalog"
	"github.com/beauty-salon/platform/services/appointment/migrations"
	"github.com/beauty-salon/platform/services/appointment/people"
	"github.com/beauty-salon/platform/services/appointment/salon"
	"github.com/beauty-salon/platform/services/appointment/schedule"
)

const (
	created   = appointmentv1.WatchEventType_WATCH_EVENT_TYPE_CREATED
	changed   = appointmentv1.WatchEventType_WATCH_EVENT_TYPE_CHANGED
	removed   = appointmentv1.WatchEventType_WATCH_EVENT_TYPE_REMOVED
	ready     = appointmentv1.WatchEventType_WATCH_EVENT_TYPE_READY
	reset     = appointmentv1.WatchEventType_WATCH_EVENT_TYPE_RESET
	inventory = appointmentv1.WatchEventType_WATCH_EVENT_TYPE_SNAPSHOT
	beat      = appointmentv1.WatchEventType_WATCH_EVENT_TYPE_HEARTBEAT
)

// process is one process of the service.
type process struct {
	salons       *salon.Salons
	people       *people.People
	catalog      *catalog.Catalog
	schedules    *schedule.Schedules
	availability *availability.Availability
	bookings     *booking.Bookings
	watch        *Watch
}

func (p process) register(r grpc.ServiceRegistrar) {
	p.salons.Register(r)
	p.people.Register(r)
	p.catalog.Register(r)
	p.schedules.Register(r)
	p.availability.Register(r)
	p.bookings.Register(r)
	p.watch.Register(r)
}

// fixture is the service on its platform: the first salon with a customer, staff, and a service that the master Mira offers.
type fixture struct {
	*servicetest.Platform
	process
	t            *testing.T
	appointments appointmentv1.AppointmentServiceClient
	schedule     appointmentv1.ScheduleServiceClient
	streams      appointmentv1.WatchServiceClient

	ann, mira, manager, admin auth.Principal
	cut                       *appointmentv1.Service
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	p := servicetest.New(t, migrations.Migrations)
	p.Clock.Set(p.Clock.Now().Truncate(time.Hour))
	d := p.Deps("appointments")
	f := &fixture{Platform: p, t: t}
	f.process = f.newProcess()
	p.Serve("appointment", f.register)
	p.Go(events.NewRelay(d.DB, d.Bus, d.Log, nil).Run)
	p.Go(f.watch.Run)
	conn := p.Conns.For("appointment")
	f.appointments = appointmentv1.NewAppointmentServiceClient(conn)
	f.schedule = appointmentv1.NewScheduleServiceClient(conn)
	f.streams = appointmentv1.NewWatchServiceClient(conn)
	f.admin, f.ann = p.SignIn(apiv1.Role_ROLE_ADMIN), p.SignIn(apiv1.Role_ROLE_CUSTOMER)
	f.mira, f.manager = f.staff(apiv1.SalonRole_SALON_ROLE_MASTER), f.staff(apiv1.SalonRole_SALON_ROLE_MANAGER)
	catalogue := appointmentv1.NewCatalogServiceClient(conn)
	var err error
	f.cut, err = catalogue.CreateService(p.As(f.admin), &appointmentv1.CreateServiceRequest{
		SalonId: new(id.FirstSalon), Name: "Cut", Category: "Hair", DurationMinutes: new(int32(60)),
		Price: &apiv1.Money{CurrencyCode: "EUR", AmountMinor: new(int32(4500))},
	})
	f.must(err)
	_, err = catalogue.PutOffering(p.As(f.admin), &appointmentv1.PutOfferingRequest{MasterId: f.mira.UserID, ServiceId: f.cut.GetId()})
	f.must(err)
	salons := appointmentv1.NewSalonServiceClient(conn)
	_, err = salons.UpdateBookingPolicy(p.As(f.admin), &appointmentv1.UpdateBookingPolicyRequest{
		SalonId: id.FirstSalon, MaxOpenAppointments: new(int32(0)),
	})
	f.must(err)
	return f
}

// newProcess makes another process over the same database.
func (f *fixture) newProcess() process {
	d := f.Deps("appointments")
	salons := salon.New(d)
	people := people.New(d, salons)
	catalog := catalog.New(d, salons, people)
	availability := availability.New(d, people, catalog)
	bookings := booking.New(d, people, catalog, availability)
	return process{salons, people, catalog, schedule.New(d, people), availability, bookings, New(d, bookings, availability)}
}

func (f *fixture) staff(role apiv1.SalonRole) auth.Principal {
	f.t.Helper()
	return f.SignIn(apiv1.Role_ROLE_CUSTOMER, servicetest.Member(id.FirstSalon, role))
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// day is the start of the nth hour that is watched.
func (f *fixture) hour(n int) *timestamppb.Timestamp {
	return timestamppb.New(f.Clock.Now().Add(time.Duration(24+n) * time.Hour))
}

func (f *fixture) bookingOf(n int) *appointmentv1.CreateAppointmentRequest {
	return &appointmentv1.CreateAppointmentRequest{
		StartTime: f.hour(n), AllowCustomerOverlap: true, RequestId: f.NewID(),
		Segments: []*appointmentv1.SegmentInput{{ServiceId: f.cut.GetId(), MasterId: new(f.mira.UserID)}},
	}
}

// book books the nth hour for Ann.
func (f *fixture) book(n int) *appointmentv1.Appointment {
	f.t.Helper()
	a, err := f.appointments.CreateAppointment(f.As(f.ann), f.bookingOf(n))
	f.must(err)
	return a
}

func (f *fixture) cancel(a *appointmentv1.Appointment) {
	f.t.Helper()
	_, err := f.appointments.CancelAppointment(f.As(f.ann), &appointmentv1.CancelAppointmentRequest{AppointmentId: a.GetId()})
	f.must(err)
}

// diary is a request for the first salon and some weeks.
func (f *fixture) diary() *appointmentv1.WatchAppointmentsRequest {
	return &appointmentv1.WatchAppointmentsRequest{
		SalonId: new(id.FirstSalon), From: timestamppb.New(f.Clock.Now()), To: timestamppb.New(f.Clock.Now().Add(30 * 24 * time.Hour)),
	}
}

// message is what the messages of both streams have.
type message interface {
	GetType() appointmentv1.WatchEventType
	GetResumeToken() string
}

// client reads a stream.
type client[M message] struct {
	f    *fixture
	recv func() (M, error)
	stop context.CancelFunc
	last string // the last resume token
}

// open opens a stream of appointments.
func (f *fixture) open(who auth.Principal, req *appointmentv1.WatchAppointmentsRequest) *client[*appointmentv1.WatchAppointmentsResponse] {
	f.t.Helper()
	ctx, stop := context.WithCancel(f.As(who))
	f.t.Cleanup(stop)
	s, err := f.streams.WatchAppointments(ctx, req)
	f.must(err)
	return &client[*appointmentv1.WatchAppointmentsResponse]{f: f, recv: s.Recv, stop: stop}
}

// find opens a stream of free times.
func (f *fixture) find(who auth.Principal, req *appointmentv1.WatchAvailabilityRequest) *client[*appointmentv1.WatchAvailabilityResponse] {
	f.t.Helper()
	ctx, stop := context.WithCancel(f.As(who))
	f.t.Cleanup(stop)
	s, err := f.streams.WatchAvailability(ctx, req)
	f.must(err)
	return &client[*appointmentv1.WatchAvailabilityResponse]{f: f, recv: s.Recv, stop: stop}
}

// patience is how long a message may take.
const patience = 30 * time.Second

// receive returns the next message.
func (c *client[M]) receive() (M, error) { return c.receiveWithin(patience) }

func (c *client[M]) receiveWithin(limit time.Duration) (M, error) {
	type result struct {
		m   M
		err error
	}
	got := make(chan result, 1)
	go func() {
		m, err := c.recv()
		got <- result{m, err}
	}()
	select {
	case r := <-got:
		if r.err == nil && r.m.GetResumeToken() != "" {
			c.last = r.m.GetResumeToken()
		}
		return r.m, r.err
	case <-time.After(limit):
		c.stop()
		var none M
		return none, errors.New("no message in time")
	}
}

// want receives a message of one of these types. It leaves out heartbeats that are not wanted, and does not wait longer because of them.
func (c *client[M]) want(types ...appointmentv1.WatchEventType) M {
	c.f.t.Helper()
	until := time.Now().Add(patience)
	for {
		m, err := c.receiveWithin(time.Until(until))
		if err != nil {
			c.f.t.Fatalf("receive %v: %v", types, err)
		}
		if m.GetType() == beat && !slices.Contains(types, beat) {
			continue
		}
		if !slices.Contains(types, m.GetType()) {
			c.f.t.Fatalf("received %v, want %v", m, types)
		}
		return m
	}
}

// ends waits for the end of the stream and returns its error.
func (c *client[M]) ends() error {
	c.f.t.Helper()
	for {
		if _, err := c.receive(); err != nil {
			return err
		}
	}
}

func wantError(t *testing.T, err error, code codes.Code, reason string) {
	t.Helper()
	if status.Code(err) != code || apierr.ReasonOf(err) != reason || errors.Is(err, io.EOF) {
		t.Errorf("got %v %s, want %v %s: %v", status.Code(err), apierr.ReasonOf(err), code, reason, err)
	}
}
