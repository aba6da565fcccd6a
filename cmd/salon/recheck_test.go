package main

import (
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/secret"
	"github.com/beauty-salon/platform/internal/zoneinfo"
	"github.com/beauty-salon/platform/services/appointment"
)

// TestRecheckTimes: a salon moves to another time zone, and one of its appointments is listed with both wall times.
func TestRecheckTimes(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t)
	if _, stderr, status := salon(t, migrateEnv(t, server), "migrate"); status != 0 {
		t.Fatal(stderr)
	}
	env := []string{
		"SALON_SECRET_KEY=file:" + secretFile(t, hex.EncodeToString([]byte(pgtest.MasterKey))),
		"SALON_DATABASE_URL=" + server.URL(),
	}
	recheck := func(found string) []string {
		t.Helper()
		stdout, stderr, status := salon(t, env, "recheck-times")
		want := "appointments with another wall time than was promised: " + found + " (tzdata " + zoneinfo.Version() + ")\n"
		if status != 0 || stderr != want {
			t.Errorf("exit status %d, prints %q, want %q", status, stderr, want)
		}
		return strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
	}
	if lines := recheck("0"); len(lines) != 1 || lines[0] != "" {
		t.Errorf("prints %q", lines)
	}

	db, err := postgres.Open(postgres.Config{URL: secret.Text(server.AdminURL())}, nil, appointment.Definition.Migrations.Service)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	next := time.Date(time.Now().Year()+1, 1, 15, 9, 0, 0, 0, time.UTC) // in winter
	for _, statement := range []struct {
		sql  string
		args []any
	}{
		{sql: `INSERT INTO customers (salon_id, id, display_name, phone, email, notes, search_text, version, create_time, update_time)
			SELECT id, '00000000-0000-4000-8000-000000000001', 'Ida', '', '', '', '', 1, now(), now() FROM salons`},
		{`INSERT INTO appointments (salon_id, id, customer_id, state, start_time, end_time, time_zone, utc_offset_minutes,
				total_minor, currency, note, cancel_reason, changed_by, version, create_time, update_time)
			SELECT salon_id, '00000000-0000-4000-8000-000000000002', id, 'CONFIRMED', ?, ?,
				'Europe/Berlin', 60, 0, 'EUR', '', '', 'CUSTOMER', 1, now(), now() FROM customers`, []any{next, next.Add(time.Hour)}},
		{sql: "UPDATE salons SET time_zone = 'Europe/London'"},
	} {
		if err := db.Conn(t.Context()).Exec(statement.sql, statement.args...).Error; err != nil {
			t.Fatal(err)
		}
	}
	lines := recheck("1")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "APPOINTMENT ") {
		t.Fatalf("prints %q", lines)
	}
	day := next.Format("Mon 2006-01-02")
	for _, want := range []string{
		"00000000-0000-4000-8000-000000000002  00000000-0000-7000-8000-000000000001  " + next.Format(time.RFC3339),
		day + " 10:00  Europe/Berlin", day + " 09:00 ", "  Europe/London",
	} {
		if !strings.Contains(lines[1], want) {
			t.Errorf("%q is not in %q", want, lines[1])
		}
	}
}
