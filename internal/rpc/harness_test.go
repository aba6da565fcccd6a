package rpc_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/polltest"
	"github.com/beauty-salon/platform/internal/rpc"
	"github.com/beauty-salon/platform/internal/secret"
)

const someID = "0197b0f2-5d3a-7c3e-9f51-0a1b2c3d4e5f"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// authenticator knows a token for each role, on the platform and in a salon.
type authenticator struct {
	// before runs first, if set.
	before func(ctx context.Context)
}

func (a authenticator) Authenticate(ctx context.Context, bearer string) (auth.Principal, error) {
	if a.before != nil {
		a.before(ctx)
	}
	salonRoles := map[string][]apiv1.SalonRole{
		"customer":     nil,
		"admin":        nil,
		"master":       {apiv1.SalonRole_SALON_ROLE_MASTER},
		"receptionist": {apiv1.SalonRole_SALON_ROLE_RECEPTIONIST},
		"manager":      {apiv1.SalonRole_SALON_ROLE_MANAGER},
		"owner":        {apiv1.SalonRole_SALON_ROLE_MASTER, apiv1.SalonRole_SALON_ROLE_MANAGER},
	}
	if roles, ok := salonRoles[bearer]; ok {
		p := auth.Principal{UserID: "user-" + bearer, Role: apiv1.Role_ROLE_CUSTOMER, SessionID: "session"}
		if bearer == "admin" {
			p.Role = apiv1.Role_ROLE_ADMIN
		}
		if len(roles) > 0 {
			p.Memberships = []auth.Membership{{SalonID: someID, Roles: roles}}
		}
		return p, nil
	}
	if bearer == "outage" {
		return auth.Principal{}, apierr.New(codes.Unavailable, apiv1.ErrorReason_ERROR_REASON_UNAVAILABLE, "no keys")
	}
	return auth.Principal{}, apierr.New(codes.Unauthenticated, apiv1.ErrorReason_ERROR_REASON_UNAUTHENTICATED, "expired")
}

// logBuffer collects log lines.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// lines waits until n lines were written: over the network, the line follows the answer.
func (l *logBuffer) lines(t *testing.T, n int) []map[string]any {
	t.Helper()
	var lines []map[string]any
	polltest.Until(t, "the lines are written", func() bool {
		l.mu.Lock()
		text := strings.TrimSpace(l.b.String())
		l.mu.Unlock()
		lines = nil
		for s := range strings.Lines(text) {
			var line map[string]any
			if err := json.Unmarshal([]byte(s), &line); err != nil {
				t.Fatalf("%v in %q", err, s)
			}
			lines = append(lines, line)
		}
		return len(lines) >= n
	})
	if len(lines) != n {
		t.Errorf("got %d log lines, want %d: %v", len(lines), n, lines)
	}
	return lines
}

// env is a server and two clients of it.
type env struct {
	remote  bool
	log     *logBuffer
	metrics *prometheus.Registry
	// service has the credential of our services, outsider has none.
	service, outsider *rpc.Conns
}

func (e *env) masters() userv1.MasterServiceClient {
	return userv1.NewMasterServiceClient(e.outsider.For("user"))
}

// peers are those of a process that may call every service.
var peers = auth.Peers{Own: []string{"appointment"}, All: []string{"appointment", "rating", "user", auth.GatewayName}}

func credential(t *testing.T) *auth.ServiceCredential {
	t.Helper()
	keys, err := secret.NewKeys([]byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	return auth.NewServiceCredential(keys, nil, peers, time.Now)
}

// inBoth runs a test against the handler in this process and over TCP, which must behave in the same way. The runs
// are sequential, because they share the handler and its settings.
func inBoth(t *testing.T, cfg rpc.ServerConfig, m *masters, test func(t *testing.T, e *env)) {
	t.Helper()
	for _, remote := range []bool{false, true} {
		name := "local"
		if remote {
			name = "remote"
		}
		t.Run(name, func(t *testing.T) {
			cred := credential(t)
			e := &env{
				remote:   remote,
				log:      &logBuffer{},
				metrics:  prometheus.NewRegistry(),
				service:  rpc.NewConns(rpc.ConnsConfig{Services: cred}),
				outsider: rpc.NewConns(rpc.ConnsConfig{}),
			}
			cfg := cfg
			cfg.Log = zerolog.New(e.log)
			cfg.Service = "user"
			cfg.Services = cred
			cfg.Metrics = e.metrics
			if cfg.Auth == nil {
				cfg.Auth = authenticator{}
			}
			if remote {
				addr := serve(t, cfg, m.register)
				connectRemote(t, e.service, addr)
				connectRemote(t, e.outsider, addr)
			} else {
				connectLocal(t, e.service, cfg, m.register)
				connectLocal(t, e.outsider, cfg, m.register)
			}
			test(t, e)
		})
	}
}

// served are the services whose methods the handlers of the tests have.
var served = []string{"user", "rating"}

func connectLocal(t *testing.T, c *rpc.Conns, cfg rpc.ServerConfig, register func(grpc.ServiceRegistrar)) {
	t.Helper()
	for _, service := range served {
		if err := c.Local(service, cfg, register); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { closeConns(t, c) })
}

func connectRemote(t *testing.T, c *rpc.Conns, addr string) {
	t.Helper()
	for _, service := range served {
		if err := c.Remote(service, addr); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { closeConns(t, c) })
}

func closeConns(t *testing.T, c *rpc.Conns) {
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// serve starts a server on a free port and returns its address.
func serve(t *testing.T, cfg rpc.ServerConfig, register func(grpc.ServiceRegistrar), opts ...grpc.ServerOption) string {
	t.Helper()
	s, err := rpc.NewServer(cfg, opts...)
	if err != nil {
		t.Fatal(err)
	}
	register(s)
	if err := rpc.CheckPolicies(s); err != nil {
		t.Fatal(err)
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// check compares an error's code and reason with "Code REASON", or "" for none.
func check(t *testing.T, err error, want string) {
	t.Helper()
	got := ""
	if err != nil {
		e := apierr.From(err)
		got = e.Code().String() + " " + e.ReasonName()
	}
	if got != want {
		t.Errorf("got %q (%v), want %q", got, err, want)
	}
}

// counted returns how many calls of a method ended with a code.
func counted(t *testing.T, e *env, method, code string) float64 {
	t.Helper()
	families, err := e.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	n := 0.0
	for _, f := range families {
		if f.GetName() != "grpc_server_handled_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			if (method == "" || labels["grpc_method"] == method) && (code == "" || labels["grpc_code"] == code) {
				n += m.GetCounter().GetValue()
			}
		}
	}
	return n
}
