package salon

import (
	"context"
	"errors"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/servicetest"
)

func TestForCreate(t *testing.T) {
	f := newFixture(t)
	one, two := f.create("one").GetId(), f.create("two").GetId()
	const manager, master = apiv1.SalonRole_SALON_ROLE_MANAGER, apiv1.SalonRole_SALON_ROLE_MASTER
	of := func(memberships ...auth.Membership) auth.Principal { return auth.Principal{Memberships: memberships} }
	for _, tt := range []struct {
		name    string
		caller  auth.Principal
		salonID string
		roles   []apiv1.SalonRole
		want    string
	}{
		{"named", of(), two, nil, two},
		{"named, in spite of a membership", of(servicetest.Member(one, manager)), two, nil, two},
		{"no membership", of(), "", nil, id.FirstSalon},
		{"the only membership", of(servicetest.Member(one, master)), "", nil, one},
		{"memberships of two salons", of(servicetest.Member(one, master), servicetest.Member(two, manager)), "", nil, id.FirstSalon},
		{
			"the only salon with the role", of(servicetest.Member(one, master), servicetest.Member(two, manager)), "",
			[]apiv1.SalonRole{manager}, two,
		},
		{"no salon with the role", of(servicetest.Member(one, master)), "", []apiv1.SalonRole{manager}, id.FirstSalon},
	} {
		got, err := f.salons.ForCreate(t.Context(), tt.caller, tt.salonID, "salon_id", tt.roles...)
		if err != nil || got.ID != tt.want {
			t.Errorf("%s: %s, %v, want %s", tt.name, got.ID, err, tt.want)
		}
	}
	_, err := f.salons.ForCreate(t.Context(), of(), f.NewID(), "salon_id")
	servicetest.WantError(t, err, codes.InvalidArgument, "INVALID_FIELDS", "salon_id")
	if errors.Is(err, ErrNotFound) {
		t.Error("an unknown salon of a create is NOT_FOUND")
	}
}

func TestNames(t *testing.T) {
	f := newFixture(t)
	s := f.create("one")
	if _, err := f.client.DeleteSalon(f.As(f.admin), &appointmentv1.DeleteSalonRequest{SalonId: s.GetId()}); err != nil {
		t.Fatal(err)
	}
	names, err := f.salons.Names(t.Context(), []string{s.GetId(), id.FirstSalon, f.NewID()})
	if err != nil || len(names) != 2 || names[s.GetId()] != "Salon one" || names[id.FirstSalon] != "Salon" {
		t.Errorf("got %v, %v", names, err)
	}
}

func TestSnapshotOfUnknownSalon(t *testing.T) {
	f := newFixture(t)
	if _, _, err := f.salons.Snapshot(t.Context(), f.NewID()); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

// A salon in memory stays until it is forgotten, and Forget reads it anew.
func TestForget(t *testing.T) {
	f := newFixture(t)
	version := func() int64 {
		s, err := f.salons.Get(t.Context(), id.FirstSalon)
		if err != nil {
			t.Fatal(err)
		}
		return s.Version
	}
	version()
	f.exec("UPDATE salons SET version = 7 WHERE id = ?", id.FirstSalon)
	if v := version(); v != 1 {
		t.Errorf("version %d from memory", v)
	}
	f.salons.Forget(id.FirstSalon)
	if v := version(); v != 7 {
		t.Errorf("version %d after Forget", v)
	}
}

// Whoever shares a salon keeps it from being deleted until the transaction ends, and the deletion sees
// what was added.
func TestDeletionWaitsForThoseWhoShare(t *testing.T) {
	f := newFixture(t)
	s := f.create("one")
	shared, commit := make(chan struct{}), make(chan struct{})
	var both sync.WaitGroup
	both.Go(func() {
		err := f.db.InTx(t.Context(), func(tx *postgres.DB) error {
			if _, err := f.salons.Share(t.Context(), tx, s.GetId()); err != nil {
				return err
			}
			close(shared)
			<-commit
			return tx.Conn(t.Context()).Exec(`INSERT INTO customers
				(salon_id, id, display_name, phone, email, notes, search_text, version, create_time, update_time)
				VALUES (?, gen_random_uuid(), 'Ida', '', '', '', 'ida', 1, now(), now())`, s.GetId()).Error
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-shared
	var deleted error
	both.Go(func() {
		_, deleted = f.client.DeleteSalon(f.As(f.admin), &appointmentv1.DeleteSalonRequest{SalonId: s.GetId()})
	})
	f.Eventually("the deletion waits", func() bool { return f.waiting(t.Context()) == 1 })
	close(commit)
	both.Wait()
	servicetest.WantError(t, deleted, codes.FailedPrecondition, "SALON_NOT_EMPTY", "")
}

// waiting counts the connections that wait for a lock.
func (f *fixture) waiting(ctx context.Context) (n int) {
	f.t.Helper()
	err := f.db.Conn(ctx).Raw(`SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&n).Error
	if err != nil {
		f.t.Fatal(err)
	}
	return n
}

// However many administrators change the default salon at once, exactly one salon is the default.
func TestOneDefaultSalon(t *testing.T) {
	f := newFixture(t)
	ids := []string{id.FirstSalon, f.create("one").GetId(), f.create("two").GetId()}
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			_, err := f.client.SetDefaultSalon(f.As(f.admin), &appointmentv1.SetDefaultSalonRequest{SalonId: ids[i%len(ids)]})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	defaults := 0
	for _, id := range ids {
		if f.get(id).GetIsDefault() {
			defaults++
		}
	}
	if defaults != 1 {
		t.Errorf("%d default salons", defaults)
	}
}
