package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/secret"
	"github.com/beauty-salon/platform/services/appointment"
)

// bookingSQL is a booking as one statement, by somebody who needs nothing else: lock the master, take the time, write the
// appointment, its event and the answer to remember. It is what Salon does for one booking, without a check of prices,
// callers or repetitions. The two numbers are for pgbench and pgx alike: a master and a slot come from a sequence.
const bookingSQL = `
WITH slot AS MATERIALIZED (
    SELECT nextval('bench_slot') AS n
), visit AS MATERIALIZED (
    SELECT gen_random_uuid() AS id, gen_random_uuid() AS segment_id, m.id AS master_id,
        timestamptz '2030-01-01' + make_interval(mins => (5 * (slot.n / 16))::int) AS start_time
    FROM slot JOIN bench_masters m ON m.n = slot.n % 16
), turn AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(hashtextextended(master_id::text, 0)) FROM visit
), held AS (
    INSERT INTO segments (id, appointment_id, position, service_id, service_name, master_id, start_time, end_time,
        visit_start_time, during, price_minor, currency, holds)
    SELECT v.segment_id, v.id, 0, (SELECT id FROM services), 'Trim', v.master_id, v.start_time, v.start_time + interval '5 minutes',
        v.start_time, tstzrange(v.start_time, v.start_time + interval '5 minutes'), 3000, 'EUR', true
    FROM visit v CROSS JOIN turn
    ON CONFLICT ON CONSTRAINT segments_no_overlap DO NOTHING
    RETURNING appointment_id
), appointment AS (
    INSERT INTO appointments (id, customer_id, state, start_time, end_time, total_minor, currency, note, cancel_reason,
        changed_by, version, create_time, update_time)
    SELECT v.id, (SELECT id FROM customers), 'PENDING', v.start_time, v.start_time + interval '5 minutes', 3000, 'EUR', '', '',
        'CUSTOMER', 1, now(), now()
    FROM visit v JOIN held ON held.appointment_id = v.id
    RETURNING id
), event AS (
    INSERT INTO outbox (event_id, type, aggregate_id, aggregate_version, occurred_at, body)
    SELECT gen_random_uuid(), 'appointment.created', id, 1, now(), jsonb_build_object('appointmentId', id, 'state', 'PENDING')
    FROM appointment
), remembered AS (
    INSERT INTO idempotency_keys (caller, method, request_id, request_hash, response)
    SELECT 'bench', 'CreateAppointment', id, decode(repeat('00', 32), 'hex'), decode(repeat('00', 250), 'hex')
    FROM appointment
)
SELECT count(*) FROM appointment`

// prepareBaseline makes a second database with the same tables and indexes.
func (e *environment) prepareBaseline(ctx context.Context) (adminURL string, err error) {
	const name = "bench"
	admin, err := pgx.Connect(ctx, e.postgres.AdminURL())
	if err != nil {
		return "", err
	}
	defer admin.Close(ctx)
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	adminURL = strings.Replace(e.postgres.AdminURL(), "/salon?", "/"+name+"?", 1)
	master, err := hex.DecodeString(secretKey)
	if err != nil {
		return "", err
	}
	keys, err := secret.NewKeys(master) // the same as Salon's: roles belong to the cluster
	if err != nil {
		return "", err
	}
	if err := postgres.Bootstrap(ctx, adminURL, keys, nil, appointment.Migrations.Service); err != nil {
		return "", err
	}
	if err := postgres.Migrate(ctx, adminURL, appointment.Migrations); err != nil {
		return "", err
	}
	conn, err := pgx.Connect(ctx, adminURL)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, `
		ALTER DATABASE bench SET search_path = appointments, extensions;
		SET search_path = appointments, extensions;
		CREATE SEQUENCE bench_slot MINVALUE 0 START 0 CACHE 1;
		CREATE TABLE bench_masters AS SELECT n::bigint, gen_random_uuid() AS id FROM generate_series(0, 15) AS n;
		ALTER TABLE bench_masters ADD PRIMARY KEY (n);
		INSERT INTO masters SELECT id, false, 1 FROM bench_masters;
		INSERT INTO customers VALUES (gen_random_uuid(), false, 1);
		INSERT INTO services VALUES (gen_random_uuid(), 'Trim', '', 'Hair', 3000, 'EUR', 5, 0, 0, true, 1, now(), now());
		ANALYZE`)
	return adminURL, err
}

// measureBooking compares booking over REST with the same work as one statement, by pgx and by pgbench.
func (e *environment) measureBooking(ctx context.Context, s settings) error {
	adminURL, err := e.prepareBaseline(ctx)
	if err != nil {
		return fmt.Errorf("baseline: %w", err)
	}
	// Eight to sixteen connections suffice for one disk; more only wait.
	const connections = 16
	pool, err := pgxpool.New(ctx, adminURL+"&pool_max_conns="+strconv.Itoa(connections))
	if err != nil {
		return err
	}
	defer pool.Close()
	ours := e.booking(ctx, s)
	loop := func() (result, error) {
		return drive(ctx, s.writers, s.duration, nil, func(int) (caller, error) {
			return func() error {
				var booked int
				if err := pool.QueryRow(ctx, bookingSQL).Scan(&booked); err != nil {
					return err
				}
				if booked != 1 {
					return errors.New("the slot was taken")
				}
				return nil
			}, nil
		})
	}
	if err := compare(fmt.Sprintf("(c) REST CreateAppointment, %d clients", s.writers), "none of its own", s.rounds,
		ours, loop, "Salon", "the statement in a Go loop (pgx)"); err != nil {
		return err
	}
	return compare(fmt.Sprintf("(c) REST CreateAppointment, %d clients", s.writers), "≥ 0.60", s.rounds,
		ours, func() (result, error) { return e.pgbench(ctx, adminURL, connections, s.duration) },
		"Salon", "the statement under pgbench")
}

// booking books a slot of its own with each call, every one for another customer.
func (e *environment) booking(ctx context.Context, s settings) func() (result, error) {
	var slot atomic.Int64
	first := time.Now().UTC().Truncate(time.Hour).Add(24 * time.Hour)
	return func() (result, error) {
		return drive(ctx, s.writers, s.duration, []int{e.salon.Process.Pid}, func(i int) (caller, error) {
			conn, err := net.Dial("tcp", e.httpAddr) //nolint:noctx // ends with the program
			if err != nil {
				return nil, err
			}
			head := "POST /v1/appointments HTTP/1.1\r\nHost: " + e.httpAddr + "\r\nContent-Type: application/json\r\n" +
				"Authorization: Bearer " + e.tokens[i%len(e.tokens)] + "\r\n"
			return httpExchange(conn, func() []byte {
				n := slot.Add(1)
				start := first.Add(time.Duration(n/masters) * visitMinutes * time.Minute).Format(time.RFC3339)
				body := `{"segments":[{"serviceId":"` + e.serviceID + `","masterId":"` + e.masterIDs[n%masters] +
					`","startTime":"` + start + `"}]}`
				return []byte(head + "Idempotency-Key: " + uuid.NewString() + "\r\nContent-Length: " + strconv.Itoa(len(body)) +
					"\r\n\r\n" + body)
			}, "201"), nil
		})
	}
}

var pgbenchNumbers = regexp.MustCompile(`(?s)transactions actually processed: (\d+).*number of failed transactions: (\d+).*latency average = ([\d.]+) ms`)

// pgbench runs the statement with PostgreSQL's own load generator.
func (e *environment) pgbench(ctx context.Context, adminURL string, connections int, duration time.Duration) (result, error) {
	cfg, err := pgx.ParseConfig(adminURL)
	if err != nil {
		return result{}, err
	}
	script := filepath.Join(e.dir, "booking.sql")
	if err := os.WriteFile(script, []byte(strings.TrimSpace(bookingSQL)+";\n"), 0o600); err != nil {
		return result{}, err
	}
	cmd := exec.CommandContext(ctx, "pgbench", "-n", "-M", "prepared", "-c", strconv.Itoa(connections), "-j", "2",
		"-T", strconv.Itoa(max(1, int(duration.Seconds()))), "-f", script,
		"-h", cfg.Host, "-p", strconv.Itoa(int(cfg.Port)), "-U", cfg.User, cfg.Database)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+cfg.Password)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return result{}, fmt.Errorf("pgbench: %w\n%s", err, out)
	}
	m := pgbenchNumbers.FindSubmatch(out)
	if m == nil {
		return result{}, fmt.Errorf("pgbench printed something else:\n%s", out)
	}
	calls, _ := strconv.Atoi(string(m[1]))
	failed, _ := strconv.Atoi(string(m[2]))
	ms, _ := strconv.ParseFloat(string(m[3]), 64)
	mean := time.Duration(ms * float64(time.Millisecond))
	// pgbench tells the mean only; it stands for both percentiles.
	return result{calls: calls, failures: failed, elapsed: duration, times: []time.Duration{mean}}, nil
}
