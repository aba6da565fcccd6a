package notification

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/servicetest"
)

// directory implements the lookup of names over what the test has put into it.
type directory struct {
	appointmentv1.UnimplementedDirectoryServiceServer

	mu       sync.Mutex
	names    *appointmentv1.LookupNamesResponse
	requests []*appointmentv1.LookupNamesRequest
	answer   func(context.Context) error // called first, unless nil
}

func (d *directory) LookupNames(
	ctx context.Context, req *appointmentv1.LookupNamesRequest,
) (*appointmentv1.LookupNamesResponse, error) {
	d.mu.Lock()
	d.requests = append(d.requests, proto.CloneOf(req))
	names, answer := d.names, d.answer
	d.mu.Unlock()
	if answer != nil {
		if err := answer(ctx); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// set changes what the directory answers from now on.
func (d *directory) set(change func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change()
}

// take returns the requests since the last call.
func (d *directory) take() []*appointmentv1.LookupNamesRequest {
	d.mu.Lock()
	defer d.mu.Unlock()
	requests := d.requests
	d.requests = nil
	return requests
}

// fixture is a running notification service with a salon, a customer of it and two masters.
type fixture struct {
	*servicetest.Platform

	t         *testing.T
	service   *Service
	client    notificationv1.NotificationServiceClient
	directory *directory

	// customerID is how the salon knows the customer.
	salonID, serviceID, customerID string
	customer, master, colleague    auth.Principal
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{
		t: t, Platform: servicetest.New(t, Migrations), salonID: id.New(), serviceID: id.New(), customerID: id.New(),
	}
	f.customer = f.SignIn(apiv1.Role_ROLE_CUSTOMER)
	member := servicetest.Member(f.salonID, apiv1.SalonRole_SALON_ROLE_MASTER)
	f.master, f.colleague = f.SignIn(apiv1.Role_ROLE_CUSTOMER, member), f.SignIn(apiv1.Role_ROLE_CUSTOMER, member)
	f.directory = &directory{names: &appointmentv1.LookupNamesResponse{
		Salons:    map[string]string{f.salonID: "Salon Mira"},
		Services:  map[string]string{f.serviceID: "Haircut"},
		Masters:   map[string]string{f.master.UserID: "Anna", f.colleague.UserID: "Ben"},
		Customers: map[string]string{f.customerID: "Carla"},
	}}
	f.Serve("appointment", func(r grpc.ServiceRegistrar) { appointmentv1.RegisterDirectoryServiceServer(r, f.directory) })
	s, err := New(f.Deps("notifications"))
	if err != nil {
		t.Fatal(err)
	}
	f.service = s
	f.Start("notification", s)
	f.client = notificationv1.NewNotificationServiceClient(f.Conns.For("notification"))
	return f
}

// appointment is a confirmed appointment of the customer with both masters, tomorrow.
func (f *fixture) appointment() *appointmentv1.AppointmentEvent {
	start := f.Clock.Now().Add(24 * time.Hour)
	return &appointmentv1.AppointmentEvent{
		AppointmentId: id.New(), SalonId: f.salonID, CustomerId: f.customerID, AccountId: f.customer.UserID,
		MasterIds: []string{f.master.UserID, f.colleague.UserID}, ServiceIds: []string{f.serviceID},
		State:     appointmentv1.AppointmentState_APPOINTMENT_STATE_CONFIRMED,
		StartTime: timestamppb.New(start), EndTime: timestamppb.New(start.Add(time.Hour)), TimeZone: "Asia/Tokyo",
		Actor: appointmentv1.Actor_ACTOR_CUSTOMER,
	}
}

// wall is the wall time of an appointment's start in its zone.
func wall(e *appointmentv1.AppointmentEvent) string {
	return wallTime(e.GetStartTime().AsTime(), e.GetTimeZone(), englishTime)
}

// publish sends an event of an appointment that happens now.
func (f *fixture) publish(typ string, version int64, e *appointmentv1.AppointmentEvent) events.Event {
	f.t.Helper()
	return f.Publish(typ, e.GetAppointmentId(), version, f.Clock.Now(), e)
}

func (f *fixture) list(as auth.Principal) []*notificationv1.Notification {
	f.t.Helper()
	resp, err := f.client.ListNotifications(f.As(as), &notificationv1.ListNotificationsRequest{PageSize: 100})
	if err != nil {
		f.t.Fatalf("list notifications: %v", err)
	}
	return resp.GetNotifications()
}

// inbox returns a caller's notifications once there are n.
func (f *fixture) inbox(as auth.Principal, n int) []*notificationv1.Notification {
	f.t.Helper()
	var ns []*notificationv1.Notification
	f.Eventually("notifications arrive", func() bool {
		ns = f.list(as)
		return len(ns) >= n
	})
	if len(ns) != n {
		f.t.Fatalf("%d notifications, want %d: %v", len(ns), n, ns)
	}
	return ns
}

func (f *fixture) unread(as auth.Principal) int32 {
	f.t.Helper()
	resp, err := f.client.GetUnreadCount(f.As(as), &notificationv1.GetUnreadCountRequest{})
	if err != nil {
		f.t.Fatalf("count unread: %v", err)
	}
	return resp.GetCount()
}

func types(ns []*notificationv1.Notification) []string {
	names := make([]string, len(ns))
	for i, n := range ns {
		names[i] = n.GetType().String()[len("NOTIFICATION_TYPE_"):]
	}
	return names
}

func sorted(ids ...string) []string {
	slices.Sort(ids)
	return ids
}

func wantReason(t *testing.T, err error, reason string) {
	t.Helper()
	if (err == nil) != (reason == "") || apierr.ReasonOf(err) != reason {
		t.Errorf("err = %v, want %q", err, reason)
	}
}
