package user

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/id"
)

// A removal answers only when the appointment service has read the change. Until then it
// is UNAVAILABLE, and repeating the same call completes it.
func TestRemovals(t *testing.T) {
	for _, tc := range []struct {
		name string
		// roles are those of the member in the first salon, besides MASTER.
		roles []apiv1.SalonRole
		call  func(h *harness, admin *userv1.TokenPair, id string) error
		// refreshed is what the appointment service reads.
		refreshed []string
		// again is the answer of the call that completes the removal.
		again codes.Code
	}{
		{
			name: "DisableUser",
			call: func(h *harness, admin *userv1.TokenPair, userID string) error {
				_, err := h.users.DisableUser(h.with(admin), &userv1.DisableUserRequest{UserId: userID, Etag: "2"})
				return err
			},
			refreshed: []string{"account", "master"},
		},
		{
			name: "DeleteMaster",
			call: func(h *harness, admin *userv1.TokenPair, userID string) error {
				_, err := h.masters.DeleteMaster(h.with(admin), &userv1.DeleteMasterRequest{MasterId: userID, Etag: "1-0"})
				return err
			},
			refreshed: []string{"master"},
			again:     codes.NotFound,
		},
		{
			name:  "UpdateMember",
			roles: []apiv1.SalonRole{roleReceptionist},
			call: func(h *harness, admin *userv1.TokenPair, userID string) error {
				_, err := h.members.UpdateMember(h.with(admin), &userv1.UpdateMemberRequest{
					SalonId: id.FirstSalon, UserId: userID, Roles: []apiv1.SalonRole{roleReceptionist}, Etag: "1",
				})
				return err
			},
			refreshed: []string{"master"},
		},
		{
			name: "RemoveMember",
			call: func(h *harness, admin *userv1.TokenPair, userID string) error {
				_, err := h.members.RemoveMember(h.with(admin), &userv1.RemoveMemberRequest{
					SalonId: id.FirstSalon, UserId: userID, Etag: "1",
				})
				return err
			},
			refreshed: []string{"master"},
			again:     codes.NotFound,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHarness(t)
			admin := h.admin("admin")
			mira := h.member(admin, "mira", id.FirstSalon, append(tc.roles, roleMaster)...)
			miraID := userID(mira)
			var want []string
			for _, kind := range tc.refreshed {
				want = append(want, kind+" "+miraID)
			}
			if got := h.appointments.took(); len(got) != 0 {
				t.Fatalf("refreshed %v before a removal", got)
			}
			h.appointments.setDown(true)
			for range 2 {
				err := tc.call(h, admin, miraID)
				wantErrorLike(t, err, errRemovalIncomplete)
				if wait := apierr.From(err).RetryAfter(); wait != time.Second {
					t.Errorf("come back after %v, want 1s", wait)
				}
			}
			// The change is committed.
			_, err := h.masters.GetMaster(h.from(testIP), &userv1.GetMasterRequest{MasterId: miraID})
			wantErrorLike(t, err, errNoMaster)

			h.appointments.setDown(false)
			if err := tc.call(h, admin, miraID); tc.again == codes.OK && err != nil || tc.again != codes.OK && apierr.From(err).Code() != tc.again {
				t.Errorf("repeated: %v, want %v", err, tc.again)
			}
			if got := h.appointments.took(); !slices.Equal(got, want) {
				t.Errorf("refreshed %v, want %v", got, want)
			}
		})
	}
}

// Those who leave the only salon that they work in complete the removal themselves.
func TestLeavingIsCompletedByRepeating(t *testing.T) {
	h := newHarness(t)
	mira := h.master(h.admin("admin"), "mira")
	leave := func() error {
		_, err := h.members.RemoveMember(h.with(mira), &userv1.RemoveMemberRequest{SalonId: id.FirstSalon, UserId: userID(mira), Etag: "1"})
		return err
	}
	h.appointments.setDown(true)
	for range 2 {
		wantErrorLike(t, leave(), errRemovalIncomplete)
	}
	h.appointments.setDown(false)
	if err := leave(); err != nil {
		t.Errorf("repeated: %v", err)
	}
	if got, want := h.appointments.took(), []string{"master " + userID(mira)}; !slices.Equal(got, want) {
		t.Errorf("refreshed %v, want %v", got, want)
	}
}

// The appointment service reads the change after its commit.
func TestRemovalReadsTheCommittedChange(t *testing.T) {
	h := newHarness(t)
	admin := h.admin("admin")
	miraID := userID(h.master(admin, "mira"))
	var seen []bool
	h.appointments.onRefresh = func() {
		looked, err := h.identity.LookupMaster(h.from(testIP), &userv1.LookupMasterRequest{MasterId: miraID})
		if err != nil {
			t.Error(err)
		}
		seen = append(seen, looked.GetDeleted())
	}
	if _, err := h.masters.DeleteMaster(h.with(admin), &userv1.DeleteMasterRequest{MasterId: miraID}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(seen, []bool{true}) {
		t.Errorf("the appointment service reads deleted profiles: %v", seen)
	}
}

// Changes that remove nobody do not ask the appointment service.
func TestOtherChangesNeedNoRefresh(t *testing.T) {
	h := newHarness(t)
	admin := h.admin("admin")
	h.appointments.setDown(true)
	mira := h.member(admin, "mira", id.FirstSalon, roleReceptionist)
	if err := setRolesOf(h, admin, id.FirstSalon, userID(mira), roleReceptionist, roleMaster); err != nil {
		t.Errorf("a master more: %v", err)
	}
	if err := setRolesOf(h, admin, id.FirstSalon, userID(mira), roleMaster); err != nil {
		t.Errorf("a receptionist less: %v", err)
	}
	if _, err := h.users.EnableUser(h.with(admin), &userv1.EnableUserRequest{UserId: userID(mira)}); err != nil {
		t.Errorf("an enabled account: %v", err)
	}
	anna := h.member(admin, "anna", id.FirstSalon, roleReceptionist)
	if _, err := h.members.RemoveMember(h.with(anna), &userv1.RemoveMemberRequest{SalonId: id.FirstSalon, UserId: userID(anna)}); err != nil {
		t.Errorf("a member who was never a master: %v", err)
	}
}

// A caller who may not remove a master causes no refresh.
func TestForeignManagersDoNotRefresh(t *testing.T) {
	h := newHarness(t)
	admin := h.admin("admin")
	miraID := userID(h.master(admin, "mira"))
	other := h.member(admin, "othermanager", h.salon(), roleManager)
	if _, err := h.masters.DeleteMaster(h.with(admin), &userv1.DeleteMasterRequest{MasterId: miraID}); err != nil {
		t.Fatal(err)
	}
	h.appointments.took()
	_, err := h.masters.DeleteMaster(h.with(other), &userv1.DeleteMasterRequest{MasterId: miraID})
	wantErrorLike(t, err, errNoMaster)
	_, err = h.members.RemoveMember(h.with(other), &userv1.RemoveMemberRequest{SalonId: id.FirstSalon, UserId: miraID})
	wantErrorLike(t, err, errNoSalon)
	if got := h.appointments.took(); len(got) != 0 {
		t.Errorf("refreshed %v", got)
	}
}
