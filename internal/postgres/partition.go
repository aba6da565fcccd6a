package postgres

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

const (
	// partitionVersion is the first version of PostgreSQL whose exclusion constraints and foreign keys do on partitioned tables all that the
	// schemas of Salon need, as server_version_num.
	partitionVersion = 180000
	// maxPartitions bounds the tables and indexes that a query without the key has to look into.
	maxPartitions = 256
)

//go:embed partition.sql
var partitionSQL string

// Layout says which tables of a schema are laid out in hash partitions.
type Layout struct {
	// Tables are the names, Key is the column that decides about the partition. It is part of the primary keys and of the foreign keys
	// between the tables.
	Tables []string
	Key    string
	// Partitions is how many partitions each table has.
	Partitions int
}

// Partition lays tables of a service's schema out in hash partitions, in one transaction, and reports whether there was something to do.
// It copies all rows and makes all indexes anew. The tables are locked meanwhile. When it fails, nothing has changed; only the VACUUM that
// follows can fail later, and is done again by the next call, as are the settings. Servers before version 18 are refused, and another number
// of partitions than the tables have. It takes as long as it takes: a connection that is lost is noticed, a server that hangs is not.
func Partition(ctx context.Context, adminURL string, m Migrations, l Layout) (done bool, err error) {
	if l.Partitions < 2 || l.Partitions > maxPartitions {
		return false, fmt.Errorf("%d partitions: there must be 2 to %d", l.Partitions, maxPartitions)
	}
	if err := checkSchemaName(m.Service); err != nil {
		return false, err
	}
	conn, err := connectAdminFor(ctx, adminURL, 0) // millions of rows take longer than any limit
	if err != nil {
		return false, err
	}
	defer closeConn(ctx, conn)
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if err := keepPlans(ctx, tx, m.Service); err != nil { // before what takes long
			return err
		}
		if done, err = layOut(ctx, tx, m.Service, l); err != nil || !done {
			return err
		}
		return grantTables(ctx, tx, m.Service)
	})
	if err != nil {
		return false, err
	}
	// Rows that were copied in one transaction are not known to be visible to everybody, so that no index answers alone.
	if _, err := conn.Exec(ctx, "VACUUM "+tablesOf(m.Service, l.Tables)); err != nil {
		return done, fmt.Errorf("the tables are laid out, but were not vacuumed; repeat the command: %w", err)
	}
	return done, nil
}

func layOut(ctx context.Context, tx pgx.Tx, schema string, l Layout) (done bool, err error) {
	var version int
	var name string
	err = tx.QueryRow(ctx, "SELECT current_setting('server_version_num')::integer, current_setting('server_version')").Scan(&version, &name)
	if err != nil {
		return false, fmt.Errorf("read the version of PostgreSQL: %w", err)
	}
	if version < partitionVersion {
		return false, fmt.Errorf("partitions need PostgreSQL 18 or newer; this is %s", name)
	}
	// The lock of migrations, which must not run meanwhile.
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1), set_config('search_path', $2, true)", migrationLock, quote(schema)+", public"); err != nil {
		return false, fmt.Errorf("wait for migrations: %w", err)
	}
	laidOut := 0
	for _, table := range l.Tables {
		var partitioned bool
		var partitions int
		err := tx.QueryRow(ctx, `SELECT relkind = 'p', (SELECT count(*) FROM pg_inherits WHERE inhparent = c.oid)
			FROM pg_class c WHERE c.oid = to_regclass($1)`, quote(table)).Scan(&partitioned, &partitions)
		switch {
		case err != nil:
			return false, fmt.Errorf("look at table %s: %w", table, err)
		case partitioned && partitions != l.Partitions:
			return false, fmt.Errorf("table %s has %d partitions, which cannot be changed to %d", table, partitions, l.Partitions)
		case partitioned:
			laidOut++
		}
	}
	if laidOut == len(l.Tables) {
		return false, nil
	}
	if laidOut > 0 {
		return false, fmt.Errorf("some tables of schema %s are partitioned and others are not", schema)
	}
	for _, statement := range []struct {
		sql  string
		args []any
	}{
		{sql: partitionSQL},
		{"SELECT pg_temp.lay_out($1, $2, $3)", []any{l.Tables, l.Key, l.Partitions}},
		// The parents have statistics of their own, which autovacuum does not collect.
		{sql: "ANALYZE " + tablesOf(schema, l.Tables)},
		{sql: "DROP FUNCTION pg_temp.lay_out"},
	} {
		if _, err := tx.Exec(ctx, statement.sql, statement.args...); err != nil {
			return false, fmt.Errorf("partition schema %s: %w", schema, err)
		}
	}
	return true, nil
}

// keepPlans makes the sessions of the service plan each prepared statement once. PostgreSQL would plan many of them for each call, because it
// does not count in the cost of a plan for all calls that partitions are left out when it runs; with partitions, planning takes longer than most
// statements.
func keepPlans(ctx context.Context, tx pgx.Tx, schema string) error {
	var database string
	err := tx.QueryRow(ctx, "SELECT current_database()").Scan(&database)
	if err == nil {
		_, err = tx.Exec(ctx, "ALTER ROLE "+quote(roleName(schema))+" IN DATABASE "+quote(database)+" SET plan_cache_mode = force_generic_plan")
	}
	if err != nil {
		return fmt.Errorf("set the role of schema %s to keep plans: %w", schema, err)
	}
	return nil
}

// tablesOf quotes the names of tables, with their schema, and puts commas between.
func tablesOf(schema string, names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = pgx.Identifier{schema, name}.Sanitize()
	}
	return strings.Join(quoted, ", ")
}
