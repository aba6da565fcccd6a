package backup

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, pgtest.LeakOptions()...) }

// TestAgeTransactions: what a newer transaction of another server has written is the work of different old ones here.
func TestAgeTransactions(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t)
	conn, err := postgres.ConnectAdmin(t.Context(), server.AdminURL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.Exec(t.Context(), `CREATE TABLE test.freed (salon int, xid xid8 NOT NULL, UNIQUE (salon, xid));
		INSERT INTO test.freed SELECT 1, ('99999999' || n)::xid8 FROM generate_series(10, 300) n;
		INSERT INTO test.freed VALUES (2, '100');
		CREATE TABLE test.other (salon int, xid xid8); INSERT INTO test.other VALUES (1, NULL), (2, '99999999999')`); err != nil {
		t.Fatal(err)
	}
	if err := pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error { return ageTransactions(t.Context(), tx, []string{"test"}) }); err != nil {
		t.Fatal(err)
	}
	var rows, future, kept, absent int
	if err := conn.QueryRow(t.Context(), `SELECT count(*), count(*) FILTER (WHERE xid >= pg_snapshot_xmin(pg_current_snapshot())),
		count(*) FILTER (WHERE salon = 2 AND xid = '100'), (SELECT count(*) FROM test.other WHERE xid IS NULL)
		FROM (SELECT * FROM test.freed UNION ALL SELECT * FROM test.other) all_rows`).Scan(&rows, &future, &kept, &absent); err != nil {
		t.Fatal(err)
	}
	if rows != 294 || future != 0 || kept != 1 || absent != 1 {
		t.Errorf("%d rows, %d of transactions to come, %d kept, %d without", rows, future, kept, absent)
	}
}
