package people

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

func TestMaster(t *testing.T) {
	f := newFixture(t)
	known, gone, back, deleted, locked := id.New(), id.New(), id.New(), id.New(), id.New()
	of := func(id string, version int64) *userv1.LookupMasterResponse {
		return &userv1.LookupMasterResponse{MasterId: id, SalonId: f.other, DisplayName: "Mira", Version: version}
	}
	goneOne, deletedOne, lockedOne := of(gone, 4), of(deleted, 4), of(locked, 4)
	goneOne.Deleted, deletedOne.Deleted, lockedOne.Disabled = true, true, true
	o := f.serve(&owner{masters: map[string]*userv1.LookupMasterResponse{
		known: of(known, 4), gone: goneOne, back: of(back, 9), deleted: deletedOne, locked: lockedOne,
	}})
	for _, id := range []string{back, deleted} {
		m := Master{ID: id, SalonID: f.other, DisplayName: "Mira", Deleted: true, ProfileTime: time.Unix(0, 0), Version: 4}
		if err := f.people.store.PutMaster(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name  string
		id    string
		want  error
		calls int32
	}{
		{"unknown here", known, nil, 1},
		{"known now", known, nil, 0},
		{"unknown here and deleted", gone, ErrMasterUnavailable, 1},
		{"deleted here, but made again since", back, nil, 1},
		{"deleted", deleted, ErrMasterUnavailable, 1},
		{"the account is disabled", locked, ErrMasterUnavailable, 1},
		{"unknown", id.New(), ErrMasterUnavailable, 1},
	} {
		o.calls.Store(0)
		m, err := f.people.Master(t.Context(), tt.id)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if err == nil && (m.ID != tt.id || m.SalonID != f.other || m.DisplayName != "Mira" || m.Version < 4) {
			t.Errorf("%s: %+v", tt.name, m)
		}
		if calls := o.calls.Load(); calls != tt.calls {
			t.Errorf("%s: %d calls of the owner", tt.name, calls)
		}
	}
}

func TestWithoutOwner(t *testing.T) {
	f := newFixture(t)
	if _, err := f.people.Master(t.Context(), id.New()); apierr.ReasonOf(err) != "UNAVAILABLE" {
		t.Errorf("master: %v", err)
	}
	if _, _, err := f.people.CustomerOf(t.Context(), id.FirstSalon, id.New()); apierr.ReasonOf(err) != "UNAVAILABLE" {
		t.Errorf("customer: %v", err)
	}
}

// What was read from the owner earlier and arrives later changes nothing. What the owner says when it is asked again is the
// truth, also when the owner has gone back to older versions, and when versions come again with other states.
func TestOlderStates(t *testing.T) {
	f := newFixture(t)
	user := id.New()
	made := timestamppb.New(f.Clock.Now().Truncate(time.Microsecond))
	state := func(version int64, disabled bool) (*userv1.LookupUserResponse, *userv1.LookupMasterResponse) {
		return &userv1.LookupUserResponse{UserId: user, Version: version, Disabled: disabled},
			&userv1.LookupMasterResponse{MasterId: user, SalonId: f.other, Version: version, Disabled: disabled, ProfileTime: made}
	}
	o := f.serve(&owner{users: map[string]*userv1.LookupUserResponse{}, masters: map[string]*userv1.LookupMasterResponse{}})
	for _, tt := range []struct {
		name     string
		version  int64
		disabled bool
		late     int64 // a version that is read first, when the master was enabled; 0 for none
		calls    int32
	}{
		{"new", 4, true, 0, 1},
		{"once more", 4, true, 0, 1},
		{"overtaken", 4, true, 3, 2},
		{"newer", 5, false, 0, 1},
		{"gone back", 2, true, 0, 2},
		{"newer again", 4, false, 0, 1},
		{"gone back to a state with another future", 4, true, 0, 2},
	} {
		o.users[user], o.masters[user] = state(tt.version, tt.disabled)
		for name, refresh := range map[string]func() (disabled bool){
			"account": func() bool { return f.refreshed(user).Disabled },
			"master": func() bool {
				m, err := f.people.RefreshMaster(t.Context(), user)
				if err != nil {
					t.Fatal(err)
				}
				return m.Disabled
			},
		} {
			if tt.late > 0 {
				lateUser, lateMaster := state(tt.late, false)
				if name == "account" {
					o.lateUser = lateUser
				} else {
					o.lateMaster = lateMaster
				}
			}
			o.calls.Store(0)
			if got := refresh(); got != tt.disabled {
				t.Errorf("%s: %s is disabled: %v", tt.name, name, got)
			}
			if calls := o.calls.Load(); calls != tt.calls {
				t.Errorf("%s: %s: %d calls of the owner, want %d", tt.name, name, calls, tt.calls)
			}
		}
		if n := f.count("accounts a JOIN masters m USING (id, disabled, version) WHERE id = ? AND disabled = ? AND version = ?",
			user, tt.disabled, tt.version); n != 1 {
			t.Errorf("%s: %d rows", tt.name, n)
		}
	}
}

func TestMasterWhomTheOwnerHasLost(t *testing.T) {
	f := newFixture(t)
	f.serve(&owner{})
	m := Master{ID: id.New(), SalonID: f.other, DisplayName: "Mira"}
	if err := f.people.store.PutMaster(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if _, err := f.people.RefreshMaster(t.Context(), m.ID); !errors.Is(err, ErrMasterUnavailable) {
		t.Errorf("got %v", err)
	}
	if n := f.count("masters WHERE id = ? AND deleted AND version = 1 AND display_name = 'Mira'", m.ID); n != 1 {
		t.Error("the master still takes bookings")
	}
	if ids, err := f.people.store.UnreadMasters(t.Context(), "", 10); err != nil || len(ids) != 0 {
		t.Errorf("would be read again: %v, %v", ids, err)
	}
}

// The data of an account leave with the account and never come back, whatever was read before.
func TestAccountsLeave(t *testing.T) {
	f := newFixture(t)
	user := id.New()
	before := &userv1.LookupUserResponse{UserId: user, DisplayName: "Ann", Phone: "+4930123456", Email: "ann@salon.example", Version: 7}
	o := f.serve(&owner{users: map[string]*userv1.LookupUserResponse{user: before}})
	f.refreshed(user)
	c := f.addCustomer(Customer{AccountID: user, Notes: "Prefers mornings."})
	if got := f.customer(c.ID); got.ShownName() != "Ann" || got.ShownPhone() != "+4930123456" || got.ShownEmail() != "ann@salon.example" {
		t.Errorf("shown: %+v", got)
	}
	delete(o.users, user)
	for range 2 {
		if a := f.refreshed(user); !a.Disabled || a.DisplayName+a.Phone+a.Email != "" {
			t.Errorf("gone: %+v", a)
		}
	}
	o.users[user] = before
	f.refreshed(user)
	if got := f.customer(c.ID); got.ShownName()+got.ShownPhone()+got.ShownEmail() != "" || got.Notes != "Prefers mornings." {
		t.Errorf("shown afterwards: %+v", got)
	}
	if n := f.count("accounts WHERE id = ? AND disabled AND display_name || phone || email || trim(E'\\n' FROM search_text) = ''", user); n != 1 {
		t.Error("the row still has personal data")
	}
}

// A refresh waits for the transactions that hold the lock, as bookings do, and then sees what they have
// committed.
func TestRefreshWaitsForTheLock(t *testing.T) {
	f := newFixture(t)
	user := id.New()
	o := f.serve(&owner{
		users:   map[string]*userv1.LookupUserResponse{user: {UserId: user, Version: 2, Disabled: true}},
		masters: map[string]*userv1.LookupMasterResponse{user: {MasterId: user, SalonId: f.other, Version: 2, Deleted: true}},
	})
	for name, refresh := range map[string]func() error{
		"master":  func() error { _, err := f.people.RefreshMaster(t.Context(), user); return err },
		"account": func() error { _, err := f.people.RefreshAccount(t.Context(), user); return err },
	} {
		t.Run(name, func(t *testing.T) {
			held, release := make(chan struct{}), make(chan struct{})
			var both sync.WaitGroup
			both.Go(func() {
				err := f.db.InTx(t.Context(), func(tx *postgres.DB) error {
					if err := claims.Lock(t.Context(), tx, user); err != nil {
						return err
					}
					close(held)
					<-release
					// A newer state, which the refresh must not overwrite.
					o.users[user] = &userv1.LookupUserResponse{UserId: user, Version: 3}
					o.masters[user] = &userv1.LookupMasterResponse{MasterId: user, SalonId: f.other, Version: 3}
					store := NewStore(tx)
					if err := store.PutAccount(t.Context(), Account{ID: user, Version: 3}); err != nil {
						return err
					}
					return store.PutMaster(t.Context(), Master{ID: user, SalonID: f.other, Version: 3})
				})
				if err != nil {
					t.Error(err)
				}
			})
			<-held
			var returned atomic.Bool
			both.Go(func() {
				if err := refresh(); err != nil {
					t.Error(err)
				}
				returned.Store(true)
			})
			f.Eventually("the refresh waits", func() bool { return f.waiting(t.Context()) == 1 })
			if returned.Load() {
				t.Error("the refresh returned while the lock was held")
			}
			close(release)
			both.Wait()
			if n := f.count("accounts a JOIN masters m USING (id) WHERE id = ? AND a.version = 3 AND m.version = 3", user); n != 1 {
				t.Error("an older state was written over a newer one")
			}
		})
	}
}

// A master leaves a salon when the profile is deleted and when it moves to another salon.
func TestOnMasterLeft(t *testing.T) {
	f := newFixture(t)
	user := id.New()
	answer := &userv1.LookupMasterResponse{MasterId: user, SalonId: f.other}
	f.serve(&owner{masters: map[string]*userv1.LookupMasterResponse{user: answer}})
	var left int
	f.people.OnMasterLeft(func(_ context.Context, _ *postgres.DB, masterID string, until time.Time) error {
		if masterID != user || !until.Equal(f.Clock.Now()) {
			t.Errorf("left: %s at %v", masterID, until)
		}
		left++
		return nil
	})
	for i, tt := range []struct {
		name   string
		change func()
		want   int
	}{
		{"new", func() {}, 0},
		{"renamed", func() { answer.DisplayName = "Mira" }, 0},
		{"disabled", func() { answer.Disabled = true }, 0},
		{"moved", func() { answer.Disabled, answer.SalonId = false, id.FirstSalon }, 1},
		{"deleted", func() { answer.Deleted = true }, 1},
		{"still deleted", func() {}, 0},
		{"made again", func() { answer.Deleted = false }, 0},
	} {
		left = 0
		tt.change()
		answer.Version = int64(i + 1)
		if _, err := f.people.RefreshMaster(t.Context(), user); err != nil || left != tt.want {
			t.Errorf("%s: left %d times, %v, want %d", tt.name, left, err, tt.want)
		}
	}
	failed := errors.New("no")
	f.people.OnMasterLeft(func(context.Context, *postgres.DB, string, time.Time) error { return failed })
	answer.Deleted, answer.Version = true, 20
	if _, err := f.people.RefreshMaster(t.Context(), user); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
	if n := f.count("masters WHERE id = ? AND NOT deleted", user); n != 1 {
		t.Error("the deletion was recorded without what belongs to it")
	}
}
