package auth

import (
	"reflect"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/rs/zerolog"
	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/polltest"
)

func TestAuthenticate(t *testing.T) {
	c, u := newClock(), newUsers()
	i, v := newPair(t, c)
	a := NewAuthenticator(v, NewSessions(u, nil, c.Now))
	token, want := issue(t, i), anna()
	want.TokenTime = c.Now().UTC()
	if p, err := a.Authenticate(t.Context(), token); err != nil || !reflect.DeepEqual(p, want) {
		t.Fatalf("Authenticate = %v, %v", p, err)
	}
	_, err := a.Authenticate(t.Context(), "nonsense")
	wantCode(t, err, codes.Unauthenticated)

	// The role is the account's, not the token's.
	u.set(func() { u.open[anna().SessionID].Role = apiv1.Role_ROLE_ADMIN })
	c.Advance(sessionTTL)
	if p, err := a.Authenticate(t.Context(), token); err != nil || !p.IsAdmin() {
		t.Errorf("after a change of role: %v, %v", p, err)
	}
	// Another user's session under this token.
	u.set(func() {
		u.open[anna().SessionID] = &userv1.CheckSessionResponse{UserId: anna().SessionID, Role: apiv1.Role_ROLE_ADMIN}
	})
	c.Advance(sessionTTL)
	_, err = a.Authenticate(t.Context(), token)
	wantCode(t, err, codes.Unauthenticated)

	u.end(anna().SessionID)
	c.Advance(sessionTTL)
	_, err = a.Authenticate(t.Context(), token)
	wantCode(t, err, codes.Unauthenticated)
}

// connect returns a connection to a NATS server in this process.
func connect(t *testing.T, srv *server.Server) *events.Bus {
	t.Helper()
	bus, err := events.ConnectInProcess(srv, events.Config{}, zerolog.Nop(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bus.Close)
	polltest.Until(t, "the bus is ready", func() bool { return bus.Ready() == nil })
	return bus
}

// TestEndReachesOtherProcesses uses a real bus.
func TestEndReachesOtherProcesses(t *testing.T) {
	srv, err := server.NewServer(&server.Options{DontListen: true, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(10 * time.Second) {
		t.Fatal("NATS does not start")
	}
	c, u := newClock(), newUsers()
	here, there := NewSessions(u, connect(t, srv), c.Now), NewSessions(u, connect(t, srv), c.Now)
	defer here.Close()
	defer there.Close()
	check(t, here)
	check(t, there)
	u.end(anna().SessionID)
	here.End(anna().UserID, "")
	_, err = here.Check(t.Context(), anna().SessionID)
	wantCode(t, err, codes.Unauthenticated)
	// The clock does not move, so only the broadcast can end the session there.
	polltest.Until(t, "the end is known there", func() bool {
		_, err := there.Check(t.Context(), anna().SessionID)
		return err != nil
	})
}
