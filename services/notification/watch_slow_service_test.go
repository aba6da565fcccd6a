package notification

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/stream"
)

// TestASlowReaderOfNotificationsIsCutOffAndResumes: a stream that nobody reads is ended, and its token tells everything that it has missed, once.
// Other streams go on.
func TestASlowReaderOfNotificationsIsCutOffAndResumes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	slow, fast := f.watch(f.customer, begin), f.watch(f.customer, begin)
	slow.want(eventReady)
	fast.want(eventReady)
	const notices = stream.Pending + 20
	for range notices {
		if err := f.service.store.InsertNotifications(t.Context(), []Notification{unstored(f.customer.UserID, f.Clock.Now())}); err != nil {
			t.Fatal(err)
		}
		f.service.wake()
		fast.want(eventCreated) // so each notification is a batch of its own
	}
	seen := map[string]int{}
	var err error
	for err == nil {
		var m *notificationv1.WatchNotificationsResponse
		if m, err = slow.recv.Recv(); err == nil && m.GetNotification() != nil {
			seen[m.GetNotification().GetId()]++
			slow.last = m.GetResumeToken()
		}
	}
	if status.Code(err) != codes.ResourceExhausted || apierr.ReasonOf(err) != "STREAM_TOO_SLOW" {
		t.Fatalf("ended with %v", err)
	}
	again := f.resume(f.customer, slow.last)
	again.want(eventReady)
	for len(seen) < notices {
		seen[again.want(eventCreated).GetId()]++
	}
	for id, times := range seen {
		if times != 1 {
			t.Errorf("%s came %d times", id, times)
		}
	}
}
