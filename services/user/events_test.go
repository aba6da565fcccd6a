package user

import (
	"fmt"
	"slices"
	"testing"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
)

func TestRatingEvents(t *testing.T) {
	h := newHarness(t)
	admin := h.admin("admin")
	miraID := userID(h.master(admin, "mira"))
	get := func() *userv1.Master {
		t.Helper()
		m, err := h.masters.GetMaster(h.from(testIP), &userv1.GetMasterRequest{MasterId: miraID})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	rating := func(count int32, stars int64) *ratingv1.RatingEvent {
		return &ratingv1.RatingEvent{MasterId: miraID, RatingId: h.NewID(), SummaryCount: count, SummaryStars: stars}
	}
	if m := get(); m.GetRatingCount() != 0 || m.GetEtag() != "1-0" {
		t.Fatalf("before: %v", m)
	}
	h.Publish("rating.created", miraID, 1, h.Clock.Now(), rating(1, 5))
	h.Eventually("the first rating is counted", func() bool { return get().GetEtag() == "1-1" })

	// The third change arrives before the second. The second then changes nothing, and a
	// redelivery of the third changes nothing either.
	third := h.Publish("rating.updated", miraID, 3, h.Clock.Now(), rating(2, 9))
	h.Eventually("the third change is counted", func() bool { return get().GetEtag() == "1-3" })
	second, err := events.NewEvent("rating.created", miraID, 2, h.Clock.Now(), rating(2, 6))
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
	// A new rating does not make the etag of the profile outdated.
	name := "Mira Sol"
	m, err := h.masters.UpdateMaster(h.with(admin), &userv1.UpdateMasterRequest{MasterId: miraID, DisplayName: &name, Etag: "1-0"})
	if err != nil || m.GetEtag() != "2-3" || m.GetRatingMean() != 4.5 {
		t.Errorf("edited: %v, %v", m, err)
	}
}

// The events of members and masters have the salon and the state after the change.
func TestEventsOfMasters(t *testing.T) {
	h := newHarness(t)
	admin := h.admin("admin")
	mira := h.master(admin, "mira")
	name := "Mira"
	if _, err := h.users.UpdateMe(h.with(mira), &userv1.UpdateMeRequest{DisplayName: &name}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.masters.DeleteMaster(h.with(admin), &userv1.DeleteMasterRequest{MasterId: userID(mira)}); err != nil {
		t.Fatal(err)
	}
	listener := h.Listen("test-events", "*.>")
	var got []string
	h.Eventually("the events of the master arrive", func() bool {
		got = nil
		for _, e := range listener.Heard() {
			if e.AggregateID == userID(mira) {
				got = append(got, fmt.Sprintf("%s %d", e.Type, e.AggregateVersion))
			}
		}
		return len(got) == 4
	})
	slices.Sort(got)
	// The memberships take versions 2 and 4 of the account.
	want := []string{"master.created 1", "master.deleted 2", "user.registered 1", "user.updated 3"}
	if !slices.Equal(got, want) {
		t.Errorf("events %v, want %v", got, want)
	}
	for _, e := range listener.Heard() {
		if e.Type == eventMasterDeleted {
			var body userv1.MasterEvent
			if err := e.Decode(&body); err != nil || body.GetMasterId() != userID(mira) || body.GetSalonId() != id.FirstSalon || !body.GetDeleted() {
				t.Errorf("body %v, %v", &body, err)
			}
		}
	}
}

func TestOfferingEvents(t *testing.T) {
	h := newHarness(t)
	admin := h.admin("admin")
	miraID, service, offering := userID(h.master(admin, "mira")), h.NewID(), h.NewID()
	offered := func() bool {
		t.Helper()
		resp, err := h.masters.ListMasters(h.from(testIP), &userv1.ListMastersRequest{ServiceId: new(service)})
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
		h.Publish(typ, offering, version, h.Clock.Now(), &appointmentv1.OfferingEvent{MasterId: miraID, ServiceId: service, Deleted: deleted})
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

// Other services consume the events from the stream.
func TestEventsArePublished(t *testing.T) {
	h := newHarness(t)
	received := make(chan events.Event, 16)
	stop, err := h.Bus.Watch("user.>", func(e events.Event) { received <- e })
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	u := h.register("anna")
	var e events.Event
	h.Eventually("the event arrives", func() bool {
		select {
		case e = <-received:
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
		t.Errorf("received %+v %v", e, &body)
	}
}
