package rpc_test

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/health"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/polltest"
	"github.com/beauty-salon/platform/internal/rpc"
)

// instance is a copy of a service, which answers reads with its address.
type instance struct {
	addr   string
	health *health.Server
	frozen *freezer
}

// startInstance starts a copy at an address; port 0 picks a free one. m may be nil.
func startInstance(t *testing.T, addr string, cred *auth.ServiceCredential, m *masters) *instance {
	t.Helper()
	i := &instance{health: health.NewServer(), frozen: newFreezer()}
	if m == nil {
		m = &masters{}
	}
	if m.get == nil {
		m.get = func(context.Context, *userv1.GetMasterRequest) (*userv1.Master, error) {
			return &userv1.Master{DisplayName: i.addr}, nil
		}
	}
	s, err := rpc.NewServer(rpc.ServerConfig{Auth: authenticator{}, Services: cred, Health: i.health})
	if err != nil {
		t.Fatal(err)
	}
	m.register(s)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	i.addr = l.Addr().String()
	done := make(chan error, 1)
	go func() { done <- s.Serve(freezingListener{l, i.frozen}) }()
	t.Cleanup(func() {
		i.frozen.thaw()
		s.Stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return i
}

// freezer makes a server behave like a process that is stopped: what is sent to it arrives, and is not answered.
type freezer struct {
	mu     sync.Mutex
	thawed chan struct{} // closed while nothing is frozen
}

func newFreezer() *freezer {
	f := &freezer{thawed: make(chan struct{})}
	close(f.thawed)
	return f
}

func (f *freezer) freeze() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.thawed = make(chan struct{})
}

func (f *freezer) thaw() {
	f.mu.Lock()
	defer f.mu.Unlock()
	select {
	case <-f.thawed:
	default:
		close(f.thawed)
	}
}

func (f *freezer) wait() {
	f.mu.Lock()
	thawed := f.thawed
	f.mu.Unlock()
	<-thawed
}

type freezingListener struct {
	net.Listener

	f *freezer
}

func (l freezingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return freezingConn{conn, l.f}, nil
}

type freezingConn struct {
	net.Conn

	f *freezer
}

// Read keeps what arrives while frozen.
func (c freezingConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.f.wait()
	return n, err
}

func (c freezingConn) Write(b []byte) (int, error) {
	c.f.wait()
	return c.Conn.Write(b)
}

// user is a client of copies of the user service.
type user struct {
	userv1.MasterServiceClient
}

func connectInstances(t *testing.T, cred *auth.ServiceCredential, target string) user {
	t.Helper()
	c := rpc.NewConns(rpc.ConnsConfig{Services: cred})
	connectRemote(t, c, target)
	return user{userv1.NewMasterServiceClient(c.For("user"))}
}

// read makes a call and returns the address of the copy that has answered.
func (u user) read(t *testing.T) string {
	t.Helper()
	m, err := u.GetMaster(t.Context(), &userv1.GetMasterRequest{MasterId: someID})
	check(t, err, "")
	return m.GetDisplayName()
}

// usesOnly waits until calls are spread over exactly these copies.
func (u user) usesOnly(t *testing.T, want ...*instance) {
	t.Helper()
	begin := time.Now()
	polltest.Until(t, "exactly these copies get calls", func() bool {
		seen := map[string]int{}
		for range 10 * len(want) {
			seen[u.read(t)]++
		}
		for _, i := range want {
			if seen[i.addr] == 0 {
				return false
			}
		}
		return len(seen) == len(want)
	})
	t.Logf("after %s", time.Since(begin).Round(time.Millisecond))
}
