package resilience_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// load books until it is stopped, and knows what was acknowledged.
type load struct {
	mu      sync.Mutex
	acked   []string
	stopped atomic.Bool
	done    sync.WaitGroup
}

// startLoad books with four workers at a time.
func startLoad(t *testing.T, p *people, at *salontest.System) *load {
	t.Helper()
	l := &load{}
	token := p.cast.CustomerA.Pair(t).GetAccessToken()
	for range 4 {
		l.done.Go(func() {
			for !l.stopped.Load() {
				req := salontest.Booking(p.cast.Master1, p.cast.Service, p.starts.NextStart())
				req.RequestId = uuid.NewString()
				booked := &appointmentv1.Appointment{}
				if err := attempt(t.Context(), at.Conn(), token, createAppointment, req, booked); err != nil {
					t.Errorf("a booking under load: %v", err)
					return
				}
				l.mu.Lock()
				l.acked = append(l.acked, booked.GetId())
				l.mu.Unlock()
			}
		})
	}
	return l
}

// acknowledged returns what was acknowledged until now.
func (l *load) acknowledged() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.acked)
}

// end lets each worker complete its booking.
func (l *load) end() {
	l.stopped.Store(true)
	l.done.Wait()
}

// TestBackupUnderLoad backs up while customers book, loses all servers, and restores into new ones.
func TestBackupUnderLoad(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	system := s.copy(t)
	p := newPeople(t, system)
	p.book(t, system)
	p.arrive(t, system) // one notification is there, others are on their way
	l := startLoad(t, p, system)
	t.Cleanup(l.end)
	salontest.Eventually(t, func() error { return atLeast(50, len(l.acknowledged())) })
	before := l.acknowledged()
	file := filepath.Join(s.dir, "backup.tar")
	s.salon(t, "backup", "--out="+file, "--database-url="+s.database.AdminURL())
	during := len(l.acknowledged()) - len(before)
	l.end()
	if during == 0 {
		t.Error("nobody booked during the backup")
	}
	if err := system.Stop(); err != nil {
		t.Fatal(err)
	}

	again := emptySite(t)
	out := again.salon(t, "restore", file, "--database-url="+again.database.AdminURL(), "--nats-url="+again.queue.URL().Reveal(),
		"--redis-url="+again.cache.URL().Reveal())
	for _, line := range []string{"restored " + file, "deleted the stream", "emptied Redis"} {
		if !strings.Contains(out, line) {
			t.Errorf("salon restore does not print %q:\n%s", line, out)
		}
	}
	db := again.superuser(t, "salon")
	defer db.Close(context.WithoutCancel(t.Context()))
	for _, table := range []string{"appointments.outbox", "appointments.freed_times", "notifications.notifications"} {
		if n := column[int](t, db, "SELECT count(*) FROM "+table+" WHERE xid >= pg_snapshot_xmin(pg_current_snapshot())"); n[0] != 0 {
			t.Errorf("%d rows of %s are of a transaction that is still to come", n[0], table)
		}
	}

	restored := again.copy(t)
	p.starts = system // whose counter has gone on, so that new appointments do not overlap with old ones
	appointments := appointmentsOf(t, restored.GRPC(), p.cast.Master1.ID)
	noOverlap(t, appointments)
	ids := make([]string, len(appointments))
	for i, a := range appointments {
		ids[i] = a.GetId()
	}
	for _, id := range before {
		if !slices.Contains(ids, id) {
			t.Errorf("appointment %s was acknowledged before the backup and is lost", id)
		}
	}
	t.Logf("%d appointments were acknowledged before the backup and %d during it, %d are restored", len(before)+1, during, len(ids))
	// Everybody is signed in as before, with the same tokens, and is notified of each appointment once.
	p.expected = []expectation{{who: p.cast.CustomerA}, {who: p.cast.Master1}}
	for _, id := range ids {
		p.expect(notice{created, id})
	}
	p.book(t, restored)
	arrive(t, restored.GRPC(), p.expected)
	p.notifiedOnce(t, again.queue, restored)
}

func atLeast(want, have int) error {
	if have < want {
		return fmt.Errorf("%d bookings, want %d", have, want)
	}
	return nil
}

// TestRestoreRefuses: what would lose data, and what cannot work, is refused in one line and changes nothing.
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	system := s.copy(t)
	p := newPeople(t, system)
	p.book(t, system)
	s.salon(t, "backup", "--out="+s.dir, "--database-url="+s.database.AdminURL())
	files, err := filepath.Glob(filepath.Join(s.dir, "salon-*.tar"))
	if err != nil || len(files) != 1 {
		t.Fatalf("backups in the directory: %v, %v", files, err)
	}
	to := "--database-url=" + s.database.AdminURL()
	s.fails(t, "services have", "restore", s.dir, "--replace", to)
	p.book(t, system) // what the backup does not have
	if err := system.Stop(); err != nil {
		t.Fatal(err)
	}
	db := s.superuser(t, "salon")
	defer db.Close(context.WithoutCancel(t.Context()))
	count := func() int { return column[int](t, db, "SELECT count(*) FROM appointments.appointments")[0] }
	s.fails(t, "not empty", "restore", s.dir, to)
	s.fails(t, "is there already", "backup", "--out="+files[0], to)

	content, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for name, broken := range map[string][]byte{
		"damaged":      slices.Concat(content[:len(content)/2], []byte("x"), content[len(content)/2+1:]),
		"not complete": content[:1024],
		"no backup":    []byte("-- a dump in SQL"),
	} {
		file := filepath.Join(s.dir, strings.ReplaceAll(name, " ", "-")+".tar")
		if err := os.WriteFile(file, broken, 0o600); err != nil {
			t.Fatal(err)
		}
		s.fails(t, file, "restore", file, "--replace", to)
	}
	other := *s
	other.secret = strings.Repeat("77", 32)
	other.fails(t, "belongs to an installation with another secret key", "restore", s.dir, "--replace", to)
	if n := count(); n != 2 {
		t.Errorf("%d appointments after the refusals, want 2", n)
	}

	out := s.salon(t, "restore", s.dir, "--replace", to)
	if n := count(); n != 1 || !strings.Contains(out, "to do: delete the stream SALON") || !strings.Contains(out, "to do: empty Redis") {
		t.Errorf("%d appointments after the restore, want 1; it printed\n%s", n, out)
	}
	if left := column[string](t, db, "SELECT nspname::text FROM pg_namespace WHERE nspname LIKE '%before_restore'"); len(left) != 0 {
		t.Errorf("schemas %v are left", left)
	}
	// One that was killed after the first step. What stands in the place of the old data may be a new installation already.
	for _, schema := range []string{"users", "appointments", "ratings", "notifications"} {
		if _, err := db.Exec(t.Context(), "ALTER SCHEMA "+schema+" RENAME TO "+schema+"_before_restore"); err != nil {
			t.Fatal(err)
		}
	}
	s.fails(t, "a restoration was interrupted", "migrate", to)
	s.fails(t, "a restoration was interrupted", "restore", s.dir, "--replace", to)
	if out := s.salon(t, "restore", "--undo", to); !strings.Contains(out, "appointments, notifications, ratings, users") {
		t.Errorf("undoing printed %s", out)
	}
	if n := count(); n != 1 {
		t.Errorf("%d appointments after undoing, want 1", n)
	}
	if out := s.salon(t, "restore", "--undo", to); !strings.Contains(out, "nothing was changed") {
		t.Errorf("undoing once more printed %s", out)
	}
	// NATS still has the event of what was lost, which nobody has handled. Nothing comes of it after the stream was deleted.
	s.salon(t, "restore", s.dir, "--replace", to, "--nats-url="+s.queue.URL().Reveal(), "--redis-url="+s.cache.URL().Reveal())
	restored := s.copy(t)
	p.expected = []expectation{{who: p.cast.CustomerA}, {who: p.cast.Master1}}
	for _, a := range appointmentsOf(t, restored.GRPC(), p.cast.Master1.ID) {
		p.expect(notice{created, a.GetId()})
	}
	p.book(t, restored)
	p.arrive(t, restored)
	p.notifiedOnce(t, s.queue, restored)
}

// fails runs a command that has to fail with one line.
func (s *site) fails(t *testing.T, want string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), s.program, args...)
	cmd.Env = append(os.Environ(), "SALON_SECRET_KEY="+s.secret)
	out, err := cmd.CombinedOutput()
	if text := string(out); err == nil || !strings.Contains(text, want) || strings.Count(text, "\n") != 1 {
		t.Errorf("salon %v: %v, prints %q; want one line with %q", args, err, text, want)
	}
}

// TestBackupOfDev backs up salon dev while it runs, loses its data directory, and starts it from the backup.
func TestBackupOfDev(t *testing.T) {
	t.Parallel()
	system := salontest.Start(t)
	cast := system.NewCast(t)
	booked := cast.Book(t, cast.CustomerA, cast.Master1)
	s := &site{dir: dataDir(t)}
	var err error
	if s.program, err = salontest.Build(t.Context()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(s.dir, "backup.tar")
	key, err := os.ReadFile(filepath.Join(system.DataDir(), "secret-key"))
	if err != nil {
		t.Fatal(err)
	}
	s.secret = string(key)
	s.salon(t, "backup", "--data-dir="+system.DataDir(), "--out="+file)
	s.fails(t, "in use by process", "restore", file, "--replace", "--data-dir="+system.DataDir())
	if err := system.Stop(); err != nil {
		t.Fatal(err)
	}
	s.salon(t, "backup", "--data-dir="+system.DataDir(), "--out="+s.dir) // also while it does not run

	dir := filepath.Join(s.dir, "new")
	s.salon(t, "restore", file, "--data-dir="+dir)
	again := salontest.Start(t, salontest.WithDataDir(dir), salontest.WithEnv("SALON_SECRET_KEY="+s.secret))
	got := salontest.Do[*appointmentv1.Appointment](t, again.REST(), cast.CustomerA, appointmentv1.AppointmentService_GetAppointment_FullMethodName,
		&appointmentv1.GetAppointmentRequest{AppointmentId: booked.GetId()})
	salontest.Same(t, got, booked)
}
