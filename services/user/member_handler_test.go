package user

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/id"
)

const (
	roleMaster       = apiv1.SalonRole_SALON_ROLE_MASTER
	roleReceptionist = apiv1.SalonRole_SALON_ROLE_RECEPTIONIST
	roleManager      = apiv1.SalonRole_SALON_ROLE_MANAGER
)

// staff are callers from the first salon, from another salon and from no salon.
type staff struct {
	h                                   *harness
	other                               string // the id of the other salon
	admin, manager, desk, master        *userv1.TokenPair
	otherManager, otherMaster, customer *userv1.TokenPair
}

func newStaff(t *testing.T) staff {
	t.Helper()
	h := newHarness(t)
	s := staff{h: h, other: h.salon(), admin: h.admin("admin")}
	add := func(name, salonID string, roles ...apiv1.SalonRole) *userv1.TokenPair {
		h.Clock.Advance(time.Second)
		return h.member(s.admin, name, salonID, roles...)
	}
	s.manager = add("manager", id.FirstSalon, roleManager)
	s.desk = add("desk", id.FirstSalon, roleReceptionist)
	s.master = add("master", id.FirstSalon, roleMaster)
	s.otherManager = add("othermanager", s.other, roleManager)
	s.otherMaster = add("othermaster", s.other, roleMaster)
	s.customer = h.signUp("customer")
	return s
}

func userID(pair *userv1.TokenPair) string { return pair.GetUser().GetId() }

// scopeCase is a caller and the code that a method answers with.
type scopeCase struct {
	name string
	as   *userv1.TokenPair
	want codes.Code
}

func checkScope(t *testing.T, cases []scopeCase, call func(as *userv1.TokenPair) error) {
	t.Helper()
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			err := call(tc.as)
			if got := apierr.From(err); tc.want == codes.OK && err != nil || tc.want != codes.OK && (err == nil || got.Code() != tc.want) {
				t.Errorf("answered %v, want %v", err, tc.want)
			}
		})
	}
}

func TestWhoSeesMembers(t *testing.T) {
	s := newStaff(t)
	h := s.h
	checkScope(t, []scopeCase{
		{"administrator", s.admin, codes.OK},
		{"manager", s.manager, codes.OK},
		{"receptionist", s.desk, codes.OK},
		{"master", s.master, codes.OK},
		{"manager of another salon", s.otherManager, codes.NotFound},
		{"master of another salon", s.otherMaster, codes.NotFound},
		{"customer", s.customer, codes.PermissionDenied},
	}, func(as *userv1.TokenPair) error {
		list, err := h.members.ListMembers(h.with(as), &userv1.ListMembersRequest{SalonId: id.FirstSalon})
		m, getErr := h.members.GetMember(h.with(as), &userv1.GetMemberRequest{SalonId: id.FirstSalon, UserId: userID(s.desk)})
		if (err == nil) != (getErr == nil) || err != nil && apierr.From(err).Code() != apierr.From(getErr).Code() {
			t.Errorf("ListMembers: %v, but GetMember: %v", err, getErr)
		}
		if err != nil {
			return err
		}
		var names []string
		for _, member := range list.GetMembers() {
			names = append(names, member.GetDisplayName())
			seesAddress := as == s.admin || as == s.manager || member.GetUserId() == userID(as)
			if (member.GetEmail() != "") != seesAddress {
				t.Errorf("the address of %s is %q, want one: %v", member.GetDisplayName(), member.GetEmail(), seesAddress)
			}
		}
		if !slices.Equal(names, []string{"manager", "desk", "master"}) {
			t.Errorf("members %v", names)
		}
		if m.GetDisplayName() != "desk" || !slices.Equal(m.GetRoles(), []apiv1.SalonRole{roleReceptionist}) || m.GetSalonId() != id.FirstSalon {
			t.Errorf("member %v", m)
		}
		return nil
	})
	for name, req := range map[string]*userv1.GetMemberRequest{
		"of an unknown salon":  {SalonId: h.NewID(), UserId: userID(s.desk)},
		"of another salon":     {SalonId: s.other, UserId: userID(s.desk)},
		"without a membership": {SalonId: id.FirstSalon, UserId: userID(s.customer)},
		"without an account":   {SalonId: id.FirstSalon, UserId: h.NewID()},
	} {
		_, err := h.members.GetMember(h.with(s.admin), req)
		if apierr.From(err).Code() != codes.NotFound {
			t.Errorf("a member %s: %v", name, err)
		}
	}
}

func TestListMembersPages(t *testing.T) {
	s := newStaff(t)
	h := s.h
	req := &userv1.ListMembersRequest{SalonId: id.FirstSalon, PageSize: 2}
	first, err := h.members.ListMembers(h.with(s.desk), req)
	if err != nil || len(first.GetMembers()) != 2 || first.GetNextPageToken() == "" {
		t.Fatalf("first page %v, %v", first, err)
	}
	req.PageToken = first.GetNextPageToken()
	last, err := h.members.ListMembers(h.with(s.desk), req)
	if err != nil || len(last.GetMembers()) != 1 || last.GetMembers()[0].GetDisplayName() != "master" || last.GetNextPageToken() != "" {
		t.Errorf("last page %v, %v", last, err)
	}
	req.SalonId = s.other
	_, err = h.members.ListMembers(h.with(s.otherManager), req)
	wantError(t, err, codes.InvalidArgument, "INVALID_PAGE_TOKEN")
}

func TestWhoChangesMembers(t *testing.T) {
	s := newStaff(t)
	h := s.h
	cases := []scopeCase{
		{"receptionist", s.desk, codes.PermissionDenied},
		{"master", s.master, codes.PermissionDenied},
		{"manager of another salon", s.otherManager, codes.NotFound},
		{"customer", s.customer, codes.PermissionDenied},
		{"manager", s.manager, codes.OK},
		{"administrator", s.admin, codes.OK},
	}
	target := h.member(s.admin, "target", id.FirstSalon, roleReceptionist)
	roles := []apiv1.SalonRole{roleReceptionist, roleManager}
	t.Run("UpdateMember", func(t *testing.T) {
		checkScope(t, cases, func(as *userv1.TokenPair) error {
			_, err := h.members.UpdateMember(h.with(as), &userv1.UpdateMemberRequest{
				SalonId: id.FirstSalon, UserId: userID(target), Roles: roles,
			})
			return err
		})
	})
	t.Run("InviteMember", func(t *testing.T) {
		checkScope(t, cases, func(as *userv1.TokenPair) error {
			_, err := h.members.InviteMember(h.with(as), &userv1.InviteMemberRequest{
				SalonId: id.FirstSalon, Email: "new@example.com", Roles: roles,
			})
			return err
		})
	})
	t.Run("ListInvitations", func(t *testing.T) {
		checkScope(t, cases, func(as *userv1.TokenPair) error {
			_, err := h.members.ListInvitations(h.with(as), &userv1.ListInvitationsRequest{SalonId: id.FirstSalon})
			return err
		})
	})
	t.Run("RevokeInvitation", func(t *testing.T) {
		checkScope(t, cases, func(as *userv1.TokenPair) error {
			i := h.invite(s.admin, id.FirstSalon, "new@example.com", roleReceptionist)
			_, err := h.members.RevokeInvitation(h.with(as), &userv1.RevokeInvitationRequest{SalonId: id.FirstSalon, InvitationId: i.GetId()})
			return err
		})
	})
	t.Run("RemoveMember", func(t *testing.T) {
		checkScope(t, cases, func(as *userv1.TokenPair) error {
			h.accept(target, h.invite(s.admin, id.FirstSalon, "target@example.com", roleReceptionist))
			_, err := h.members.RemoveMember(h.with(as), &userv1.RemoveMemberRequest{SalonId: id.FirstSalon, UserId: userID(target)})
			return err
		})
	})
	// An account that is a member of another salon only.
	for _, as := range []*userv1.TokenPair{s.manager, s.desk, s.admin} {
		_, err := h.members.RemoveMember(h.with(as), &userv1.RemoveMemberRequest{SalonId: id.FirstSalon, UserId: userID(s.otherMaster)})
		wantErrorLike(t, err, errNoMember)
	}
	_, err := h.members.UpdateMember(h.with(s.manager), &userv1.UpdateMemberRequest{
		SalonId: id.FirstSalon, UserId: userID(s.otherMaster), Roles: roles,
	})
	wantErrorLike(t, err, errNoMember)
	_, err = h.members.InviteMember(h.with(s.admin), &userv1.InviteMemberRequest{SalonId: h.NewID(), Email: "new@example.com", Roles: roles})
	wantErrorLike(t, err, errNoSalon)
}

// New roles in a salon take effect with the next call. The access token stays the same.
func TestRolesInASalonTakeEffectAtOnce(t *testing.T) {
	s := newStaff(t)
	h := s.h
	list := func() error {
		_, err := h.members.ListInvitations(h.with(s.desk), &userv1.ListInvitationsRequest{SalonId: id.FirstSalon})
		return err
	}
	setRoles := func(etag string, roles ...apiv1.SalonRole) (*userv1.Member, error) {
		return h.members.UpdateMember(h.with(s.manager), &userv1.UpdateMemberRequest{
			SalonId: id.FirstSalon, UserId: userID(s.desk), Roles: roles, Etag: etag,
		})
	}
	wantError(t, list(), codes.PermissionDenied, "PERMISSION_DENIED")
	before, err := h.members.GetMember(h.with(s.desk), &userv1.GetMemberRequest{SalonId: id.FirstSalon, UserId: userID(s.desk)})
	if err != nil {
		t.Fatal(err)
	}
	h.Clock.Advance(time.Minute)
	m, err := setRoles(before.GetEtag(), roleManager, roleReceptionist)
	if err != nil || !slices.Equal(m.GetRoles(), []apiv1.SalonRole{roleReceptionist, roleManager}) || m.GetEtag() == before.GetEtag() ||
		!proto.Equal(m.GetCreateTime(), before.GetCreateTime()) || !m.GetUpdateTime().AsTime().Equal(h.Clock.Now()) {
		t.Fatalf("updated %v, %v; was %v", m, err, before)
	}
	if err := list(); err != nil {
		t.Errorf("the new role has no effect: %v", err)
	}
	me, err := h.users.GetMe(h.with(s.desk), &userv1.GetMeRequest{})
	want := []*userv1.Membership{{SalonId: id.FirstSalon, Roles: m.GetRoles()}}
	if err != nil || len(me.GetMemberships()) != 1 || !proto.Equal(me.GetMemberships()[0], want[0]) || me.GetEtag() == s.desk.GetUser().GetEtag() {
		t.Errorf("GetMe: %v, %v; want memberships %v and another etag", me, err, want)
	}
	if same, err := setRoles("", roleReceptionist, roleManager); err != nil || !proto.Equal(same, m) {
		t.Errorf("the same roles: %v, %v; want %v", same, err, m)
	}
	_, err = setRoles(before.GetEtag(), roleReceptionist)
	wantError(t, err, codes.Aborted, "ETAG_MISMATCH")
	if _, err := setRoles(m.GetEtag(), roleReceptionist); err != nil {
		t.Fatal(err)
	}
	wantError(t, list(), codes.PermissionDenied, "PERMISSION_DENIED")
	_, err = setRoles("", apiv1.SalonRole_SALON_ROLE_UNSPECIFIED)
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELDS")
	_, err = setRoles("")
	wantField(t, err, "roles")
	h.wantSignedIn(s.desk, true)
}

func TestLeaveASalon(t *testing.T) {
	s := newStaff(t)
	h := s.h
	leave := func(as *userv1.TokenPair, salonID, etag string) error {
		_, err := h.members.RemoveMember(h.with(as), &userv1.RemoveMemberRequest{SalonId: salonID, UserId: userID(as), Etag: etag})
		return err
	}
	wantError(t, leave(s.desk, id.FirstSalon, "7"), codes.Aborted, "ETAG_MISMATCH")
	if err := leave(s.desk, id.FirstSalon, "1"); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"again, working nowhere any more": leave(s.desk, id.FirstSalon, "1"),
		"never a member of the salon":     leave(s.master, s.other, ""),
		"never a member of any salon":     leave(s.customer, id.FirstSalon, ""),
		"no such salon":                   leave(s.master, h.NewID(), ""),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The last manager may leave. Administrators remain.
	if err := leave(s.manager, id.FirstSalon, ""); err != nil {
		t.Errorf("the last manager: %v", err)
	}
	list, err := h.members.ListMembers(h.with(s.admin), &userv1.ListMembersRequest{SalonId: id.FirstSalon})
	if err != nil || len(list.GetMembers()) != 1 {
		t.Errorf("who is left: %v, %v", list, err)
	}
}

// A member with the role MASTER has a profile, and a member without has none.
func TestRoleMasterAndProfile(t *testing.T) {
	s := newStaff(t)
	h := s.h
	deskID := userID(s.desk)
	setRoles := func(roles ...apiv1.SalonRole) error {
		_, err := h.members.UpdateMember(h.with(s.manager), &userv1.UpdateMemberRequest{SalonId: id.FirstSalon, UserId: deskID, Roles: roles})
		return err
	}
	wantProfile := func(etag string) {
		t.Helper()
		m, err := h.masters.GetMaster(h.from(testIP), &userv1.GetMasterRequest{MasterId: deskID})
		if etag == "" {
			wantErrorLike(t, err, errNoMaster)
		} else if err != nil || m.GetDisplayName() != "desk" || m.GetSalonId() != id.FirstSalon || m.GetEtag() != etag {
			t.Errorf("profile %v, %v; want one at %s", m, err, etag)
		}
	}
	wantProfile("")
	if err := setRoles(roleReceptionist, roleMaster); err != nil {
		t.Fatal(err)
	}
	wantProfile("1-0")
	if err := setRoles(roleReceptionist); err != nil {
		t.Fatal(err)
	}
	wantProfile("")
	if err := setRoles(roleMaster); err != nil {
		t.Fatal(err)
	}
	wantProfile("3-0")
	if _, err := h.masters.DeleteMaster(h.with(s.manager), &userv1.DeleteMasterRequest{MasterId: deskID}); err != nil {
		t.Fatal(err)
	}
	_, err := h.members.GetMember(h.with(s.manager), &userv1.GetMemberRequest{SalonId: id.FirstSalon, UserId: deskID})
	wantErrorLike(t, err, errNoMember) // MASTER was the only role

	// A master of one salon can be a receptionist in another salon, but not a master.
	h.accept(s.otherMaster, h.invite(s.manager, id.FirstSalon, "othermaster@example.com", roleReceptionist))
	_, err = h.members.UpdateMember(h.with(s.manager), &userv1.UpdateMemberRequest{
		SalonId: id.FirstSalon, UserId: userID(s.otherMaster), Roles: []apiv1.SalonRole{roleMaster},
	})
	wantErrorLike(t, err, ErrMasterElsewhere)
	_, err = h.masters.CreateMaster(h.with(s.manager), &userv1.CreateMasterRequest{UserId: userID(s.otherMaster), DisplayName: "Other"})
	wantErrorLike(t, err, ErrMasterElsewhere)
	if _, err := h.members.RemoveMember(h.with(s.otherManager), &userv1.RemoveMemberRequest{SalonId: s.other, UserId: userID(s.otherMaster)}); err != nil {
		t.Fatal(err)
	}
	m, err := h.masters.CreateMaster(h.with(s.manager), &userv1.CreateMasterRequest{UserId: userID(s.otherMaster), DisplayName: "Other"})
	if err != nil || m.GetSalonId() != id.FirstSalon {
		t.Errorf("moved to another salon: %v, %v", m, err)
	}

	// A disabled member gets no profile.
	if err := setRolesOf(h, s.admin, s.other, userID(s.otherManager), roleManager, roleReceptionist); err != nil {
		t.Fatal(err)
	}
	if _, err := h.users.DisableUser(h.with(s.admin), &userv1.DisableUserRequest{UserId: userID(s.otherManager)}); err != nil {
		t.Fatal(err)
	}
	wantErrorLike(t, setRolesOf(h, s.admin, s.other, userID(s.otherManager), roleMaster), ErrAccountDisabled)
}

func setRolesOf(h *harness, as *userv1.TokenPair, salonID, userID string, roles ...apiv1.SalonRole) error {
	_, err := h.members.UpdateMember(h.with(as), &userv1.UpdateMemberRequest{SalonId: salonID, UserId: userID, Roles: roles})
	return err
}

// Lists of accounts have the memberships of each account.
func TestListUsersWithMemberships(t *testing.T) {
	s := newStaff(t)
	h := s.h
	h.accept(s.manager, h.invite(s.admin, s.other, "manager@example.com", roleReceptionist))
	list, err := h.users.ListUsers(h.with(s.admin), &userv1.ListUsersRequest{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, u := range list.GetUsers() {
		got[u.GetDisplayName()] = len(u.GetMemberships())
		one, err := h.users.GetUser(h.with(s.admin), &userv1.GetUserRequest{UserId: u.GetId()})
		if err != nil || !proto.Equal(one, u) {
			t.Errorf("GetUser: %v, %v; ListUsers has %v", one, err, u)
		}
	}
	for name, want := range map[string]int{"manager": 2, "desk": 1, "customer": 0, "admin": 0} {
		if got[name] != want {
			t.Errorf("%s has %d memberships, want %d", name, got[name], want)
		}
	}
	if pair := h.login("manager"); len(pair.GetUser().GetMemberships()) != 2 {
		t.Errorf("signed in as %v", pair.GetUser())
	}
}
