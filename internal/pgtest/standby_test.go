package pgtest_test

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/beauty-salon/platform/internal/embedded/pgcluster"
	"github.com/beauty-salon/platform/internal/pgtest"
)

// TestStandby: a standby shows what the primary has, not while it is paused, and is a primary itself once it is promoted.
func TestStandby(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("/tmp", "salon-primary-")
	if err != nil {
		t.Fatal(err)
	}
	primary, err := pgcluster.Start(t.Context(), pgcluster.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := primary.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	address := primary.AdminURL("postgres")
	exec(t, address, "CREATE TABLE facts (fact int)")
	standby := pgtest.StartStandby(t, address)

	exec(t, address, "INSERT INTO facts VALUES (1)")
	standby.CatchUp()
	if n := count(t, standby.AdminURL()); n != 1 {
		t.Errorf("the standby has %d rows, want 1", n)
	}
	standby.Pause()
	exec(t, address, "INSERT INTO facts VALUES (2)")
	if n := count(t, standby.AdminURL()); n != 1 {
		t.Errorf("the paused standby has %d rows, want 1", n)
	}
	standby.Resume()
	standby.CatchUp()
	standby.Promote()
	exec(t, standby.AdminURL(), "INSERT INTO facts VALUES (3)")
	if n := count(t, standby.AdminURL()); n != 3 {
		t.Errorf("the promoted standby has %d rows, want 3", n)
	}
}

func exec(t *testing.T, at, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func count(t *testing.T, at string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM facts").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
