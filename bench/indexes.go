package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// definition is an index or a constraint as the catalogue of PostgreSQL defines it.
type definition struct {
	Table, Name string
	// Foreign is set for foreign keys, Constraint also for other constraints.
	Foreign, Constraint bool
	// Definition makes it again.
	Definition string
}

// definitionsSQL reads the indexes, and the constraints that are not checks, of the tables $1 of a schema, and the foreign keys
// that refer to them: indexes in the order in which they were made, foreign keys last.
const definitionsSQL = `
SELECT t.relname AS "table", i.relname AS name, false AS "foreign", c.oid IS NOT NULL AS "constraint",
    coalesce(pg_get_constraintdef(c.oid), pg_get_indexdef(i.oid)) AS definition, i.oid
FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
LEFT JOIN pg_constraint c ON c.conindid = i.oid AND c.contype IN ('p', 'u', 'x')
WHERE t.relnamespace = 'appointments'::regnamespace AND t.relname = ANY($1)
UNION ALL
SELECT t.relname, c.conname, true, true, pg_get_constraintdef(c.oid), c.oid
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class f ON f.oid = c.confrelid
WHERE c.contype = 'f' AND t.relnamespace = 'appointments'::regnamespace AND (t.relname = ANY($1) OR f.relname = ANY($1))
ORDER BY 3, 6`

func definitions(ctx context.Context, conn *pgx.Conn, tables []string) ([]definition, error) {
	rows, err := conn.Query(ctx, definitionsSQL, tables)
	if err != nil {
		return nil, err
	}
	type row struct {
		definition
		OID uint32
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[row])
	all := make([]definition, len(list))
	for i, r := range list {
		all[i] = r.definition
	}
	return all, err
}

func (d definition) drop() string {
	if d.Constraint {
		return "ALTER TABLE " + d.Table + " DROP CONSTRAINT " + d.Name
	}
	return "DROP INDEX " + d.Name
}

func (d definition) restore() string {
	if d.Constraint {
		return "ALTER TABLE " + d.Table + " ADD CONSTRAINT " + d.Name + " " + d.Definition
	}
	return d.Definition
}

// withoutIndexes drops the indexes and keys of tables, fills the tables, and makes the indexes and keys again, each by its own
// definition. Adding a constraint checks all rows. It fails when the definitions afterwards are others.
func withoutIndexes(ctx context.Context, url string, tables []string, fill func() error) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	before, err := definitions(ctx, conn, tables)
	if err != nil {
		return err
	}
	for _, d := range slices.Backward(before) {
		if _, err := conn.Exec(ctx, d.drop()); err != nil {
			return fmt.Errorf("drop %s: %w", d.Name, err)
		}
	}
	if err := fill(); err != nil {
		return err
	}
	// The largest table has a connection of its own, next to the others.
	largest := make(chan error, 1)
	go func() {
		largest <- restore(ctx, url, before, func(d definition) bool { return !d.Foreign && d.Table == "claims" })
	}()
	err = restore(ctx, url, before, func(d definition) bool { return !d.Foreign && d.Table != "claims" })
	if other := <-largest; err == nil {
		err = other
	}
	if err != nil {
		return err
	}
	if err := restore(ctx, url, before, func(d definition) bool { return d.Foreign }); err != nil {
		return err
	}
	after, err := definitions(ctx, conn, tables)
	if err == nil && !sameDefinitions(before, after) {
		err = fmt.Errorf("indexes and keys were %v, and are %v", before, after)
	}
	return err
}

func restore(ctx context.Context, url string, list []definition, those func(definition) bool) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, d := range list {
		if !those(d) {
			continue
		}
		done := step("  make %s", d.Name)
		if _, err := conn.Exec(ctx, d.restore()); err != nil {
			return fmt.Errorf("make %s: %w", d.Name, err)
		}
		done()
	}
	return nil
}

// sameDefinitions compares without regard to the order.
func sameDefinitions(a, b []definition) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(d definition) bool { return !slices.Contains(b, d) })
}
