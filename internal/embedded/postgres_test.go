package embedded_test

import (
	"context"
	"net"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/beauty-salon/platform/internal/embedded"
	platform "github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/secret"
)

const (
	write = "CREATE TABLE IF NOT EXISTS kept (n int); INSERT INTO kept VALUES (1)"
	read  = "SELECT count(*)::text FROM kept"
)

func TestPostgresKeepsWhatItHas(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(publicDir(t), "new", "pg")
	postgres := startPostgres(t, embedded.PostgresConfig{Dir: dir})
	conn, err := pgx.Connect(t.Context(), postgres.AdminURL())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), write); err != nil {
		t.Fatal(err)
	}
	// Left open: stopping must not wait for clients.

	t.Run("settings", func(t *testing.T) {
		for setting, want := range map[string]string{
			"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "listen_addresses": "",
			"server_encoding": "UTF8", "max_connections": "100", "password_encryption": "scram-sha-256",
		} {
			if got := query(t, postgres.AdminURL(), "SHOW "+setting); got != want {
				t.Errorf("%s = %q, want %q", setting, got, want)
			}
		}
		if got := query(t, postgres.AdminURL(), "SELECT lower('ÄÉЖ')"); got != "äéж" {
			t.Errorf("lower() does not know letters beyond ASCII: %q", got)
		}
	})
	t.Run("a second one is refused", func(t *testing.T) {
		_, err := embedded.StartPostgres(t.Context(), embedded.PostgresConfig{Dir: dir})
		if err == nil || !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) {
			t.Errorf("error %v does not name the process", err)
		}
	})
	t.Run("a connection needs a password", func(t *testing.T) {
		at, err := url.Parse(postgres.AdminURL())
		if err != nil {
			t.Fatal(err)
		}
		at.User = url.UserPassword("postgres", "guess")
		if _, err := pgx.Connect(t.Context(), at.String()); platform.SQLState(err) != "28P01" {
			t.Errorf("error %v", err)
		}
	})
	t.Run("the platform runs on it", func(t *testing.T) {
		keys, err := secret.NewKeys([]byte(strings.Repeat("k", 32)))
		if err != nil {
			t.Fatal(err)
		}
		if err := platform.Bootstrap(t.Context(), postgres.AdminURL(), keys, nil, "users"); err != nil {
			t.Fatal(err)
		}
		if err := platform.Migrate(t.Context(), postgres.AdminURL(), platform.Migrations{Service: "users"}); err != nil {
			t.Fatal(err)
		}
		db, err := platform.Open(platform.Config{URL: secret.Text(postgres.URL())}, keys, "users")
		if err != nil {
			t.Fatal(err)
		}
		if err := platform.CheckSchema(t.Context(), db, platform.Migrations{Service: "users"}); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Run("stop and start", func(t *testing.T) {
		stopPostgres(t, postgres)
		stopPostgres(t, postgres)
		<-postgres.Done()
		again := startPostgres(t, embedded.PostgresConfig{Dir: dir})
		if got := query(t, again.AdminURL(), read); got != "1" {
			t.Errorf("%s rows after a restart, want 1", got)
		}
		if log, err := os.ReadFile(again.LogFile()); err != nil || !strings.Contains(string(log), "ready to accept connections") {
			t.Errorf("the log is not in %s: %v", again.LogFile(), err)
		}
	})
}

func TestPostgresSurvivesKill(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(publicDir(t), "pg")
	postgres := startPostgres(t, embedded.PostgresConfig{Dir: dir})
	query(t, postgres.AdminURL(), "CREATE TABLE kept (n int)")
	query(t, postgres.AdminURL(), "INSERT INTO kept VALUES (1)")
	if err := syscall.Kill(postmaster(t, dir), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-postgres.Done()
	again := startPostgres(t, embedded.PostgresConfig{Dir: dir})
	if got := query(t, again.AdminURL(), read); got != "1" {
		t.Errorf("%s rows after a crash, want 1", got)
	}

	// A deadline that has passed already kills at once.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := again.Stop(ctx); err == nil {
		t.Error("a killed server was reported as stopped in order")
	}
	last := startPostgres(t, embedded.PostgresConfig{Dir: dir})
	if got := query(t, last.AdminURL(), read); got != "1" {
		t.Errorf("%s rows after a kill, want 1", got)
	}
}

func TestPostgresEndsWithItsParent(t *testing.T) {
	t.Parallel()
	dir := publicDir(t)
	cmd, at := helper(t, dir, nil)
	query(t, at, "CREATE TABLE kept (n int)")
	pid := postmaster(t, dir)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // says that it was killed
	// Starting at once waits for the old server instead of failing.
	postgres := startPostgres(t, embedded.PostgresConfig{Dir: dir})
	if postmaster(t, dir) == pid {
		t.Error("the old server is still there")
	}
	if got := query(t, postgres.AdminURL(), read); got != "0" {
		t.Errorf("%s rows, want 0", got)
	}
}

func TestPostgresAsOrdinaryUser(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("every other test of this package shows that already")
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Skip("there is no user nobody")
	}
	uid, _ := strconv.Atoi(nobody.Uid)
	gid, _ := strconv.Atoi(nobody.Gid)
	dir := publicDir(t)
	if err := os.Chown(dir, uid, gid); err != nil {
		t.Fatal(err)
	}
	credential := &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	running, at := helper(t, dir, credential)
	if got := query(t, at, "SELECT current_database()::text"); got != "salon" {
		t.Errorf("connected to %q", got)
	}
	if err := running.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = running.Wait() // says that it was killed

	// A copy by another user, such as root, is of no use to an ordinary user, who is told what to do.
	for _, lost := range []string{".", "superuser.password", "data"} {
		if err := os.Chown(filepath.Join(dir, lost), 0, 0); err != nil {
			t.Fatal(err)
		}
		out, err := helperCommand(t, dir, credential).CombinedOutput()
		want := filepath.Join(dir, lost) + " belongs to user root (0), not to nobody (" + nobody.Uid + ")"
		if got := strings.TrimSpace(string(out)); err == nil || !strings.Contains(got, want) || strings.Contains(got, "\n") ||
			!strings.Contains(got, "sudo chown -R "+nobody.Uid+":"+nobody.Gid+" "+dir) {
			t.Errorf("%s of root: %v, %q", lost, err, got)
		}
		if err := os.Chown(filepath.Join(dir, lost), uid, gid); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPostgresOverTCP(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	postgres := startPostgres(t, embedded.PostgresConfig{Dir: filepath.Join(publicDir(t), "pg"), Port: port, MaxConnections: 20})
	at, err := url.Parse(postgres.AdminURL())
	if err != nil {
		t.Fatal(err)
	}
	at.Host, at.RawQuery = net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), "sslmode=disable"
	if got := query(t, at.String(), "SHOW max_connections"); got != "20" {
		t.Errorf("max_connections = %s", got)
	}
	at.User = url.User("postgres")
	if _, err := pgx.Connect(t.Context(), at.String()); platform.SQLState(err) != "28P01" {
		t.Errorf("without a password: %v", err)
	}
}

// postmaster is the id of the server's main process.
func postmaster(t *testing.T, dir string) int {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(content), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatalf("listens on %v", listener.Addr())
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return address.Port
}
