package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/secret"
	"github.com/beauty-salon/platform/services/user"
)

// TestFirstAdministrator: `salon migrate` makes one in an empty database, and none later. The secrets are files.
func TestFirstAdministrator(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t)
	env := migrateEnv(t, server)
	for _, round := range []struct {
		email    string
		accounts int
	}{{"", 0}, {"first@salon.example", 1}, {"second@salon.example", 1}} {
		stdout, stderr, status := salon(t, append(slices.Clone(env), "SALON_ADMIN_EMAIL="+round.email), "migrate")
		if status != 0 || !strings.Contains(stdout, "up to date") {
			t.Fatalf("%s: exit status %d, prints %q and %q", round.email, status, stdout, stderr)
		}
		db, err := postgres.Open(postgres.Config{URL: secret.Text(server.AdminURL())}, nil, user.Definition.Migrations.Service)
		if err != nil {
			t.Fatal(err)
		}
		var emails []string
		if err := db.Conn(t.Context()).Raw("SELECT email FROM users").Scan(&emails).Error; err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		if len(emails) != round.accounts || round.accounts > 0 && emails[0] != "first@salon.example" {
			t.Errorf("%q: administrators are %v", round.email, emails)
		}
	}
	_, stderr, status := salon(t, append(migrateEnv(t, pgtest.NewServer(t)), "SALON_ADMIN_EMAIL=a@salon.example", "SALON_ADMIN_PASSWORD="), "migrate")
	if status != 1 || !strings.Contains(stderr, "create a@salon.example: ") {
		t.Errorf("without a password: exit status %d, prints %q", status, stderr)
	}
}

// migrateEnv configures `salon migrate` for the tests' server, whose roles belong to the keys of the tests.
func migrateEnv(t *testing.T, server pgtest.Server) []string {
	t.Helper()
	return []string{
		"SALON_SECRET_KEY=file:" + secretFile(t, hex.EncodeToString([]byte(pgtest.MasterKey))),
		"SALON_ADMIN_PASSWORD=file:" + secretFile(t, "correct horse battery"),
		"SALON_DATABASE_URL=" + server.AdminURL(),
		"SALON_TIME_ZONE=Europe/Berlin",
	}
}

// TestWrongSecret: whatever signs in to PostgreSQL says in one line that it was refused, and what to do.
func TestWrongSecret(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t)
	if _, stderr, status := salon(t, migrateEnv(t, server), "migrate"); status != 0 {
		t.Fatal(stderr)
	}
	wrong := append(slices.Clone(unreachable), "SALON_DATABASE_URL="+server.URL(), "SALON_ADMIN_PASSWORD=correct horse battery")
	const advice = "PostgreSQL refuses the password of role salon_users (SQLSTATE 28P01), which is derived from the secret key: set SALON_SECRET_KEY"
	for _, args := range [][]string{
		{"admin", "create", "--email=a@salon.example"},
		{"admin", "dead-letters", "list"},
	} {
		_, stderr, status := salon(t, wrong, args...)
		if status != 1 || !strings.Contains(stderr, advice) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("salon %v: exit status %d, prints %q", args, status, stderr)
		}
	}
	_, stderr, status := salon(t, append(slices.Clone(unreachable), "SALON_DATABASE_URL="+strings.Replace(server.AdminURL(), "://postgres:", "://postgres:hunter2", 1)), "migrate")
	if status != 1 || !strings.Contains(stderr, "PostgreSQL refuses the password of user postgres (SQLSTATE 28P01): check user and password in SALON_DATABASE_URL") ||
		strings.Count(stderr, "\n") != 1 || strings.Contains(stderr, "hunter2") {
		t.Errorf("salon migrate: exit status %d, prints %q", status, stderr)
	}

	// A service goes on trying, because migrating can heal this, and says in its log why it is not ready.
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := command(ctx, t, append(slices.Clone(wrong), "SALON_LOG_FORMAT=console"), "serve")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	found := false
	for lines := bufio.NewScanner(out); !found && lines.Scan(); {
		found = strings.Contains(lines.Text(), "WRN not ready") && strings.Contains(lines.Text(), "PostgreSQL refuses the password of role salon_")
	}
	if !found {
		t.Error("serve does not say why it is not ready")
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // says that it was killed
}

// secretFile is a file with a secret, as containers pass it.
func secretFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(content+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
