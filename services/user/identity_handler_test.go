package user

import (
	"testing"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

func TestIdentity(t *testing.T) {
	h := newHarness(t)
	admin := h.admin("admin")
	anna := h.signUp("anna")
	id := anna.GetUser().GetId()
	sessions, err := h.auth.ListSessions(h.with(anna), &userv1.ListSessionsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	check := func() (*userv1.CheckSessionResponse, error) {
		return h.identity.CheckSession(h.from(testIP), &userv1.CheckSessionRequest{SessionId: sessions.GetSessions()[0].GetId()})
	}
	if resp, err := check(); err != nil || resp.GetUserId() != id || resp.GetRole() != apiv1.Role_ROLE_CUSTOMER {
		t.Errorf("an open session: %v, %v", resp, err)
	}
	if _, err := h.users.DisableUser(h.with(admin), &userv1.DisableUserRequest{UserId: id}); err != nil {
		t.Fatal(err)
	}
	_, err = check()
	wantErrorLike(t, err, errNoSession)

	user, err := h.identity.LookupUser(h.from(testIP), &userv1.LookupUserRequest{UserId: id})
	if err != nil || user.GetUserId() != id || !user.GetDisabled() || user.GetVersion() != 2 {
		t.Errorf("looked up %v, %v", user, err)
	}
	_, err = h.identity.LookupUser(h.from(testIP), &userv1.LookupUserRequest{UserId: h.NewID()})
	wantErrorLike(t, err, errNoUser)
	_, err = h.identity.LookupMaster(h.from(testIP), &userv1.LookupMasterRequest{MasterId: id})
	wantErrorLike(t, err, errNoMaster)
}
