package user

import (
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
)

// Another service reads in the database what the user service would answer, at once after each change.
func TestSessionReader(t *testing.T) {
	h := newHarness(t)
	const other = "elsewhere" // the schema of another service, which the platform has
	reader := NewSessionReader(h.Postgres.DB(other), h.Clock.Now)
	if err := reader.Ready(t.Context()); !errors.Is(err, postgres.ErrSchemaOutdated) {
		t.Errorf("before the function is shared: %v", err)
	}
	share(t, h.Postgres, other)
	if err := reader.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	admin, anna := h.admin("admin"), h.signUp("anna")
	sessions, err := h.auth.ListSessions(h.with(anna), &userv1.ListSessionsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	req := &userv1.CheckSessionRequest{SessionId: sessions.GetSessions()[0].GetId()}
	same := func(when string) {
		t.Helper()
		want, err := h.identity.CheckSession(h.from(testIP), req)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := reader.CheckSession(t.Context(), req); err != nil || !proto.Equal(got, want) {
			t.Errorf("%s: read %v, %v; want %v", when, got, err, want)
		}
	}
	ended := func(when string) {
		t.Helper()
		if got, err := reader.CheckSession(t.Context(), req); !errors.Is(err, errNoSession) {
			t.Errorf("%s: read %v, %v", when, got, err)
		}
	}
	same("a customer")
	h.accept(anna, h.invite(admin, id.FirstSalon, "anna@example.com", roleManager, roleReceptionist))
	same("a member")
	disable := &userv1.DisableUserRequest{UserId: userID(anna)}
	if _, err := h.users.DisableUser(h.with(admin), disable); err != nil {
		t.Fatal(err)
	}
	ended("disabled")

	req.SessionId = id.New()
	ended("unknown")
	bea := h.signUp("bea")
	if sessions, err = h.auth.ListSessions(h.with(bea), &userv1.ListSessionsRequest{}); err != nil {
		t.Fatal(err)
	}
	req.SessionId = sessions.GetSessions()[0].GetId()
	same("signed in")
	h.Clock.Advance(SessionIdleLifetime)
	ended("expired")
	h.Clock.Advance(-SessionIdleLifetime)
	if _, err := h.auth.Logout(h.from(testIP), &userv1.LogoutRequest{RefreshToken: bea.GetRefreshToken()}); err != nil {
		t.Fatal(err)
	}
	ended("signed out")
}

func share(t *testing.T, server pgtest.Server, schemas ...string) {
	t.Helper()
	if err := postgres.Share(t.Context(), server.AdminURL(), sharedFunctions, append(schemas, Migrations.Service)...); err != nil {
		t.Fatal(err)
	}
}
