package pgtest

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/beauty-salon/platform/internal/embedded/pgcluster"
)

// poolerTimeout bounds the start of a pooler.
const poolerTimeout = time.Minute

// Pooler is a PgBouncer in transaction mode that runs until the end of the test.
type Pooler struct {
	addr, database string
}

// StartPooler starts a PgBouncer in front of the server at adminURL, an address with its superuser. Each role gets size connections.
// Without the program pgbouncer the test is skipped.
func StartPooler(t testing.TB, adminURL string, size int) *Pooler {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		t.Skip("no pgbouncer: apt-get install pgbouncer")
	}
	server, err := url.Parse(adminURL)
	if err != nil {
		t.Fatal("the address of the server is not a URL")
	}
	dir := poolerDir(t)
	password, _ := server.User.Password()
	users := filepath.Join(dir, "users")
	// The file is for the user that PgBouncer runs as, and protects nothing.
	if err := os.WriteFile(users, fmt.Appendf(nil, "%q %q\n", server.User.Username(), password), 0o644); err != nil { //nolint:gosec // see above
		t.Fatal(err)
	}
	for range 5 { // another process may take the port first
		p := &Pooler{database: server.Path, addr: freeAddr(t)}
		if p.start(t, program, dir, users, server, size) {
			return p
		}
	}
	t.Fatal("pgbouncer did not start")
	return nil
}

// URL is the address of the database behind the pooler, without a user.
func (p *Pooler) URL() string { return "postgres://" + p.addr + p.database + "?sslmode=disable" }

func poolerDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp(parentDir(), "salon-pooler-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("delete the files of the pooler: %v", err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // the user that PgBouncer runs as enters it
		t.Fatal(err)
	}
	return dir
}

func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("find a free port: %v", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// configuration is what docs/operations.md shows, for a server at a Unix socket. The passwords of the roles are read from the server.
const configuration = `[databases]
* = host=%[1]s port=%[2]s

[pgbouncer]
listen_addr = %[3]s
listen_port = %[4]s
unix_socket_dir =
pool_mode = transaction
default_pool_size = %[5]d
max_client_conn = 500
auth_type = scram-sha-256
auth_file = %[6]s
auth_user = %[7]s
auth_query = SELECT usename, passwd FROM pg_shadow WHERE usename = $1
`

// start runs the program and waits until it answers. It returns false when the program has ended.
func (p *Pooler) start(t testing.TB, program, dir, users string, server *url.URL, size int) bool {
	t.Helper()
	host, port, _ := net.SplitHostPort(p.addr)
	query := server.Query()
	file := filepath.Join(dir, "pgbouncer.ini")
	content := fmt.Appendf(nil, configuration, query.Get("host"), query.Get("port"), host, port, size, users, server.User.Username())
	if err := os.WriteFile(file, content, 0o644); err != nil { //nolint:gosec // without secrets
		t.Fatal(err)
	}
	attributes, err := pgcluster.ServerAttributes(syscall.SIGKILL)
	if err != nil {
		t.Fatal(err)
	}
	output, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close()
	// Not the test's context: Cleanup ends the process, also when the test has failed.
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), program, "-q", file)
	cmd.SysProcAttr, cmd.Dir, cmd.Stdout, cmd.Stderr = attributes, dir, output, output
	started, done := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // the death signal follows the thread
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		if started <- err; err == nil {
			_ = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-done
		if log, err := os.ReadFile(output.Name()); err == nil && t.Failed() {
			t.Logf("the end of the pooler's log:\n%s", log[max(0, len(log)-4000):])
		}
	})
	return p.answers(t, server.User, done)
}

// answers waits until the pooler lets a client in. It returns false when done is closed before.
func (p *Pooler) answers(t testing.TB, user *url.Userinfo, done <-chan struct{}) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), poolerTimeout)
	defer cancel()
	poll := time.NewTicker(pollPause)
	defer poll.Stop()
	at := url.URL{Scheme: "postgres", User: user, Host: p.addr, Path: p.database, RawQuery: "sslmode=disable"}
	for {
		conn, err := pgx.Connect(ctx, at.String())
		if err == nil {
			_ = conn.Close(ctx)
			return true
		}
		select {
		case <-done:
			return false
		case <-ctx.Done():
			t.Fatalf("pgbouncer does not answer: %v", err)
		case <-poll.C:
		}
	}
}
