package resilience_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/beauty-salon/platform/e2e/salontest"
)

// serverUser is who PostgreSQL runs as, which is never root.
const serverUser = "postgres"

// postgresPair is a PostgreSQL primary and a synchronous standby, each on a machine of its own. The standby may be
// promoted; the machine of the former primary then becomes the standby.
type postgresPair struct {
	bin string

	mu    sync.Mutex
	roles [2]*machine // the primary and the standby
}

// primary is the machine of the primary.
func (p *postgresPair) primary() *machine {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.roles[0]
}

// standby is the machine of the standby.
func (p *postgresPair) standby() *machine {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.roles[1]
}

func newPostgresPair(t *testing.T, n *network) *postgresPair {
	t.Helper()
	p := &postgresPair{bin: postgresPrograms(t), roles: [2]*machine{n.machine(t, "postgres-1"), n.machine(t, "postgres-2")}}
	password := filepath.Join(n.dir, "password")
	if err := os.WriteFile(password, []byte(serverUser), 0o644); err != nil {
		t.Fatal(err)
	}
	p.makeData(t, p.primary())
	p.as(t, "initdb", "--pgdata="+p.data(p.primary()), "--username="+serverUser, "--pwfile="+password, "--auth=scram-sha-256",
		"--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
	access, err := os.OpenFile(filepath.Join(p.data(p.primary()), "pg_hba.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = access.WriteString("host all all samenet scram-sha-256\nhost replication all samenet scram-sha-256\n")
	if err := access.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	p.start(t, p.primary())
	p.primary().listens(t, 5432)
	if !salontest.Deadline(time.Minute, func() bool { _, err := p.streaming(t.Context()); return err == nil }) {
		t.Fatalf("the primary does not answer:\n%s", p.primary().tail()) // it listens before it has started up
	}
	p.join(t)
	return p
}

// postgresPrograms is the directory of initdb and the others; Debian keeps it out of PATH.
func postgresPrograms(t *testing.T) string {
	t.Helper()
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path)
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		t.Fatalf("PostgreSQL is not installed: %v", err)
	}
	return filepath.Dir(found[len(found)-1])
}

func (p *postgresPair) data(m *machine) string { return filepath.Join(m.network.dir, m.name) }

// makeData makes an empty directory for the server's files.
func (p *postgresPair) makeData(t *testing.T, m *machine) {
	t.Helper()
	if err := os.RemoveAll(p.data(m)); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(p.data(m), 0o700); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		m.network.must(t, "chown", serverUser, p.data(m))
	}
}

// as runs a program of PostgreSQL to its end.
func (p *postgresPair) as(t *testing.T, program string, args ...string) {
	t.Helper()
	args = append([]string{filepath.Join(p.bin, program)}, args...)
	if os.Geteuid() == 0 {
		args = append([]string{"setpriv", "--reuid=" + serverUser, "--regid=" + serverUser, "--clear-groups", "--"}, args...)
	}
	if err := run(t, args...); err != nil {
		t.Fatal(err)
	}
}

// start starts a server with the files that it has. What the kernel was given survives the death of a process, so that nothing
// needs to be flushed to the disk.
func (p *postgresPair) start(t *testing.T, m *machine) {
	t.Helper()
	m.start(t, serverUser, nil, filepath.Join(p.bin, "postgres"), "-D", p.data(m), "-c", "listen_addresses="+m.addr,
		"-c", "unix_socket_directories=", "-c", "max_connections=200", "-c", "fsync=off", "-c", "wal_keep_size=256MB",
		"-c", "wal_sender_timeout=4s", "-c", "wal_receiver_timeout=4s", "-c", "shared_buffers=64MB")
}

// rejoin makes the machine that is not the primary a standby with a fresh copy.
func (p *postgresPair) rejoin(t *testing.T) {
	t.Helper()
	p.makeData(t, p.standby())
	p.as(t, "pg_basebackup", "--pgdata="+p.data(p.standby()), "--checkpoint=fast", "--no-sync", "--write-recovery-conf",
		"--dbname="+p.url(p.primary(), "postgres"))
	p.start(t, p.standby())
}

// join is rejoin, and then lets every commit wait for the standby.
func (p *postgresPair) join(t *testing.T) {
	t.Helper()
	p.rejoin(t)
	if !salontest.Deadline(time.Minute, func() bool { n, err := p.streaming(t.Context()); return err == nil && n == 1 }) {
		t.Fatalf("the standby does not stream:\n%s", p.standby().tail())
	}
	if err := p.synchronous(t, p.primary(), true); err != nil {
		t.Fatal(err)
	}
}

// url is the address of a database on one of the machines, with the superuser.
func (p *postgresPair) url(m *machine, database string) string {
	return fmt.Sprintf("postgres://%s:%s@%s:5432/%s?sslmode=disable&connect_timeout=2", serverUser, serverUser, m.addr, database)
}

// serviceURL names both machines, for services: which one is the primary, they find out.
func (p *postgresPair) serviceURL() string {
	return fmt.Sprintf("postgres://%s:5432,%s:5432/salon?sslmode=disable", p.primary().addr, p.standby().addr)
}

// query asks one of the machines for one value.
func (p *postgresPair) query(ctx context.Context, m *machine, into any, statement string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, p.url(m, "postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return conn.QueryRow(ctx, statement).Scan(into)
}

// streaming counts the standbys that follow the primary.
func (p *postgresPair) streaming(ctx context.Context) (n int, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	err = p.query(ctx, p.primary(), &n, "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'")
	return n, err
}

// synchronous sets whether commits on a machine wait for a standby.
func (p *postgresPair) synchronous(t *testing.T, m *machine, on bool) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, p.url(m, "postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	names := "''"
	if on {
		names = "'*'"
	}
	if _, err := conn.Exec(ctx, "ALTER SYSTEM SET synchronous_standby_names = "+names); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "SELECT pg_reload_conf()")
	return err
}

// degrade lets commits go on without a standby, once the primary has none.
func (p *postgresPair) degrade(t *testing.T) {
	t.Helper()
	if !salontest.Deadline(time.Minute, func() bool {
		n, err := p.streaming(t.Context())
		return err == nil && n == 0 && p.synchronous(t, p.primary(), false) == nil
	}) {
		t.Fatal("the primary goes on to wait for a standby")
	}
}

// failOver makes the standby the primary. First it makes sure that the former primary is dead: a server that only hangs,
// or is cut off, would go on as a second primary when it comes back.
func (p *postgresPair) failOver(t *testing.T) error {
	t.Helper()
	p.primary().kill(t)
	if err := p.synchronous(t, p.standby(), false); err != nil {
		return fmt.Errorf("prepare the standby: %w", err)
	}
	var promoted bool
	if err := p.query(context.WithoutCancel(t.Context()), p.standby(), &promoted, "SELECT pg_promote(true, 60)"); err != nil || !promoted {
		return fmt.Errorf("promote the standby: %t %w", promoted, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.roles[0], p.roles[1] = p.roles[1], p.roles[0]
	return nil
}

// newPairSite is a site whose database is a pair of servers, and has been migrated.
func newPairSite(t *testing.T) (*site, *postgresPair) {
	t.Helper()
	s := bareSite(t)
	p := newPostgresPair(t, newNetwork(t, s.dir))
	s.use(t, p)
	return s, p
}

// use makes the program's database on the primary of a pair.
func (s *site) use(t *testing.T, p *postgresPair) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), p.url(p.primary(), "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.Exec(t.Context(), "CREATE DATABASE salon"); err != nil {
		t.Fatal(err)
	}
	s.address = p.serviceURL()
	s.salon(t, "migrate", "--database-url="+p.url(p.primary(), "salon"))
	s.salon(t, "admin", "create", "--email="+salontest.AdminEmail, "--database-url="+s.address)
}
