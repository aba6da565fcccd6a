package user

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

func TestUpdateMe(t *testing.T) {
	h := newHarness(t)
	pair := h.signUp("anna")
	update := func(req *userv1.UpdateMeRequest) (*userv1.User, error) { return h.users.UpdateMe(h.with(pair), req) }

	h.Clock.Advance(time.Minute)
	u, err := update(&userv1.UpdateMeRequest{DisplayName: new("Änne"), Phone: new("+4930123456"), Etag: "1"})
	if err != nil || u.GetDisplayName() != "Änne" || u.GetPhone() != "+4930123456" || u.GetEtag() != "2" ||
		!u.GetUpdateTime().AsTime().Equal(h.Clock.Now()) {
		t.Fatalf("both fields: %v, %v", u, err)
	}
	if same, err := update(&userv1.UpdateMeRequest{DisplayName: new("Änne")}); err != nil || !proto.Equal(same, u) {
		t.Errorf("what it is already: %v, %v; want %v", same, err, u)
	}
	if same, err := update(&userv1.UpdateMeRequest{}); err != nil || !proto.Equal(same, u) {
		t.Errorf("nothing: %v, %v; want %v", same, err, u)
	}
	u, err = update(&userv1.UpdateMeRequest{
		DisplayName: new("ignored"), UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"phone"}},
	})
	if err != nil || u.GetDisplayName() != "Änne" || u.GetPhone() != "" {
		t.Errorf("the mask clears the phone only: %v, %v", u, err)
	}
	_, err = update(&userv1.UpdateMeRequest{DisplayName: new("late"), Etag: "2"})
	wantError(t, err, codes.Aborted, "ETAG_MISMATCH")
	_, err = update(&userv1.UpdateMeRequest{DisplayName: new("late"), Etag: "nonsense"})
	wantError(t, err, codes.Aborted, "ETAG_MISMATCH")
	_, err = update(&userv1.UpdateMeRequest{UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"display_name"}}})
	wantField(t, err, "display_name")
	for _, path := range []string{"role", "email", "disabled", "id"} {
		_, err = update(&userv1.UpdateMeRequest{UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{path}}})
		wantError(t, err, codes.InvalidArgument, "INVALID_FIELDS")
	}
	if me, err := h.users.GetMe(h.with(pair), &userv1.GetMeRequest{}); err != nil || !proto.Equal(me, u) {
		t.Errorf("stored %v, %v; want %v", me, err, u)
	}
}

// A new role takes effect with the next call. The access token stays the same.
func TestRoleIsInForceAtOnce(t *testing.T) {
	h := newHarness(t)
	admin := h.admin("admin")
	anna := h.signUp("anna")
	id := anna.GetUser().GetId()
	asAdmin := func() error {
		_, err := h.users.GetUser(h.with(anna), &userv1.GetUserRequest{UserId: id})
		return err
	}
	setRole := func(role apiv1.Role, etag string) (*userv1.User, error) {
		return h.users.SetUserRole(h.with(admin), &userv1.SetUserRoleRequest{UserId: id, Role: role, Etag: etag})
	}
	wantError(t, asAdmin(), codes.PermissionDenied, "PERMISSION_DENIED")
	u, err := setRole(apiv1.Role_ROLE_ADMIN, "1")
	if err != nil || u.GetRole() != apiv1.Role_ROLE_ADMIN || u.GetEtag() != "2" {
		t.Fatalf("set role: %v, %v", u, err)
	}
	if err := asAdmin(); err != nil {
		t.Errorf("the new role has no effect: %v", err)
	}
	if same, err := setRole(apiv1.Role_ROLE_ADMIN, ""); err != nil || !proto.Equal(same, u) {
		t.Errorf("the same role again: %v, %v; want %v", same, err, u)
	}
	_, err = setRole(apiv1.Role_ROLE_CUSTOMER, "1")
	wantError(t, err, codes.Aborted, "ETAG_MISMATCH")
	_, err = setRole(apiv1.Role(3), "")
	wantField(t, err, "role")
	if _, err := setRole(apiv1.Role_ROLE_CUSTOMER, "2"); err != nil {
		t.Fatal(err)
	}
	wantError(t, asAdmin(), codes.PermissionDenied, "PERMISSION_DENIED")
	h.wantSignedIn(anna, true)
}

func TestDisableAndEnable(t *testing.T) {
	h := newHarness(t)
	admin := h.admin("admin")
	anna := h.signUp("anna")
	id := anna.GetUser().GetId()
	h.wantSignedIn(anna, true)
	disable := func() *userv1.User {
		t.Helper()
		u, err := h.users.DisableUser(h.with(admin), &userv1.DisableUserRequest{UserId: id})
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	u := disable()
	if !u.GetDisabled() || u.GetEtag() != "2" {
		t.Errorf("disabled: %v", u)
	}
	h.wantSignedIn(anna, false)
	if again := disable(); !proto.Equal(again, u) {
		t.Errorf("disabled twice: %v, want %v", again, u)
	}
	_, err := h.auth.RefreshSession(h.from(testIP), &userv1.RefreshSessionRequest{RefreshToken: anna.GetRefreshToken()})
	wantErrorLike(t, err, ErrRefreshTokenInvalid)

	for range 2 {
		u, err = h.users.EnableUser(h.with(admin), &userv1.EnableUserRequest{UserId: id})
		if err != nil || u.GetDisabled() || u.GetEtag() != "3" {
			t.Errorf("enabled: %v, %v", u, err)
		}
	}
	h.wantSignedIn(anna, false) // what has ended stays ended
	h.wantSignedIn(h.login("anna"), true)
	_, err = h.users.DisableUser(h.with(admin), &userv1.DisableUserRequest{UserId: h.NewID()})
	wantErrorLike(t, err, errNoUser)
}

func TestLastAdminStays(t *testing.T) {
	h := newHarness(t)
	admin := h.admin("admin")
	id := admin.GetUser().GetId()
	_, err := h.users.DisableUser(h.with(admin), &userv1.DisableUserRequest{UserId: id})
	wantErrorLike(t, err, ErrLastAdmin)
	_, err = h.users.SetUserRole(h.with(admin), &userv1.SetUserRoleRequest{UserId: id, Role: apiv1.Role_ROLE_CUSTOMER})
	wantErrorLike(t, err, ErrLastAdmin)
	h.admin("other")
	if _, err := h.users.DisableUser(h.with(admin), &userv1.DisableUserRequest{UserId: id}); err != nil {
		t.Errorf("one of two: %v", err)
	}
	h.wantSignedIn(admin, false)
}

func TestListUsers(t *testing.T) {
	h := newHarness(t)
	admin := h.admin("admin")
	for _, name := range []string{"anna", "bob", "carl"} {
		h.Clock.Advance(time.Minute)
		h.register(name)
	}
	list := func(req *userv1.ListUsersRequest) (names []string, next string, err error) {
		resp, err := h.users.ListUsers(h.with(admin), req)
		for _, u := range resp.GetUsers() {
			names = append(names, u.GetDisplayName())
		}
		return names, resp.GetNextPageToken(), err
	}
	names, next, err := list(&userv1.ListUsersRequest{PageSize: 3})
	if err != nil || len(names) != 3 || names[0] != "carl" || next == "" {
		t.Fatalf("first page %v, %q, %v", names, next, err)
	}
	names, last, err := list(&userv1.ListUsersRequest{PageSize: 1, PageToken: next})
	if err != nil || len(names) != 1 || names[0] != "admin" || last != "" {
		t.Errorf("last page %v, %q, %v", names, last, err)
	}
	for name, req := range map[string]*userv1.ListUsersRequest{
		"of another query":  {PageToken: next, Query: "a"},
		"tampered with":     {PageToken: "A" + next[1:len(next)-1] + "A"},
		"cut short":         {PageToken: next[:len(next)/2]},
		"not base64":        {PageToken: "%%%"},
		"of another filter": {PageToken: next, Roles: []apiv1.Role{apiv1.Role_ROLE_ADMIN}},
	} {
		t.Run("page token "+name, func(t *testing.T) {
			_, _, err := list(req)
			wantError(t, err, codes.InvalidArgument, "INVALID_PAGE_TOKEN")
			wantField(t, err, "page_token")
		})
	}
	// A token of another method. Both methods have only the parameters of the page.
	_, err = h.auth.ListSessions(h.with(admin), &userv1.ListSessionsRequest{PageToken: next})
	wantError(t, err, codes.InvalidArgument, "INVALID_PAGE_TOKEN")
	_, _, err = list(&userv1.ListUsersRequest{PageSize: -1})
	wantField(t, err, "page_size")
	if names, _, err := list(&userv1.ListUsersRequest{PageSize: 1 << 30, Query: "%"}); err != nil || len(names) != 0 {
		t.Errorf("a percent sign: %v, %v", names, err)
	}
}
