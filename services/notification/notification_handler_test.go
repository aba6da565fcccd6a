package notification

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	"github.com/beauty-salon/platform/internal/auth"
)

func TestListNotifications(t *testing.T) {
	f := newFixture(t)
	appointment := f.appointment()
	for i := range 5 {
		f.Clock.Advance(time.Second)
		f.publish("appointment.rescheduled", int64(i+1), appointment)
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
	f.publish("appointment.created", 1, f.appointment())
	f.publish("appointment.created", 1, f.appointment())
	f.publish("appointment.created", 1, f.appointment())
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
	f.publish("appointment.created", 1, f.appointment())
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

func TestUnreadNotificationsAreRemovedAfterTheSetting(t *testing.T) {
	f := newFixture(t)
	f.publish("appointment.created", 1, f.appointment())
	f.inbox(f.master, 1)
	f.Clock.Advance(10 * 365 * 24 * time.Hour)
	for _, step := range []struct {
		keep time.Duration
		left int
	}{{0, 1}, {11 * 365 * 24 * time.Hour, 1}, {9 * 365 * 24 * time.Hour, 0}} {
		pruning := &Service{store: f.service.store, deps: f.service.deps, streams: f.service.streams} // the fixture's own runs
		pruning.deps.KeepUnread = step.keep
		if err := pruning.prune(t.Context()); err != nil {
			t.Fatal(err)
		}
		if left := f.list(f.master); len(left) != step.left {
			t.Errorf("kept for %v: %d left, want %d", step.keep, len(left), step.left)
		}
	}
}
