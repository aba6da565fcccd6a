package resilience_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/beauty-salon/platform/e2e/salontest"
)

// finding is what `salon doctor --json` prints for a check.
type finding struct{ Check, Result, Text, Remedy string }

// examine runs salon doctor, and returns what it finds and whether it succeeds.
func (s *site) examine(t *testing.T, env ...string) (findings []finding, healthy bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), s.program, "doctor", "--json")
	cmd.Env = append(append(os.Environ(), "SALON_SECRET_KEY="+s.secret, "SALON_DATABASE_URL="+s.database.URL(),
		"SALON_NATS_URL="+s.queue.URL().Reveal(), "SALON_REDIS_URL="+s.cache.URL().Reveal()), env...)
	out, err := cmd.Output()
	var printed struct {
		Healthy bool
		Checks  []finding
	}
	if err := json.Unmarshal(out, &printed); err != nil {
		t.Fatalf("salon doctor prints %q: %v", out, err)
	}
	if printed.Healthy != (err == nil) {
		t.Errorf("healthy is %t, the exit status %v", printed.Healthy, err)
	}
	return printed.Checks, printed.Healthy
}

// sick fails the test unless exactly the checks whose names begin with these fail, each with a remedy.
func (s *site) sick(t *testing.T, want []string, env ...string) {
	t.Helper()
	findings, healthy := s.examine(t, env...)
	found := map[string]bool{}
	for _, f := range findings {
		if f.Result != "fail" {
			continue
		}
		if f.Remedy == "" || f.Text == "" {
			t.Errorf("%v has no text or no remedy", f)
		}
		expected := false
		for _, prefix := range want {
			if strings.HasPrefix(f.Check, prefix) {
				expected, found[prefix] = true, true
			}
		}
		if !expected {
			t.Errorf("%v fails too", f)
		}
	}
	if len(found) != len(want) || healthy {
		t.Errorf("want %v to fail; found %v", want, findings)
	}
}

// TestDoctor examines a healthy installation, and then broken ones.
func TestDoctor(t *testing.T) {
	t.Parallel()
	s := emptySite(t)
	key := sha256.Sum256([]byte(t.Name()))
	s.secret = hex.EncodeToString(key[:])
	s.migrate(t)
	s.salon(t, "admin", "create", "--email="+salontest.AdminEmail, "--database-url="+s.database.URL())
	system := s.copy(t)
	salontest.Eventually(t, func() error { return wantDetail(t, system, "ok\n") })
	settled(t, s.queue)
	findings, healthy := s.examine(t)
	if !healthy || len(findings) < 15 {
		t.Errorf("a healthy installation: %v", findings)
	}
	for _, f := range findings {
		if f.Result == "warn" && f.Check != "settings" && f.Check != "connections" {
			t.Errorf("a healthy installation: %v", f)
		}
	}

	other := sha256.Sum256([]byte("other"))
	s.sick(t, []string{"database of user", "database of appointment", "database of rating", "database of notification"},
		"SALON_SECRET_KEY="+hex.EncodeToString(other[:]))
	s.sick(t, []string{"secret", "database of"}, "SALON_SECRET_KEY="+strings.Repeat("5a", 32))
	s.sick(t, []string{"settings"}, "SALON_SERVICES=gateway,appointment")
	s.sick(t, []string{"settings"}, "SALON_NATS_URL=")
	s.sick(t, []string{"NATS"}, "SALON_NATS_URL=nats://127.0.0.1:1")
	s.sick(t, []string{"connections"}, "SALON_DATABASE_MAX_CONNS=40")

	db := s.superuser(t, "salon")
	defer db.Close(context.WithoutCancel(t.Context()))
	exec := func(statement string) {
		t.Helper()
		if _, err := db.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	exec("CREATE TABLE taken AS TABLE appointments.migrations")
	exec("DELETE FROM appointments.migrations WHERE version_id = (SELECT max(version_id) FROM taken)")
	s.sick(t, []string{"database of appointment"})
	exec("DELETE FROM appointments.migrations")
	exec("INSERT INTO appointments.migrations OVERRIDING SYSTEM VALUE SELECT * FROM taken")

	s.cache.Stop()
	s.sick(t, []string{"Redis"})
	s.cache.Start()
	if err := system.Stop(); err != nil {
		t.Fatal(err)
	}
	conn, err := nats.Connect(s.queue.URL().Reveal())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	if err := js.DeleteStream(t.Context(), "SALON"); err != nil {
		t.Fatal(err)
	}
	s.sick(t, []string{"stream"})
}
