package user

import (
	"testing"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
)

func TestRatingEvents(t *testing.T) {
	h := newHarness(t)
	admin := h.admin("admin")
	id := h.master(admin, "mira").GetUser().GetId()
	get := func() *userv1.Master {
		t.Helper()
		m, err := h.masters.GetMaster(h.from(testIP), &userv1.GetMasterRequest{MasterId: id})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	rating := func(count int32, stars int64) *ratingv1.RatingEvent {
		return &ratingv1.RatingEvent{MasterId: id, RatingId: h.NewID(), SummaryCount: count, SummaryStars: stars}
	}
	if m := get(); m.GetRatingCount() != 0 || m.GetEtag() != "1-0" {
		t.Fatalf("before: %v", m)
	}
	h.Publish("rating.created", id, 1, h.Clock.Now(), rating(1, 5))
	h.Eventually("the first rating is counted", func() bool { return get().GetEtag() == "1-1" })

	// The third change arrives before the second, which then changes nothing, nor does
	// the first one when it comes again.
	third := h.Publish("rating.updated", id, 3, h.Clock.Now(), rating(2, 9))
	h.Eventually("the third change is counted", func() bool { return get().GetEtag() == "1-3" })
	second, err := events.NewEvent("rating.created", id, 2, h.Clock.Now(), rating(2, 6))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []events.Event{second, third} {
		err := h.store.db.InTx(t.Context(), func(tx *postgres.DB) error { return h.service.onRating(t.Context(), tx, e) })
		if err != nil {
			t.Fatal(err)
		}
	}
	if m := get(); m.GetRatingCount() != 2 || m.GetRatingMean() != 4.5 || m.GetEtag() != "1-3" {
		t.Errorf("afterwards: %v", m)
	}
	// Ratings do not stand in the way of who edits the profile.
	name := "Mira Sol"
	m, err := h.masters.UpdateMaster(h.with(admin), &userv1.UpdateMasterRequest{MasterId: id, DisplayName: &name, Etag: "1-0"})
	if err != nil || m.GetEtag() != "2-3" || m.GetRatingMean() != 4.5 {
		t.Errorf("edited: %v, %v", m, err)
	}
}

func TestOfferingEvents(t *testing.T) {
	h := newHarness(t)
	admin := h.admin("admin")
	id, service, offering := h.master(admin, "mira").GetUser().GetId(), h.NewID(), h.NewID()
	offered := func() bool {
		t.Helper()
		resp, err := h.masters.ListMasters(h.from(testIP), &userv1.ListMastersRequest{ServiceId: service})
		if err != nil {
			t.Fatal(err)
		}
		return len(resp.GetMasters()) == 1
	}
	put := func(version int64, deleted bool) {
		typ := "offering.put"
		if deleted {
			typ = "offering.deleted"
		}
		h.Publish(typ, offering, version, h.Clock.Now(), &appointmentv1.OfferingEvent{MasterId: id, ServiceId: service, Deleted: deleted})
	}
	if offered() {
		t.Fatal("offered from the start")
	}
	put(1, false)
	h.Eventually("the master is found by the service", offered)
	put(2, true)
	h.Eventually("the master is not found any more", func() bool { return !offered() })
	put(3, false)
	h.Eventually("the master is found again", offered)
}

// What other services hear, they hear through the stream.
func TestEventsArePublished(t *testing.T) {
	h := newHarness(t)
	heard := make(chan events.Event, 16)
	stop, err := h.Bus.Watch("user.>", func(e events.Event) { heard <- e })
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	u := h.register("anna")
	var e events.Event
	h.Eventually("the event arrives", func() bool {
		select {
		case e = <-heard:
			return true
		default:
			return false
		}
	})
	var body userv1.UserEvent
	if err := e.Decode(&body); err != nil {
		t.Fatal(err)
	}
	if e.Type != eventRegistered || e.AggregateID != u.GetId() || e.AggregateVersion != 1 ||
		body.GetUserId() != u.GetId() || body.GetRole() != u.GetRole() || body.GetDisabled() {
		t.Errorf("heard %+v %v", e, &body)
	}
}
