package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// sharedSchema holds the functions that services share. It has no tables.
const sharedSchema = "shared"

// Function is a question about a schema that its owner lets the other services ask. It runs with the rights of the
// administrator, so that the other roles need none on the schema itself. What it returns cannot be changed: processes of
// two versions call it at once. A function that returns something else needs another name.
type Function struct {
	// Name is the name of the function, such as "open_session".
	Name string
	// Parameters are the types of the parameters $1, $2 and so on, such as "uuid, timestamptz".
	Parameters string
	// Returns is the table that it returns, such as "TABLE (id uuid)".
	Returns string
	// Query is one statement that changes nothing. It names tables with their schemas.
	Query string
}

// Share creates or replaces functions in the schema "shared", and lets the roles of the services that own schemas call
// them, and nobody else. It comes after [Migrate], and can be repeated.
func Share(ctx context.Context, adminURL string, functions []Function, schemas ...string) error {
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
	if err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return share(ctx, tx, functions, schemas) }); err != nil {
		return fmt.Errorf("share functions between services: %w", err)
	}
	return nil
}

func share(ctx context.Context, tx pgx.Tx, functions []Function, schemas []string) error {
	if err := lockBootstrap(ctx, tx); err != nil {
		return err
	}
	if err := createSchema(ctx, tx, sharedSchema); err != nil {
		return err
	}
	roles := make([]string, len(schemas))
	for i, schema := range schemas {
		roles[i] = quote(roleName(schema))
	}
	all := strings.Join(roles, ", ")
	statements := []string{
		"REVOKE ALL ON SCHEMA " + sharedSchema + " FROM PUBLIC",
		"GRANT USAGE ON SCHEMA " + sharedSchema + " TO " + all,
	}
	for _, f := range functions {
		signature := fmt.Sprintf("%s.%s(%s)", sharedSchema, quote(f.Name), f.Parameters)
		statements = append(statements,
			// The fixed search path keeps a caller from putting other operators or functions in the place of those that the query names.
			// PL/pgSQL keeps the plan of the query in the session; a function in SQL would plan it anew for each call, which takes longer than the query.
			fmt.Sprintf("CREATE OR REPLACE FUNCTION %s RETURNS %s LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$\n"+
				"#variable_conflict use_column\nBEGIN RETURN QUERY %s; END $function$", signature, f.Returns, f.Query),
			// Everybody may call a new function.
			"REVOKE ALL ON FUNCTION "+signature+" FROM PUBLIC",
			"GRANT EXECUTE ON FUNCTION "+signature+" TO "+all)
	}
	for _, statement := range statements {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// CheckShared returns an error that wraps [ErrSchemaOutdated] unless the role of db can call the functions.
func CheckShared(ctx context.Context, db *DB, functions []Function) error {
	for _, f := range functions {
		var callable bool
		const query = `SELECT EXISTS (SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
			WHERE n.nspname = $1 AND p.proname = $2 AND has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege(p.oid, 'EXECUTE'))`
		// Unprepared, in one round trip: a process that starts waits for this answer.
		if err := db.pool(ctx).sql.QueryRowContext(ctx, query, pgx.QueryExecModeExec, sharedSchema, f.Name).Scan(&callable); err != nil {
			return fmt.Errorf("look for the function %s.%s: %w", sharedSchema, f.Name, err)
		}
		if !callable {
			return fmt.Errorf("the function %s.%s is not there for the role of %s: %w", sharedSchema, f.Name, db.Schema(), ErrSchemaOutdated)
		}
	}
	return nil
}
