package postgres_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
)

// TestAnotherHostBecomesThePrimary: one of two hosts vanishes without a word, and the other one can be written to. Once the pool
// has a connection to that, nothing waits for the former one any more. Silence makes
// it look for that.
func TestAnotherHostBecomesThePrimary(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t, items)
	first, second := newProxy(t, server), newProxy(t, server)
	both := strings.Replace(first.url, first.listener.Addr().String(), first.listener.Addr().String()+","+second.listener.Addr().String(), 1)
	db := openPool(t, server, both, time.Hour) // the limit of silence plays no part
	warm(t, db)
	if n := second.count(); n > 0 {
		t.Fatalf("%d connections to the second host while the first one works", n)
	}

	waiting := make(chan error, 1)
	go func() {
		waiting <- db.Conn(t.Context()).Exec("UPDATE items SET amount = 1 WHERE pg_sleep(600) IS NULL").Error
	}()
	admin := connect(t, server.AdminURL())
	defer func() { _ = admin.Close(detached(t)) }()
	for begun := false; !begun; {
		err := admin.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE 'UPDATE%pg_sleep%' AND state = 'active' AND pid <> pg_backend_pid())").Scan(&begun)
		if err != nil {
			t.Fatal(err)
		}
	}
	first.freeze()
	_ = first.listener.Close()
	err := <-waiting
	if err == nil {
		t.Fatal("a statement at a host that has vanished succeeded")
	}
	checkAPIError(t, postgres.APIError(err), codes.Unavailable, "UNAVAILABLE")
	if n := second.count(); n == 0 {
		t.Error("no connection to the second host")
	}
	for _, op := range everyOperation {
		if err := op.run(t.Context(), db, 1); err != nil {
			t.Errorf("%s at the new primary: %v", op.name, err)
		}
	}
}
