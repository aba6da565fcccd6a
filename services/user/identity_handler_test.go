package user

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/id"
)

func TestIdentity(t *testing.T) {
	h := newHarness(t)
	admin := h.admin("admin")
	anna := h.signUp("anna")
	annaID := userID(anna)
	sessions, err := h.auth.ListSessions(h.with(anna), &userv1.ListSessionsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	check := func() (*userv1.CheckSessionResponse, error) {
		return h.identity.CheckSession(h.from(testIP), &userv1.CheckSessionRequest{SessionId: sessions.GetSessions()[0].GetId()})
	}
	if resp, err := check(); err != nil || resp.GetUserId() != annaID || resp.GetRole() != apiv1.Role_ROLE_CUSTOMER || len(resp.GetMemberships()) != 0 {
		t.Errorf("an open session: %v, %v", resp, err)
	}
	h.accept(anna, h.invite(admin, id.FirstSalon, "anna@example.com", roleManager, roleReceptionist))
	member := &userv1.Membership{SalonId: id.FirstSalon, Roles: []apiv1.SalonRole{roleReceptionist, roleManager}}
	if resp, err := check(); err != nil || len(resp.GetMemberships()) != 1 || !proto.Equal(resp.GetMemberships()[0], member) {
		t.Errorf("an open session of a member: %v, %v; want %v", resp, err, member)
	}
	_, err = h.users.UpdateMe(h.with(anna), &userv1.UpdateMeRequest{DisplayName: new("Anna Berg"), Phone: new("+4930123456")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.users.DisableUser(h.with(admin), &userv1.DisableUserRequest{UserId: annaID}); err != nil {
		t.Fatal(err)
	}
	_, err = check()
	wantErrorLike(t, err, errNoSession)

	user, err := h.identity.LookupUser(h.from(testIP), &userv1.LookupUserRequest{UserId: annaID})
	want := &userv1.LookupUserResponse{
		UserId: annaID, DisplayName: "Anna Berg", Phone: "+4930123456", Email: "anna@example.com", Disabled: true, Version: 4,
	}
	if err != nil || !proto.Equal(user, want) {
		t.Errorf("looked up %v, %v; want %v", user, err, want)
	}
	_, err = h.identity.LookupUser(h.from(testIP), &userv1.LookupUserRequest{UserId: h.NewID()})
	wantErrorLike(t, err, errNoUser)
	_, err = h.identity.LookupMaster(h.from(testIP), &userv1.LookupMasterRequest{MasterId: annaID})
	wantErrorLike(t, err, errNoMaster)
}

// Other services find out what they have missed, what they know from a future that a backup does not have, and that a profile was
// made again.
func TestFindNewer(t *testing.T) {
	h := newHarness(t)
	admin := h.admin("admin")
	mira, anna := userID(h.master(admin, "mira")), userID(h.signUp("anna"))
	lookup := func() *userv1.LookupMasterResponse {
		found, err := h.identity.LookupMaster(h.from(testIP), &userv1.LookupMasterRequest{MasterId: mira})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	changed := func(master, account int64) (masters, accounts int) {
		found, err := h.identity.FindNewer(h.from(testIP), &userv1.FindNewerRequest{
			Masters:  []*userv1.KnownVersion{{Id: mira, Version: master}, {Id: h.NewID()}},
			Accounts: []*userv1.KnownVersion{{Id: anna, Version: account}, {Id: h.NewID()}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return len(found.GetMasterIds()), len(found.GetAccountIds())
	}
	made := lookup()
	if masters, accounts := changed(made.GetVersion(), 1); masters != 0 || accounts != 0 {
		t.Errorf("%d masters and %d accounts are newer, want none", masters, accounts)
	}
	if masters, accounts := changed(made.GetVersion()+1, 2); masters != 1 || accounts != 1 {
		t.Errorf("%d masters and %d accounts are older, want one of each", masters, accounts)
	}
	h.Clock.Advance(time.Minute)
	if err := setRolesOf(h, admin, id.FirstSalon, mira, roleReceptionist); err != nil {
		t.Fatal(err)
	}
	if deleted := lookup(); !proto.Equal(deleted.GetProfileTime(), made.GetProfileTime()) {
		t.Errorf("deleted: %v", deleted)
	}
	if err := setRolesOf(h, admin, id.FirstSalon, mira, roleMaster); err != nil {
		t.Fatal(err)
	}
	if again := lookup(); !again.GetProfileTime().AsTime().Equal(h.Clock.Now()) {
		t.Errorf("made again: %v", again)
	}
	if masters, accounts := changed(made.GetVersion(), 0); masters != 1 || accounts != 1 {
		t.Errorf("%d masters and %d accounts are newer, want one of each", masters, accounts)
	}
	if none, err := h.identity.FindNewer(h.from(testIP), &userv1.FindNewerRequest{}); err != nil || !proto.Equal(none, &userv1.FindNewerResponse{}) {
		t.Errorf("of nothing: %v, %v", none, err)
	}
}
