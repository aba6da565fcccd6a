package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/beauty-salon/platform/internal/backup"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/service"
	"github.com/beauty-salon/platform/services/user"
)

const (
	// minServer and newestServer are the oldest supported and the newest tested version of PostgreSQL.
	minServer    = 15
	newestServer = 18
	// lateEvents is the age from which on an event that is not published is late, as for /readyz.
	lateEvents = 15 * time.Second
)

// database checks PostgreSQL as each service of the process sees it.
func (d *doctor) database(ctx context.Context, c *doctorCmd, runs selection) {
	if c.DatabaseURL == "" {
		return // the settings say so
	}
	keys, previous, err := processKeys(c.secretFlags, c.derivedFlags, runs)
	if err != nil {
		return // the settings say so
	}
	if u, err := url.Parse(c.DatabaseURL.Reveal()); err == nil && (u.User.Username() != "" || u.Query().Has("user")) {
		d.warn("roles", "take user and password out of SALON_DATABASE_URL", "all services sign in as one user, who can read everything")
	}
	server := false
	for _, name := range runs.services {
		def, _ := definition(name)
		db, err := postgres.Open(postgres.Config{URL: c.DatabaseURL, PreviousKeys: previous, MaxConns: 1, Pooled: c.DatabasePooled}, keys, def.Migrations.Service)
		if err != nil {
			d.fail("database of "+name, "correct SALON_DATABASE_URL", "%v", err)
			return
		}
		if d.schema(ctx, db, def) {
			if !server {
				server = true
				d.server(ctx, db, c.DatabaseMaxConns*len(runs.services), c.DatabasePooled)
				d.replicas(ctx, c, keys, def.Migrations.Service, db)
			}
			d.backlog(ctx, db, def)
		}
		db.Close()
	}
}

// schema checks sign-in and tables of a service, and reports whether they can be used.
func (d *doctor) schema(ctx context.Context, db *postgres.DB, def service.Definition) bool {
	check := "database of " + def.Name
	if err := db.Ping(ctx); err != nil {
		d.fail(check, "start PostgreSQL, and check SALON_DATABASE_URL and SALON_SECRET_KEY", "%v", err)
		return false
	}
	var interrupted bool
	aside := backup.Aside(def.Migrations.Service)
	if err := db.Conn(ctx).Raw("SELECT to_regnamespace(?) IS NOT NULL", aside).Scan(&interrupted).Error; err == nil && interrupted {
		d.fail(check, "run `salon restore --undo`, or restore again after it", "%v: what was there before is in the schema %s", backup.ErrInterrupted, aside)
		return false
	}
	err := postgres.CheckSchema(ctx, db, def.Migrations)
	if err == nil {
		err = user.NewSessionReader(db, time.Now).Ready(ctx)
	}
	if err != nil {
		remedy := "check the rights of the role with `salon migrate`"
		if errors.Is(err, postgres.ErrSchemaOutdated) {
			remedy = "run `salon migrate` of this version"
		}
		d.fail(check, remedy, "%v", err)
		return false
	}
	newest, err := def.Migrations.Versions()
	if err != nil {
		d.fail(check, "report a defect of this program", "%v", err)
		return false
	}
	have, err := db.Versions(ctx)
	switch {
	case err != nil:
		d.fail(check, "check the rights of the role with `salon migrate`", "%v", err)
		return false
	case have.Newer(newest):
		d.warn(check, "upgrade this process too", "the schema has migration %d, this program is of the version with %d", have.Service, newest.Service)
	default:
		d.ok(check, "signed in; migration %d", have.Service)
	}
	return true
}

// server checks version, clock, settings and connections of PostgreSQL. budget is what the pools of the process may take, of a
// pooler's connections with pooled.
func (d *doctor) server(ctx context.Context, db *postgres.DB, budget int, pooled bool) {
	asked := time.Now()
	s, err := db.Server(ctx)
	if err != nil {
		d.fail("PostgreSQL", "look into the log of PostgreSQL", "%v", err)
		return
	}
	switch {
	case s.Major < minServer:
		d.fail("PostgreSQL", fmt.Sprintf("upgrade PostgreSQL to %d or newer", minServer), "version %d is not supported", s.Major)
	case s.Major > newestServer:
		d.warn("PostgreSQL", "look into the changelog of newer versions of Salon", "version %d is newer than what was tested, %d", s.Major, newestServer)
	case s.ReadOnly:
		d.fail("PostgreSQL", "let the address lead to the primary", "the server is read-only: a standby")
	case !s.Durable:
		d.fail("PostgreSQL", "turn on fsync, full_page_writes and synchronous_commit", "acknowledged bookings can be lost: one of fsync, full_page_writes and synchronous_commit is off")
	default:
		d.ok("PostgreSQL", "version %d, durable", s.Major)
	}
	d.skew("clock of PostgreSQL", s.Now.Sub(asked.Add(time.Since(asked)/2)))
	const remedy = "lower SALON_DATABASE_MAX_CONNS, raise max_connections, or put a pooler in between"
	switch free := s.MaxConnections - s.Reserved; {
	case pooled:
		d.ok("connections", "%d of %d are in use; the pools of one such process may take %d of the pooler", s.Connections, free, budget)
	case budget > free:
		d.fail("connections", remedy, "the pools of this process may take %d connections, the server has %d for all", budget, free)
	case 2*budget > free:
		d.warn("connections", remedy, "the pools of one such process may take %d connections of %d: a second copy does not fit", budget, free)
	default:
		d.ok("connections", "%d of %d are in use; the pools of one such process may take %d", s.Connections, free, budget)
	}
	d.ok("disk of PostgreSQL", "the database has %s; PostgreSQL does not say how much the disk has", size(s.DatabaseSize))
}

// backlog checks outbox and dead letters of a service.
func (d *doctor) backlog(ctx context.Context, db *postgres.DB, def service.Definition) {
	b, err := events.ReadBacklog(ctx, db)
	check := "events of " + def.Name
	switch {
	case err != nil:
		d.fail(check, "run `salon migrate`", "%v", err)
	case b.Oldest > lateEvents && len(def.Subjects) > 0:
		d.warn(check, "start a process with the service, and see whether it reaches NATS (/readyz says so)",
			"%d events are not published, the oldest for %s", b.Unpublished, b.Oldest.Round(time.Second))
	case b.DeadLetters > 0:
		d.warn(check, "read them with `salon admin dead-letters list`, and replay them when their cause is gone", "%d dead letters", b.DeadLetters)
	default:
		d.ok(check, "%d events wait, no dead letters", b.Unpublished)
	}
}

// size writes bytes for people.
func size(n int64) string {
	const step = 1024
	value, unit := float64(max(n, 0)), "B"
	for _, next := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if value < step {
			break
		}
		value, unit = value/step, next
	}
	if unit == "B" {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", value, unit)
}
