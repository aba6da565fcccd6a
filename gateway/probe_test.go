package gateway

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"github.com/beauty-salon/platform/internal/rpc"
)

// TestProbes: /readyz and gRPC's health, of the whole server and of each service, say the same.
func TestProbes(t *testing.T) {
	t.Parallel()
	g := newIdleGateway(t, &strings.Builder{})
	conn := serveGRPC(t, g)
	check := func(when string, status int, health healthpb.HealthCheckResponse_ServingStatus) {
		t.Helper()
		for path, want := range map[string]int{"/livez": http.StatusOK, "/readyz": status} {
			w := httptest.NewRecorder()
			g.Handler().ServeHTTP(w, request(http.MethodGet, path, ""))
			if w.Code != want {
				t.Errorf("%s: %s answers %d, want %d", when, path, w.Code, want)
			}
		}
		for _, service := range []string{"", "salon.user.v1.UserService"} {
			got, err := healthpb.NewHealthClient(conn).Check(t.Context(), &healthpb.HealthCheckRequest{Service: service})
			if err != nil || got.GetStatus() != health {
				t.Errorf("%s: %q is %v, %v", when, service, got, err)
			}
		}
	}
	check("at first", http.StatusServiceUnavailable, healthpb.HealthCheckResponse_NOT_SERVING)
	g.SetServing(true)
	check("serving", http.StatusOK, healthpb.HealthCheckResponse_SERVING)
	g.SetServing(false)
	check("not serving", http.StatusServiceUnavailable, healthpb.HealthCheckResponse_NOT_SERVING)
}

// TestRPCClientAddress: x-forwarded-for of a gRPC call is trusted as little as that of a REST request.
func TestRPCClientAddress(t *testing.T) {
	t.Parallel()
	g := &Gateway{cfg: Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}}
	for _, c := range []struct {
		remote    string
		forwarded []string
		want      string
	}{
		{"192.0.2.1:5000", nil, "192.0.2.1"},
		{"192.0.2.1:5000", []string{"203.0.113.9"}, "192.0.2.1"}, // anybody can write that
		{"10.0.0.1:5000", []string{"198.51.100.1, 203.0.113.9"}, "203.0.113.9"},
		{"10.0.0.1:5000", []string{"198.51.100.1", "203.0.113.9"}, "203.0.113.9"},
		{"10.0.0.1:5000", nil, "10.0.0.1"},
	} {
		addr, err := net.ResolveTCPAddr("tcp", c.remote)
		if err != nil {
			t.Fatal(err)
		}
		ctx := metadata.NewIncomingContext(peer.NewContext(t.Context(), &peer.Peer{Addr: addr}),
			metadata.MD{"x-forwarded-for": c.forwarded})
		ctx, _ = g.withRPCInfo(ctx)
		if got := rpc.ClientIP(ctx); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}
