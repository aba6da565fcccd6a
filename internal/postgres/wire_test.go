package postgres_test

import (
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/secret"
)

const (
	// patient is a limit for the server's silence that no test reaches.
	patient = time.Minute
	// impatient is one that a busy server does not reach either.
	impatient = 2 * time.Second
)

// openPool opens a pool of poolSize connections with a limit for the server's silence.
func openPool(t *testing.T, server pgtest.Server, at string, silence time.Duration) *postgres.DB {
	t.Helper()
	db, err := postgres.OpenImpatient(postgres.Config{URL: secret.Text(at), MaxConns: poolSize}, server.Keys(), "items", silence)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// TestServerThatVanishes: without a word and with no deadline of the caller, every call ends, and the pool goes on with
// new connections.
func TestServerThatVanishes(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t, items)
	network := newProxy(t, server)
	db := openPool(t, server, network.url, impatient)
	vanishes(t, db, network.freeze)
}

// TestServerThatHangs: a stopped server still acknowledges what it is sent.
func TestServerThatHangs(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t, items)
	db := openPool(t, server, server.URL(), impatient)
	vanishes(t, db, func() {
		for _, pid := range backends(t, server, "pid") {
			if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
				t.Skipf("may not stop the server: %v", err)
			}
			t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGCONT) })
		}
	})
}

func vanishes(t *testing.T, db *postgres.DB, vanish func()) {
	t.Helper()
	for i, op := range []operation{reads[0], inTransaction, writes[0], writes[2]} {
		warm(t, db, op)
		vanish()
		failed := failures(t, db, op, 1+i*calls)
		if i < 2 && len(failed) > 0 {
			t.Errorf("%s: %d of %d calls failed: %v", op.name, len(failed), calls, failed)
		}
		for _, err := range failed {
			checkAPIError(t, postgres.APIError(err), codes.Unavailable, "UNAVAILABLE")
		}
		if i > 0 {
			amounts(t, db, 1+i*calls, failed)
		}
	}
	warm(t, db)
	err := db.InTx(t.Context(), func(tx *postgres.DB) error {
		err := tx.Conn(t.Context()).Exec(addOne + "500").Error
		vanish()
		return err
	})
	checkAPIError(t, postgres.APIError(err), codes.Unavailable, "UNAVAILABLE")
}
