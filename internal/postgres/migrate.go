package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Where goose keeps the versions of a schema: the platform's tables and the
// service's are counted apart, so that neither needs to know of the other.
const (
	platformVersions = "platform_migrations"
	serviceVersions  = "migrations"
)

const (
	// migrationLock serializes migrations within a database.
	migrationLock int64 = 0x73616c6f6e02 // "salon", 2
	// A migration waits this many seconds for another one to finish.
	migrationLockPatience = 300
	// migrationAttempts is how often a migration is tried that meets locks of others.
	migrationAttempts = 10
)

// contention are the states of a migration that met locks of others.
var contention = []string{codeDeadlockDetected, codeLockNotAvailable}

// ErrSchemaOutdated is returned by [CheckSchema] when the database's schema is
// older than the program.
var ErrSchemaOutdated = errors.New("the database schema is older than this program")

//go:embed migrations/*.sql
var embeddedMigrations embed.FS

// Migrations are the migrations of one service.
type Migrations struct {
	// Service is the schema's name, such as "users".
	Service string
	// FS holds files such as 0001_accounts.sql in goose's format, each with an up
	// and a down half, at its root. Nil means that the service has no tables of
	// its own.
	FS fs.FS
}

// EmbeddedMigrations are those that a service has compiled in from its folder
// migrations/. It panics when there is none, as the compiler would.
func EmbeddedMigrations(service string, files embed.FS) Migrations {
	sub, err := fs.Sub(files, "migrations")
	if err != nil { // only for a path that is not valid
		panic(err)
	}
	return Migrations{Service: service, FS: sub}
}

// migrationSet is one numbered series of migrations and its table of versions.
type migrationSet struct {
	files    fs.FS
	versions string
}

// sets are the platform's tables first, then the service's own.
func (m Migrations) sets() ([]migrationSet, error) {
	platform, err := fs.Sub(embeddedMigrations, "migrations")
	if err != nil {
		return nil, err
	}
	sets := []migrationSet{{platform, platformVersions}}
	if m.FS != nil {
		sets = append(sets, migrationSet{m.FS, serviceVersions})
	}
	return sets, nil
}

// Migrate brings the service's schema up to date: first the tables that every
// service has (outbox, inbox, and so on), then its own. The administrator of
// adminURL owns the tables. Several processes may call it at once: an advisory
// lock lets one of them work.
func Migrate(ctx context.Context, adminURL string, m Migrations) error {
	return withSets(ctx, adminURL, m, func(conn *sql.DB, sets []migrationSet) error {
		for _, set := range sets {
			provider, err := newProvider(conn, set)
			if err != nil {
				return err
			}
			if err := up(ctx, provider); err != nil {
				return fmt.Errorf("migrate schema %s: %w", m.Service, err)
			}
		}
		return nil
	})
}

// up applies the migrations that are missing. Processes that work meanwhile lock rows and tables in orders of their own: a migration that has
// waited too long for them, or would wait for ever, is tried again. Its transaction was rolled back, and migrations without one are written
// so that they can be repeated.
func up(ctx context.Context, provider *goose.Provider) error {
	for attempt := 1; ; attempt++ {
		_, err := provider.Up(ctx)
		if err == nil || attempt == migrationAttempts || !slices.Contains(contention, SQLState(err)) {
			return err
		}
		if !pause(ctx, attempt) {
			return errors.Join(err, ctx.Err())
		}
	}
}

// Rollback undoes every migration of the service, then the platform's tables: all
// data of the schema is lost. It exists to prove that the down halves work.
func Rollback(ctx context.Context, adminURL string, m Migrations) error {
	return withSets(ctx, adminURL, m, func(conn *sql.DB, sets []migrationSet) error {
		for _, set := range slices.Backward(sets) {
			provider, err := newProvider(conn, set)
			if err != nil {
				return err
			}
			if _, err := provider.DownTo(ctx, 0); err != nil {
				return fmt.Errorf("roll back schema %s: %w", m.Service, err)
			}
		}
		return nil
	})
}

// withSets connects as administrator with the schema as search path, runs fn, and
// renews the grants of the service's role.
func withSets(ctx context.Context, adminURL string, m Migrations, fn func(*sql.DB, []migrationSet) error) (err error) {
	if err := checkSchemaName(m.Service); err != nil {
		return err
	}
	sets, err := m.sets()
	if err != nil {
		return err
	}
	config, _, err := parseURL(adminURL)
	if err != nil {
		return err
	}
	setSession(config, m.Service)
	watch(config, 0) // a migration may run for long
	conn := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, conn.Close()) }()
	if err := fn(conn, sets); refusesSettings(err) {
		return signInError{"the database URL leads to a pooler: migrations need the address of PostgreSQL itself", err}
	} else if err != nil {
		return err
	}
	return withConn(ctx, adminURL, func(conn *pgx.Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			if err := lockBootstrap(ctx, tx); err != nil {
				return err
			}
			return grantTables(ctx, tx, m.Service)
		})
	})
}

func withConn(ctx context.Context, adminURL string, fn func(*pgx.Conn) error) error {
	conn, err := connectAdmin(ctx, adminURL)
	if err != nil {
		return err
	}
	defer closeConn(ctx, conn)
	return fn(conn)
}

func newProvider(conn *sql.DB, set migrationSet) (*goose.Provider, error) {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(migrationLock), lock.WithLockTimeout(1, migrationLockPatience))
	if err != nil {
		return nil, fmt.Errorf("set up the migration lock: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, conn, set.files,
		goose.WithTableName(set.versions),
		goose.WithSessionLocker(locker),
		goose.WithDisableGlobalRegistry(true),
		goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return provider, nil
}

// HoldUpMigrations waits until no migration is under way, and lets others wait until the connection ends, before they lock anything. They wait
// for five minutes and fail then.
func HoldUpMigrations(ctx context.Context, conn *pgx.Conn) error {
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock_shared($1)", migrationLock); err != nil {
		return fmt.Errorf("wait for migrations: %w", err)
	}
	return nil
}

// CheckSchema returns nil when db's schema is at least as new as the migrations
// that this program carries, and an error wrapping [ErrSchemaOutdated] when it is
// older. It reads with the service's own role.
func CheckSchema(ctx context.Context, db *DB, m Migrations) error {
	sets, err := m.sets()
	if err != nil {
		return err
	}
	newest := make([]string, 0, len(sets)+1)
	have := make([]int64, len(sets))
	into := make([]any, 0, len(sets)+1)
	for i, set := range sets {
		newest = append(newest, "(SELECT coalesce(max(version_id), 0) FROM "+quote(m.Service)+"."+set.versions+")")
		into = append(into, &have[i])
	}
	settled := true
	if db.pooled {
		newest = append(newest, "current_schema() IS NOT DISTINCT FROM '"+m.Service+"' AND current_setting('statement_timeout') = '"+statementTimeout+"'")
		into = append(into, &settled)
	}
	// Unprepared, in one round trip: a process that starts waits for this answer.
	err = db.pool(ctx).sql.QueryRowContext(ctx, "SELECT "+strings.Join(newest, ", "), pgx.QueryExecModeExec).Scan(into...)
	switch SQLState(err) {
	case codeUndefinedTable, codeInsufficientPrivilege: // not migrated or not even bootstrapped
		return fmt.Errorf("schema %s has not been migrated: %w", m.Service, ErrSchemaOutdated)
	}
	if err != nil {
		return fmt.Errorf("read the version of schema %s: %w", m.Service, err)
	}
	if !settled {
		return fmt.Errorf("the sessions of the pooler lack the settings of role %s: run `salon migrate`, let the pooler connect to PostgreSQL again (RECONNECT), "+
			"and name no user in SALON_DATABASE_URL", roleName(m.Service))
	}
	for i, set := range sets {
		want, err := newestVersion(set.files)
		if err != nil {
			return err
		}
		if have[i] < want {
			return fmt.Errorf("schema %s is at version %d of %s, this program needs %d: %w",
				m.Service, have[i], set.versions, want, ErrSchemaOutdated)
		}
	}
	return nil
}

// AppliedVersion returns the number of the newest migration of the service's own that the database has, 0 before the
// first.
func AppliedVersion(ctx context.Context, adminURL string, m Migrations) (version int64, err error) {
	err = withConn(ctx, adminURL, func(conn *pgx.Conn) error {
		table := quote(m.Service) + "." + serviceVersions
		var migrated bool
		if err := conn.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", table).Scan(&migrated); err != nil || !migrated {
			return err
		}
		return conn.QueryRow(ctx, "SELECT coalesce(max(version_id), 0) FROM "+table).Scan(&version)
	})
	if err != nil {
		return 0, fmt.Errorf("read the version of schema %s: %w", m.Service, err)
	}
	return version, nil
}

// newestVersion is the highest number among the migration files.
func newestVersion(files fs.FS) (int64, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return 0, fmt.Errorf("list migrations: %w", err)
	}
	var newest int64
	for _, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return 0, fmt.Errorf("migration %s: %w", name, err)
		}
		newest = max(newest, version)
	}
	return newest, nil
}
