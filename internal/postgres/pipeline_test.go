package postgres_test

import (
	"testing"
	"time"

	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
)

// remember is a statement that writes a row for the pipeline tests.
const remember = "INSERT INTO inbox (consumer, event_id) VALUES ($1, gen_random_uuid())"

func remembered(t *testing.T, db *postgres.DB, consumer string) int {
	t.Helper()
	var n int
	if err := db.Conn(t.Context()).Raw("SELECT count(*) FROM inbox WHERE consumer = ?", consumer).Scan(&n).Error; err != nil {
		t.Fatal(err)
	}
	return n
}

func TestPipelineReturnsTheLastRows(t *testing.T) {
	db := pgtest.New(t)
	type row struct {
		Number int32
		Name   *string
	}
	rows, err := postgres.Pipeline[row](t.Context(), db,
		postgres.Statement{SQL: remember, Args: []any{"rows"}},
		postgres.Statement{
			SQL:  "SELECT name, number FROM unnest($1::int[], $2::text[]) AS r (number, name) ORDER BY number",
			Args: []any{[]int32{2, 1}, []*string{nil, postgres.Null("one")}},
		})
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 2 || rows[0].Number != 1 || *rows[0].Name != "one" || rows[1].Name != nil {
		t.Errorf("got %+v", rows)
	}
	if n := remembered(t, db, "rows"); n != 1 {
		t.Errorf("the statement before wrote %d rows", n)
	}
}

// TestPipelineIsOneTransaction: what fails, at whichever statement or at the commit, leaves nothing.
func TestPipelineIsOneTransaction(t *testing.T) {
	db := pgtest.New(t)
	for _, bad := range []struct{ name, sql string }{
		{"statement", "SELECT 1 / 0 AS n"},
		{"syntax", "SELEC 1"},
		{"parameter", "SELECT $1::int AS n"},
	} {
		_, err := postgres.Pipeline[struct{ N int32 }](t.Context(), db,
			postgres.Statement{SQL: remember, Args: []any{bad.name}},
			postgres.Statement{SQL: bad.sql},
			postgres.Statement{SQL: "SELECT 1 AS n"})
		if err == nil {
			t.Errorf("%s: no error", bad.name)
		}
		if n := remembered(t, db, bad.name); n != 0 {
			t.Errorf("%s: %d rows stay", bad.name, n)
		}
	}
	if n, err := postgres.Pipeline[struct{ N int32 }](t.Context(), db, postgres.Statement{SQL: "SELECT 1 AS n"}); err != nil || n[0].N != 1 {
		t.Errorf("afterwards: %v, %v", n, err)
	}
}

// TestPipelineSeesWhatWasCommittedBeforeItsLock: the snapshot of a statement is taken after the lock of
// the statement before it.
func TestPipelineSeesWhatWasCommittedBeforeItsLock(t *testing.T) {
	db := pgtest.New(t)
	const lock = "SELECT pg_advisory_xact_lock(42)"
	locked, commit, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- db.InTx(t.Context(), func(tx *postgres.DB) error {
			if err := tx.Conn(t.Context()).Exec(lock).Error; err != nil {
				return err
			}
			if err := tx.Conn(t.Context()).Exec("INSERT INTO inbox (consumer, event_id) VALUES ('lock', gen_random_uuid())").Error; err != nil {
				return err
			}
			close(locked)
			<-commit
			return nil
		})
	}()
	<-locked
	result := make(chan int64, 1)
	go func() {
		rows, err := postgres.Pipeline[struct{ N int64 }](t.Context(), db,
			postgres.Statement{SQL: lock}, postgres.Statement{SQL: "SELECT count(*) AS n FROM inbox WHERE consumer = 'lock'"})
		if err != nil {
			t.Error(err)
			result <- -1
			return
		}
		result <- rows[0].N
	}()
	deadline := time.Now().Add(20 * time.Second)
	for waits := 0; waits == 0; <-time.After(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the pipeline does not wait for the lock")
		}
		err := db.Conn(t.Context()).Raw(`SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`).Scan(&waits).Error
		if err != nil {
			t.Fatal(err)
		}
	}
	close(commit)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := <-result; got != 1 {
		t.Errorf("the statement after the lock saw %d rows", got)
	}
}

func TestPipelineInsideATransaction(t *testing.T) {
	db := pgtest.New(t)
	err := db.InTx(t.Context(), func(tx *postgres.DB) error {
		_, err := postgres.Pipeline[struct{ N int32 }](t.Context(), tx, postgres.Statement{SQL: "SELECT 1 AS n"})
		return err
	})
	if err == nil {
		t.Error("no error")
	}
}
