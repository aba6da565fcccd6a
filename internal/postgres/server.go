package postgres

import (
	"context"
	"fmt"
	"time"
)

// Server is what a service can see of the PostgreSQL server.
type Server struct {
	// Major is the version.
	Major int
	// Now is the clock.
	Now time.Time
	// ReadOnly reports whether it is a standby. Durable reports whether what was committed survives a crash.
	ReadOnly, Durable bool
	// MaxConnections is the limit, Reserved the part that services cannot have, Connections how many there are.
	MaxConnections, Reserved, Connections int
	// DatabaseSize is in bytes.
	DatabaseSize int64
}

// Server reads the state of the server.
func (d *DB) Server(ctx context.Context) (s Server, err error) {
	err = d.pool(ctx).sql.QueryRowContext(ctx, `SELECT current_setting('server_version_num')::integer / 10000, clock_timestamp(), pg_is_in_recovery(),
		current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on' AND current_setting('synchronous_commit') <> 'off',
		current_setting('max_connections')::integer,
		current_setting('superuser_reserved_connections')::integer + coalesce(current_setting('reserved_connections', true)::integer, 0),
		(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' OR backend_type IS NULL),
		pg_database_size(current_database())`).
		Scan(&s.Major, &s.Now, &s.ReadOnly, &s.Durable, &s.MaxConnections, &s.Reserved, &s.Connections, &s.DatabaseSize)
	if err != nil {
		return s, fmt.Errorf("read the state of PostgreSQL: %w", err)
	}
	return s, nil
}

// ConnectionLimit returns how many connections the server admits of all services together.
func (d *DB) ConnectionLimit(ctx context.Context) (n int, err error) {
	err = d.pool(ctx).sql.QueryRowContext(ctx, `SELECT current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer
		- coalesce(current_setting('reserved_connections', true)::integer, 0)`).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("read the limit of connections: %w", err)
	}
	return n, nil
}

// Versions returns the numbers of the newest migrations of the schema, which was migrated before.
func (d *DB) Versions(ctx context.Context) (v Versions, err error) {
	err = d.pool(ctx).sql.QueryRowContext(ctx, "SELECT (SELECT coalesce(max(version_id), 0) FROM "+platformVersions+"), (SELECT coalesce(max(version_id), 0) FROM "+
		serviceVersions+")").Scan(&v.Platform, &v.Service)
	if err != nil {
		return v, fmt.Errorf("read the version of schema %s: %w", d.schema, err)
	}
	return v, nil
}
