package main

import (
	"encoding/json"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beauty-salon/platform/internal/lifecycle"
	"github.com/beauty-salon/platform/internal/ratelimit"
	"github.com/beauty-salon/platform/internal/secret"
)

// parse reads a command line and SALON_ variables, "NAME=value", without running anything.
func parse(t *testing.T, env []string, args ...string) cli {
	t.Helper()
	for _, v := range env {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
	var c cli
	parser, err := newParser(&c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(args); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestFlagsAndVariables(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(testKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{
		"SALON_SECRET_KEY=file:" + file, "SALON_HTTP_ADDR=127.0.0.1:0", "SALON_TRUSTED_PROXIES=10.0.0.0/8,fd00::/8",
		"SALON_REQUEST_TIMEOUT=5s", "SALON_LIMIT_USER=7", "SALON_SERVICES=user,gateway", "SALON_ACCESS_LOG_FILE=",
		"SALON_CORS_ORIGINS=https://a.example,https://b.example", "SALON_NATS_REPLICAS=3",
	}
	c := parse(t, env, "serve", "--limit-user=9").Serve
	if c.SecretKey.Reveal() != testKey {
		t.Error("the secret is not that of the file")
	}
	if c.HTTPAddr != "127.0.0.1:0" || c.NATSReplicas != 3 || c.AccessLogFile != "" {
		t.Errorf("read %+v, %+v", c.listenFlags, c.serverFlags)
	}
	runs, err := parseServices(c.Services)
	if err != nil || !runs.gateway || !slices.Equal(runs.services, []string{"user"}) {
		t.Errorf("runs %+v, %v", runs, err)
	}
	got, err := c.gatewayFlags.config()
	if err != nil {
		t.Fatal(err)
	}
	// A flag goes before a variable.
	if got.Limits.User != (ratelimit.Limit{Rate: 9, Period: time.Second, Burst: 36}) || got.RequestTimeout != 5*time.Second {
		t.Errorf("read %+v", got)
	}
	if want := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}; !slices.Equal(got.TrustedProxies, want) {
		t.Errorf("trusted proxies %v", got.TrustedProxies)
	}
	if !slices.Equal(got.CORSOrigins, []string{"https://a.example", "https://b.example"}) {
		t.Errorf("origins %v", got.CORSOrigins)
	}
}

func TestDevelopmentDefaults(t *testing.T) {
	dir := t.TempDir()
	c := parse(t, nil, "dev", "--data-dir="+dir).Dev
	cfg := c.config()
	if cfg.LogFormat != "console" || cfg.LimitUser != 2000 || cfg.LimitAddress != 2000 || cfg.LimitAuth != 200 || cfg.DrainTime != time.Second || cfg.StopDelay != 0 || !c.Demo {
		t.Errorf("read %+v", cfg.printed())
	}
	if !slices.Equal(cfg.CORSOrigins, []string{"*"}) || cfg.AccessLogFile != filepath.Join(dir, "gateway.log") {
		t.Errorf("origins %v, access log %s", cfg.CORSOrigins, cfg.AccessLogFile)
	}
	c = parse(t, nil, "dev", "--cors-origins=https://a.example", "--access-log-file=x.log", "--no-demo", "--limit-auth=1").Dev
	cfg = c.config()
	if !slices.Equal(cfg.CORSOrigins, []string{"https://a.example"}) || cfg.AccessLogFile != "x.log" || c.Demo || cfg.LimitAuth != 1 {
		t.Errorf("read %+v, demo %v", cfg.printed(), c.Demo)
	}
	if cfg.runs.distributed() {
		t.Error("services of one process are offered to others")
	}
}

// A process needs the targets of the services that its own services call, and no others.
func TestMissingTargets(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		services, targets []string
		caller, callee    string
	}{
		{[]string{"all"}, nil, "", ""},
		{[]string{"user"}, nil, "user", "appointment"},
		{[]string{"user"}, []string{"appointment"}, "user", "notification"},
		{[]string{"user", "user"}, []string{"appointment", "rating", "notification"}, "", ""},
		{[]string{"rating"}, nil, "rating", "appointment"},
		{[]string{"rating"}, []string{"user"}, "rating", "appointment"},
		{[]string{"rating", "appointment"}, []string{"user"}, "", ""},
		{[]string{"notification"}, []string{"appointment"}, "notification", "user"},
		{[]string{"appointment"}, []string{"user"}, "", ""},
		{[]string{"user", "gateway"}, []string{"appointment", "rating"}, "gateway", "notification"},
		{[]string{"gateway"}, serviceNames, "", ""},
	} {
		runs, err := parseServices(c.services)
		if err != nil {
			t.Fatal(err)
		}
		caller, callee := runs.missing(func(service string) string {
			if slices.Contains(c.targets, service) {
				return "h:1"
			}
			return ""
		})
		if caller != c.caller || callee != c.callee {
			t.Errorf("%+v: %q misses %q", c, caller, callee)
		}
	}
}

func TestPrintedConfigurationHasNoSecrets(t *testing.T) {
	cfg := appConfig{
		secretFlags:  secretFlags{SecretKey: testKey, SecretKeyPrevious: "hunter1"},
		derivedFlags: derivedFlags{DerivedSecrets: "hunter6"},
		serverFlags: serverFlags{
			DatabaseURL: "postgres://u:hunter2@h/salon", NATSURL: "nats://u:hunter3@h", RedisURL: "redis://u:hunter4@h",
		},
		databaseAdminURL: "postgres://postgres:hunter5@h/salon",
		listenFlags:      listenFlags{HTTPAddr: "127.0.0.1:8080"},
	}
	printed, err := json.Marshal(cfg.printed())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(printed), "hunter") || strings.Contains(string(printed), testKey) {
		t.Errorf("a secret is shown: %s", printed)
	}
	for _, want := range []string{"127.0.0.1:8080", "[redacted]"} {
		if !strings.Contains(string(printed), want) {
			t.Errorf("%q is missing in %s", want, printed)
		}
	}
}

func TestListen(t *testing.T) {
	t.Parallel()
	cfg := appConfig{
		listenFlags: listenFlags{HTTPAddr: "127.0.0.1:0", GRPCAddr: "127.0.0.1:0", InternalAddr: "127.0.0.1:0"},
		remoteFlags: remoteFlags{RPCAddr: "127.0.0.1:0"},
	}
	for _, c := range []struct {
		services                  []string
		http, grpc, internal, rpc bool
	}{
		{[]string{"all"}, true, true, true, false},
		{[]string{"gateway"}, true, true, true, false},
		{[]string{"user"}, false, false, true, true},
		{[]string{"gateway", "user"}, true, true, true, true},
		{serviceNames, false, false, true, true},
	} {
		var err error
		if cfg.runs, err = parseServices(c.services); err != nil {
			t.Fatal(err)
		}
		stack, ctx := lifecycle.New(t.Context())
		ls, err := listen(ctx, cfg, stack)
		if err := errors.Join(err, stack.Close()); err != nil {
			t.Fatal(err)
		}
		a := ls.addrs()
		want := "ready"
		for _, part := range []struct {
			name   string
			wanted bool
			addr   net.Addr
		}{{"http", c.http, a.HTTP}, {"grpc", c.grpc, a.GRPC}, {"internal", c.internal, a.Internal}, {"rpc", c.rpc, a.RPC}} {
			if (part.addr != nil) != part.wanted {
				t.Errorf("%v: %s is %v", c.services, part.name, part.addr)
			}
			if part.addr != nil {
				want += " " + part.name + "=" + part.addr.String()
			}
		}
		if got := a.String(); got != want || strings.Contains(got, ":0 ") {
			t.Errorf("%v: the line is %q, want %q", c.services, got, want)
		}
	}
}

func TestKeyFileIsMadeOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := keyFile(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := (secretFlags{SecretKey: first}).keys(); err != nil {
		t.Errorf("the key is of no use: %v", err)
	}
	if again, err := keyFile(dir); err != nil || again.Reveal() != first.Reveal() {
		t.Errorf("another key the second time, %v", err)
	}
	if other, err := keyFile(t.TempDir()); err != nil || other.Reveal() == first.Reveal() {
		t.Errorf("the same key in another folder, %v", err)
	}
	info, err := os.Stat(filepath.Join(dir, "secret-key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, err := keyFile(filepath.Join(dir, "nowhere")); err == nil {
		t.Error("a folder that is not there does not matter")
	}
}

// TestKeptKey: a data directory keeps the first key that it gets, and takes no other.
func TestKeptKey(t *testing.T) {
	dir := t.TempDir()
	given := secret.Text(strings.Repeat("ab", secret.MinMasterLen))
	for range 2 {
		if got, err := keptKey(dir, given); err != nil || got != given {
			t.Errorf("given: %v", err)
		}
	}
	if got, err := keptKey(dir, ""); err != nil || got != given {
		t.Errorf("kept: %v", err)
	}
	if _, err := keptKey(dir, secret.Text(strings.Repeat("cd", secret.MinMasterLen))); err == nil {
		t.Error("another key is taken")
	}
	if info, err := os.Stat(filepath.Join(dir, "secret-key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if made, err := keptKey(t.TempDir(), ""); err != nil || made == "" {
		t.Errorf("made: %v", err)
	}
}
