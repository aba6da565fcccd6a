package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"

	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
)

const (
	poolSize = 8
	calls    = 30
)

// operation is a kind of access to row id of items.
type operation struct {
	name string
	run  func(ctx context.Context, db *postgres.DB, id int) error
}

const addOne = "UPDATE items SET amount = amount + 1 WHERE id = "

var (
	reads = []operation{
		{"GORM", func(ctx context.Context, db *postgres.DB, id int) error {
			return db.Conn(ctx).Where("id = ?", id).Take(&item{}).Error
		}},
		{"SQL", func(ctx context.Context, db *postgres.DB, id int) error {
			var rows []map[string]any
			return db.Conn(ctx).Raw("WITH i AS (SELECT * FROM items WHERE id = ?) SELECT * FROM i", id).Scan(&rows).Error
		}},
		{"row", func(ctx context.Context, db *postgres.DB, id int) error {
			var row struct{ ID int }
			return db.Conn(ctx).Raw("SELECT * FROM items WHERE id = ?", id).Row().Scan(&row.ID, new(any), new(any), new(any))
		}},
	}
	inTransaction = operation{"transaction", func(ctx context.Context, db *postgres.DB, id int) error {
		return db.InTx(ctx, func(tx *postgres.DB) error {
			for _, read := range reads[:2] {
				if err := read.run(ctx, tx, id); err != nil {
					return err
				}
			}
			return tx.Conn(ctx).Exec(addOne+"?", id).Error
		})
	}}
	writes = []operation{
		{"statement", func(ctx context.Context, db *postgres.DB, id int) error {
			return db.Conn(ctx).Exec(addOne+"?", id).Error
		}},
		{"returning", func(ctx context.Context, db *postgres.DB, id int) error {
			var rows []map[string]any
			return db.Conn(ctx).Raw(addOne+"? RETURNING *", id).Scan(&rows).Error
		}},
		{"pipeline", func(ctx context.Context, db *postgres.DB, id int) error {
			_, err := postgres.Pipeline[item](ctx, db, postgres.Statement{SQL: "SELECT * FROM items"},
				postgres.Statement{SQL: addOne + "$1 RETURNING id, kind, amount", Args: []any{id}})
			return err
		}},
	}
	everyOperation = append(append([]operation{inTransaction}, reads[:2]...), writes...)
)

// warm fills the pool: each connection has run every operation, so that it has cached plans.
func warm(t *testing.T, db *postgres.DB, ops ...operation) {
	t.Helper()
	if err := db.Conn(t.Context()).Exec("INSERT INTO items (id) SELECT generate_series(0, 500) ON CONFLICT DO NOTHING").Error; err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup // of the connections, in use at the same time
	all.Add(poolSize)
	var group errgroup.Group
	for range poolSize {
		group.Go(func() error {
			return db.InTx(t.Context(), func(tx *postgres.DB) error {
				err := tx.Conn(t.Context()).Exec("SELECT 1").Error
				all.Done()
				all.Wait()
				return err
			})
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	for round := range 10 {
		for range poolSize {
			for _, op := range ops {
				group.Go(func() error { return op.run(t.Context(), db, 0) })
			}
		}
		if err := group.Wait(); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
	}
	if idle := db.PoolStats().Idle; idle != poolSize {
		t.Fatalf("%d connections are warm", idle)
	}
}

// failures runs an operation calls times at once, each on a row of its own from first on, and returns the errors by row.
func failures(t *testing.T, db *postgres.DB, op operation, first int) map[int]error {
	t.Helper()
	errs := make([]error, calls)
	var group sync.WaitGroup
	for i := range calls {
		group.Go(func() { errs[i] = op.run(t.Context(), db, first+i) })
	}
	group.Wait()
	failed := map[int]error{}
	for i, err := range errs {
		if err != nil {
			failed[first+i] = err
		}
	}
	return failed
}

// amounts checks that the rows from first on were written once, or, where the call failed, at most once.
func amounts(t *testing.T, db *postgres.DB, first int, failed map[int]error) {
	t.Helper()
	var rows []item
	if err := db.Conn(t.Context()).Raw("SELECT id, amount FROM items WHERE id >= ? AND id < ?", first, first+calls).Scan(&rows).Error; err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if row.Amount > 1 || row.Amount == 0 && failed[row.ID] == nil {
			t.Errorf("row %d was written %d times, error %v", row.ID, row.Amount, failed[row.ID])
		}
	}
	if len(rows) != calls {
		t.Errorf("%d rows", len(rows))
	}
}

// backends runs a function of PostgreSQL for the ids of all connections of a pool.
func backends(t *testing.T, server pgtest.Server, expression string) []int {
	t.Helper()
	conn := connect(t, server.AdminURL())
	rows, err := conn.Query(t.Context(), `SELECT pid, `+expression+` FROM pg_stat_activity
		WHERE datname = current_database() AND application_name = 'salon-items'`)
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for rows.Next() {
		var pid int
		if err := rows.Scan(&pid, nil); err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(detached(t)); err != nil {
		t.Fatal(err)
	}
	return pids
}

// TestServerDropsAllConnections: the next call of every kind finds that out before it sends anything.
func TestServerDropsAllConnections(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t, items)
	db := openPool(t, server, server.URL(), patient)
	for i, op := range append(append([]operation{inTransaction}, reads...), writes...) {
		warm(t, db, op)
		if pids := backends(t, server, "pg_terminate_backend(pid, 10000)"); len(pids) != poolSize {
			t.Fatalf("%d connections were dropped", len(pids))
		}
		failed := failures(t, db, op, 1+i*calls)
		if len(failed) > 0 {
			t.Errorf("%s: %d of %d calls failed: %v", op.name, len(failed), calls, failed)
		}
		if i == 0 || i > len(reads) {
			amounts(t, db, 1+i*calls, failed)
		}
	}
}

// TestConnectionsThatBreakAtTheirNextUse: reads and transactions are tried again. A write that the server may have
// carried out is not.
func TestConnectionsThatBreakAtTheirNextUse(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t, items)
	network := newProxy(t, server)
	db := openPool(t, server, network.url, patient)
	for i, op := range append(reads, inTransaction) {
		warm(t, db, op)
		network.cut()
		failed := failures(t, db, op, 1+i*calls)
		if len(failed) > 0 {
			t.Errorf("%s: %d of %d calls failed: %v", op.name, len(failed), calls, failed)
		}
	}
	amounts(t, db, 1+len(reads)*calls, nil)
	for i, op := range writes {
		warm(t, db, op)
		network.cut()
		first := 1 + (len(reads)+1+i)*calls
		failed := failures(t, db, op, first)
		if len(failed) == 0 {
			t.Errorf("%s: no call failed", op.name)
		}
		for _, err := range failed {
			checkAPIError(t, postgres.APIError(err), codes.Unavailable, "UNAVAILABLE")
		}
		amounts(t, db, first, failed)
	}
}

// TestCommitOnABrokenConnection: nobody knows whether the transaction was committed, so it does not run again.
func TestCommitOnABrokenConnection(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t, items)
	network := newProxy(t, server)
	db := openPool(t, server, network.url, patient)
	warm(t, db)
	runs := 0
	err := db.InTx(t.Context(), func(tx *postgres.DB) error {
		runs++
		err := tx.Conn(t.Context()).Exec(addOne + "1").Error
		network.cut()
		return err
	})
	if runs != 1 {
		t.Errorf("the closure ran %d times", runs)
	}
	checkAPIError(t, postgres.APIError(err), codes.Unavailable, "UNAVAILABLE")
}

// TestMigrationUnderLoad changes a table again and again while every kind of access goes on.
func TestMigrationUnderLoad(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t, items)
	db := openPool(t, server, server.URL(), patient)
	warm(t, db, everyOperation...)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var group errgroup.Group
	for _, op := range everyOperation {
		for id := range 2 {
			group.Go(func() error {
				for ctx.Err() == nil {
					if err := op.run(t.Context(), db, id+1); err != nil {
						return fmt.Errorf("%s: %w", op.name, err)
					}
				}
				return nil
			})
		}
	}
	for n := range 10 {
		exec(t, server.AdminURL(), fmt.Sprintf("ALTER TABLE items.items ADD COLUMN more_%d text", n))
		for _, op := range everyOperation {
			if err := op.run(t.Context(), db, 10); err != nil {
				t.Errorf("%s: %v", op.name, err)
			}
		}
	}
	stop()
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}

// TestServerThatBecameReadOnly: its connections are given up for new ones, which lead to the new primary.
func TestServerThatBecameReadOnly(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t, items)
	for i, op := range []operation{writes[0], writes[2], inTransaction} {
		db := openPool(t, server, server.URL(), patient)
		exec(t, server.AdminURL(), "INSERT INTO items.items (id) SELECT generate_series(0, 500) ON CONFLICT DO NOTHING")
		readOnly(t, server, "on")
		failed := failures(t, db, op, 1+i*calls)
		if len(failed) != calls {
			t.Errorf("%s: %d of %d calls failed on a read-only server", op.name, len(failed), calls)
		}
		for _, err := range failed {
			checkAPIError(t, postgres.APIError(err), codes.Unavailable, "UNAVAILABLE")
		}
		warm(t, openPool(t, server, server.AdminURL(), patient)) // an administrator can still write
		for range poolSize {
			if err := reads[0].run(t.Context(), db, 1); err != nil {
				t.Errorf("a read on a read-only server: %v", err)
			}
		}
		readOnly(t, server, "off")
		failed = failures(t, db, op, 1+i*calls)
		if len(failed) > 0 {
			t.Errorf("%s: %d of %d calls failed: %v", op.name, len(failed), calls, failed)
		}
		amounts(t, db, 1+i*calls, failed)
	}
}

func readOnly(t *testing.T, server pgtest.Server, value string) {
	t.Helper()
	var name string
	conn := connect(t, server.AdminURL())
	defer func() { _ = conn.Close(detached(t)) }()
	if err := conn.QueryRow(t.Context(), "SELECT current_database()").Scan(&name); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "ALTER ROLE salon_items IN DATABASE "+pgx.Identifier{name}.Sanitize()+
		" SET default_transaction_read_only = "+value); err != nil {
		t.Fatal(err)
	}
}

func TestIsRead(t *testing.T) {
	t.Parallel()
	for statement, want := range map[string]bool{
		"SELECT * FROM items":                                        true,
		" with a as (select 1) table a":                              true,
		"SELECT updated_at FROM items":                               true,
		"VALUES (1)":                                                 true,
		"INSERT INTO items VALUES (1)":                               false,
		"SELECT nextval('s')":                                        false,
		"SELECT pg_advisory_xact_lock(1)":                            false,
		"SELECT * FROM items FOR UPDATE":                             false,
		"SELECT 1 INTO t":                                            false,
		"WITH d AS (DELETE FROM items RETURNING id) SELECT * FROM d": false,
		"DO $$ BEGIN END $$":                                         false,
		"SET x = 1":                                                  false,
		"":                                                           false,
	} {
		if got := postgres.IsRead(statement); got != want {
			t.Errorf("%q is a read: %v", statement, got)
		}
	}
}
