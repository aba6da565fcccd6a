package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/beauty-salon/platform/internal/secret"
)

// bootstrapLock serializes changes of roles and grants within a database.
const bootstrapLock int64 = 0x73616c6f6e01 // "salon", 1

// bootstrapAttempts bounds the repetitions after a clash with another database of
// the same server: roles belong to the server, the advisory lock to the database.
const bootstrapAttempts = 5

// The extensions that migrations may use: btree_gist for exclusion constraints
// over an id and a range, pg_trgm for search. Both are trusted extensions.
var extensions = []string{"btree_gist", "pg_trgm"}

// Bootstrap creates or heals what a database needs before [Migrate]: for each
// schema the schema itself, owned by the administrator, and a login role
// "salon_<schema>" that may use this schema and the extensions only. It can be
// run at every start and by several processes at once.
//
// The administrator of adminURL needs no superuser: it must own the database (or
// have CREATE on it with the privileges to grant) and have CREATEROLE. The roles
// get the passwords that [Open] derives from keys, so a changed secret takes
// effect here.
//
// Roles belong to the server. So that a second installation on the same server
// does not take the roles of the first, each has a mark of the keys in its
// comment: Bootstrap refuses those of other keys than keys and previous, which may
// be nil, and takes over those without a mark.
func Bootstrap(ctx context.Context, adminURL string, keys, previous *secret.Keys, schemas ...string) error {
	for _, schema := range schemas {
		if err := checkSchemaName(schema); err != nil {
			return err
		}
	}
	conn, err := connectAdmin(ctx, adminURL)
	if err != nil {
		return err
	}
	defer closeConn(ctx, conn)

	for attempt := 1; ; attempt++ {
		err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return bootstrap(ctx, tx, keys, previous, schemas) })
		if err == nil {
			return nil
		}
		if attempt == bootstrapAttempts || !clashed(err) || !pause(ctx, attempt) {
			return fmt.Errorf("prepare the database: %w", err)
		}
	}
}

// clashed reports whether err is what two changes of the same role at the same
// moment, from two databases, look like.
func clashed(err error) bool {
	switch SQLState(err) {
	case codeUniqueViolation, codeDuplicateObject, codeSerializationFailure, codeDeadlockDetected, codeInternalError:
		return true // XX000 is "tuple concurrently updated"
	default:
		return false
	}
}

// bootstrap runs in one transaction: a half-prepared database is never seen.
func bootstrap(ctx context.Context, tx pgx.Tx, keys, previous *secret.Keys, schemas []string) error {
	if err := lockBootstrap(ctx, tx); err != nil {
		return err
	}
	if err := bootstrapShared(ctx, tx); err != nil {
		return err
	}
	for _, schema := range schemas {
		if err := bootstrapRole(ctx, tx, keys, previous, schema); err != nil {
			return err
		}
		if err := bootstrapSchema(ctx, tx, schema); err != nil {
			return err
		}
	}
	return nil
}

// lockBootstrap lets one transaction at a time change roles and grants.
func lockBootstrap(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", bootstrapLock); err != nil {
		return fmt.Errorf("wait for another bootstrap: %w", err)
	}
	return nil
}

// bootstrapShared sets up what all services share and takes from PUBLIC what
// every role would otherwise have.
func bootstrapShared(ctx context.Context, tx pgx.Tx) error {
	if err := createSchema(ctx, tx, extensionSchema); err != nil {
		return err
	}
	for _, extension := range extensions {
		if err := createExtension(ctx, tx, extension); err != nil {
			return err
		}
	}
	var database string
	if err := tx.QueryRow(ctx, "SELECT current_database()").Scan(&database); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "REVOKE ALL ON DATABASE "+quote(database)+" FROM PUBLIC"); err != nil {
		return fmt.Errorf("take the database from PUBLIC (the administrator must own it): %w", err)
	}
	// The schema may have been dropped, which is just as well.
	const revoke = `DO $$ BEGIN
		IF to_regnamespace('public') IS NOT NULL THEN REVOKE ALL ON SCHEMA public FROM PUBLIC; END IF;
	END $$`
	if _, err := tx.Exec(ctx, revoke); err != nil {
		return fmt.Errorf("take schema public from PUBLIC: %w", err)
	}
	return nil
}

func createExtension(ctx context.Context, tx pgx.Tx, name string) error {
	if _, err := tx.Exec(ctx, "CREATE EXTENSION IF NOT EXISTS "+quote(name)+" SCHEMA "+extensionSchema); err != nil {
		return fmt.Errorf("create extension %s (part of postgresql-contrib): %w", name, err)
	}
	var where string
	const query = `SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = $1`
	if err := tx.QueryRow(ctx, query, name).Scan(&where); err != nil {
		return err
	}
	if where != extensionSchema {
		return fmt.Errorf("extension %[1]s is installed in schema %[2]s; move it with ALTER EXTENSION %[1]s SET SCHEMA %[3]s",
			name, where, extensionSchema)
	}
	return nil
}

// bootstrapSchema creates the schema and gives the role what it may do there.
func bootstrapSchema(ctx context.Context, tx pgx.Tx, schema string) error {
	if err := createSchema(ctx, tx, schema); err != nil {
		return err
	}
	const grants = `
		GRANT USAGE ON SCHEMA %[1]s TO %[2]s;
		GRANT USAGE ON SCHEMA %[3]s TO %[2]s;
		ALTER DEFAULT PRIVILEGES IN SCHEMA %[1]s GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %[2]s;
		ALTER DEFAULT PRIVILEGES IN SCHEMA %[1]s GRANT USAGE, SELECT ON SEQUENCES TO %[2]s;
		DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %%I TO %[2]s', current_database()); END $$;`
	role := quote(roleName(schema))
	if _, err := tx.Exec(ctx, fmt.Sprintf(grants, quote(schema), role, extensionSchema)); err != nil {
		return fmt.Errorf("grant schema %s: %w", schema, err)
	}
	return grantTables(ctx, tx, schema)
}

// grantTables gives the service's role the tables that exist already, and takes
// back all but reading where versions of migrations are kept.
func grantTables(ctx context.Context, tx pgx.Tx, schema string) error {
	role := quote(roleName(schema))
	const grants = `
		GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %[1]s TO %[2]s;
		GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA %[1]s TO %[2]s;`
	if _, err := tx.Exec(ctx, fmt.Sprintf(grants, quote(schema), role)); err != nil {
		return fmt.Errorf("grant the tables of schema %s: %w", schema, err)
	}
	for _, table := range []string{platformVersions, serviceVersions} {
		var exists bool
		if err := tx.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", schema+"."+table).Scan(&exists); err != nil {
			return err
		}
		if !exists {
			continue
		}
		revoke := fmt.Sprintf("REVOKE INSERT, UPDATE, DELETE ON %s.%s FROM %s", quote(schema), table, role)
		if _, err := tx.Exec(ctx, revoke); err != nil {
			return fmt.Errorf("protect %s.%s: %w", schema, table, err)
		}
	}
	return nil
}

// createSchema asks first, because CREATE SCHEMA IF NOT EXISTS demands the right
// to create one even where there is nothing to do.
func createSchema(ctx context.Context, tx pgx.Tx, schema string) error {
	var exists bool
	if err := tx.QueryRow(ctx, "SELECT to_regnamespace($1) IS NOT NULL", schema).Scan(&exists); err != nil {
		return err
	}
	if exists {
		return nil
	}
	if _, err := tx.Exec(ctx, "CREATE SCHEMA "+quote(schema)); err != nil {
		return fmt.Errorf("create schema %s (the administrator must own the database): %w", schema, err)
	}
	return nil
}

func quote(identifier string) string { return pgx.Identifier{identifier}.Sanitize() }

// connectAdmin opens a single connection with the rights of adminURL's user.
func connectAdmin(ctx context.Context, adminURL string) (*pgx.Conn, error) {
	return connectAdminFor(ctx, adminURL, adminSilenceLimit)
}

// connectAdminFor is connectAdmin for statements of which each may take as long as a limit; 0: any time.
func connectAdminFor(ctx context.Context, adminURL string, silence time.Duration) (*pgx.Conn, error) {
	config, _, err := parseURL(adminURL)
	if err != nil {
		return nil, err
	}
	config.RuntimeParams["application_name"] = "salon-bootstrap"
	watch(config, silence)
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect as administrator: %w", explainSignIn(err, false))
	}
	return conn, nil
}

// closeConn says goodbye to the server also after ctx has ended.
func closeConn(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	// Whether the server hears it or not, the connection is gone.
	_ = conn.Close(ctx)
}
