package user

import (
	"context"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/rpc"
	"github.com/beauty-salon/platform/internal/servicetest"
)

const (
	testPassword = "correct horse battery"
	testIP       = "203.0.113.7"
)

// harness is the running service with its clients.
type harness struct {
	*servicetest.Platform
	t       *testing.T
	service *Service
	store   *Store
	auth    userv1.AuthServiceClient
	users   userv1.UserServiceClient
	masters userv1.MasterServiceClient
	members userv1.MemberServiceClient
	// appointments is the appointment service that the service calls.
	appointments *directory
	identity     userv1.IdentityServiceClient
}

func newHarness(t *testing.T) *harness {
	t.Helper()
	p := servicetest.New(t, Migrations)
	s, err := New(p.Deps(Migrations.Service))
	if err != nil {
		t.Fatal(err)
	}
	appointments := &directory{salons: map[string]*appointmentv1.SalonEvent{}}
	p.Serve("appointment", appointments.register)
	p.Start("user", s)
	conn := p.Conns.For("user")
	return &harness{
		Platform: p, t: t, service: s, store: s.store,
		auth:    userv1.NewAuthServiceClient(conn),
		users:   userv1.NewUserServiceClient(conn),
		masters: userv1.NewMasterServiceClient(conn),
		members: userv1.NewMemberServiceClient(conn), appointments: appointments,
		identity: userv1.NewIdentityServiceClient(conn),
	}
}

// from returns the context of a caller at an address who is not signed in.
func (h *harness) from(ip string) context.Context {
	return rpc.WithRequestInfo(h.t.Context(), rpc.RequestInfo{ID: "test", ClientIP: ip, UserAgent: "Test/1.0"})
}

// with returns the context of a caller with an access token.
func (h *harness) with(pair *userv1.TokenPair) context.Context {
	return metadata.AppendToOutgoingContext(h.from(testIP), "authorization", "Bearer "+pair.GetAccessToken())
}

// register makes the account <name>@example.com.
func (h *harness) register(name string) *userv1.User {
	h.t.Helper()
	u, err := h.auth.Register(h.from(testIP), &userv1.RegisterRequest{
		Email: name + "@example.com", Password: testPassword, DisplayName: name,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return u
}

// login opens another session of <name>@example.com.
func (h *harness) login(name string) *userv1.TokenPair {
	h.t.Helper()
	pair, err := h.auth.Login(h.from(testIP), &userv1.LoginRequest{Email: name + "@example.com", Password: testPassword})
	if err != nil {
		h.t.Fatal(err)
	}
	return pair
}

// signUp is register and login.
func (h *harness) signUp(name string) *userv1.TokenPair {
	h.t.Helper()
	h.register(name)
	return h.login(name)
}

// admin makes the administrator <name>@example.com and signs in.
func (h *harness) admin(name string) *userv1.TokenPair {
	h.t.Helper()
	_, err := CreateAdmin(h.t.Context(), h.store.db, h.service.passwords, h.Clock.Now(), name+"@example.com", name, testPassword, false)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.login(name)
}

// master makes the master <name>@example.com in the default salon, as an administrator,
// and signs in.
func (h *harness) master(admin *userv1.TokenPair, name string) *userv1.TokenPair {
	h.t.Helper()
	u := h.register(name)
	_, err := h.masters.CreateMaster(h.with(admin), &userv1.CreateMasterRequest{UserId: u.GetId(), DisplayName: name})
	if err != nil {
		h.t.Fatal(err)
	}
	return h.login(name)
}

// salon makes another salon that the service does not know yet.
func (h *harness) salon() string {
	salonID := h.NewID()
	h.appointments.put(&appointmentv1.SalonEvent{SalonId: salonID})
	return salonID
}

// member makes the account <name>@example.com with roles in a salon, by an invitation of
// an administrator, and signs in.
func (h *harness) member(admin *userv1.TokenPair, name, salonID string, roles ...apiv1.SalonRole) *userv1.TokenPair {
	h.t.Helper()
	pair := h.signUp(name)
	h.accept(pair, h.invite(admin, salonID, name+"@example.com", roles...))
	return pair
}

// invite invites an address to a salon.
func (h *harness) invite(as *userv1.TokenPair, salonID, email string, roles ...apiv1.SalonRole) *userv1.Invitation {
	h.t.Helper()
	i, err := h.members.InviteMember(h.with(as), &userv1.InviteMemberRequest{SalonId: salonID, Email: email, Roles: roles})
	if err != nil {
		h.t.Fatal(err)
	}
	return i
}

// accept accepts an invitation.
func (h *harness) accept(as *userv1.TokenPair, i *userv1.Invitation) *userv1.Member {
	h.t.Helper()
	m, err := h.members.AcceptInvitation(h.with(as), &userv1.AcceptInvitationRequest{InvitationId: i.GetId()})
	if err != nil {
		h.t.Fatal(err)
	}
	return m
}

// wantSignedIn checks whether a session is open.
func (h *harness) wantSignedIn(pair *userv1.TokenPair, want bool) {
	h.t.Helper()
	_, err := h.users.GetMe(h.with(pair), &userv1.GetMeRequest{})
	if want && err != nil {
		h.t.Fatalf("not signed in: %v", err)
	}
	if !want {
		wantError(h.t, err, codes.Unauthenticated, "UNAUTHENTICATED")
	}
}

func TestReady(t *testing.T) {
	h := newHarness(t)
	if err := h.service.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestPrune(t *testing.T) {
	h := newHarness(t)
	h.signUp("anna")
	req := &userv1.RegisterRequest{Email: "bob@example.com", Password: testPassword, DisplayName: "Bob", RequestId: h.NewID()}
	if _, err := h.auth.Register(h.from(testIP), req); err != nil {
		t.Fatal(err)
	}
	rows := func() int64 {
		return count(t, h.store, "sessions") + count(t, h.store, "refresh_tokens") + count(t, h.store, "idempotency_keys")
	}
	if err := h.service.prune(t.Context()); err != nil || rows() != 3 {
		t.Fatalf("too early: %d rows are left, %v", rows(), err)
	}
	h.Clock.Advance(SessionIdleLifetime + idempotency.Retention)
	if err := h.service.prune(t.Context()); err != nil || rows() != 0 {
		t.Errorf("%d rows are left, %v", rows(), err)
	}
}

func TestCreateAdmin(t *testing.T) {
	s := newStore(t)
	passwords := newTestPasswords()
	create := func(email, password string, promote bool) (string, error) {
		return CreateAdmin(t.Context(), s.db, passwords, testTime, email, "Admin", password, promote)
	}
	wantRole := func(id string, role apiv1.Role, version int64) {
		t.Helper()
		if a, _, err := s.Account(t.Context(), id); err != nil || a.Role != role || a.Version != version {
			t.Errorf("%+v, %v; want %v at version %d", a, err, role, version)
		}
	}
	id, err := create(" Root@Example.com ", testPassword, false)
	if err != nil {
		t.Fatal(err)
	}
	wantRole(id, apiv1.Role_ROLE_ADMIN, 1)
	_, before, err := s.AccountByEmail(t.Context(), "root@example.com")
	if err != nil {
		t.Fatal(err)
	}

	again, err := create("root@example.com", "another good one", false)
	if err != nil || again != id {
		t.Errorf("an administrator again: %q, %v", again, err)
	}
	if _, after, err := s.AccountByEmail(t.Context(), "root@example.com"); err != nil || after != before {
		t.Errorf("the password of an existing administrator was changed (%v)", err)
	}

	anna := addAccount(t, s, "anna@example.com", "Anna", apiv1.Role_ROLE_CUSTOMER, testTime)
	_, err = create(anna.Email, testPassword, false)
	wantErrorLike(t, err, ErrEmailTaken)
	wantRole(anna.ID, apiv1.Role_ROLE_CUSTOMER, 1)
	if promoted, err := create(anna.Email, testPassword, true); err != nil || promoted != anna.ID {
		t.Errorf("promoted %q, %v", promoted, err)
	}
	wantRole(anna.ID, apiv1.Role_ROLE_ADMIN, 2)

	ben := addAccount(t, s, "ben@example.com", "Ben", apiv1.Role_ROLE_CUSTOMER, testTime)
	if promoted, err := create(" Ben@example.com", "", true); err != nil || promoted != ben.ID {
		t.Errorf("promoted without a password %q, %v", promoted, err)
	}
	wantRole(ben.ID, apiv1.Role_ROLE_ADMIN, 2)
	_, err = create(ben.Email, "", false)
	wantField(t, err, "password")
	_, err = create("nobody@example.com", "", true)
	wantField(t, err, "password")

	if _, err := s.UpdateStanding(t.Context(), anna.ID, testTime, (*Account).Disable); err != nil {
		t.Fatal(err)
	}
	_, err = create(anna.Email, testPassword, true)
	wantErrorLike(t, err, ErrAccountDisabled)
	_, err = create("new@example.com", "password123", false)
	wantErrorLike(t, err, ErrWeakPassword)
	_, err = create("no address", testPassword, false)
	wantField(t, err, "email")
}
