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
	"github.com/beauty-salon/platform/internal/servicetest"
)

const (
	completed = appointmentv1.AppointmentState_APPOINTMENT_STATE_COMPLETED
	confirmed = appointmentv1.AppointmentState_APPOINTMENT_STATE_CONFIRMED
)

// diary answers appointmentv1.VisitService from what the test has put into it.
type diary struct {
	appointmentv1.UnimplementedVisitServiceServer

	asked  atomic.Int32
	mu     sync.Mutex
	visits map[string]*appointmentv1.LookupVisitResponse
}

func (d *diary) LookupVisit(
	_ context.Context, req *appointmentv1.LookupVisitRequest,
) (*appointmentv1.LookupVisitResponse, error) {
	d.asked.Add(1)
	d.mu.Lock()
	defer d.mu.Unlock()
	v, ok := d.visits[req.GetAppointmentId()]
	if !ok {
		return nil, apierr.NotFound("appointment")
	}
	return v, nil
}

func (d *diary) put(e *appointmentv1.AppointmentEvent, version int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.visits[e.GetAppointmentId()] = &appointmentv1.LookupVisitResponse{Appointment: e, Version: version}
}

// fixture is a running rating service with a customer, a master and an administrator.
type fixture struct {
	*servicetest.Platform

	t       *testing.T
	service *Service
	client  ratingv1.RatingServiceClient
	diary   *diary

	customer, master, admin auth.Principal
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{
		t: t, Platform: servicetest.New(t, Migrations),
		diary: &diary{visits: map[string]*appointmentv1.LookupVisitResponse{}},
	}
	f.Serve("appointment", func(r grpc.ServiceRegistrar) { appointmentv1.RegisterVisitServiceServer(r, f.diary) })
	s, err := New(f.Deps("ratings"))
	if err != nil {
		t.Fatal(err)
	}
	f.service = s
	f.Start("rating", s)
	f.client = ratingv1.NewRatingServiceClient(f.Conns.For("rating"))
	f.customer = f.SignIn(apiv1.Role_ROLE_CUSTOMER)
	f.master = f.SignIn(apiv1.Role_ROLE_MASTER)
	f.admin = f.SignIn(apiv1.Role_ROLE_ADMIN)
	return f
}

// visit makes a visit of a customer at the master, completed now if that is its state, which only the diary knows.
func (f *fixture) visit(customer auth.Principal, state appointmentv1.AppointmentState) *appointmentv1.AppointmentEvent {
	now := f.Clock.Now()
	e := &appointmentv1.AppointmentEvent{
		AppointmentId: f.NewID(), CustomerId: customer.UserID, MasterIds: []string{f.master.UserID, f.NewID()},
		State: state, StartTime: timestamppb.New(now.Add(-time.Hour)), EndTime: timestamppb.New(now),
	}
	if state == completed {
		e.CompleteTime = timestamppb.New(now)
	}
	f.diary.put(e, 3)
	return e
}

// create rates a visit.
func (f *fixture) create(as auth.Principal, appointmentID string, stars int32) (*ratingv1.Rating, error) {
	return f.client.CreateRating(f.As(as), &ratingv1.CreateRatingRequest{
		AppointmentId: appointmentID, Stars: stars, Comment: "nice",
	})
}

// rate lets the customer rate a new visit.
func (f *fixture) rate(stars int32) *ratingv1.Rating {
	f.t.Helper()
	r, err := f.create(f.customer, f.visit(f.customer, completed).GetAppointmentId(), stars)
	if err != nil {
		f.t.Fatalf("rate a visit: %v", err)
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

// wantReason fails the test unless err has the reason; "" stands for no error.
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
