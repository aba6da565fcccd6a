package rpc_test

import (
	"context"
	"net"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/rpc"
)

// asAdmin is the context in which the gateway calls for an administrator.
func asAdmin(t *testing.T) context.Context {
	t.Helper()
	ctx := rpc.WithRequestInfo(t.Context(), rpc.RequestInfo{ID: "req-9", ClientIP: "203.0.113.9", UserAgent: "Firefox"})
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer admin")
}

func TestRequestInfo(t *testing.T) {
	t.Parallel()
	got := make(chan rpc.RequestInfo, 8)
	m := &masters{get: func(ctx context.Context, _ *userv1.GetMasterRequest) (*userv1.Master, error) {
		got <- rpc.Info(ctx)
		return &userv1.Master{}, nil
	}}
	inBoth(t, rpc.ServerConfig{}, m, func(t *testing.T, e *env) {
		ask := func(c *rpc.Conns, ctx context.Context) (rpc.RequestInfo, metadata.MD) {
			var header metadata.MD
			_, err := userv1.NewMasterServiceClient(c.For("user")).GetMaster(ctx, &userv1.GetMasterRequest{MasterId: someID}, grpc.Header(&header))
			check(t, err, "")
			return <-got, header
		}
		t.Run("a service is trusted", func(t *testing.T) {
			s, _ := ask(e.service, asAdmin(t))
			if s != (rpc.RequestInfo{ID: "req-9", ClientIP: "203.0.113.9", UserAgent: "Firefox"}) {
				t.Errorf("got %v", s)
			}
		})
		t.Run("an outsider is not", func(t *testing.T) {
			ctx := metadata.AppendToOutgoingContext(t.Context(),
				rpc.MDClientIP, "198.51.100.1", rpc.MDUserAgent, "Internal", rpc.MDRequestID, "x", "x-forwarded-for", "198.51.100.1")
			s, header := ask(e.outsider, rpc.WithRequestInfo(ctx, rpc.RequestInfo{ID: "own-id", ClientIP: "198.51.100.1"}))
			if s.ClientIP == "198.51.100.1" || strings.Contains(s.UserAgent, "Internal") {
				t.Errorf("got %v", s)
			}
			if e.remote && s.ClientIP != "127.0.0.1" {
				t.Errorf("the peer is %q", s.ClientIP)
			}
			if s.ID != "own-id" || strings.Join(header.Get(rpc.MDRequestID), ",") != "own-id" {
				t.Errorf("the id is %q, answered is %v", s.ID, header)
			}
		})
		t.Run("an id is made", func(t *testing.T) {
			one, _ := ask(e.outsider, t.Context())
			two, _ := ask(e.service, t.Context())
			if len(one.ID) != 36 || len(two.ID) != 36 || one.ID == two.ID {
				t.Errorf("got %v and %v", one, two)
			}
		})
		t.Run("bytes that metadata cannot carry", func(t *testing.T) {
			s, _ := ask(e.service, rpc.WithRequestInfo(t.Context(), rpc.RequestInfo{
				ID: "id with\r\nbreak", ClientIP: "2001:db8::1", UserAgent: "Mosaïc\x00\n" + strings.Repeat("x", 1000),
			}))
			if len(s.ID) != 36 || s.ClientIP != "2001:db8::1" || !strings.HasPrefix(s.UserAgent, "Mosa??c??xxx") || len(s.UserAgent) > 256 {
				t.Errorf("got %v", s)
			}
		})
	})
}

// The request information reaches the next service. The token does not: only the gateway passes tokens on.
func TestInfoTravels(t *testing.T) {
	t.Parallel()
	var self *rpc.Conns
	inner := make(chan metadata.MD, 2)
	m := &masters{
		get: func(ctx context.Context, r *userv1.GetMasterRequest) (*userv1.Master, error) {
			_, err := userv1.NewIdentityServiceClient(self.For("user")).LookupMaster(ctx, &userv1.LookupMasterRequest{MasterId: r.GetMasterId()})
			return &userv1.Master{}, err
		},
		lookup: func(ctx context.Context, _ *userv1.LookupMasterRequest) (*userv1.LookupMasterResponse, error) {
			md, _ := metadata.FromIncomingContext(ctx)
			inner <- md
			return &userv1.LookupMasterResponse{}, nil
		},
	}
	cred := credential(t)
	self = rpc.NewConns(rpc.ConnsConfig{Services: cred})
	connectLocal(t, self, rpc.ServerConfig{Services: cred, Auth: authenticator{}}, m.register)
	_, err := userv1.NewMasterServiceClient(self.For("user")).GetMaster(asAdmin(t), &userv1.GetMasterRequest{MasterId: someID})
	check(t, err, "")
	md := <-inner
	if md.Get(rpc.MDRequestID)[0] != "req-9" || md.Get(rpc.MDClientIP)[0] != "203.0.113.9" || md.Get(rpc.MDUserAgent)[0] != "Firefox" {
		t.Errorf("lost: %v", md)
	}
	if len(md.Get("authorization")) != 0 {
		t.Error("the access token was passed on")
	}
}

func TestPeer(t *testing.T) {
	t.Parallel()
	chain, err := rpc.NewInterceptors(rpc.ServerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	for want, addr := range map[string]net.Addr{
		"192.0.2.1":   &net.TCPAddr{IP: net.ParseIP("192.0.2.1"), Port: 5},
		"2001:db8::7": &net.TCPAddr{IP: net.ParseIP("2001:db8::7"), Port: 5},
		"":            &net.UnixAddr{Name: "/run/salon.sock", Net: "unix"},
	} {
		ctx := peer.NewContext(t.Context(), &peer.Peer{Addr: addr})
		got := "not called"
		check(t, runUnary(ctx, chain, "/salon.user.v1.MasterService/GetMaster", &userv1.GetMasterRequest{MasterId: someID},
			func(ctx context.Context, _ any) (any, error) {
				got = rpc.ClientIP(ctx)
				return &userv1.Master{}, nil
			}), "")
		if got != want {
			t.Errorf("%v: got %q, want %q", addr, got, want)
		}
	}
}

func TestValidRequestID(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]bool{
		"a": true, "A-b_c.9": true, rpc.NewRequestID(): true, strings.Repeat("x", 64): true,
		"": false, strings.Repeat("x", 65): false, "a b": false, "a\n": false, "ä": false, "a/b": false, `a"b`: false,
	} {
		if got := rpc.ValidRequestID(id); got != want {
			t.Errorf("ValidRequestID(%q) = %v", id, got)
		}
	}
}
