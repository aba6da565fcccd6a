package user

import (
	"slices"
	"testing"

	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
)

func TestWhoChangesMasters(t *testing.T) {
	s := newStaff(t)
	h := s.h
	masterID := userID(s.master)
	update := func(as *userv1.TokenPair) error {
		_, err := h.masters.UpdateMaster(h.with(as), &userv1.UpdateMasterRequest{MasterId: masterID, Bio: new("By " + as.GetUser().GetDisplayName())})
		return err
	}
	checkScope(t, []scopeCase{
		{"the master", s.master, codes.OK},
		{"manager", s.manager, codes.OK},
		{"administrator", s.admin, codes.OK},
		{"receptionist", s.desk, codes.PermissionDenied},
		{"manager of another salon", s.otherManager, codes.PermissionDenied},
		{"master of another salon", s.otherMaster, codes.PermissionDenied},
		{"customer", s.customer, codes.PermissionDenied},
	}, update)
	remove := func(as *userv1.TokenPair) error {
		_, err := h.masters.DeleteMaster(h.with(as), &userv1.DeleteMasterRequest{MasterId: masterID})
		return err
	}
	wantErrorLike(t, remove(s.otherManager), errNotManager)
	// Only callers who may change a hidden profile can see that it exists.
	if _, err := h.users.DisableUser(h.with(s.admin), &userv1.DisableUserRequest{UserId: masterID}); err != nil {
		t.Fatal(err)
	}
	wantErrorLike(t, remove(s.otherManager), errNoMaster)
	wantErrorLike(t, update(s.otherManager), errNoMaster)
	if err := update(s.manager); err != nil {
		t.Errorf("the manager changes a hidden profile: %v", err)
	}
	if err := remove(s.manager); err != nil {
		t.Errorf("the manager removes a hidden profile: %v", err)
	}
	wantErrorLike(t, update(s.manager), errNoMaster)
}

func TestWhoCreatesMasters(t *testing.T) {
	s := newStaff(t)
	h := s.h
	create := func(as *userv1.TokenPair, userID, salonID string) (*userv1.Master, error) {
		return h.masters.CreateMaster(h.with(as), &userv1.CreateMasterRequest{UserId: userID, SalonId: postgres.Null(salonID), DisplayName: "Name"})
	}
	_, err := create(s.manager, userID(s.customer), "")
	wantErrorLike(t, err, errNoUser) // no member of the salon
	_, err = create(s.manager, h.NewID(), "")
	wantErrorLike(t, err, errNoUser)
	_, err = create(s.manager, userID(s.desk), s.other)
	wantErrorLike(t, err, errNotManager)
	_, err = create(s.desk, userID(s.desk), "")
	wantError(t, err, codes.PermissionDenied, "PERMISSION_DENIED")
	_, err = create(s.admin, userID(s.desk), h.NewID())
	wantField(t, err, "salon_id")

	// Without a salon: the only one that the caller manages, otherwise the default salon.
	if m, err := create(s.otherManager, userID(s.otherManager), ""); err != nil || m.GetSalonId() != s.other {
		t.Errorf("a manager of one salon: %v, %v; want salon %s", m, err, s.other)
	}
	if m, err := create(s.admin, userID(s.customer), ""); err != nil || m.GetSalonId() != id.FirstSalon {
		t.Errorf("an administrator: %v, %v; want the default salon", m, err)
	}
	me, err := h.users.GetMe(h.with(s.customer), &userv1.GetMeRequest{})
	if err != nil || len(me.GetMemberships()) != 1 || !slices.Equal(me.GetMemberships()[0].GetRoles(), []apiv1.SalonRole{roleMaster}) {
		t.Errorf("memberships of a new master: %v, %v", me, err)
	}
	h.accept(s.manager, h.invite(s.admin, s.other, "manager@example.com", roleManager))
	if m, err := create(s.manager, userID(s.desk), ""); err != nil || m.GetSalonId() != id.FirstSalon {
		t.Errorf("a manager of two salons: %v, %v; want the default salon", m, err)
	}
}

func TestListMastersOfASalon(t *testing.T) {
	s := newStaff(t)
	h := s.h
	for salonID, want := range map[string]string{id.FirstSalon: "master", s.other: "othermaster"} {
		list, err := h.masters.ListMasters(h.from(testIP), &userv1.ListMastersRequest{SalonId: new(salonID)})
		if err != nil || len(list.GetMasters()) != 1 || list.GetMasters()[0].GetDisplayName() != want || list.GetMasters()[0].GetSalonId() != salonID {
			t.Errorf("masters of %s: %v, %v; want %s", salonID, list, err, want)
		}
	}
	if list, err := h.masters.ListMasters(h.from(testIP), &userv1.ListMastersRequest{}); err != nil || len(list.GetMasters()) != 2 {
		t.Errorf("masters of all salons: %v, %v", list, err)
	}
}
