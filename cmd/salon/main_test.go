package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beauty-salon/platform/internal/zoneinfo"
)

// asProgram makes the test binary behave as the program itself.
const asProgram = "TEST_RUNS_SALON"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(run(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// salon runs the program with this environment and these arguments, and returns what it prints and its exit status.
func salon(t *testing.T, env []string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := command(ctx, t, env, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || ctx.Err() != nil {
			t.Fatalf("salon %v: %v", args, err)
		}
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// command is the program with this environment and these arguments.
func command(ctx context.Context, t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "SALON_") })
	cmd.Env = append(append(cmd.Env, asProgram+"=1"), env...)
	return cmd
}

const testKey = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

// unreachable are servers that are not there, with passwords that must not be shown, and addresses that are free.
var unreachable = []string{
	"SALON_SECRET_KEY=" + testKey,
	"SALON_DATABASE_URL=postgres://u:hunter2@127.0.0.1:1/salon", "SALON_NATS_URL=nats://u:hunter2@127.0.0.1:1",
	"SALON_REDIS_URL=redis://u:hunter2@127.0.0.1:1", "SALON_ACCESS_LOG_FILE=",
	"SALON_HTTP_ADDR=127.0.0.1:0", "SALON_GRPC_ADDR=127.0.0.1:0", "SALON_INTERNAL_ADDR=127.0.0.1:0", "SALON_RPC_ADDR=127.0.0.1:0",
	"SALON_STOP_DELAY=0s",
}

// What is configured wrongly is said in one line that names the setting and shows no secret.
func TestWrongConfiguration(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args, env []string
		status    int
		want      string
	}{
		"unknown command":   {[]string{"sing"}, nil, 2, "unexpected argument sing"},
		"unknown flag":      {[]string{"serve", "--color"}, nil, 2, "unknown flag --color"},
		"no database":       {[]string{"serve"}, []string{"SALON_DATABASE_URL="}, 1, "no SALON_DATABASE_URL"},
		"no NATS":           {[]string{"serve"}, []string{"SALON_NATS_URL="}, 1, "no SALON_NATS_URL"},
		"no Redis":          {[]string{"serve"}, []string{"SALON_REDIS_URL="}, 1, "no SALON_REDIS_URL"},
		"no secret":         {[]string{"serve"}, []string{"SALON_SECRET_KEY="}, 1, "no secret key: set SALON_SECRET_KEY"},
		"not hexadecimal":   {[]string{"serve"}, []string{"SALON_SECRET_KEY=hunter2"}, 1, "--secret-key: must be hexadecimal"},
		"short secret":      {[]string{"serve"}, []string{"SALON_SECRET_KEY=abcd"}, 1, "it needs at least 32"},
		"previous secret":   {[]string{"serve"}, []string{"SALON_SECRET_KEY_PREVIOUS=hunter2"}, 1, "--secret-key-previous: must be hexadecimal"},
		"no secret file":    {[]string{"serve"}, []string{"SALON_SECRET_KEY=file:/nonexistent"}, 2, "open /nonexistent: no such file"},
		"empty secret file": {[]string{"serve"}, []string{"SALON_SECRET_KEY=file:" + empty}, 2, empty + " is empty"},
		"unknown service":   {[]string{"serve", "--services=user,cash"}, nil, 1, `there is no service "cash"; there are all, gateway, user`},
		"no service":        {[]string{"serve", "--services="}, nil, 1, "--services: name at least one"},
		"no target": {
			[]string{"serve", "--services=gateway,user", "--target=rating=h:1", "--target=appointment=h:1"}, nil, 1,
			"no SALON_NOTIFICATION_TARGET",
		},
		"no target of a service": {[]string{"serve", "--services=rating", "--target=user=h:1"}, nil, 1, "no SALON_APPOINTMENT_TARGET: rating has to know"},
		"unknown target":         {[]string{"serve", "--target=cash=h:1"}, nil, 1, `--target: there is no service "cash"; there are user`},
		"bad network":            {[]string{"serve"}, []string{"SALON_TRUSTED_PROXIES=10.0.0.0/8,10.0.0.1"}, 1, `--trusted-proxies: "10.0.0.1" is not a network`},
		"origin with a slash":    {[]string{"serve", "--cors-origins=https://a.example,https://b.example/"}, nil, 1, `--cors-origins: "https://b.example/" is not an origin`},
		"origin without scheme":  {[]string{"serve"}, []string{"SALON_CORS_ORIGINS=example.com"}, 1, `--cors-origins: "example.com" is not an origin`},
		"negative limit":         {[]string{"serve", "--limit-auth=-1"}, nil, 1, "--limit-auth: is too small"},
		"nothing to republish":   {[]string{"events", "republish", "--service=notification", "--since=1h"}, nil, 1, "--service: notification publishes no events"},
		"no time":                {[]string{"serve", "--request-timeout=0s"}, nil, 1, "--request-timeout: is too small"},
		"bad duration":           {[]string{"serve", "--request-timeout=soon"}, nil, 2, "--request-timeout: expected duration"},
		"bad number":             {[]string{"serve"}, []string{"SALON_DATABASE_MAX_CONNS=many"}, 2, "--database-max-conns"},
		"negative stop delay":    {[]string{"serve", "--stop-delay=-1s"}, nil, 1, "--stop-delay: is too small"},
		"certificate, no key":    {[]string{"serve", "--tls-cert=tls.crt"}, nil, 1, "--tls-cert and --tls-key: set both or none"},
		"no drain time":          {[]string{"serve", "--drain-time=0s"}, nil, 1, "--drain-time: is too small"},
		"few connections":        {[]string{"serve", "--database-max-conns=2"}, nil, 1, "--database-max-conns: a service needs 4"},
		"few for dev":            {[]string{"dev", "--database-max-conns=2"}, nil, 1, "--database-max-conns: a service needs 4"},
		"no password":            {[]string{"admin", "create", "--email=a@example.com"}, nil, 1, "no password: set SALON_ADMIN_PASSWORD"},
		"no password file": {
			[]string{"admin", "create", "--email=a@example.com"}, []string{"SALON_ADMIN_PASSWORD=file:/nonexistent"}, 1,
			"SALON_ADMIN_PASSWORD: secret: open /nonexistent",
		},
		"bad level":       {[]string{"serve", "--log-level=loud"}, nil, 2, "--log-level must be one of"},
		"bad address":     {[]string{"serve", "--http-addr=here"}, nil, 1, "--http-addr: "},
		"bad database":    {[]string{"serve"}, []string{"SALON_DATABASE_URL=mysql://u:hunter2@h/x"}, 1, "postgres://"},
		"bad NATS":        {[]string{"serve"}, []string{"SALON_NATS_URL=nats://u:hunter2 @h"}, 1, "connect to NATS: the URL is not valid"},
		"bad Redis":       {[]string{"serve"}, []string{"SALON_REDIS_URL=redis://u:hunter2 @h"}, 1, "Redis: "},
		"bad migrate URL": {[]string{"migrate"}, []string{"SALON_DATABASE_URL=postgres://u:hunter2 @h:x/y"}, 1, "the database URL must look like postgres://"},
		"bad time zone": {
			[]string{"migrate", "--time-zone=Mars"}, nil, 1,
			`--time-zone: "Mars" is not an IANA time zone of a place: use an area and a city such as Europe/Berlin`,
		},
		"zone of dev": {[]string{"dev"}, []string{"SALON_TIME_ZONE=Berlin"}, 1, `--time-zone: "Berlin" is not an IANA time zone`},
		"two admins":  {[]string{"dev", "--admin-email=a@example.com"}, nil, 1, "--admin-email goes with --no-demo"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, status := salon(t, append(slices.Clone(unreachable), c.env...), c.args...)
			if status != c.status || !strings.Contains(stderr, c.want) || !strings.HasPrefix(stderr, "salon: ") {
				t.Errorf("exit status %d, want %d; prints %q, want %q", status, c.status, stderr, c.want)
			}
			if strings.Count(stderr, "\n") != 1 {
				t.Errorf("prints more than a line: %q", stderr)
			}
			if shown := stdout + stderr; strings.Contains(shown, "hunter2") || strings.Contains(shown, testKey) {
				t.Errorf("a secret is shown: %s", shown)
			}
		})
	}
}

func TestPortIsTaken(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	addr := server.Listener.Addr().String()
	_, stderr, status := salon(t, unreachable, "serve", "--http-addr="+addr)
	if want := "salon: " + addr + " is taken by another program: choose another address with --http-addr or SALON_HTTP_ADDR\n"; status != 1 || stderr != want {
		t.Errorf("exit status %d, prints %q, want %q", status, stderr, want)
	}
}

// TestHelp: whoever calls the program without a command, or asks for help, gets it.
func TestHelp(t *testing.T) {
	t.Parallel()
	want, _, _ := salon(t, nil, "--help")
	for _, args := range [][]string{nil, {"help"}, {"--help"}, {"-h"}} {
		stdout, stderr, status := salon(t, nil, args...)
		if status != 0 || stderr != "" || stdout != want || !strings.Contains(stdout, "migrate") {
			t.Errorf("salon %v: exit status %d, prints %q and %q", args, status, stdout, stderr)
		}
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	if stdout, stderr, status := salon(t, nil, "version"); status != 0 || stdout != "salon dev\ntzdata "+zoneinfo.Version()+"\n" || stderr != "" {
		t.Errorf("exit status %d, prints %q and %q", status, stdout, stderr)
	}
}

func TestHealthcheck(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" {
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer busy.Close()
	_, port, _ := strings.Cut(server.Listener.Addr().String(), ":")
	for _, c := range []struct {
		addr   string
		status int
	}{
		{server.Listener.Addr().String(), 0},
		{":" + port, 0}, // as in a container, where the process listens everywhere
		{busy.Listener.Addr().String(), 1},
		{"127.0.0.1:1", 1},
		{"nowhere", 1},
	} {
		_, stderr, status := salon(t, []string{"SALON_INTERNAL_ADDR=" + c.addr}, "healthcheck")
		if status != c.status || (status == 0) != (stderr == "") {
			t.Errorf("%s: exit status %d, want %d; prints %q", c.addr, status, c.status, stderr)
		}
	}
}
