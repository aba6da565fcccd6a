package rating

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/servicetest"
)

const (
	completed = appointmentv1.AppointmentState_APPOINTMENT_STATE_COMPLETED
	confirmed = appointmentv1.AppointmentState_APPOINTMENT_STATE_CONFIRMED
)

// directory implements appointmentv1.DirectoryServiceServer over what the test has put into it.
type directory struct {
	appointmentv1.UnimplementedDirectoryServiceServer

	lookups      atomic.Int32
	mu           sync.Mutex
	appointments map[string]*appointmentv1.LookupAppointmentResponse
}

func (d *directory) LookupAppointment(
	_ context.Context, req *appointmentv1.LookupAppointmentRequest,
) (*appointmentv1.LookupAppointmentResponse, error) {
	d.lookups.Add(1)
	d.mu.Lock()
	defer d.mu.Unlock()
	found, ok := d.appointments[req.GetAppointmentId()]
	if !ok {
		return nil, apierr.NotFound("appointment")
	}
	return found, nil
}

func (d *directory) put(e *appointmentv1.AppointmentEvent, version int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.appointments[e.GetAppointmentId()] = &appointmentv1.LookupAppointmentResponse{
		Appointment: proto.CloneOf(e), Version: version,
	}
}

// fixture is a running rating service with a salon, a customer of it, two masters and an administrator.
type fixture struct {
	*servicetest.Platform

	t         *testing.T
	service   *Service
	client    ratingv1.RatingServiceClient
	directory *directory

	// salonID is where the masters work; customerID is how the salon knows the customer.
	salonID, customerID                string
	customer, master, colleague, admin auth.Principal
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{
		t: t, Platform: servicetest.New(t, Migrations), salonID: id.New(), customerID: id.New(),
		directory: &directory{appointments: map[string]*appointmentv1.LookupAppointmentResponse{}},
	}
	f.Serve("appointment", func(r grpc.ServiceRegistrar) { appointmentv1.RegisterDirectoryServiceServer(r, f.directory) })
	s, err := New(f.Deps("ratings"))
	if err != nil {
		t.Fatal(err)
	}
	f.service = s
	f.Start("rating", s)
	f.client = ratingv1.NewRatingServiceClient(f.Conns.For("rating"))
	f.customer = f.SignIn(apiv1.Role_ROLE_CUSTOMER)
	f.master, f.colleague = f.signInMaster(f.salonID), f.signInMaster(f.salonID)
	f.admin = f.SignIn(apiv1.Role_ROLE_ADMIN)
	return f
}

func (f *fixture) signInMaster(salonID string) auth.Principal {
	f.t.Helper()
	return f.SignIn(apiv1.Role_ROLE_CUSTOMER, servicetest.Member(salonID, apiv1.SalonRole_SALON_ROLE_MASTER))
}

// appointment makes an appointment of the customer, by default with the one master, that ends now. It is completed now if
// that is its state. Only the directory has it.
func (f *fixture) appointment(
	state appointmentv1.AppointmentState, change ...func(*appointmentv1.AppointmentEvent),
) *appointmentv1.AppointmentEvent {
	now := f.Clock.Now()
	e := &appointmentv1.AppointmentEvent{
		AppointmentId: id.New(), SalonId: f.salonID, CustomerId: f.customerID, AccountId: f.customer.UserID,
		MasterIds: []string{f.master.UserID}, State: state,
		StartTime: timestamppb.New(now.Add(-time.Hour)), EndTime: timestamppb.New(now), TimeZone: "Europe/Berlin",
	}
	if state == completed {
		e.CompleteTime = timestamppb.New(now)
	}
	for _, c := range change {
		c(e)
	}
	f.directory.put(e, 3)
	return e
}

// withBoth makes an appointment one of both masters.
func (f *fixture) withBoth(e *appointmentv1.AppointmentEvent) {
	e.MasterIds = []string{f.master.UserID, f.colleague.UserID}
}

// create rates the only master of an appointment.
func (f *fixture) create(as auth.Principal, appointmentID string, stars int32) (*ratingv1.Rating, error) {
	return f.createFor(as, appointmentID, "", stars)
}

// createFor rates a master of an appointment.
func (f *fixture) createFor(as auth.Principal, appointmentID, masterID string, stars int32) (*ratingv1.Rating, error) {
	return f.client.CreateRating(f.As(as), &ratingv1.CreateRatingRequest{
		AppointmentId: appointmentID, MasterId: postgres.Null(masterID), Stars: stars, Comment: "nice",
	})
}

// rate rates the master as the customer, for a new appointment.
func (f *fixture) rate(stars int32) *ratingv1.Rating {
	f.t.Helper()
	r, err := f.create(f.customer, f.appointment(completed).GetAppointmentId(), stars)
	if err != nil {
		f.t.Fatalf("rate an appointment: %v", err)
	}
	return r
}

func (f *fixture) get(as auth.Principal, id string) *ratingv1.Rating {
	f.t.Helper()
	r, err := f.client.GetRating(f.As(as), &ratingv1.GetRatingRequest{RatingId: id})
	if err != nil {
		f.t.Fatalf("get a rating: %v", err)
	}
	return r
}

func (f *fixture) summary() *ratingv1.RatingSummary {
	f.t.Helper()
	s, err := f.client.GetRatingSummary(f.t.Context(), &ratingv1.GetRatingSummaryRequest{MasterId: f.master.UserID})
	if err != nil {
		f.t.Fatalf("get a summary: %v", err)
	}
	return s
}

// wantReason fails the test unless err has the reason; "" means no error.
func wantReason(t *testing.T, err error, reason string) {
	t.Helper()
	if (err == nil) != (reason == "") || apierr.ReasonOf(err) != reason {
		t.Errorf("err = %v, want %q", err, reason)
	}
}

func wantMessage(t *testing.T, got, want proto.Message) {
	t.Helper()
	if !proto.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}
