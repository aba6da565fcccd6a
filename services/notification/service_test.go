package notification

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
)

func TestAVisitIsToldToAllConcerned(t *testing.T) {
	f := newFixture(t)
	visit := f.visit()
	var want []string
	for i, event := range []struct{ typ, want string }{
		{"appointment.created", "APPOINTMENT_CREATED"},
		{"appointment.confirmed", "APPOINTMENT_CONFIRMED"},
		{"appointment.rescheduled", "APPOINTMENT_RESCHEDULED"},
		{"appointment.completed", "APPOINTMENT_COMPLETED"},
	} {
		f.Clock.Advance(time.Minute)
		f.tell(event.typ, int64(i+1), visit)
		want = append(want, event.want)
	}
	last := timestamppb.New(f.Clock.Now())
	slices.Reverse(want)
	for _, who := range []auth.Principal{f.customer, f.master, f.colleague} {
		ns := f.inbox(who, len(want))
		if got := types(ns); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		title := "Visit completed"
		body := "The visit on " + visit.GetStartTime().AsTime().Format(timeLayout) + " is recorded as completed."
		if who == f.customer {
			title = "Rate your visit"
			body = "Thank you for your visit on " + visit.GetStartTime().AsTime().Format(timeLayout) + ". Please tell us how it was."
		}
		newest := &notificationv1.Notification{
			Id: ns[0].GetId(), Type: notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_COMPLETED,
			Title: title, Body: body, AppointmentId: visit.GetAppointmentId(), AppointmentStartTime: visit.GetStartTime(),
			CreateTime: last,
		}
		if !proto.Equal(ns[0], newest) {
			t.Errorf("got  %v\nwant %v", ns[0], newest)
		}
	}
}

func TestRatingsAreTold(t *testing.T) {
	f := newFixture(t)
	body := &ratingv1.RatingEvent{
		RatingId: f.NewID(), AppointmentId: f.NewID(), MasterId: f.master.UserID, CustomerId: f.customer.UserID, Stars: 5,
	}
	for i, typ := range []string{"rating.created", "rating.updated", "rating.replied", "rating.deleted"} {
		f.Publish(typ, f.master.UserID, int64(i+1), f.Clock.Now(), body)
	}
	// The event after those that tell nobody anything shows that they were heard.
	other := proto.CloneOf(body)
	other.RatingId = f.NewID()
	f.Publish("rating.created", f.master.UserID, 5, f.Clock.Now().Add(time.Second), other)

	toMaster := f.inbox(f.master, 2)
	toCustomer := f.inbox(f.customer, 1)
	wantMaster := &notificationv1.Notification{
		Id: toMaster[1].GetId(), Type: notificationv1.NotificationType_NOTIFICATION_TYPE_RATING_CREATED, Title: "New rating",
		Body: "A customer has given you 5 stars for a visit.", RatingId: body.GetRatingId(),
		CreateTime: timestamppb.New(f.Clock.Now()),
	}
	wantCustomer := &notificationv1.Notification{
		Id: toCustomer[0].GetId(), Type: notificationv1.NotificationType_NOTIFICATION_TYPE_RATING_REPLIED,
		Title: "Your rating was answered", Body: "The master has answered your rating.",
		AppointmentId: body.GetAppointmentId(), RatingId: body.GetRatingId(), CreateTime: timestamppb.New(f.Clock.Now()),
	}
	if toMaster[0].GetRatingId() != other.GetRatingId() || !proto.Equal(toMaster[1], wantMaster) {
		t.Errorf("master got %v", toMaster)
	}
	if !proto.Equal(toCustomer[0], wantCustomer) {
		t.Errorf("customer got %v", toCustomer)
	}
}

func TestAMasterAsCustomerIsToldOnce(t *testing.T) {
	f := newFixture(t)
	visit := f.visit()
	visit.CustomerId = f.master.UserID
	f.tell("appointment.created", 1, visit)
	if got := f.inbox(f.master, 1)[0].GetTitle(); got != "Visit booked" {
		t.Errorf("told as %q", got)
	}
	f.inbox(f.colleague, 1)
}

func TestEventsTwiceAndOutOfOrder(t *testing.T) {
	f := newFixture(t)
	visit := f.visit()
	f.tell("appointment.cancelled", 3, visit)
	f.inbox(f.customer, 1)
	// Late, and worth telling all the same.
	f.tell("appointment.rescheduled", 2, visit)
	first := f.tell("appointment.created", 1, visit)
	ns := f.inbox(f.customer, 3)

	// The same event once more, past the inbox of the consumer.
	err := f.service.deps.DB.InTx(t.Context(), func(tx *postgres.DB) error {
		return onAppointment(t.Context(), tx, first)
	})
	wantReason(t, err, "")
	again := f.inbox(f.customer, 3)
	if !slices.EqualFunc(again, ns, func(a, b *notificationv1.Notification) bool { return proto.Equal(a, b) }) {
		t.Errorf("before %v\nafter  %v", ns, again)
	}
}

func TestEventsThatCannotBeRead(t *testing.T) {
	f := newFixture(t)
	for typ, handle := range map[string]events.Handler{"appointment.created": onAppointment, "rating.created": onRating} {
		e := events.Event{ID: f.NewID(), Type: typ, AggregateID: f.NewID(), AggregateVersion: 1, Body: []byte(`{"masterIds":1}`)}
		if err := handle(t.Context(), f.service.deps.DB, e); err == nil {
			t.Errorf("%s was taken", typ)
		}
	}
}

func TestListNotifications(t *testing.T) {
	f := newFixture(t)
	visit := f.visit()
	for i := range 5 {
		f.Clock.Advance(time.Second)
		f.tell("appointment.rescheduled", int64(i+1), visit)
	}
	all := f.inbox(f.customer, 5)
	if _, err := f.client.MarkNotificationRead(f.As(f.customer), &notificationv1.MarkNotificationReadRequest{NotificationId: all[1].GetId()}); err != nil {
		t.Fatal(err)
	}
	open := []string{all[0].GetId(), all[2].GetId(), all[3].GetId(), all[4].GetId()}

	req := &notificationv1.ListNotificationsRequest{PageSize: 3, UnreadOnly: true}
	var got []string
	var token string
	for {
		page, err := f.client.ListNotifications(f.As(f.customer), req)
		wantReason(t, err, "")
		for _, n := range page.GetNotifications() {
			got = append(got, n.GetId())
		}
		if page.GetNextPageToken() == "" {
			break
		}
		token = page.GetNextPageToken()
		req.PageToken = token
	}
	if !slices.Equal(got, open) {
		t.Errorf("got %v, want %v", got, open)
	}
	for _, refused := range []struct {
		as     auth.Principal
		req    *notificationv1.ListNotificationsRequest
		reason string
	}{
		{auth.Principal{}, &notificationv1.ListNotificationsRequest{}, "UNAUTHENTICATED"},
		{f.customer, &notificationv1.ListNotificationsRequest{PageSize: -1}, "INVALID_FIELDS"},
		{f.customer, &notificationv1.ListNotificationsRequest{PageToken: token}, "INVALID_PAGE_TOKEN"},
		{f.customer, &notificationv1.ListNotificationsRequest{PageToken: "x", UnreadOnly: true}, "INVALID_PAGE_TOKEN"},
	} {
		_, err := f.client.ListNotifications(f.As(refused.as), refused.req)
		wantReason(t, err, refused.reason)
	}
}

func TestMarking(t *testing.T) {
	f := newFixture(t)
	f.tell("appointment.created", 1, f.visit())
	f.tell("appointment.created", 1, f.visit())
	f.tell("appointment.created", 1, f.visit())
	mine := f.inbox(f.customer, 3)
	theirs := f.inbox(f.master, 3)
	mark := func(as auth.Principal, id string) (*notificationv1.Notification, error) {
		return f.client.MarkNotificationRead(f.As(as), &notificationv1.MarkNotificationReadRequest{NotificationId: id})
	}

	for _, refused := range []struct {
		as         auth.Principal
		id, reason string
	}{
		{auth.Principal{}, mine[0].GetId(), "UNAUTHENTICATED"},
		{f.customer, theirs[0].GetId(), "NOT_FOUND"},
		{f.SignIn(apiv1.Role_ROLE_ADMIN), mine[0].GetId(), "NOT_FOUND"},
		{f.customer, f.NewID(), "NOT_FOUND"},
		{f.customer, "first", "INVALID_FIELDS"},
	} {
		_, err := mark(refused.as, refused.id)
		wantReason(t, err, refused.reason)
	}
	if got := f.unread(f.customer); got != 3 {
		t.Errorf("unread = %d, want 3", got)
	}

	want := proto.CloneOf(mine[0])
	want.ReadTime = timestamppb.New(f.Clock.Now())
	for range 2 {
		got, err := mark(f.customer, mine[0].GetId())
		wantReason(t, err, "")
		if !proto.Equal(got, want) {
			t.Errorf("got  %v\nwant %v", got, want)
		}
		f.Clock.Advance(time.Hour)
	}
	if got := f.unread(f.customer); got != 2 {
		t.Errorf("unread = %d, want 2", got)
	}
	for _, want := range []int32{2, 0} {
		resp, err := f.client.MarkAllNotificationsRead(f.As(f.customer), &notificationv1.MarkAllNotificationsReadRequest{})
		wantReason(t, err, "")
		if resp.GetMarkedCount() != want {
			t.Errorf("marked %d, want %d", resp.GetMarkedCount(), want)
		}
	}
	if mine, theirs := f.unread(f.customer), f.unread(f.master); mine != 0 || theirs != 3 {
		t.Errorf("unread: mine %d, theirs %d", mine, theirs)
	}
}

func TestOldNotificationsAreRemovedOnceRead(t *testing.T) {
	f := newFixture(t)
	f.tell("appointment.created", 1, f.visit())
	f.inbox(f.master, 1)
	read := f.inbox(f.customer, 1)[0]
	_, err := f.client.MarkNotificationRead(f.As(f.customer), &notificationv1.MarkNotificationReadRequest{NotificationId: read.GetId()})
	wantReason(t, err, "")

	f.Clock.Advance(Retention)
	if err := f.service.prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.inbox(f.customer, 1)
	f.Clock.Advance(time.Microsecond)
	if err := f.service.prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := f.list(f.customer); len(left) != 0 {
		t.Errorf("left %v", left)
	}
	if left := f.list(f.master); len(left) != 1 {
		t.Errorf("unread ones left %v", left)
	}
}
