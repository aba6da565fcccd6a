package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/secret"
	"github.com/beauty-salon/platform/services/appointment"
)

// bookingSQL is a booking as one statement, by somebody who needs nothing else: lock the master and the customer, take the
// time of both, write the appointment, its history, its event and the answer to remember. It is what Salon does for one
// booking, without a check of prices, callers, limits or repetitions. A master and a slot come from a sequence.
const bookingSQL = `
WITH slot AS MATERIALIZED (
    SELECT nextval('bench_slot') AS n
), item AS MATERIALIZED (
    SELECT gen_random_uuid() AS id, gen_random_uuid() AS segment_id, m.id AS master_id, c.id AS customer_id,
        c.salon_id, s.id AS service_id, timestamptz '2030-01-01' + make_interval(mins => (5 * (slot.n / 16))::int) AS start_time
    FROM slot JOIN bench_masters m ON m.n = slot.n % 16 JOIN bench_customers k ON k.n = slot.n % 64
    JOIN customers c ON c.id = k.id CROSS JOIN services s
), locked AS MATERIALIZED (
    SELECT count(pg_advisory_xact_lock(key)) AS n FROM (
        SELECT hashtextextended(subject::text, 0) AS key FROM item, unnest(ARRAY[master_id, customer_id]) AS subject ORDER BY 1 OFFSET 0) AS k
), claimed AS (
    INSERT INTO claims (salon_id, id, subject_id, subject_kind, during, blocking, appointment_id, segment_id)
    SELECT i.salon_id, gen_random_uuid(), subject_id, kind, tstzrange(i.start_time, i.start_time + interval '5 minutes'), true, i.id, i.segment_id
    FROM item i CROSS JOIN locked CROSS JOIN LATERAL (VALUES (i.master_id, 'MASTER'), (i.customer_id, 'CUSTOMER')) AS v (subject_id, kind)
), appointment AS (
    INSERT INTO appointments (salon_id, id, customer_id, state, start_time, end_time, time_zone, utc_offset_minutes, total_minor,
        currency, note, cancel_reason, changed_by, version, create_time, update_time)
    SELECT salon_id, id, customer_id, 'PENDING', start_time, start_time + interval '5 minutes', 'UTC', 0, 3000,
        'EUR', '', '', 'CUSTOMER', 1, now(), now()
    FROM item RETURNING id
), segment AS (
    INSERT INTO segments (salon_id, id, appointment_id, position, service_id, service_name, master_id, start_time, end_time,
        appointment_start_time, buffer_before_minutes, buffer_after_minutes, price_minor, currency)
    SELECT salon_id, segment_id, id, 0, service_id, 'Trim', master_id, start_time, start_time + interval '5 minutes', start_time, 0, 0, 3000, 'EUR'
    FROM item
), history AS (
    INSERT INTO appointment_history (salon_id, appointment_id, version, action, actor, reason, state_after, start_after, change_time)
    SELECT salon_id, id, 1, 'create', 'CUSTOMER', '', 'PENDING', start_time, now() FROM item
), event AS (
    INSERT INTO outbox (event_id, type, aggregate_id, aggregate_version, occurred_at, body)
    SELECT gen_random_uuid(), 'appointment.created', id, 1, now(), jsonb_build_object('appointmentId', id, 'state', 'PENDING')
    FROM item
), remembered AS (
    INSERT INTO idempotency_keys (caller, method, request_id, request_hash, response)
    SELECT 'bench', 'CreateAppointment', id, decode(repeat('00', 32), 'hex'), decode(repeat('00', 250), 'hex')
    FROM item
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
		CREATE TABLE bench_customers AS SELECT n::bigint, gen_random_uuid() AS id FROM generate_series(0, 63) AS n;
		ALTER TABLE bench_customers ADD PRIMARY KEY (n);
		INSERT INTO masters (id, salon_id, display_name, deleted, disabled, version)
			SELECT m.id, s.id, 'Mira', false, false, 1 FROM bench_masters m, salons s;
		INSERT INTO customers (salon_id, id, display_name, phone, email, notes, search_text, version, create_time, update_time)
			SELECT s.id, c.id, 'Somebody', '', '', '', '', 1, now(), now() FROM bench_customers c, salons s;
		INSERT INTO services (id, salon_id, name, description, category, price_minor, currency, duration_minutes,
			buffer_before_minutes, buffer_after_minutes, active, search_text, version, create_time, update_time)
			SELECT gen_random_uuid(), id, 'Trim', '', 'Hair', 3000, 'EUR', 5, 0, 0, true, 'trim', 1, now(), now() FROM salons;
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
	title := fmt.Sprintf("(c) REST CreateAppointment, %d clients", s.writers)
	ours := side{"Salon", e.booking(ctx, s)}
	database := []process{{"postgres", e.postgres.PID()}}
	loop := func() (result, error) {
		return drive(ctx, s.writers, s.duration, database, func(int) (caller, error) {
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
	if err := compare(title, "none of its own", s.rounds, ours, side{"the statement in a Go loop (pgx)", loop}); err != nil {
		return err
	}
	return compare(title, "≥ 0.60", s.rounds, ours, side{"the statement under pgbench", func() (result, error) {
		return observe(ctx, database, func() (result, error) {
			return e.pgbench(ctx, adminURL, "booking", strings.TrimSpace(bookingSQL)+";\n", connections, s.duration)
		})
	}})
}

// prepareBookings lifts the limit of open appointments of the first salon, sets the distance of starts, and finds out where the
// build expects the start of an appointment.
func (e *environment) prepareBookings(ctx context.Context, admin string) error {
	const path = "/v1/salons/" + id.FirstSalon
	if _, _, err := e.call(ctx, http.MethodGet, path, "", nil); errors.Is(err, errNotFound) {
		// A build from before there were salons.
		e.startInSegment = true
		return nil
	}
	_, _, err := e.call(ctx, http.MethodPatch, path+"/bookingPolicy", admin,
		map[string]any{"maxOpenAppointments": 0, "slotStepMinutes": appointmentMinutes})
	if errors.Is(err, errNotFound) { // a build in which the salon itself has the limit, and any minute is a start
		_, _, err = e.call(ctx, http.MethodPatch, path, admin, map[string]any{"maxOpenAppointments": 0})
	}
	return err
}

// booking books a slot of its own with each call. Client i books for customer i with each master in turn, so that neither
// a master nor a customer is ever taken.
func (e *environment) booking(ctx context.Context, s settings) func() (result, error) {
	rounds := make([]int, s.writers)
	first := time.Now().UTC().Truncate(time.Hour).Add(24 * time.Hour)
	perRound := (s.writers + masters - 1) / masters
	return func() (result, error) {
		return drive(ctx, s.writers, s.duration, e.writing(), func(i int) (caller, error) {
			conn, err := dialHTTP(e.httpAddr)
			if err != nil {
				return nil, err
			}
			return httpExchange(conn, func() []byte {
				k := rounds[i]
				rounds[i]++
				start := first.Add(time.Duration(k*perRound+i/masters) * appointmentMinutes * time.Minute).Format(time.RFC3339)
				return e.createRequest(i, e.masterIDs[(i+k)%masters], start)
			}, http.StatusCreated), nil
		})
	}
}

// createRequest is the request of a customer, by number, for a booking.
func (e *environment) createRequest(customer int, masterID, start string) []byte {
	body := e.bookingBody(masterID, start)
	return []byte("POST /v1/appointments HTTP/1.1\r\nHost: " + e.httpAddr + "\r\nContent-Type: application/json\r\n" +
		"Authorization: Bearer " + e.tokens[customer%len(e.tokens)] + "\r\nIdempotency-Key: " + uuid.NewString() +
		"\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
}

func (e *environment) bookingBody(masterID, start string) string {
	segment := `"serviceId":"` + e.serviceID + `","masterId":"` + masterID + `"`
	if e.startInSegment {
		return `{"segments":[{` + segment + `,"startTime":"` + start + `"}]}`
	}
	return `{"startTime":"` + start + `","segments":[{` + segment + `}]}`
}
