package salontest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// pastShift is how far MoveToPast moves: farther than any start of NextStart is ahead, and the same for all, so that what
// does not overlap ahead does not overlap in the past.
const pastShift = 365 * 24 * time.Hour

// Database opens a connection to the system's own PostgreSQL as its superuser, for what no client can do or see. It is
// closed at the end of the test.
func (s *System) Database(t testing.TB) *pgx.Conn {
	t.Helper()
	conn := s.connect(t)
	t.Cleanup(func() { conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func (s *System) connect(t testing.TB) *pgx.Conn {
	t.Helper()
	address, err := s.databaseURL()
	if err != nil {
		t.Fatalf("find the database: %v", err)
	}
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatalf("connect to the database: %v", err)
	}
	return conn
}

// databaseURL is where the cluster in the data directory listens, as its lock file says: the port is in line 4, the
// directory of the socket in line 5.
func (s *System) databaseURL() (string, error) {
	dir := filepath.Join(s.settings.dataDir, "postgres")
	lock, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		return "", err
	}
	lines := strings.Split(string(lock), "\n")
	if len(lines) < 5 {
		return "", fmt.Errorf("the server's lock file has %d lines", len(lines))
	}
	password, err := os.ReadFile(filepath.Join(dir, "superuser.password"))
	if err != nil {
		return "", err
	}
	address := url.URL{
		Scheme: "postgres", User: url.UserPassword("postgres", strings.TrimSpace(string(password))), Path: "/salon",
		RawQuery: url.Values{"host": {lines[4]}, "port": {lines[3]}}.Encode(),
	}
	return address.String(), nil
}

// DatabaseLog is what the system's own PostgreSQL has logged.
func (s *System) DatabaseLog(t testing.TB) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(s.settings.dataDir, "postgres", "postgres.log"))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// MoveToPast moves an appointment of NextStart about a year back, so that it has ended. Nothing else about it changes,
// and nobody is notified. The program runs on the real clock, so a test would have to wait otherwise.
func (s *System) MoveToPast(t testing.TB, appointmentID string) {
	t.Helper()
	s.shift(t, appointmentID, -pastShift)
}

// AgeRefreshTokens makes the first uses of an account's refresh tokens lie farther back.
func (s *System) AgeRefreshTokens(t testing.TB, userID string, by time.Duration) {
	t.Helper()
	conn := s.connect(t)
	defer conn.Close(t.Context())
	_, err := conn.Exec(t.Context(), `UPDATE users.refresh_tokens SET use_time = use_time - $2::interval
		WHERE session_id IN (SELECT id FROM users.sessions WHERE user_id = $1)`, userID, by)
	if err != nil {
		t.Fatalf("age the refresh tokens of %s: %v", userID, err)
	}
}

// LapseNow makes the time of a request to be confirmed end. The request lapses as soon as the program looks for such requests.
func (s *System) LapseNow(t testing.TB, appointmentID string) {
	t.Helper()
	conn := s.connect(t)
	defer conn.Close(t.Context())
	tag, err := conn.Exec(t.Context(), `UPDATE appointments.appointments SET lapse_time = date_trunc('milliseconds', now())
		WHERE id = $1 AND state = 'PENDING' AND lapse_time IS NOT NULL`, appointmentID)
	if err != nil || tag.RowsAffected() != 1 {
		t.Fatalf("let appointment %s lapse: %d rows, %v", appointmentID, tag.RowsAffected(), err)
	}
}

// ExpireNow makes the time of a hold be over.
func (s *System) ExpireNow(t testing.TB, holdID string) {
	t.Helper()
	conn := s.connect(t)
	defer conn.Close(t.Context())
	tag, err := conn.Exec(t.Context(), `WITH h AS (UPDATE appointments.holds SET expire_time = now() WHERE id = $1 RETURNING *)
		UPDATE appointments.claims c SET expire_time = h.expire_time FROM h WHERE c.salon_id = h.salon_id AND c.appointment_id = h.appointment_id`, holdID)
	if err != nil || tag.RowsAffected() == 0 {
		t.Fatalf("let hold %s expire: %d claims, %v", holdID, tag.RowsAffected(), err)
	}
}

// MoveTo moves an appointment in the same way, so that it begins at start.
func (s *System) MoveTo(t testing.TB, appointmentID string, start time.Time) {
	t.Helper()
	conn := s.connect(t)
	defer conn.Close(t.Context())
	var was time.Time
	row := conn.QueryRow(t.Context(), "SELECT start_time FROM appointments.appointments WHERE id = $1", appointmentID)
	if err := row.Scan(&was); err != nil {
		t.Fatalf("read appointment %s: %v", appointmentID, err)
	}
	s.shift(t, appointmentID, start.Sub(was))
}

// shiftStatements move the rows of an appointment. The claims go by way of a far future, since those of one appointment
// touch each other.
var shiftStatements = []string{
	`UPDATE appointments.appointments SET start_time = start_time + $2, end_time = end_time + $2,
		utc_offset_minutes = extract(epoch FROM ((start_time + $2) AT TIME ZONE time_zone) - ((start_time + $2) AT TIME ZONE 'UTC')) / 60
		WHERE id = $1`,
	`UPDATE appointments.segments SET start_time = start_time + $2, end_time = end_time + $2,
		appointment_start_time = appointment_start_time + $2 WHERE appointment_id = $1`,
	`UPDATE appointments.claims SET during = tstzrange(lower(during) + $2 + interval '36525 days', upper(during) + $2 + interval '36525 days')
		WHERE appointment_id = $1`,
	`UPDATE appointments.claims SET during = tstzrange(lower(during) - interval '36525 days', upper(during) - interval '36525 days')
		WHERE appointment_id = $1 AND $2::interval IS NOT NULL`,
}

func (s *System) shift(t testing.TB, appointmentID string, by time.Duration) {
	t.Helper()
	ctx, conn := t.Context(), s.connect(t)
	defer conn.Close(ctx)
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		for _, statement := range shiftStatements {
			tag, err := tx.Exec(ctx, statement, appointmentID, by)
			if err != nil {
				return err
			}
			if tag.RowsAffected() == 0 {
				return fmt.Errorf("it has no rows for %q", statement)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("move appointment %s: %v", appointmentID, err)
	}
}
