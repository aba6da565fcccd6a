// Package resilience_test runs the real program under contention, kills it at its weakest moments, takes away what it
// stands on, and runs it as five processes.
package resilience_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	"github.com/beauty-salon/platform/internal/natstest"
)

const (
	createAppointment = appointmentv1.AppointmentService_CreateAppointment_FullMethodName
	listAppointments  = appointmentv1.AppointmentService_ListAppointments_FullMethodName
	listNotifications = notificationv1.NotificationService_ListNotifications_FullMethodName
)

const (
	created    = notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CREATED
	confirmed  = notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CONFIRMED
	completed  = notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_COMPLETED
	ratingMade = notificationv1.NotificationType_NOTIFICATION_TYPE_RATING_CREATED
)

// appointmentsOf returns all appointments of a master, as an administrator sees them, in the order of their time.
func appointmentsOf(t testing.TB, c salontest.Caller, masterID string) []*appointmentv1.Appointment {
	t.Helper()
	var all []*appointmentv1.Appointment
	req := &appointmentv1.ListAppointmentsRequest{MasterId: new(masterID), PageSize: 100}
	for {
		page := salontest.Do[*appointmentv1.ListAppointmentsResponse](t, c, c.System().Admin(), listAppointments, req)
		all = append(all, page.GetAppointments()...)
		if req.PageToken = page.GetNextPageToken(); req.GetPageToken() == "" {
			return all
		}
	}
}

// noOverlap fails the test when two appointments of one master take the same time. Between two appointments of the tests' services
// there is no buffer, so that one may end when the next begins.
func noOverlap(t testing.TB, appointments []*appointmentv1.Appointment) {
	t.Helper()
	taken := slices.DeleteFunc(slices.Clone(appointments), func(a *appointmentv1.Appointment) bool {
		return a.GetState() == appointmentv1.AppointmentState_APPOINTMENT_STATE_CANCELLED
	})
	slices.SortFunc(taken, func(a, b *appointmentv1.Appointment) int {
		return a.GetStartTime().AsTime().Compare(b.GetStartTime().AsTime())
	})
	for i := 1; i < len(taken); i++ {
		if before, after := taken[i-1], taken[i]; before.GetEndTime().AsTime().After(after.GetStartTime().AsTime()) {
			t.Errorf("two appointments of a master overlap:\n%v\n%v", before, after)
		}
	}
}

// notice names what a notification is about.
type notice struct {
	typ notificationv1.NotificationType
	// id is the appointment's, or the rating's where the notification does not say which appointment was rated.
	id string
}

// notifications counts the notifications of somebody.
func notifications(t testing.TB, c salontest.Caller, as salontest.Identity) map[notice]int {
	t.Helper()
	counts := map[notice]int{}
	for _, n := range notificationsOf(t, c, as) {
		id := n.GetAppointmentId()
		if id == "" {
			id = n.GetRatingId()
		}
		counts[notice{n.GetType(), id}]++
	}
	return counts
}

// notificationsOf are the notifications of somebody, over all pages.
func notificationsOf(t testing.TB, c salontest.Caller, as salontest.Identity) []*notificationv1.Notification {
	t.Helper()
	list, _ := allNotifications(func(req *notificationv1.ListNotificationsRequest) (*notificationv1.ListNotificationsResponse, error) {
		return salontest.Do[*notificationv1.ListNotificationsResponse](t, c, as, listNotifications, req), nil
	})
	return list
}

// allNotifications reads all pages of notifications, unless a call fails.
func allNotifications(
	page func(*notificationv1.ListNotificationsRequest) (*notificationv1.ListNotificationsResponse, error),
) (list []*notificationv1.Notification, err error) {
	req := &notificationv1.ListNotificationsRequest{PageSize: 100}
	for {
		answer, err := page(req)
		if err != nil {
			return nil, err
		}
		list = append(list, answer.GetNotifications()...)
		if req.PageToken = answer.GetNextPageToken(); req.GetPageToken() == "" {
			return list, nil
		}
	}
}

// expectation is what somebody has to be notified of, each exactly once.
type expectation struct {
	who  *salontest.Account
	what []notice
}

// arrive waits until everybody was notified of everything at least once.
func arrive(t testing.TB, c salontest.Caller, expectations []expectation) {
	t.Helper()
	salontest.Eventually(t, func() error {
		for _, e := range expectations {
			counts := notifications(t, c, e.who)
			for _, want := range e.what {
				if counts[want] == 0 {
					return fmt.Errorf("%s was not notified of %v", e.who.Name, want)
				}
			}
		}
		return nil
	})
}

// exactlyOnce fails the test when somebody was notified of something that was not expected, or of something twice.
func exactlyOnce(t testing.TB, c salontest.Caller, expectations []expectation) {
	t.Helper()
	for _, e := range expectations {
		counts := notifications(t, c, e.who)
		for _, want := range e.what {
			if counts[want] != 1 {
				t.Errorf("%s was notified of %v %d times, want once", e.who.Name, want, counts[want])
			}
			delete(counts, want)
		}
		for what, n := range counts {
			t.Errorf("%s was notified of %v %d times, want never", e.who.Name, what, n)
		}
	}
}

// settled waits until every consumer has handled everything that is in the stream, and has said so. Then nothing more
// comes of it.
func settled(t testing.TB, server *natstest.Server) {
	t.Helper()
	settledAt(t, server.URL().Reveal())
}

// settledAt is settled for servers at an address.
func settledAt(t testing.TB, url string) {
	t.Helper()
	eventually(t, url, func(stream jetstream.Stream) error {
		consumers, seen := stream.ListConsumers(t.Context()), 0
		var err error
		for info := range consumers.Info() {
			seen++
			if info.NumPending > 0 || info.NumAckPending > 0 {
				err = fmt.Errorf("%s has %d events to come and %d to acknowledge", info.Name, info.NumPending, info.NumAckPending)
			}
		}
		if consumers.Err() != nil {
			return consumers.Err()
		}
		if seen == 0 {
			return fmt.Errorf("the stream has no consumers")
		}
		return err
	})
}

// eventually waits until check returns nil for the stream of events.
func eventually(t testing.TB, url string, check func(jetstream.Stream) error) {
	t.Helper()
	conn, err := nats.Connect(url)
	if err != nil {
		t.Fatalf("connect to NATS: %v", err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatalf("JetStream: %v", err)
	}
	salontest.Eventually(t, func() error {
		stream, err := js.Stream(t.Context(), "SALON")
		if err != nil {
			return err
		}
		return check(stream)
	})
}

// attempt makes a call that may fail in any way, such as by the program's death.
func attempt(ctx context.Context, conn *grpc.ClientConn, token, method string, req, answer proto.Message) error {
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
	return conn.Invoke(ctx, method, req, answer)
}

// dataDir makes a folder that the database's user may enter; that of testing is closed to it.
func dataDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "salon-resilience-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("delete the data: %v", err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}
