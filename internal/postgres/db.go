package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	gormpostgres "gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/beauty-salon/platform/internal/secret"
)

const (
	// defaultMaxConns suffices: commits are grouped, so that more connections
	// only burn CPU. Two copies of four services then need 88 of the 100
	// connections that PostgreSQL has by default.
	defaultMaxConns = 11
	// readShare is which part of the connections is for calls that only read.
	readShare = 3
	// connLifetime makes connections move to a new primary or a changed DNS
	// entry by themselves.
	connLifetime = 30 * time.Minute
)

// Config says where the database is.
type Config struct {
	// URL is "postgres://host:5432/salon" or, over a Unix socket,
	// "postgres:///salon?host=/run/postgresql". Without a user the service's own
	// role logs in with its derived password; a user in the URL overrides that.
	URL secret.Text
	// PreviousKeys are tried where the password of the keys is refused; nil: none.
	PreviousKeys *secret.Keys
	// MaxConns bounds the connections; 0 means 11, 2 at least.
	MaxConns int
	// Pooled means that the URL leads to a pooler that gives a connection to another client after each transaction, such as PgBouncer in
	// transaction mode.
	Pooled bool
	// Replicas are standbys for reads that may be a moment old; see [Recent].
	Replicas Replicas
	// IsRead reports whether a context is that of a call that only reads. A third of the connections is for these calls, and they get no
	// other, so that lists and searches never keep bookings waiting for a connection. With nil no call only reads.
	IsRead func(context.Context) bool
	// Tracing records an OpenTelemetry span for each statement of a trace, with the global TracerProvider.
	Tracing bool
}

// DB is a service's database: its connections, or, inside [DB.InTx], one transaction.
// The former is safe for concurrent use; a transaction belongs to one goroutine.
type DB struct {
	changes, reads *pool
	isRead         func(context.Context) bool
	schema         string
	pooled         bool
	replicas       *replicas    // nil without
	tx             *transaction // nil outside a transaction
}

// pool is connections with GORM on top.
type pool struct {
	sql  *sql.DB
	gorm *gorm.DB
}

// Open prepares a pool for the service that owns schema. It connects lazily, so
// that a service can start before its database does; an error means that the
// configuration is wrong.
func Open(cfg Config, keys *secret.Keys, schema string) (*DB, error) {
	config, derived, err := serviceConfig(cfg.URL.Reveal(), keys, cfg.PreviousKeys, schema, cfg.Pooled)
	if err != nil {
		return nil, err
	}
	if cfg.Tracing {
		config.Tracer = newTracer(schema)
	}
	d, err := open(newConnector(config, derived), schema, cfg)
	if err != nil || len(cfg.Replicas.URLs) == 0 {
		return d, err
	}
	if d.replicas, err = openReplicas(cfg, keys, schema); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	d.replicas.watch(d.reads.sql)
	return d, nil
}

func open(c *connector, schema string, cfg Config) (*DB, error) {
	if cfg.MaxConns <= 0 {
		cfg.MaxConns = defaultMaxConns
	}
	d := &DB{schema: schema, isRead: cfg.IsRead, pooled: cfg.Pooled}
	var err error
	if d.isRead == nil {
		d.changes, err = newPool(c, cfg.MaxConns)
		d.isRead, d.reads = func(context.Context) bool { return false }, d.changes
		return d, err
	}
	reads := max(cfg.MaxConns/readShare, 1)
	if d.changes, err = newPool(c, max(cfg.MaxConns-reads, 1)); err != nil {
		return nil, err
	}
	d.reads, err = newPool(c, reads)
	return d, err
}

func newPool(c *connector, maxConns int) (*pool, error) {
	p := &pool{sql: sql.OpenDB(c)}
	p.sql.SetMaxOpenConns(maxConns)
	p.sql.SetMaxIdleConns(maxConns) // fewer would close and reopen them under load
	p.sql.SetConnMaxLifetime(connLifetime)
	var err error
	p.gorm, err = gorm.Open(dialect{&gormpostgres.Dialector{Config: &gormpostgres.Config{Conn: p.sql}}}, &gorm.Config{
		// Errors travel up to where the request is logged; GORM's own log would
		// repeat them with the values of the statement.
		Logger:                 logger.Discard,
		SkipDefaultTransaction: true,
		DisableAutomaticPing:   true,
		NowFunc:                func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) },
	})
	if err != nil {
		return nil, fmt.Errorf("set up GORM: %w", err)
	}
	return p, nil
}

// pool returns the connections for a call.
func (d *DB) pool(ctx context.Context) *pool {
	if d.isRead(ctx) {
		return d.reads
	}
	return d.changes
}

// Conn gives GORM for one statement or chain, bound to ctx; inside a transaction
// it runs in that transaction. Only store files use it.
func (d *DB) Conn(ctx context.Context) *gorm.DB {
	if d.tx != nil {
		return d.tx.gorm.WithContext(ctx)
	}
	return d.pool(ctx).gorm.WithContext(ctx)
}

// Schema is the schema that the service owns, such as "users".
func (d *DB) Schema() string { return d.schema }

// Ping checks that the database answers.
func (d *DB) Ping(ctx context.Context) error { return d.pool(ctx).sql.PingContext(ctx) }

// Close closes the connections. Transactions that are still running fail.
func (d *DB) Close() error {
	var err error
	if d.replicas != nil {
		err = d.replicas.close()
	}
	return errors.Join(err, d.changes.sql.Close(), d.reads.sql.Close())
}

// Budget returns how many connections there may be: for calls that only read, and for everything else.
func (d *DB) Budget() (changes, reads int) {
	changes = d.changes.sql.Stats().MaxOpenConnections
	if d.reads != d.changes {
		reads = d.reads.sql.Stats().MaxOpenConnections
	}
	return changes, reads
}

// PoolStats reports how the connections are used that are not for reads.
func (d *DB) PoolStats() sql.DBStats { return d.changes.sql.Stats() }

// ReadPoolStats reports how the connections are used for calls that only read.
func (d *DB) ReadPoolStats() sql.DBStats { return d.reads.sql.Stats() }
