package user

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/id"
)

func (h *harness) myInvitations(as *userv1.TokenPair) (ids []string) {
	h.t.Helper()
	list, err := h.members.ListMyInvitations(h.with(as), &userv1.ListMyInvitationsRequest{})
	if err != nil {
		h.t.Fatal(err)
	}
	for _, i := range list.GetInvitations() {
		ids = append(ids, i.GetId())
	}
	return ids
}

func (h *harness) answer(as *userv1.TokenPair, invitationID string) (accept, decline error) {
	_, accept = h.members.AcceptInvitation(h.with(as), &userv1.AcceptInvitationRequest{InvitationId: invitationID})
	_, decline = h.members.DeclineInvitation(h.with(as), &userv1.DeclineInvitationRequest{InvitationId: invitationID})
	return accept, decline
}

func TestInvitation(t *testing.T) {
	h := newHarness(t)
	admin := h.admin("admin")
	mira := h.signUp("mira")
	req := &userv1.InviteMemberRequest{
		SalonId: id.FirstSalon, Email: "MIRA@example.com", Roles: []apiv1.SalonRole{roleManager, roleMaster}, RequestId: h.NewID(),
	}
	i, err := h.members.InviteMember(h.with(admin), req)
	if err != nil {
		t.Fatal(err)
	}
	if i.GetEmail() != "mira@example.com" || i.GetSalonId() != id.FirstSalon || !slices.Equal(i.GetRoles(), []apiv1.SalonRole{roleMaster, roleManager}) ||
		!i.GetCreateTime().AsTime().Equal(h.Clock.Now()) || !i.GetExpireTime().AsTime().Equal(h.Clock.Now().Add(InvitationLifetime)) {
		t.Errorf("invited: %v", i)
	}
	if again, err := h.members.InviteMember(h.with(admin), req); err != nil || !proto.Equal(again, i) {
		t.Errorf("the same request again: %v, %v; want %v", again, err, i)
	}
	list, err := h.members.ListInvitations(h.with(admin), &userv1.ListInvitationsRequest{SalonId: id.FirstSalon})
	if err != nil || len(list.GetInvitations()) != 1 || !proto.Equal(list.GetInvitations()[0], i) {
		t.Errorf("invitations of the salon: %v, %v", list, err)
	}
	if ids := h.myInvitations(mira); !slices.Equal(ids, []string{i.GetId()}) {
		t.Errorf("own invitations: %v", ids)
	}

	m := h.accept(mira, i)
	if m.GetUserId() != userID(mira) || m.GetEmail() != "mira@example.com" || !slices.Equal(m.GetRoles(), i.GetRoles()) ||
		!m.GetCreateTime().AsTime().Equal(h.Clock.Now()) {
		t.Errorf("a member: %v", m)
	}
	got, err := h.members.GetMember(h.with(mira), &userv1.GetMemberRequest{SalonId: id.FirstSalon, UserId: userID(mira)})
	if err != nil || !proto.Equal(got, m) {
		t.Errorf("with the same access token: %v, %v; want %v", got, err, m)
	}
	profile, err := h.masters.GetMaster(h.from(testIP), &userv1.GetMasterRequest{MasterId: userID(mira)})
	if err != nil || profile.GetDisplayName() != "mira" || profile.GetSalonId() != id.FirstSalon {
		t.Errorf("the profile: %v, %v", profile, err)
	}
	accept, decline := h.answer(mira, i.GetId())
	wantErrorLike(t, accept, ErrInvitationClosed)
	wantErrorLike(t, decline, ErrInvitationClosed)
	if ids := h.myInvitations(mira); len(ids) != 0 {
		t.Errorf("own invitations after the answer: %v", ids)
	}

	// Another invitation adds to the roles.
	m = h.accept(mira, h.invite(admin, id.FirstSalon, "mira@example.com", roleReceptionist))
	if !slices.Equal(m.GetRoles(), []apiv1.SalonRole{roleMaster, roleReceptionist, roleManager}) {
		t.Errorf("merged roles: %v", m)
	}
	same := h.accept(mira, h.invite(admin, id.FirstSalon, "mira@example.com", roleMaster))
	if !proto.Equal(same, m) {
		t.Errorf("roles that the member has: %v, want %v", same, m)
	}
}

// The answer does not depend on whether the address has an account.
func TestInvitationsLookAlike(t *testing.T) {
	h := newHarness(t)
	admin := h.admin("admin")
	h.member(admin, "member", id.FirstSalon, roleReceptionist)
	h.register("customer")
	disabled := h.register("disabled")
	if _, err := h.users.DisableUser(h.with(admin), &userv1.DisableUserRequest{UserId: disabled.GetId()}); err != nil {
		t.Fatal(err)
	}
	var first *userv1.Invitation
	for _, email := range []string{"nobody@example.com", "customer@example.com", "member@example.com", "disabled@example.com"} {
		i := h.invite(admin, id.FirstSalon, email, roleReceptionist)
		if i.GetEmail() != email {
			t.Errorf("invited %v", i)
		}
		i.Id, i.Email = "", ""
		if first == nil {
			first = i
		}
		if !proto.Equal(i, first) {
			t.Errorf("%s: %v differs from %v", email, i, first)
		}
	}
	// A person who registers later has the invitation.
	nobody := h.signUp("nobody")
	if ids := h.myInvitations(nobody); len(ids) != 1 {
		t.Errorf("invitations of a new account: %v", ids)
	}
}

func TestInvitationOfSomebodyElse(t *testing.T) {
	h := newHarness(t)
	admin := h.admin("admin")
	anna, other := h.signUp("anna"), h.salon()
	i := h.invite(admin, id.FirstSalon, "mira@example.com", roleManager)
	for _, invitationID := range []string{i.GetId(), h.NewID()} {
		accept, decline := h.answer(anna, invitationID)
		wantErrorLike(t, accept, errNoInvitation)
		wantErrorLike(t, decline, errNoInvitation)
	}
	if ids := h.myInvitations(anna); len(ids) != 0 {
		t.Errorf("somebody else's invitations: %v", ids)
	}
	revoke := func(as *userv1.TokenPair, salonID string) error {
		_, err := h.members.RevokeInvitation(h.with(as), &userv1.RevokeInvitationRequest{SalonId: salonID, InvitationId: i.GetId()})
		return err
	}
	// A manager cannot withdraw an invitation of another salon through their own salon.
	otherManager := h.member(admin, "othermanager", other, roleManager)
	wantErrorLike(t, revoke(otherManager, other), errNoInvitation)
	wantErrorLike(t, revoke(otherManager, id.FirstSalon), errNoSalon)
	h.accept(h.signUp("mira"), i)
}

func TestClosedInvitations(t *testing.T) {
	h := newHarness(t)
	admin := h.admin("admin")
	mira := h.signUp("mira")
	invite := func() *userv1.Invitation {
		return h.invite(admin, id.FirstSalon, "mira@example.com", roleReceptionist)
	}
	wantClosed := func(what string, i *userv1.Invitation) {
		t.Helper()
		accept, decline := h.answer(mira, i.GetId())
		if accept == nil || decline == nil {
			t.Fatalf("%s: accepted %v, declined %v", what, accept, decline)
		}
		wantErrorLike(t, accept, ErrInvitationClosed)
		wantErrorLike(t, decline, ErrInvitationClosed)
		_, err := h.members.RevokeInvitation(h.with(admin), &userv1.RevokeInvitationRequest{SalonId: id.FirstSalon, InvitationId: i.GetId()})
		wantErrorLike(t, err, ErrInvitationClosed)
		if slices.Contains(h.myInvitations(mira), i.GetId()) {
			t.Errorf("%s: still in the list", what)
		}
	}
	replaced := invite()
	revoked := invite()
	wantClosed("replaced", replaced)
	if _, err := h.members.RevokeInvitation(h.with(admin), &userv1.RevokeInvitationRequest{SalonId: id.FirstSalon, InvitationId: revoked.GetId()}); err != nil {
		t.Fatal(err)
	}
	wantClosed("revoked", revoked)
	declined := invite()
	if _, err := h.members.DeclineInvitation(h.with(mira), &userv1.DeclineInvitationRequest{InvitationId: declined.GetId()}); err != nil {
		t.Fatal(err)
	}
	wantClosed("declined", declined)
	expired := invite()
	h.Clock.Advance(InvitationLifetime)
	mira, admin = h.login("mira"), h.login("admin")
	wantClosed("expired", expired)
	// An expired invitation does not prevent another one. It is deleted later.
	open := invite()
	h.Clock.Advance(InvitationLifetime - time.Second)
	mira, admin = h.login("mira"), h.login("admin")
	if err := h.service.prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantClosed("replaced when it had expired", expired)
	h.Clock.Advance(time.Second)
	if err := h.service.prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	accept, _ := h.answer(mira, expired.GetId())
	wantErrorLike(t, accept, errNoInvitation)
	wantClosed("expired later", open)
	list, err := h.members.ListInvitations(h.with(admin), &userv1.ListInvitationsRequest{SalonId: id.FirstSalon})
	if err != nil || len(list.GetInvitations()) != 0 {
		t.Errorf("open invitations: %v, %v", list, err)
	}
}

// A refused acceptance leaves the invitation open.
func TestAcceptAsAMasterElsewhere(t *testing.T) {
	h := newHarness(t)
	admin := h.admin("admin")
	mira, other := h.master(admin, "mira"), h.salon()
	i := h.invite(admin, other, "mira@example.com", roleMaster, roleManager)
	_, err := h.members.AcceptInvitation(h.with(mira), &userv1.AcceptInvitationRequest{InvitationId: i.GetId()})
	wantErrorLike(t, err, ErrMasterElsewhere)
	if _, err := h.masters.DeleteMaster(h.with(admin), &userv1.DeleteMasterRequest{MasterId: userID(mira)}); err != nil {
		t.Fatal(err)
	}
	h.accept(mira, i)
	m, err := h.masters.GetMaster(h.from(testIP), &userv1.GetMasterRequest{MasterId: userID(mira)})
	if err != nil || m.GetSalonId() != other || m.GetEtag() != "3-0" {
		t.Errorf("the profile in the other salon: %v, %v", m, err)
	}
}

func TestListInvitationsPages(t *testing.T) {
	h := newHarness(t)
	admin := h.admin("admin")
	for _, name := range []string{"anna", "bob", "carl"} {
		h.Clock.Advance(time.Minute)
		h.invite(admin, id.FirstSalon, name+"@example.com", roleReceptionist)
	}
	var names []string
	req := &userv1.ListInvitationsRequest{SalonId: id.FirstSalon, PageSize: 2}
	for {
		resp, err := h.members.ListInvitations(h.with(admin), req)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range resp.GetInvitations() {
			names = append(names, strings.TrimSuffix(i.GetEmail(), "@example.com"))
		}
		if req.PageToken = resp.GetNextPageToken(); req.GetPageToken() == "" {
			break
		}
	}
	if !slices.Equal(names, []string{"carl", "bob", "anna"}) {
		t.Errorf("invitations %v", names)
	}
	_, err := h.members.ListMyInvitations(h.with(admin), &userv1.ListMyInvitationsRequest{PageToken: "nonsense"})
	wantError(t, err, codes.InvalidArgument, "INVALID_PAGE_TOKEN")
}

// When several invitations of an address are made at the same time, one is open.
func TestConcurrentInvitations(t *testing.T) {
	s := newStore(t)
	const n = 8
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			errs[i] = s.CreateInvitation(t.Context(),
				NewInvitation(id.New(), id.FirstSalon, "mira@example.com", []apiv1.SalonRole{roleManager}, testTime))
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	open, err := s.InvitationsOfSalon(t.Context(), id.FirstSalon, testTime, nil, n)
	if err != nil || len(open) != 1 || count(t, s, "invitations") != n {
		t.Errorf("%d of %d invitations are open, %v", len(open), count(t, s, "invitations"), err)
	}
}

// An invitation that is accepted several times at the same time is accepted once.
func TestConcurrentAcceptance(t *testing.T) {
	s := newStore(t)
	a := addAccount(t, s, "mira@example.com", "Mira", apiv1.Role_ROLE_CUSTOMER, testTime)
	i := NewInvitation(id.New(), id.FirstSalon, a.Email, []apiv1.SalonRole{roleMaster}, testTime)
	if err := s.CreateInvitation(t.Context(), i); err != nil {
		t.Fatal(err)
	}
	const n = 6
	errs := make([]error, n)
	var wg sync.WaitGroup
	for k := range n {
		wg.Go(func() { _, errs[k] = s.AcceptInvitation(t.Context(), a.ID, i.ID, testTime) })
	}
	wg.Wait()
	accepted := 0
	for _, err := range errs {
		switch {
		case err == nil:
			accepted++
		case !errors.Is(err, ErrInvitationClosed):
			t.Error(err)
		}
	}
	m, err := s.Member(t.Context(), id.FirstSalon, a.ID)
	if accepted != 1 || err != nil || m.Version != 1 {
		t.Errorf("accepted %d times: %+v, %v", accepted, m, err)
	}
}
