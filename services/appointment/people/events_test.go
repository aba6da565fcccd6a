package people

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
)

// consume runs the consumers until the test ends.
func (f *fixture) consume() {
	for _, c := range f.people.Consumers() {
		f.Go(events.NewConsumer(f.db, f.Bus, c, f.Log, nil).Run)
	}
}

func TestEventsOfMasters(t *testing.T) {
	f := newFixture(t)
	user := id.New()
	o := f.serve(&owner{masters: map[string]*userv1.LookupMasterResponse{
		user: {MasterId: user, SalonId: f.other, DisplayName: "Mira", Version: 1},
	}})
	var left atomic.Int32
	f.people.OnMasterLeft(func(_ context.Context, _ *postgres.DB, _ string, _ time.Time) error {
		left.Add(1)
		return nil
	})
	f.consume()
	body := &userv1.MasterEvent{MasterId: user}
	f.Publish("master.created", user, 1, f.Clock.Now(), body)
	f.Eventually("an unknown master is read", func() bool {
		return f.count("masters WHERE id = ? AND display_name = 'Mira' AND salon_id = ?", user, f.other) == 1
	})
	// What is known already is not read again.
	if err := f.people.store.PutMaster(t.Context(), Master{ID: user, SalonID: f.other, Version: 5}); err != nil {
		t.Fatal(err)
	}
	calls := o.calls.Load()
	// The profile was deleted and made again: its state shows no deletion, the event does.
	f.Publish("master.deleted", user, 4, f.Clock.Now(), body)
	f.Eventually("the deletion is handled", func() bool { return left.Load() == 1 })
	if o.calls.Load() != calls {
		t.Error("a known state was read again")
	}
}

func TestEventsOfAccounts(t *testing.T) {
	f := newFixture(t)
	known, unknown := id.New(), id.New()
	answer := &userv1.LookupUserResponse{UserId: known, DisplayName: "Ann", Version: 1}
	o := f.serve(&owner{users: map[string]*userv1.LookupUserResponse{
		known: answer, unknown: {UserId: unknown, DisplayName: "Bea", Version: 1},
	}})
	f.refreshed(known)
	answer.DisplayName, answer.Version = "Anna", 2
	o.calls.Store(0)
	f.consume()
	f.Publish("user.registered", unknown, 1, f.Clock.Now(), &userv1.UserEvent{UserId: unknown})
	f.Publish("user.updated", known, 2, f.Clock.Now(), &userv1.UserEvent{UserId: known})
	f.Eventually("the new name is read", func() bool {
		return f.count("accounts WHERE id = ? AND display_name = 'Anna' AND search_text LIKE 'anna%'", known) == 1
	})
	f.Eventually("both events are handled", func() bool { return f.count("inbox WHERE consumer = 'appointments-users'") == 2 })
	if n := f.count("accounts WHERE id = ?", unknown); n != 0 {
		t.Error("an account without customers is known now")
	}
	if calls := o.calls.Load(); calls != 1 {
		t.Errorf("%d calls of the owner", calls)
	}
}
