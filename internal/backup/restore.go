package backup

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/beauty-salon/platform/internal/postgres"
)

// asideSuffix ends the names of schemas whose contents are being replaced.
const asideSuffix = "_before_restore"

// ErrNotEmpty means that the database has tables of Salon.
var ErrNotEmpty = errors.New("the database is not empty")

// Restore puts the backup into the database. It refuses a database that has tables of Salon, unless replace is set, and one that
// services are connected to. finish runs when the tables are there as they were backed up: it brings them up to date and gives roles
// their rights. After an error the database is as it was before, except that finish may have made roles and extensions.
func (a *Archive) Restore(ctx context.Context, db Database, replace bool, finish func(context.Context) error) (err error) {
	conn, err := postgres.ConnectAdmin(ctx, db.AdminURL)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, noLimits); err != nil {
		return err
	}
	tools, err := toolsFor(ctx, conn)
	if err != nil {
		return err
	}
	if tools.Major < a.Manifest.Tool {
		return fmt.Errorf("the backup was made by pg_dump %d, pg_restore %d cannot read it: run `apt-get install postgresql-client-%[1]d`",
			a.Manifest.Tool, tools.Major)
	}
	if err := db.unused(ctx, conn); err != nil {
		return err
	}
	aside, err := db.setAside(ctx, conn, replace)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("restore: %w", err), db.putBack(context.WithoutCancel(ctx), aside))
		}
	}()
	args := []string{"--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"}
	if err := db.run(ctx, tools.Restore, args, a.dump(), nil); err != nil {
		return err
	}
	if err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return a.check(ctx, tx, db.Schemas) }); err != nil {
		return err
	}
	if err := finish(ctx); err != nil {
		return err
	}
	// A new database has no statistics, without which statements are slow.
	if _, err := conn.Exec(ctx, "ANALYZE"); err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return drop(ctx, tx, aside) })
}

// check compares the database with the manifest, and mends what was true on another server only.
func (a *Archive) check(ctx context.Context, tx pgx.Tx, schemas []string) error {
	got, err := countRows(ctx, tx, schemas)
	if err != nil {
		return err
	}
	if err := compare(a.Manifest.Rows, got); err != nil {
		return err
	}
	return ageTransactions(ctx, tx, schemas)
}

// unused returns an error while services are connected.
func (db Database) unused(ctx context.Context, conn *pgx.Conn) error {
	roles := make([]string, len(db.Schemas))
	for i, schema := range db.Schemas {
		roles[i] = postgres.RoleName(schema)
	}
	var n int
	err := conn.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = ANY($1)", roles).Scan(&n)
	if err != nil {
		return err
	}
	if n > 0 {
		return fmt.Errorf("services have %d connections to the database: stop all processes of Salon first, and a pooler", n)
	}
	return nil
}

// setAside makes room for the schemas of the backup: those without tables are dropped, the others renamed. It returns the new names.
func (db Database) setAside(ctx context.Context, conn *pgx.Conn, replace bool) (aside []string, err error) {
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if err := db.interrupted(ctx, tx); err != nil {
			return err
		}
		for _, schema := range db.Schemas {
			var exists bool
			var tables int
			err := tx.QueryRow(ctx, `SELECT to_regnamespace($1) IS NOT NULL,
				(SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace($1) AND relkind IN ('r', 'p'))`, schema).Scan(&exists, &tables)
			switch {
			case err != nil:
				return err
			case !exists:
			case tables == 0:
				err = drop(ctx, tx, []string{schema})
			case !replace:
				return fmt.Errorf("%w: schema %s has %d tables; --replace replaces everything that it has", ErrNotEmpty, schema, tables)
			default:
				aside = append(aside, Aside(schema))
				_, err = tx.Exec(ctx, "ALTER SCHEMA "+quote(schema)+" RENAME TO "+quote(Aside(schema)))
			}
			if err != nil {
				return fmt.Errorf("make room for schema %s: %w", schema, err)
			}
		}
		return nil
	})
	return aside, err
}

// putBack removes what was restored and gives the schemas that were set aside their names back. It has a connection of its own: that of the restore may
// be what failed, and one that was cancelled is closed.
func (db Database) putBack(ctx context.Context, aside []string) error {
	conn, err := postgres.ConnectAdmin(ctx, db.AdminURL)
	if err != nil {
		return fmt.Errorf("put back what was there before: %w", err)
	}
	defer conn.Close(ctx)
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if err := drop(ctx, tx, db.Schemas); err != nil {
			return err
		}
		for _, name := range aside {
			if _, err := tx.Exec(ctx, "ALTER SCHEMA "+quote(name)+" RENAME TO "+quote(strings.TrimSuffix(name, asideSuffix))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("put back what was there before: %w", err)
	}
	return nil
}

func drop(ctx context.Context, tx pgx.Tx, schemas []string) error {
	for _, schema := range schemas {
		if _, err := tx.Exec(ctx, "DROP SCHEMA IF EXISTS "+quote(schema)+" CASCADE"); err != nil {
			return fmt.Errorf("drop schema %s: %w", schema, err)
		}
	}
	return nil
}

func quote(schema string) string { return pgx.Identifier{schema}.Sanitize() }
