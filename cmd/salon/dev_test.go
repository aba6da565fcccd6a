package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/beauty-salon/platform/internal/id"
)

// dataDir is a folder that the database's user may enter, unlike t.TempDir().
func dataDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "salon-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

const welcomesDemo = "Demo logins"

func TestDevelopment(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	env := []string{
		"SALON_HTTP_ADDR=127.0.0.1:0", "SALON_GRPC_ADDR=127.0.0.1:0", "SALON_INTERNAL_ADDR=127.0.0.1:0", "SALON_DATA_DIR=" + dir,
		"SALON_ADMIN_PASSWORD=a long enough password",
	}

	// Without its database nothing works: it ends, and says why.
	p := start(t, env, "dev", "--no-demo", "--admin-email=admin@salon.example")
	postmaster(t, dir)
	err := p.wait()
	if p.cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("without a database it ended with %v", err)
	}
	logged, _, _ := strings.Cut(p.printed, "Salon dev is running")
	if first, _, _ := strings.Cut(logged, "\n"); !strings.HasSuffix(first, "INF making a database cluster and starting PostgreSQL") {
		t.Errorf("the first line is %q", first)
	}
	if strings.ContainsAny(logged, "{}\x1b") || !strings.Contains(logged, "INF starting version=dev\n") {
		t.Errorf("not for people, or coloured without a terminal: %s", logged)
	}
	want := "warning: SALON_TIME_ZONE is not set, so the first salon is in UTC; PATCH /v1/salons/" + id.FirstSalon + " changes its timeZone\n" +
		"salon: PostgreSQL has stopped; its log is " + filepath.Join(dir, "postgres", "postgres.log") + "\n"
	if got := p.errors.String(); got != want {
		t.Errorf("printed %q, want %q", got, want)
	}

	// Other accounts are not changed, and are not those of the demo.
	p = start(t, env, "dev")
	if strings.Contains(p.printed, welcomesDemo) {
		t.Errorf("logins that do not work: %s", p.printed)
	}
	p.stop(t)

	// An incomplete demo is made again. The administrator from before, whose address is that of the demo, represents
	// it.
	if err := os.WriteFile(demoMark(dir), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"made", "found"} {
		p = start(t, env, "dev")
		if !strings.Contains(p.printed, welcomesDemo) {
			t.Errorf("demo %s: %s", when, p.printed)
		}
		if got := status(t, p.addrs["http"], "/v1/masters"); got != http.StatusOK {
			t.Errorf("demo %s: masters are answered with %d", when, got)
		}
		salonsAreChangedLater(t, p.addrs["http"])
		p.stop(t)
		if _, err := os.Stat(demoMark(dir)); err == nil {
			t.Errorf("demo %s: it still counts as half made", when)
		}
	}
}

// salonsAreChangedLater checks that no salon was changed before it was created.
func salonsAreChangedLater(t *testing.T, addr string) {
	t.Helper()
	resp := get(t, addr, "/v1/salons")
	defer resp.Body.Close()
	var answer struct {
		Salons []struct {
			Name                   string
			CreateTime, UpdateTime time.Time
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if len(answer.Salons) != 2 {
		t.Errorf("the demo has the salons %+v", answer.Salons)
	}
	for _, s := range answer.Salons {
		if s.UpdateTime.Before(s.CreateTime) {
			t.Errorf("%s was created at %s and changed at %s", s.Name, s.CreateTime, s.UpdateTime)
		}
	}
}

// postmaster ends the database server of a data directory at once.
func postmaster(t *testing.T, dir string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, "postgres", "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(content), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
}
