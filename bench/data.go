package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/beauty-salon/platform/internal/embedded"
)

// size is how much data there is, in the database of Salon.
type size struct{ salons, masters, appointments int }

// errOtherData means that a data directory was made with other sizes.
var errOtherData = errors.New("the data directory has other data")

// benchURL is the address of a database, with the schema of the appointment service.
func benchURL(adminURL string) string { return adminURL + "&search_path=appointments,extensions" }

// step says what is done, and returns what says how long that took.
func step(format string, args ...any) (done func()) {
	begin, what := time.Now(), fmt.Sprintf(format, args...)
	return func() { fmt.Printf("%s: %s\n", what, time.Since(begin).Round(100*time.Millisecond)) }
}

// loadData fills a database whose schema was made by salon migrate, unless it has the same data already. Four fifths of the
// appointments are past. The server is restarted twice: for the load it writes no log of what would be lost with the transaction
// anyway.
func (e *environment) loadData(ctx context.Context, s size) error {
	conn, err := pgx.Connect(ctx, benchURL(e.postgres.AdminURL()))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if there, err := hasData(ctx, conn, s); there || err != nil {
		return err
	}
	_ = conn.Close(ctx)
	if err := e.setForLoading(ctx); err != nil {
		return err
	}
	if err := generate(ctx, benchURL(e.postgres.AdminURL()), s); err != nil {
		return err
	}
	return e.setSharedBuffers(ctx, "")
}

// setForLoading restarts the server with settings for much new data.
func (e *environment) setForLoading(ctx context.Context) error {
	return e.setSystem(ctx, "wal_level = minimal", "max_wal_senders = 0", "max_wal_size = '4GB'", "shared_buffers = '3GB'", "maintenance_work_mem = '1GB'")
}

// setSharedBuffers restarts the server with its own settings, apart from one; empty: with that one too.
func (e *environment) setSharedBuffers(ctx context.Context, value string) error {
	if value == "" {
		return e.setSystem(ctx)
	}
	return e.setSystem(ctx, "shared_buffers = '"+strings.ReplaceAll(value, "'", "''")+"'")
}

// setSystem restarts the server with settings instead of those that were given to it before.
func (e *environment) setSystem(ctx context.Context, settings ...string) error {
	conn, err := pgx.Connect(ctx, benchURL(e.postgres.AdminURL()))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "ALTER SYSTEM RESET ALL"); err != nil {
		return err
	}
	for _, setting := range settings {
		if _, err := conn.Exec(ctx, "ALTER SYSTEM SET "+setting); err != nil {
			return err
		}
	}
	_ = conn.Close(ctx)
	return e.restartPostgres(ctx)
}

func (e *environment) restartPostgres(ctx context.Context) error {
	if err := e.postgres.Stop(ctx); err != nil {
		return err
	}
	var err error
	e.postgres, err = embedded.StartPostgres(ctx, embedded.PostgresConfig{Dir: e.data})
	return err
}

// hasData reports whether the data of a size is there.
func hasData(ctx context.Context, conn *pgx.Conn, s size) (bool, error) {
	var made bool
	if err := conn.QueryRow(ctx, "SELECT to_regclass('bench.data') IS NOT NULL").Scan(&made); err != nil || !made {
		return false, err
	}
	var there size
	var age int
	err := conn.QueryRow(ctx, "SELECT salons, masters, appointments, now()::date - day FROM bench.data").
		Scan(&there.salons, &there.masters, &there.appointments, &age)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return false, fmt.Errorf("%w: it was not finished; remove it", errOtherData)
	case err != nil:
		return false, err
	case there != s:
		return false, fmt.Errorf("%w: %+v instead of %+v", errOtherData, there, s)
	case age > 7:
		return false, fmt.Errorf("%w: of %d days ago, so that too many appointments are past by now; remove it", errOtherData, age)
	}
	return true, nil
}

// targetsSQL makes the table from which loads take what they search: a row a salon.
const targetsSQL = `
CREATE SCHEMA bench;
CREATE TABLE bench.data (salons int, masters int, appointments int, day date);
CREATE TABLE bench.targets (n int PRIMARY KEY, salon_id uuid, masters uuid[], services uuid[], chairs uuid[], a_master int)`

// filled are the tables that grow with the number of appointments.
var filled = []string{"customers", "appointments", "segments", "claims", "appointment_history"}

// generate makes the salons and their appointments.
func generate(ctx context.Context, url string, s size) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, targetsSQL); err != nil {
		return err
	}
	all := step("generate %d salons, %d masters, %d appointments", s.salons, s.masters, s.appointments)
	day := time.Now().UTC().Truncate(24 * time.Hour)
	g := newGenerator(s, day)
	if err := g.copySalons(ctx, url); err != nil {
		return err
	}
	if err := withoutIndexes(ctx, url, filled, func() error { return g.copyAppointments(ctx, url) }); err != nil {
		return err
	}
	done := step("  vacuum and analyze")
	for _, sql := range []string{"VACUUM (ANALYZE) " + strings.Join(filled, ", "), "ANALYZE"} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	done()
	_, err = conn.Exec(ctx, "INSERT INTO bench.data VALUES ($1, $2, $3, $4)", s.salons, s.masters, s.appointments, day)
	if err != nil {
		return err
	}
	var text string
	if err := conn.QueryRow(ctx, `SELECT 'database of ' || pg_size_pretty(pg_database_size(current_database())) || '; ' ||
		string_agg(format('%s: %s rows, %s', relname, reltuples::bigint, pg_size_pretty(pg_total_relation_size(oid))), '; ')
		FROM pg_class WHERE relnamespace = 'appointments'::regnamespace AND relname = ANY($1)`, filled).Scan(&text); err != nil {
		return err
	}
	all()
	fmt.Println(text)
	return nil
}

// newID returns a UUIDv7 of a minute, as Salon's ids are, from the generator's sequence of random numbers.
func (g *generator) newID(minute int64) uuid.UUID {
	var id uuid.UUID
	milliseconds := minute*60_000 + g.random.Int64N(60_000)
	for i := range 6 {
		id[i] = byte(milliseconds >> (40 - 8*i))
	}
	a, b := g.random.Uint64(), g.random.Uint64()
	id[6], id[7], id[8] = 0x70|byte(a&0x0f), byte(a>>8), 0x80|byte(a>>16&0x3f)
	for i := range 7 {
		id[9+i] = byte(b >> (8 * i))
	}
	return id
}
