package backup

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// countRows returns the number of rows of each table in the schemas, by "schema.table".
func countRows(ctx context.Context, tx pgx.Tx, schemas []string) (map[string]int64, error) {
	rows, err := tx.Query(ctx, `SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind = 'r' AND n.nspname = ANY($1)`, schemas)
	if err != nil {
		return nil, err
	}
	type table struct{ Schema, Name string }
	tables, err := pgx.CollectRows(rows, pgx.RowToStructByPos[table])
	if err != nil {
		return nil, err
	}
	counts := map[string]int64{}
	for _, t := range tables {
		var n int64
		if err := tx.QueryRow(ctx, "SELECT count(*) FROM "+pgx.Identifier{t.Schema, t.Name}.Sanitize()).Scan(&n); err != nil {
			return nil, fmt.Errorf("count %s.%s: %w", t.Schema, t.Name, err)
		}
		counts[t.Schema+"."+t.Name] = n
	}
	return counts, nil
}

// compare returns an error that names the tables whose number of rows is not the expected one.
func compare(want, got map[string]int64) error {
	var wrong []string
	for table, n := range want {
		if have, ok := got[table]; !ok || have != n {
			wrong = append(wrong, fmt.Sprintf("%s has %d rows, the backup %d", table, have, n))
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	slices.Sort(wrong)
	return fmt.Errorf("the restored database is not complete: %s", strings.Join(wrong, "; "))
}

// ageTransactions gives rows that name a transaction of another server the name of an old transaction of this one. The number of a
// transaction means nothing on another server; one that is still to come would look like a change that has not happened yet. Where a trigger of the table
// names the transaction itself, it becomes this one, which is as good.
func ageTransactions(ctx context.Context, tx pgx.Tx, schemas []string) error {
	rows, err := tx.Query(ctx, `SELECT n.nspname, c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
		JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE a.atttypid = 'xid8'::regtype AND NOT a.attisdropped AND c.relkind = 'r' AND n.nspname = ANY($1)`, schemas)
	if err != nil {
		return err
	}
	type column struct{ Schema, Table, Name string }
	columns, err := pgx.CollectRows(rows, pgx.RowToStructByPos[column])
	if err != nil {
		return err
	}
	for _, c := range columns {
		// 3 is the first of all transactions, and initdb takes more than 500. The names differ where a salon has one row for each
		// transaction (freed_times).
		const age = `UPDATE %[1]s AS t SET %[2]s = old.name FROM (
			SELECT ctid AS place, (3 + row_number() OVER () %% 500)::text::xid8 AS name FROM %[1]s WHERE %[2]s >= pg_current_xact_id()
		) AS old WHERE t.ctid = old.place`
		if _, err := tx.Exec(ctx, fmt.Sprintf(age, pgx.Identifier{c.Schema, c.Table}.Sanitize(), pgx.Identifier{c.Name}.Sanitize())); err != nil {
			return fmt.Errorf("age the transactions of %s.%s: %w", c.Schema, c.Table, err)
		}
	}
	return nil
}
