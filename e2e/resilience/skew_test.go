package resilience_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/beauty-salon/platform/e2e/salontest"
)

// previousSite is a site that was set up by the previous version, and the path of that program.
func previousSite(t *testing.T) (s *site, previous string) {
	t.Helper()
	previous, err := salontest.BuildPrevious(t.Context())
	if errors.Is(err, salontest.ErrNoCommit) && os.Getenv("CI") == "" {
		t.Skipf("%v; fetch the whole history to run this test", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	s = emptySite(t)
	program := s.program
	s.program = previous
	s.migrate(t)
	s.salon(t, "admin", "create", "--email="+salontest.AdminEmail, "--database-url="+s.database.URL())
	s.program = program
	return s, previous
}

// TestVersionsSideBySide rolls the present version out under load and back again: the previous version runs on with the new schema,
// beside the new one and after it. Sessions, bookings and events of each are those of the other.
func TestVersionsSideBySide(t *testing.T) {
	t.Parallel()
	s, previous := previousSite(t)
	present := s.program
	s.program = previous
	before := s.copyWith(t, []salontest.Option{salontest.WithOtherContract()})
	s.program = present
	p := newPeople(t, before)
	p.book(t, before)
	p.arrive(t, before)

	l := startLoad(t, p, before)
	t.Cleanup(l.end)
	s.migrate(t)
	have := len(l.acknowledged())
	salontest.Eventually(t, func() error { return atLeast(have+10, len(l.acknowledged())) })
	l.end()
	for _, id := range l.acknowledged() {
		p.expect(notice{created, id})
	}

	after := s.copy(t)
	for range 3 {
		p.book(t, before)
		p.book(t, after)
	}
	p.arrive(t, after)
	p.arrive(t, before)
	for _, at := range []*salontest.System{before, after} {
		if got := appointmentsOf(t, at.GRPC(), p.cast.Master1.ID); len(got) != len(p.expected[0].what) {
			t.Errorf("%d appointments, want %d", len(got), len(p.expected[0].what))
		}
	}
	if err := after.Stop(); err != nil { // rolled back
		t.Fatal(err)
	}
	p.book(t, before)
	p.arrive(t, before)
	p.notifiedOnce(t, s.queue, before)
	noOverlap(t, appointmentsOf(t, before.GRPC(), p.cast.Master1.ID))
}

// collected is what a process writes.
type collected struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write appends.
func (o *collected) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

// has returns an error unless the text was written.
func (o *collected) has(text string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !strings.Contains(o.text.String(), text) {
		return fmt.Errorf("%q is not in the output:\n%s", text, o.text.String())
	}
	return nil
}

// TestPresentVersionOnOldSchema: a process that is newer than the schema is not ready and says why, until the schema is there.
func TestPresentVersionOnOldSchema(t *testing.T) {
	t.Parallel()
	s, _ := previousSite(t)
	cmd := exec.CommandContext(t.Context(), s.program, "serve")
	cmd.Env = append(os.Environ(), "SALON_SECRET_KEY="+s.secret, "SALON_DATABASE_URL="+s.database.URL(),
		"SALON_NATS_URL="+s.queue.URL().Reveal(), "SALON_REDIS_URL="+s.cache.URL().Reveal(), "SALON_HTTP_ADDR=127.0.0.1:0",
		"SALON_GRPC_ADDR=127.0.0.1:0", "SALON_INTERNAL_ADDR=127.0.0.1:0", "SALON_ACCESS_LOG_FILE=", "SALON_STOP_DELAY=0s")
	out := &collected{}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	salontest.Eventually(t, func() error { return out.has("the database schema is older than this program") })
	if out.has("\"message\":\"ready\"") == nil {
		t.Error("the process is ready")
	}
	s.migrate(t)
	salontest.Eventually(t, func() error { return out.has("\"message\":\"ready\"") })
}
