package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	gormpostgres "gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/beauty-salon/platform/internal/secret"
)

const (
	// defaultMaxConns suffices: commits are grouped, so that more connections
	// only burn CPU (design, section 9).
	defaultMaxConns = 16
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
	// MaxConns bounds the pool; 0 means 16.
	MaxConns int
}

// DB is a service's database: a pool, or, inside [DB.InTx], one transaction.
// A pool is safe for concurrent use; a transaction belongs to one goroutine.
type DB struct {
	pool   *sql.DB
	gorm   *gorm.DB
	schema string
	tx     *transaction // nil outside a transaction
}

// Open prepares a pool for the service that owns schema. It connects lazily, so
// that a service can start before its database does; an error means that the
// configuration is wrong.
func Open(cfg Config, keys *secret.Keys, schema string) (*DB, error) {
	config, derived, err := serviceConfig(cfg.URL.Reveal(), keys, schema)
	if err != nil {
		return nil, err
	}
	return open(newConnector(config, derived), schema, cfg.MaxConns)
}

func open(c *connector, schema string, maxConns int) (*DB, error) {
	pool := sql.OpenDB(c)
	if maxConns <= 0 {
		maxConns = defaultMaxConns
	}
	pool.SetMaxOpenConns(maxConns)
	pool.SetMaxIdleConns(maxConns) // fewer would close and reopen them under load
	pool.SetConnMaxLifetime(connLifetime)

	db, err := gorm.Open(gormpostgres.New(gormpostgres.Config{Conn: pool}), &gorm.Config{
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
	return &DB{pool: pool, gorm: db, schema: schema}, nil
}

// Conn gives GORM for one statement or chain, bound to ctx; inside a transaction
// it runs in that transaction. Only store files use it.
func (d *DB) Conn(ctx context.Context) *gorm.DB {
	if d.tx != nil {
		return d.tx.gorm.WithContext(ctx)
	}
	return d.gorm.WithContext(ctx)
}

// Schema is the schema that the service owns, such as "users".
func (d *DB) Schema() string { return d.schema }

// Ping checks that the database answers.
func (d *DB) Ping(ctx context.Context) error { return d.pool.PingContext(ctx) }

// Close closes the pool. Transactions that are still running fail.
func (d *DB) Close() error { return d.pool.Close() }

// PoolStats reports how the pool is used.
func (d *DB) PoolStats() sql.DBStats { return d.pool.Stats() }
