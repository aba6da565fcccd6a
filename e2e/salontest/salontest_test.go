package salontest_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/beauty-salon/platform/e2e/salontest"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// TestSystem starts, calls, kills and restarts a system: what all other tests rely on.
func TestSystem(t *testing.T) {
	t.Parallel()
	system := salontest.Start(t)
	cast := system.NewCast(t)
	cast.Complete(t, cast.Master1, cast.Book(t, cast.CustomerA, cast.Master1))
	salontest.Both(t, system, func(t *testing.T, c salontest.Caller) {
		me := salontest.Do[*userv1.User](t, c, cast.CustomerA, userv1.UserService_GetMe_FullMethodName, &userv1.GetMeRequest{})
		if me.GetId() != cast.CustomerA.ID {
			t.Errorf("GetMe answers %v", me)
		}
		c.Call(t, nil, userv1.UserService_GetMe_FullMethodName, &userv1.GetMeRequest{}).
			Want(t, codes.Unauthenticated, "UNAUTHENTICATED")
	})
	if err := system.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := system.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	salontest.Do[*userv1.User](t, system.GRPC(), cast.CustomerA, userv1.UserService_GetMe_FullMethodName, &userv1.GetMeRequest{})
	if err := system.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(system.DataDir()); err != nil {
		t.Errorf("the data did not survive the stop: %v", err)
	}
}

// TestIdleConnections: the client closes a connection that it does not use before the gateway would.
func TestIdleConnections(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{}, 1)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- struct{}{}
		}
	}
	server.Start()
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	salontest.Send(t, req)
	const unused = 5 * time.Second // ReadHeaderTimeout of the gateway
	select {
	case <-closed:
	case <-time.After(unused):
		t.Errorf("the connection is open after %s", unused)
	}
}
