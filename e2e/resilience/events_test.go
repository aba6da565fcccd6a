package resilience_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/beauty-salon/platform/e2e/salontest"
)

// TestCopiesThatFreezeOrVanish runs two copies. The one that publishes is stopped by a signal; later the other one, which
// publishes then, vanishes without closing its connections. Each time the other one takes over.
func TestCopiesThatFreezeOrVanish(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	database := newProxy(t, "unix", s.socket)
	queue := newProxy(t, "tcp", strings.TrimPrefix(s.queue.URL().Reveal(), "nats://"))
	first := s.copy(t)
	p := newPeople(t, first)
	p.book(t, first)
	p.arrive(t, first) // the first copy publishes
	second := s.copy(t, databaseAt(database), "SALON_NATS_URL=nats://"+queue.addr())
	for range rounds() {
		settled(t, s.queue)
		if err := first.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		p.book(t, second)
		p.arrive(t, second)
		if err := first.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		settled(t, s.queue)

		database.vanish()
		queue.vanish()
		p.book(t, first)
		p.arrive(t, first)
		database.back()
		queue.back()
		p.book(t, second)
		p.arrive(t, second)
	}
	p.notifiedOnce(t, s.queue, first)
}

// TestDatabaseConnectionsThatHang lets all connections to the database hang, as after a failover to another machine, and
// later drops them. New connections work.
func TestDatabaseConnectionsThatHang(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	database := newProxy(t, "unix", s.socket)
	system := s.copy(t, databaseAt(database))
	p := newPeople(t, system)
	for range rounds() {
		for _, fault := range []func(){database.hang, database.drop} {
			p.book(t, system)
			p.arrive(t, system)
			fault()
			p.book(t, system)
			p.arrive(t, system)
		}
	}
	p.notifiedOnce(t, s.queue, system)
}

// TestNATSOnAFullDisk fills the disk of NATS, which breaks the stream until it is made again, and makes space.
func TestNATSOnAFullDisk(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	fill, empty := s.queue.SmallDisk()
	system := s.copy(t)
	p := newPeople(t, system)
	p.book(t, system)
	p.arrive(t, system)
	for range rounds() {
		fill()
		for range 60 { // enough for a batch
			p.book(t, system)
		}
		salontest.Eventually(t, func() error { return wantDetail(t, system, "degraded: events: outbox of appointments") })
		empty()
		p.arrive(t, system)
	}
	salontest.Eventually(t, func() error { return wantDetail(t, system, "ok\n") })
	p.notifiedOnce(t, s.queue, system)
}

// TestNATSLosesItsFiles empties the folder of NATS while nobody has handled the newest event.
func TestNATSLosesItsFiles(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	system := s.copy(t)
	p := newPeople(t, system)
	for range rounds() {
		p.book(t, system)
		s.queue.Stop()
		p.book(t, system)
		if err := os.RemoveAll(s.queue.StoreDir()); err != nil {
			t.Fatal(err)
		}
		s.queue.Start()
		p.arrive(t, system)
	}
	p.notifiedOnce(t, s.queue, system)
}

// TestRestoredBackup restores the database beside the same NATS, while the program runs. At the time of the backup one
// event was not published yet; it was handled afterwards, and its effect is lost with the database. Each round has a site
// of its own: what the outbox does not have again within minutes is taken for another installation's.
func TestRestoredBackup(t *testing.T) {
	t.Parallel()
	for range rounds() {
		t.Run("restored", restoreBackup)
	}
}

func restoreBackup(t *testing.T) {
	s := newSite(t)
	system := s.copy(t)
	p := newPeople(t, system)
	p.book(t, system)
	p.arrive(t, system)
	s.queue.Stop()
	p.book(t, system)
	s.backUp(t)
	s.queue.Start()
	p.arrive(t, system)
	before := p.expected
	p.expected = []expectation{{p.cast.CustomerA, nil}, {p.cast.Master1, nil}}
	p.book(t, system) // what will never have happened
	p.arrive(t, system)
	p.expected = before
	s.restore(t)
	p.arrive(t, system)
	p.book(t, system)
	p.arrive(t, system)
	p.notifiedOnce(t, s.queue, system)
	// The operator may publish everything again.
	if out := s.salon(t, "events", "republish", "--since=1h", "--database-url="+s.database.URL()); !strings.Contains(out, "appointment") {
		t.Errorf("salon events republish printed %q", out)
	}
	p.book(t, system)
	p.arrive(t, system)
	p.notifiedOnce(t, s.queue, system)
}

// wantDetail returns an error unless /readyz says yes, with this at the end of the body or at the begin of a line.
func wantDetail(t *testing.T, system *salontest.System, want string) error {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, system.InternalURL()+"/readyz", nil)
	if err != nil {
		return err
	}
	resp := salontest.Send(t, req)
	if body := string(resp.Bytes); resp.StatusCode != http.StatusOK || (body != want && !strings.Contains(body, "\n"+want)) {
		return fmt.Errorf("/readyz answers %d %q, want %q", resp.StatusCode, body, want)
	}
	return nil
}
