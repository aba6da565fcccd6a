package notification

import (
	"context"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/service"
	"github.com/beauty-salon/platform/internal/servicetest"
	"github.com/beauty-salon/platform/internal/stream"
)

const (
	eventReset    = notificationv1.NotificationEventType_NOTIFICATION_EVENT_TYPE_RESET
	eventSnapshot = notificationv1.NotificationEventType_NOTIFICATION_EVENT_TYPE_SNAPSHOT
	eventReady    = notificationv1.NotificationEventType_NOTIFICATION_EVENT_TYPE_READY
	eventCreated  = notificationv1.NotificationEventType_NOTIFICATION_EVENT_TYPE_CREATED
	eventChanged  = notificationv1.NotificationEventType_NOTIFICATION_EVENT_TYPE_CHANGED
	eventBeat     = notificationv1.NotificationEventType_NOTIFICATION_EVENT_TYPE_HEARTBEAT

	// patience is how long a message may take.
	patience = 30 * time.Second
)

// begin opens a stream from its beginning.
var begin = &notificationv1.WatchNotificationsRequest{}

// reader reads a stream.
type reader struct {
	f    *fixture
	recv grpc.ServerStreamingClient[notificationv1.WatchNotificationsResponse]
	stop context.CancelFunc
	last string // the last resume token
}

func (f *fixture) watch(who auth.Principal, req *notificationv1.WatchNotificationsRequest) *reader {
	f.t.Helper()
	ctx, stop := context.WithTimeout(f.As(who), patience)
	f.t.Cleanup(stop)
	s, err := f.client.WatchNotifications(ctx, req)
	if err != nil {
		f.t.Fatal(err)
	}
	return &reader{f: f, recv: s, stop: stop}
}

// resume opens the stream of a token.
func (f *fixture) resume(who auth.Principal, token string) *reader {
	f.t.Helper()
	return f.watch(who, &notificationv1.WatchNotificationsRequest{ResumeToken: token})
}

// want receives a message of a type, leaving out heartbeats that are not wanted.
func (r *reader) want(typ notificationv1.NotificationEventType) *notificationv1.Notification {
	r.f.t.Helper()
	for {
		m, err := r.recv.Recv()
		if err != nil {
			r.f.t.Fatalf("receive %v: %v", typ, err)
		}
		if m.GetResumeToken() != "" {
			r.last = m.GetResumeToken()
		}
		if m.GetType() == typ {
			return m.GetNotification()
		}
		if m.GetType() != eventBeat {
			r.f.t.Fatalf("received %v, want %v", m, typ)
		}
	}
}

// ends waits for the end of the stream.
func (r *reader) ends(code codes.Code, reason string) {
	r.f.t.Helper()
	var err error
	for err == nil {
		_, err = r.recv.Recv()
	}
	if status.Code(err) != code || apierr.ReasonOf(err) != reason {
		r.f.t.Errorf("ended with %v, want %v %s", err, code, reason)
	}
}

// notifyCustomer makes a notification of the customer and of both masters, and returns that of the customer.
func (f *fixture) notifyCustomer(n int) *notificationv1.Notification {
	f.t.Helper()
	f.publish("appointment.created", 1, f.appointment())
	return f.inbox(f.customer, n)[0]
}

func (f *fixture) markRead(n *notificationv1.Notification) {
	f.t.Helper()
	_, err := f.client.MarkNotificationRead(f.As(f.customer), &notificationv1.MarkNotificationReadRequest{NotificationId: n.GetId()})
	if err != nil {
		f.t.Fatal(err)
	}
}

func TestStreamBeginsWithTheUnreadAndFollows(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	read := f.notifyCustomer(1)
	f.markRead(read)
	f.Clock.Advance(time.Minute)
	first := f.notifyCustomer(2)
	f.Clock.Advance(time.Minute)
	second := f.notifyCustomer(3)
	r, stranger := f.watch(f.customer, begin), f.watch(f.SignIn(apiv1.Role_ROLE_ADMIN), begin)
	stranger.want(eventReady)
	if got := r.want(eventSnapshot); got.GetId() != first.GetId() || got.GetBody() != first.GetBody() {
		t.Errorf("got %v, want %v", got, first)
	}
	if got := r.want(eventSnapshot); got.GetId() != second.GetId() || r.last != "" {
		t.Errorf("got %v with %q, want %v", got, r.last, second)
	}
	r.want(eventReady)
	third := f.notifyCustomer(4)
	if got := r.want(eventCreated); got.GetId() != third.GetId() || got.GetBody() != third.GetBody() || got.GetReadTime() != nil {
		t.Errorf("got %v, want %v", got, third)
	}
	f.markRead(first)
	if got := r.want(eventChanged); got.GetId() != first.GetId() || got.GetReadTime() == nil {
		t.Errorf("got %v", got)
	}
	f.markRead(first) // changes nothing
	if _, err := f.client.MarkAllNotificationsRead(f.As(f.customer), &notificationv1.MarkAllNotificationsReadRequest{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []*notificationv1.Notification{second, third} {
		if got := r.want(eventChanged); got.GetId() != want.GetId() {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	f.service.EndStreams()
	stranger.ends(codes.Unavailable, "UNAVAILABLE") // and nothing before
	r.ends(codes.Unavailable, "UNAVAILABLE")
}

func TestStreamOfNotificationsResumes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	r := f.watch(f.customer, begin)
	r.want(eventReady)
	r.stop()
	first := f.notifyCustomer(1)
	f.Clock.Advance(time.Minute)
	second := f.notifyCustomer(2)
	again := f.resume(f.customer, r.last)
	again.want(eventReady)
	if got := again.want(eventCreated); got.GetId() != first.GetId() {
		t.Errorf("got %v", got)
	}
	between := again.last
	if got := again.want(eventCreated); got.GetId() != second.GetId() {
		t.Errorf("got %v", got)
	}
	again.stop()
	f.markRead(first)
	third := f.resume(f.customer, between)
	third.want(eventReady)
	if got := third.want(eventChanged); got.GetId() != first.GetId() {
		t.Errorf("got %v", got)
	}
	if got := third.want(eventCreated); got.GetId() != second.GetId() {
		t.Errorf("got %v", got)
	}
	for _, other := range []*reader{f.resume(f.customer, "x"), f.resume(f.master, third.last)} {
		other.want(eventReset)
		other.want(eventSnapshot)
	}
	f.Clock.Advance(stream.TokenTime)
	f.resume(f.customer, third.last).want(eventReset)
}

// A transaction that commits later than one that began after it is not missed.
func TestNoNotificationIsMissedWhenTransactionsCommitOutOfOrder(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	r := f.watch(f.customer, begin)
	r.want(eventReady)
	early, late := unstored(f.customer.UserID, f.Clock.Now()), unstored(f.customer.UserID, f.Clock.Now())
	inserted, commit, committed := make(chan error, 1), make(chan struct{}), make(chan error, 1)
	letCommit := sync.OnceFunc(func() { close(commit) })
	t.Cleanup(letCommit)
	db := f.service.deps.DB
	go func() {
		committed <- db.InTx(t.Context(), func(tx *postgres.DB) error {
			err := f.service.store.In(tx).InsertNotifications(t.Context(), []Notification{late})
			select {
			case inserted <- err:
			default: // not the first try
			}
			<-commit
			return err
		})
	}()
	if err := <-inserted; err != nil {
		t.Fatal(err)
	}
	if err := f.service.store.InsertNotifications(t.Context(), []Notification{early}); err != nil {
		t.Fatal(err)
	}
	if got := r.want(eventCreated); got.GetId() != early.ID {
		t.Errorf("got %v", got)
	}
	between := r.last
	letCommit()
	if err := <-committed; err != nil {
		t.Fatal(err)
	}
	again := f.resume(f.customer, between)
	again.want(eventReady)
	for _, stream := range []*reader{r, again} {
		if got := stream.want(eventCreated); got.GetId() != late.ID {
			t.Errorf("got %v", got)
		}
	}
}

// What another process does arrives by a broadcast, and without NATS by looking.
func TestStreamsSeeOtherProcesses(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	other, err := New(f.Deps("notifications"))
	if err != nil {
		t.Fatal(err)
	}
	n := f.notifyCustomer(1)
	r := f.watch(f.customer, begin)
	r.want(eventSnapshot)
	r.want(eventReady)
	as := auth.WithPrincipal(t.Context(), f.customer)
	if _, err := other.MarkNotificationRead(as, &notificationv1.MarkNotificationReadRequest{NotificationId: n.GetId()}); err != nil {
		t.Fatal(err)
	}
	r.want(eventChanged)
	f.NATS.Stop()
	late := unstored(f.customer.UserID, f.Clock.Now())
	if err := other.store.InsertNotifications(t.Context(), []Notification{late}); err != nil { // and no wake
		t.Fatal(err)
	}
	if got := r.want(eventCreated); got.GetId() != late.ID {
		t.Errorf("got %v", got)
	}
}

func TestChangesWakeOtherProcesses(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	heard := make(chan struct{}, 10)
	stop, err := f.Deps("notifications").Bus.Watch(inboxChanged, func(events.Event) { heard <- struct{}{} })
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	wait := func(what string) {
		t.Helper()
		select {
		case <-heard:
		case <-time.After(patience):
			t.Fatalf("%s was not broadcast", what)
		}
	}
	n := f.notifyCustomer(1)
	wait("a new notification")
	f.markRead(n)
	wait("a notification that was read")
}

func TestStreamsOfNotificationsEndWithTheSession(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	r, other := f.watch(f.customer, begin), f.watch(f.master, begin)
	r.want(eventReady)
	other.want(eventReady)
	f.SignOut(f.customer)
	r.ends(codes.Unauthenticated, "UNAUTHENTICATED")
	f.SetRoles(f.master, servicetest.Member(f.salonID, apiv1.SalonRole_SALON_ROLE_RECEPTIONIST))
	other.ends(codes.PermissionDenied, "PERMISSION_DENIED")
	f.watch(auth.Principal{}, begin).ends(codes.Unauthenticated, "UNAUTHENTICATED")
}

func TestStreamsOfNotificationsAreLimited(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var readers []*reader // a stream that is garbage ends
	for range service.DefaultMaxStreams {
		readers = append(readers, f.watch(f.customer, begin))
		readers[len(readers)-1].want(eventReady)
	}
	f.watch(f.customer, begin).ends(codes.ResourceExhausted, "RATE_LIMITED")
	f.watch(f.master, begin).want(eventReady)
	readers[0].stop()
	f.Eventually("the place is free", func() bool {
		r := f.watch(f.customer, begin)
		defer r.stop()
		_, err := r.recv.Recv()
		return err == nil
	})
	for _, r := range readers {
		r.stop()
	}
}

func TestTicketsOpenStreamsOfNotifications(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	issue := func() *notificationv1.WatchNotificationsRequest {
		ticket, err := f.client.IssueNotificationTicket(f.As(f.customer), &notificationv1.IssueNotificationTicketRequest{})
		if err != nil || !ticket.GetExpireTime().AsTime().After(f.Clock.Now()) {
			t.Fatal(ticket, err)
		}
		return &notificationv1.WatchNotificationsRequest{Ticket: ticket.GetTicket()}
	}
	req := issue()
	r := f.watch(auth.Principal{}, req)
	r.want(eventReady)
	f.watch(auth.Principal{}, req).ends(codes.FailedPrecondition, "TICKET_SPENT")
	n := f.notifyCustomer(1)
	if got := r.want(eventCreated); got.GetId() != n.GetId() {
		t.Errorf("got %v", got)
	}
	f.markRead(n)
	r.stop()
	again := issue()
	again.ResumeToken = r.last
	next := f.watch(auth.Principal{}, again)
	next.want(eventReady)
	next.want(eventChanged)
	late, signedOut := issue(), issue()
	f.SignOut(f.customer)
	f.watch(auth.Principal{}, signedOut).ends(codes.Unauthenticated, "UNAUTHENTICATED")
	f.Clock.Advance(time.Minute)
	f.watch(auth.Principal{}, late).ends(codes.FailedPrecondition, "TICKET_SPENT")
	if _, err := f.client.IssueNotificationTicket(t.Context(), &notificationv1.IssueNotificationTicketRequest{}); status.Code(err) != codes.Unauthenticated {
		t.Errorf("nobody gets a ticket: %v", err)
	}
}

func TestHeartbeatsOfNotifications(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.service.streams.Heartbeat = 50 * time.Millisecond
	r := f.watch(f.SignIn(apiv1.Role_ROLE_CUSTOMER), begin)
	r.want(eventReady)
	before := r.last
	f.notifyCustomer(1) // not for this stream
	for r.last == before {
		r.want(eventBeat)
	}
}
