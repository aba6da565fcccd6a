package user

import (
	"errors"
	"slices"
	"sync"
	"testing"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/id"
)

// A salon that is not known is read from its owner, once.
func TestSalonsAreReadThrough(t *testing.T) {
	h := newHarness(t)
	get := func(salonID string) (string, error) { return h.service.existingSalon(t.Context(), salonID) }
	if got, err := get(""); err != nil || got != id.FirstSalon {
		t.Errorf("the default salon: %q, %v", got, err)
	}
	other, deleted := h.salon(), h.NewID()
	h.appointments.put(&appointmentv1.SalonEvent{SalonId: deleted, Deleted: true})
	for range 2 {
		if got, err := get(other); err != nil || got != other {
			t.Errorf("another salon: %q, %v", got, err)
		}
		if _, err := get(deleted); !errors.Is(err, errNoSalon) {
			t.Errorf("a deleted salon: %v", err)
		}
		if _, err := get(h.NewID()); !errors.Is(err, errNoSalon) {
			t.Errorf("a salon that never was: %v", err)
		}
	}
	if n := count(t, h.store, "salons"); n != 3 {
		t.Errorf("%d salons are known, want 3", n)
	}
	// Without a known default salon, the owner is asked.
	if err := h.store.PutSalon(t.Context(), Salon{ID: id.FirstSalon, Version: 2}); err != nil {
		t.Fatal(err)
	}
	h.appointments.put(&appointmentv1.SalonEvent{SalonId: other, IsDefault: true})
	for range 2 {
		if got, err := get(""); err != nil || got != other {
			t.Errorf("the new default salon: %q, %v", got, err)
		}
	}
}

func TestSalonVersions(t *testing.T) {
	s := newStore(t)
	for _, tc := range []struct {
		name string
		put  Salon
		want Salon
	}{
		{"new", Salon{Version: 1}, Salon{Version: 1}},
		{"default", Salon{IsDefault: true, Version: 3}, Salon{IsDefault: true, Version: 3}},
		{"an older event comes late", Salon{Version: 2}, Salon{IsDefault: true, Version: 3}},
		{"deleted", Salon{Deleted: true, Version: 4}, Salon{Deleted: true, Version: 4}},
	} {
		tc.put.ID, tc.want.ID = otherSalon, otherSalon
		if err := s.PutSalon(t.Context(), tc.put); err != nil {
			t.Fatal(err)
		}
		if got, err := s.FindSalon(t.Context(), otherSalon); err != nil || *got != tc.want {
			t.Errorf("%s: %+v, %v; want %+v", tc.name, got, err, tc.want)
		}
	}
}

// A deleted salon has no members, no masters and no invitations, at once.
func TestSalonEvents(t *testing.T) {
	h := newHarness(t)
	admin := h.admin("admin")
	other := h.salon()
	manager := h.member(admin, "manager", other, roleManager, roleMaster)
	h.accept(manager, h.invite(admin, id.FirstSalon, "manager@example.com", roleReceptionist))
	invited := h.signUp("invited")
	i := h.invite(admin, other, "invited@example.com", roleManager)

	h.Publish("salon.updated", other, 2, h.Clock.Now(), &appointmentv1.SalonEvent{SalonId: other})
	h.Publish("salon.deleted", other, 3, h.Clock.Now(), &appointmentv1.SalonEvent{SalonId: other, Deleted: true})
	h.Eventually("the salon is deleted", func() bool {
		s, err := h.store.FindSalon(t.Context(), other)
		return err == nil && s.Deleted
	})
	me, err := h.users.GetMe(h.with(manager), &userv1.GetMeRequest{})
	if err != nil || len(me.GetMemberships()) != 1 || me.GetMemberships()[0].GetSalonId() != id.FirstSalon {
		t.Errorf("memberships %v, %v", me, err)
	}
	_, err = h.members.ListMembers(h.with(manager), &userv1.ListMembersRequest{SalonId: other})
	wantErrorLike(t, err, errNoSalon)
	_, err = h.members.ListMembers(h.with(admin), &userv1.ListMembersRequest{SalonId: other})
	wantErrorLike(t, err, errNoSalon)
	_, err = h.masters.GetMaster(h.from(testIP), &userv1.GetMasterRequest{MasterId: userID(manager)})
	wantErrorLike(t, err, errNoMaster)
	if types, _ := outbox(t, h.store, userID(manager)); !slices.Contains(types, eventMasterDeleted) {
		t.Errorf("events %v", types)
	}
	accept, _ := h.answer(invited, i.GetId())
	wantErrorLike(t, accept, errNoInvitation)
}

// An account that accepts while the salon is deleted does not stay a member.
func TestAcceptanceDuringADeletion(t *testing.T) {
	for range 3 {
		s := newStore(t)
		salonID := id.New()
		if err := s.PutSalon(t.Context(), Salon{ID: salonID, Version: 1}); err != nil {
			t.Fatal(err)
		}
		accounts := make([]Account, 3)
		invitations := make([]Invitation, len(accounts))
		for i := range accounts {
			accounts[i] = addAccount(t, s, string(rune('a'+i))+"@example.com", "A", apiv1.Role_ROLE_CUSTOMER, testTime)
			invitations[i] = NewInvitation(id.New(), salonID, accounts[i].Email, []apiv1.SalonRole{roleManager}, testTime)
			if err := s.CreateInvitation(t.Context(), invitations[i]); err != nil {
				t.Fatal(err)
			}
		}
		var wg sync.WaitGroup
		for i, a := range accounts {
			wg.Go(func() {
				_, err := s.AcceptInvitation(t.Context(), a.ID, invitations[i].ID, testTime)
				if err != nil && !errors.Is(err, ErrInvitationClosed) && !errors.Is(err, errNoInvitation) {
					t.Error(err)
				}
			})
		}
		wg.Go(func() {
			err := s.inTx(t.Context(), func(st *Store) error {
				if err := st.PutSalon(t.Context(), Salon{ID: salonID, Deleted: true, Version: 2}); err != nil {
					return err
				}
				return st.EndSalon(t.Context(), salonID, testTime)
			})
			if err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		if members, open := count(t, s, "memberships"), count(t, s, "invitations"); members+open != 0 {
			t.Errorf("%d members and %d invitations of a deleted salon", members, open)
		}
	}
}

// A change that makes an account a member waits for a deletion of the salon, and is
// refused afterwards.
func TestNoMemberOfASalonThatIsBeingDeleted(t *testing.T) {
	s := newStore(t)
	if err := s.PutSalon(t.Context(), Salon{ID: otherSalon, Version: 1}); err != nil {
		t.Fatal(err)
	}
	a := addAccount(t, s, "mira@example.com", "Mira", apiv1.Role_ROLE_CUSTOMER, testTime)
	for name, call := range map[string]func() error{
		"CreateMaster": func() error {
			_, err := s.CreateMaster(t.Context(), a.ID, otherSalon, testProfile(), false, testTime)
			return err
		},
		"CreateInvitation": func() error {
			return s.CreateInvitation(t.Context(), NewInvitation(id.New(), otherSalon, a.Email, []apiv1.SalonRole{roleManager}, testTime))
		},
	} {
		done := make(chan error, 1)
		err := s.inTx(t.Context(), func(st *Store) error {
			if err := st.PutSalon(t.Context(), Salon{ID: otherSalon, Deleted: true, Version: 2}); err != nil {
				return err
			}
			if err := st.EndSalon(t.Context(), otherSalon, testTime); err != nil {
				return err
			}
			go func() { done <- call() }()
			waitForLock(t, s)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := <-done; !errors.Is(err, errNoSalon) {
			t.Errorf("%s: %v, want %v", name, err, errNoSalon)
		}
		if n := count(t, s, "memberships") + count(t, s, "invitations"); n != 0 {
			t.Errorf("%s: %d members and invitations of a deleted salon", name, n)
		}
		err = s.db.Conn(t.Context()).Exec("UPDATE salons SET deleted = false, version = 1 WHERE id = ?", otherSalon).Error
		if err != nil {
			t.Fatal(err)
		}
	}
}
