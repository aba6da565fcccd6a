package notification

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/servicetest"
)

// fixture is a running notification service with a customer and two masters.
type fixture struct {
	*servicetest.Platform

	t       *testing.T
	service *Service
	client  notificationv1.NotificationServiceClient

	customer, master, colleague auth.Principal
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, Platform: servicetest.New(t, Migrations)}
	s, err := New(f.Deps("notifications"))
	if err != nil {
		t.Fatal(err)
	}
	f.service = s
	f.Start("notification", s)
	f.client = notificationv1.NewNotificationServiceClient(f.Conns.For("notification"))
	f.customer = f.SignIn(apiv1.Role_ROLE_CUSTOMER)
	f.master, f.colleague = f.SignIn(apiv1.Role_ROLE_MASTER), f.SignIn(apiv1.Role_ROLE_MASTER)
	return f
}

// visit is a confirmed visit of the customer at both masters, tomorrow.
func (f *fixture) visit() *appointmentv1.AppointmentEvent {
	start := f.Clock.Now().Add(24 * time.Hour)
	return &appointmentv1.AppointmentEvent{
		AppointmentId: f.NewID(), CustomerId: f.customer.UserID,
		MasterIds: []string{f.master.UserID, f.colleague.UserID},
		State:     appointmentv1.AppointmentState_APPOINTMENT_STATE_CONFIRMED,
		StartTime: timestamppb.New(start), EndTime: timestamppb.New(start.Add(time.Hour)),
		Actor: appointmentv1.Party_PARTY_CUSTOMER,
	}
}

// tell publishes an event of a visit that happens now.
func (f *fixture) tell(typ string, version int64, e *appointmentv1.AppointmentEvent) events.Event {
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

// inbox returns somebody's notifications once there are n.
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

func wantReason(t *testing.T, err error, reason string) {
	t.Helper()
	if (err == nil) != (reason == "") || apierr.ReasonOf(err) != reason {
		t.Errorf("err = %v, want %q", err, reason)
	}
}
