package e2e_test

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

const (
	inviteMember     = userv1.MemberService_InviteMember_FullMethodName
	acceptInvitation = userv1.MemberService_AcceptInvitation_FullMethodName
	updateMember     = userv1.MemberService_UpdateMember_FullMethodName
	removeMember     = userv1.MemberService_RemoveMember_FullMethodName

	roleMaster       = apiv1.SalonRole_SALON_ROLE_MASTER
	roleReceptionist = apiv1.SalonRole_SALON_ROLE_RECEPTIONIST
	roleManager      = apiv1.SalonRole_SALON_ROLE_MANAGER
)

// staff is a salon with a manager, and somebody whose membership changes. Their session stays the same all the time.
type staff struct {
	t       *testing.T
	c       salontest.Caller
	salonID string
	manager *salontest.Account
	person  *salontest.Account
}

func newStaff(t *testing.T, c salontest.Caller) *staff {
	t.Helper()
	s := c.System()
	id := s.NewSalon(t).GetId()
	st := &staff{t, c, id, s.NewManager(t, id), s.NewCustomer(t, "Mira Sol")}
	st.person.Pair(t)
	return st
}

// call makes a call as the manager.
func (s *staff) call(method string, req proto.Message) *salontest.Result {
	s.t.Helper()
	return s.c.Call(s.t, s.manager, method, req)
}

func (s *staff) invite(email string, roles ...apiv1.SalonRole) *userv1.Invitation {
	s.t.Helper()
	return salontest.Do[*userv1.Invitation](s.t, s.c, s.manager, inviteMember,
		&userv1.InviteMemberRequest{SalonId: s.salonID, Email: email, Roles: roles})
}

// accept accepts an invitation as the person.
func (s *staff) accept(invitation *userv1.Invitation) *salontest.Result {
	s.t.Helper()
	return s.c.Call(s.t, s.person, acceptInvitation, &userv1.AcceptInvitationRequest{InvitationId: invitation.GetId()})
}

// update gives the person other roles.
func (s *staff) update(roles ...apiv1.SalonRole) {
	s.t.Helper()
	s.call(updateMember, &userv1.UpdateMemberRequest{SalonId: s.salonID, UserId: s.person.ID, Roles: roles}).Want(s.t, codes.OK, "")
}

// rights checks what the person may do by now: as anybody of the staff, and as a manager.
func (s *staff) rights(member, manager codes.Code) {
	s.t.Helper()
	list := &appointmentv1.ListCustomersRequest{SalonId: new(s.salonID)}
	if got := s.c.Call(s.t, s.person, appointmentv1.CustomerService_ListCustomers_FullMethodName, list); got.Code != member {
		s.t.Errorf("listing customers: %v, want %s", got, member)
	}
	update := &appointmentv1.UpdateSalonRequest{SalonId: s.salonID, Description: new(salontest.Unique())}
	if got := s.c.Call(s.t, s.person, updateSalon, update); got.Code != manager {
		s.t.Errorf("updating the salon: %v, want %s", got, manager)
	}
	var roles []apiv1.SalonRole
	me := salontest.Do[*userv1.User](s.t, s.c, s.person, userv1.UserService_GetMe_FullMethodName, &userv1.GetMeRequest{})
	for _, m := range me.GetMemberships() {
		if m.GetSalonId() == s.salonID {
			roles = m.GetRoles()
		}
	}
	if slices.Contains(roles, roleManager) != (manager == codes.OK) || (len(roles) > 0) != (member == codes.OK) {
		s.t.Errorf("the person's own roles are %v", roles)
	}
}

// TestMembership: invitations, and how changes of a membership count for the very next call of a session that is open.
func TestMembership(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	const no = codes.PermissionDenied
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		st := newStaff(t, c)
		st.rights(no, no)
		st.accept(st.invite(st.person.Email, roleReceptionist)).Want(t, codes.OK, "")
		st.rights(codes.OK, no)
		// The roles of an invitation come beside those that there are.
		joined := st.accept(st.invite(st.person.Email, roleManager))
		joined.Want(t, codes.OK, "")
		if roles := joined.Message.(*userv1.Member).GetRoles(); !slices.Equal(roles, []apiv1.SalonRole{roleReceptionist, roleManager}) {
			t.Errorf("the roles are %v", roles)
		}
		st.rights(codes.OK, codes.OK)
		st.update(roleReceptionist)
		st.rights(codes.OK, no)
		st.update(roleManager)
		st.rights(codes.OK, codes.OK)
		st.call(removeMember, &userv1.RemoveMemberRequest{SalonId: st.salonID, UserId: st.person.ID}).Want(t, codes.OK, "")
		st.rights(no, no)
		// Whoever wants to leave may do so.
		st.accept(st.invite(st.person.Email, roleReceptionist)).Want(t, codes.OK, "")
		member := salontest.Do[*userv1.Member](t, c, st.person, userv1.MemberService_GetMember_FullMethodName,
			&userv1.GetMemberRequest{SalonId: st.salonID, UserId: st.person.ID})
		leave := &userv1.RemoveMemberRequest{SalonId: st.salonID, UserId: st.person.ID, Etag: member.GetEtag()}
		c.Call(t, st.person, removeMember, leave).Want(t, codes.OK, "")
		st.rights(no, no)
		// And may repeat that, as after an answer that was lost. Others learn that there is no such member.
		c.Call(t, st.person, removeMember, leave).Want(t, codes.OK, "")
		st.call(removeMember, leave).Want(t, codes.NotFound, "NOT_FOUND")
		c.Call(t, st.person, removeMember, &userv1.RemoveMemberRequest{SalonId: st.salonID, UserId: st.manager.ID}).
			Want(t, codes.PermissionDenied, "PERMISSION_DENIED")

		members := salontest.Do[*userv1.ListMembersResponse](t, c, st.manager, userv1.MemberService_ListMembers_FullMethodName,
			&userv1.ListMembersRequest{SalonId: st.salonID}).GetMembers()
		if len(members) != 1 || members[0].GetUserId() != st.manager.ID {
			t.Errorf("the members are %v", members)
		}
	})
}

// TestInvitations: an invitation says nothing about accounts, and is open until it is answered, revoked or replaced.
func TestInvitations(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		st := newStaff(t, c)
		unknown := "late-" + salontest.Unique() + "@example.com"
		answers := []*userv1.Invitation{st.invite(st.person.Email, roleReceptionist), st.invite(unknown, roleReceptionist)}
		for i, email := range []string{st.person.Email, unknown} {
			answer := proto.CloneOf(answers[i])
			if lifetime := answer.GetExpireTime().AsTime().Sub(answer.GetCreateTime().AsTime()); lifetime.Hours() != 14*24 {
				t.Errorf("the invitation is open for %s", lifetime)
			}
			answer.Id, answer.CreateTime, answer.ExpireTime = "", nil, nil
			salontest.Same(t, answer, &userv1.Invitation{SalonId: st.salonID, Email: email, Roles: []apiv1.SalonRole{roleReceptionist}})
		}
		mine := func(a *salontest.Account) []string {
			return idsOf(salontest.Do[proto.Message](t, c, a, userv1.MemberService_ListMyInvitations_FullMethodName,
				&userv1.ListMyInvitationsRequest{}))
		}
		open := func() []string {
			return idsOf(salontest.Do[proto.Message](t, c, st.manager, userv1.MemberService_ListInvitations_FullMethodName,
				&userv1.ListInvitationsRequest{SalonId: st.salonID}))
		}
		if got, want := open(), []string{answers[1].GetId(), answers[0].GetId()}; !slices.Equal(got, want) {
			t.Errorf("open are %v, want %v", got, want)
		}
		// Whoever registers later finds the invitation.
		late := s.NewCustomerWith(t, "Late", unknown)
		if got := mine(late); !slices.Equal(got, []string{answers[1].GetId()}) {
			t.Errorf("the invitations are %v", got)
		}
		// A new one replaces the one before, in upper case too.
		second := st.invite(strings.ToUpper(st.person.Email), roleReceptionist)
		if got := mine(st.person); !slices.Equal(got, []string{second.GetId()}) {
			t.Errorf("after another invitation they are %v", got)
		}
		st.accept(answers[0]).Want(t, codes.FailedPrecondition, "INVITATION_CLOSED")
		c.Call(t, late, acceptInvitation, &userv1.AcceptInvitationRequest{InvitationId: second.GetId()}).
			Want(t, codes.NotFound, "NOT_FOUND")
		decline := &userv1.DeclineInvitationRequest{InvitationId: second.GetId()}
		c.Call(t, st.person, userv1.MemberService_DeclineInvitation_FullMethodName, decline).Want(t, codes.OK, "")
		st.accept(second).Want(t, codes.FailedPrecondition, "INVITATION_CLOSED")
		third := st.invite(st.person.Email, roleReceptionist)
		st.call(userv1.MemberService_RevokeInvitation_FullMethodName,
			&userv1.RevokeInvitationRequest{SalonId: st.salonID, InvitationId: third.GetId()}).Want(t, codes.OK, "")
		st.accept(third).Want(t, codes.FailedPrecondition, "INVITATION_CLOSED")
		st.rights(codes.PermissionDenied, codes.PermissionDenied)
		if got, want := open(), []string{answers[1].GetId()}; !slices.Equal(got, want) {
			t.Errorf("open are %v, want %v", got, want)
		}
	})
}

// TestMemberIsMaster: the role MASTER comes and goes with a profile, and with what can be booked.
func TestMemberIsMaster(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		st := newStaff(t, c)
		service := s.NewServiceOf(t, st.salonID)
		customer := s.NewCustomer(t, "Customer")
		profile := func() *salontest.Result {
			return c.Call(t, nil, userv1.MasterService_GetMaster_FullMethodName, &userv1.GetMasterRequest{MasterId: st.person.ID})
		}
		tryBook := func() *salontest.Result {
			return c.Call(t, customer, createAppointment, salontest.Booking(st.person, service, s.NextStart()))
		}
		for _, end := range []func(){
			func() { st.update(roleReceptionist) },
			func() {
				st.call(removeMember, &userv1.RemoveMemberRequest{SalonId: st.salonID, UserId: st.person.ID}).Want(t, codes.OK, "")
			},
			func() {
				c.Call(t, st.person, removeMember, &userv1.RemoveMemberRequest{SalonId: st.salonID, UserId: st.person.ID}).
					Want(t, codes.OK, "")
			},
		} {
			profile().Want(t, codes.NotFound, "NOT_FOUND")
			st.accept(st.invite(st.person.Email, roleMaster)).Want(t, codes.OK, "")
			got := profile()
			got.Want(t, codes.OK, "")
			if m := got.Message.(*userv1.Master); m.GetDisplayName() != st.person.Name || m.GetSalonId() != st.salonID {
				t.Errorf("the profile is %v", m)
			}
			s.Offer(t, st.person, service)
			booked := tryBook()
			booked.Want(t, codes.OK, "")
			end()
			// At once, and not when an event arrives.
			tryBook().Want(t, codes.FailedPrecondition, "MASTER_UNAVAILABLE")
			read(t, c, customer, booked.Message.(*appointmentv1.Appointment).GetId())
		}
	})
}

// TestMemberAddresses: members see each other, and their addresses only as managers.
func TestMemberAddresses(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		st := newStaff(t, c)
		st.accept(st.invite(st.person.Email, roleReceptionist)).Want(t, codes.OK, "")
		other := s.NewReceptionist(t, st.salonID)
		for _, tc := range []struct {
			reader *salontest.Account
			want   string
		}{{st.manager, st.person.Email}, {st.person, st.person.Email}, {other, ""}, {s.Admin(), st.person.Email}} {
			got := salontest.Do[*userv1.Member](t, c, tc.reader, userv1.MemberService_GetMember_FullMethodName,
				&userv1.GetMemberRequest{SalonId: st.salonID, UserId: st.person.ID})
			if got.GetEmail() != tc.want || got.GetDisplayName() != st.person.Name || !slices.Equal(got.GetRoles(), []apiv1.SalonRole{roleReceptionist}) {
				t.Errorf("%s sees %v", tc.reader.Name, got)
			}
		}
	})
}
