package e2e_test

import (
	"bufio"
	"net/http"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/beauty-salon/platform/e2e/salontest"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
)

const (
	watchNotifications      = notificationv1.NotificationService_WatchNotifications_FullMethodName
	issueNotificationTicket = notificationv1.NotificationService_IssueNotificationTicket_FullMethodName
)

// notificationOf waits for an event of this name and reads its notification.
func notificationOf(t *testing.T, events *bufio.Reader, name string) (salontest.Event, *notificationv1.Notification) {
	t.Helper()
	e := wantEvent(t, events, name)
	var m notificationv1.WatchNotificationsResponse
	if err := protojson.Unmarshal([]byte(e.Data), &m); err != nil {
		t.Fatalf("%q: %v", e.Data, err)
	}
	return e, m.GetNotification()
}

func TestEventsOfNotifications(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	customer := s.NewCustomer(t, "Listening")
	cast := people(t)
	req := salontest.RESTRequest(t, watchNotifications, &notificationv1.WatchNotificationsRequest{}).As(t, customer)
	events, stop := s.OpenEvents(t, req)
	wantEvent(t, events, "ready")
	booked := cast.Book(t, customer, cast.Master1)
	e, n := notificationOf(t, events, "created")
	if n.GetAppointmentId() != booked.GetId() || n.GetTitle() == "" || n.GetReadTime() != nil || e.ID == "" {
		t.Errorf("got %+v", e)
	}
	stop()
	salontest.Do[*notificationv1.Notification](t, s.REST(), customer, notificationv1.NotificationService_MarkNotificationRead_FullMethodName,
		&notificationv1.MarkNotificationReadRequest{NotificationId: n.GetId()})
	again, _ := s.OpenEvents(t, salontest.NewRequest(req.Method, req.Path, "").As(t, customer).With("Last-Event-ID", e.ID))
	wantEvent(t, again, "ready")
	if _, read := notificationOf(t, again, "changed"); read.GetId() != n.GetId() || read.GetReadTime() == nil {
		t.Errorf("got %v", read)
	}
	other, _ := s.OpenEvents(t, salontest.NewRequest(req.Method, req.Path, "").As(t, cast.CustomerB).With("Last-Event-ID", e.ID))
	wantEvent(t, other, "reset") // the token is of another account
}

func TestTicketsOpenStreamsOfNotifications(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	cast := people(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		ticket := salontest.Do[*notificationv1.NotificationTicket](t, c, cast.CustomerB, issueNotificationTicket,
			&notificationv1.IssueNotificationTicketRequest{}).GetTicket()
		by := &notificationv1.WatchNotificationsRequest{Ticket: ticket}
		salontest.Do[*notificationv1.WatchNotificationsResponse](t, c, nil, watchNotifications, by)
		refuse(t, c,
			refused{"TICKET_SPENT", nil, watchNotifications, by},
			refused{"UNAUTHENTICATED", nil, watchNotifications, &notificationv1.WatchNotificationsRequest{}},
			refused{"UNAUTHENTICATED", nil, issueNotificationTicket, &notificationv1.IssueNotificationTicketRequest{}},
		)
	})
	// A spent ticket ends the retries of EventSource. A token does not belong into a URL.
	if got := s.HTTP(t, get("/v1/notifications:watch?ticket=spent")); got.StatusCode != http.StatusNoContent {
		t.Errorf("a spent ticket: %s", got.Status)
	}
	s.HTTP(t, get("/v1/notifications:watch?access_token=x")).Result(t, nil).Want(t, 3, "INVALID_FIELDS")
}
