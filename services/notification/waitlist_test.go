package notification

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
)

// TestWaitlistNotifies: an offer is told to the customer; for a guest, to the masters of the time.
func TestWaitlistNotifies(t *testing.T) {
	f := newFixture(t)
	start := time.Date(2026, 12, 12, 13, 0, 0, 0, time.UTC)
	event := &appointmentv1.WaitlistEvent{
		EntryId: id.New(), SalonId: f.salonID, CustomerId: f.customerID, AccountId: f.customer.UserID, ServiceIds: []string{f.serviceID},
		MasterIds: []string{f.master.UserID}, StartTime: timestamppb.New(start), ExpireTime: timestamppb.New(start.Add(-time.Hour)),
		TimeZone: "Europe/Berlin", State: appointmentv1.WaitlistState_WAITLIST_STATE_OFFERED,
	}
	check := func(as auth.Principal, n int, title, body string) {
		t.Helper()
		got := f.inbox(as, n)[0]
		if got.GetTitle() != title || got.GetBody() != body {
			t.Errorf("got %q, %q", got.GetTitle(), got.GetBody())
		}
	}
	f.Publish("waitlist.joined", event.GetEntryId(), 1, f.Clock.Now(), event)
	f.Publish("waitlist.offered", event.GetEntryId(), 2, f.Clock.Now(), event)
	check(f.customer, 1, "A time is free for you", "You wait for a time at Salon Mira: Sat 12 Dec, 14:00 (Haircut with Anna) is held for you until "+
		"Sat 12 Dec, 13:00. Book it before then.")
	f.Clock.Advance(time.Minute)
	f.Publish("waitlist.offer_expired", event.GetEntryId(), 3, f.Clock.Now(), event)
	check(f.customer, 2, "The time is not held any more", "You have not booked Sat 12 Dec, 14:00 (Haircut with Anna) at Salon Mira by "+
		"Sat 12 Dec, 13:00. You keep your place in the waitlist for other times.")

	event.AccountId = ""
	f.Clock.Advance(time.Minute)
	f.Publish("waitlist.offered", event.GetEntryId(), 4, f.Clock.Now(), event)
	check(f.master, 1, "A time is free for a guest", "Sat 12 Dec, 14:00 (Haircut with Anna) at Salon Mira is held until Sat 12 Dec, 13:00 "+
		"for Carla, who is in the waitlist. Please tell them and book it.")
	f.Clock.Advance(time.Minute)
	f.Publish("waitlist.offer_expired", event.GetEntryId(), 5, f.Clock.Now(), event)
	check(f.master, 2, "The time is not held any more", "Sat 12 Dec, 14:00 (Haircut with Anna) at Salon Mira was not booked for Carla, who is "+
		"in the waitlist, by Sat 12 Dec, 13:00.")
}
