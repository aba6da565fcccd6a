package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
)

var errBoom = errors.New("boom")

func insertItem(ctx context.Context, db *postgres.DB, id int) error {
	return db.Conn(ctx).Exec("INSERT INTO items (id) VALUES (?)", id).Error
}

func countItems(t *testing.T, db *postgres.DB) int {
	t.Helper()
	var n int
	if err := db.Conn(t.Context()).Raw("SELECT count(*) FROM items").Scan(&n).Error; err != nil {
		t.Fatal(err)
	}
	return n
}

// raise fails in PostgreSQL with a chosen SQLSTATE.
func raise(ctx context.Context, db *postgres.DB, state string) error {
	return db.Conn(ctx).Exec(fmt.Sprintf("DO $$ BEGIN RAISE EXCEPTION 'made up' USING ERRCODE = '%s'; END $$", state)).Error
}

func TestInTxCommits(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, items)
	var calls []string
	err := db.InTx(t.Context(), func(tx *postgres.DB) error {
		tx.OnCommit(func() {
			calls = append(calls, fmt.Sprintf("first sees %d", countItems(t, db)))
		})
		if err := insertItem(t.Context(), tx, 1); err != nil {
			return err
		}
		if got := countItems(t, db); got != 0 {
			t.Errorf("%d rows are visible before the commit", got)
		}
		tx.OnCommit(func() { calls = append(calls, "second") })
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"first sees 1", "second"}; !slices.Equal(calls, want) {
		t.Errorf("after the commit: %v, want %v", calls, want)
	}
}

func TestOnCommitOutsideATransactionRunsAtOnce(t *testing.T) {
	t.Parallel()
	called := false
	pgtest.New(t, items).OnCommit(func() { called = true })
	if !called {
		t.Error("not called")
	}
}

func TestInTxRollsBack(t *testing.T) {
	t.Parallel()
	tests := map[string]func(ctx context.Context, tx *postgres.DB) error{
		"error":            func(context.Context, *postgres.DB) error { return errBoom },
		"panic":            func(context.Context, *postgres.DB) error { panic(errBoom) },
		"error of a query": func(ctx context.Context, tx *postgres.DB) error { return insertItem(ctx, tx, 1) },
		"failed query that the closure ignores": func(ctx context.Context, tx *postgres.DB) error {
			_ = insertItem(ctx, tx, 1)
			return nil
		},
		"nested error": func(ctx context.Context, tx *postgres.DB) error {
			return tx.InTx(ctx, func(*postgres.DB) error { return errBoom })
		},
	}
	for name, fail := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, items)
			err := func() (err error) {
				defer func() {
					if r := recover(); r != nil {
						err = fmt.Errorf("panic: %v", r)
					}
				}()
				return db.InTx(t.Context(), func(tx *postgres.DB) error {
					tx.OnCommit(func() { t.Error("called after a rollback") })
					if err := insertItem(t.Context(), tx, 1); err != nil {
						return err
					}
					return fail(t.Context(), tx)
				})
			}()
			if err == nil {
				t.Error("no error")
			}
			if got := countItems(t, db); got != 0 {
				t.Errorf("%d rows were kept", got)
			}
			if inUse := db.PoolStats().InUse; inUse != 0 {
				t.Errorf("%d connections were not given back", inUse)
			}
		})
	}
}

func TestNestedInTxIsTheSameTransaction(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, items)
	err := db.InTx(t.Context(), func(tx *postgres.DB) error {
		if err := insertItem(t.Context(), tx, 1); err != nil {
			return err
		}
		return tx.InTx(t.Context(), func(nested *postgres.DB) error {
			nested.OnCommit(func() {
				if got := countItems(t, db); got != 2 {
					t.Errorf("%d rows after the commit, want 2", got)
				}
			})
			if got := countItems(t, nested); got != 1 {
				t.Errorf("the nested closure sees %d rows, want 1", got)
			}
			return insertItem(t.Context(), nested, 2)
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestInTxRetries(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, state string
		failures    int
		wantRuns    int
		wantErr     bool
	}{
		{"serialization failure", "40001", 2, 3, false},
		{"deadlock", "40P01", 4, 5, false},
		{"for ever", "40001", 99, 5, true},
		{"another error", "23505", 1, 1, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, items)
			runs, committed := 0, 0
			err := db.InTx(t.Context(), func(tx *postgres.DB) error {
				runs++
				tx.OnCommit(func() { committed++ })
				if err := insertItem(t.Context(), tx, 1); err != nil {
					return fmt.Errorf("insert: %w", err)
				}
				if runs <= tt.failures {
					return fmt.Errorf("wrapped: %w", raise(t.Context(), tx, tt.state))
				}
				return nil
			})
			if (err != nil) != tt.wantErr || runs != tt.wantRuns {
				t.Errorf("%d runs, error %v; want %d runs", runs, err, tt.wantRuns)
			}
			if tt.wantErr && postgres.SQLState(err) != tt.state {
				t.Errorf("SQLSTATE %q, want %q", postgres.SQLState(err), tt.state)
			}
			if want := map[bool]int{true: 0, false: 1}[tt.wantErr]; committed != want {
				t.Errorf("OnCommit ran %d times, want %d", committed, want)
			}
		})
	}
}

func TestInTxStopsRetryingWithTheContext(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, items)
	ctx, cancel := context.WithCancel(t.Context())
	runs := 0
	err := db.InTx(ctx, func(tx *postgres.DB) error {
		runs++
		err := raise(ctx, tx, "40001")
		cancel()
		return err
	})
	if runs != 1 || !errors.Is(err, context.Canceled) {
		t.Errorf("%d runs, error %v", runs, err)
	}
}

func TestInTxSurvivesARealDeadlock(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, items)
	for _, id := range []int{1, 2} {
		if err := insertItem(t.Context(), db, id); err != nil {
			t.Fatal(err)
		}
	}
	var both sync.WaitGroup // both hold their first row before either wants its second
	both.Add(2)
	var group errgroup.Group
	for _, order := range [][]int{{1, 2}, {2, 1}} {
		group.Go(func() error {
			first := true
			return db.InTx(t.Context(), func(tx *postgres.DB) error {
				for _, id := range order {
					if err := tx.Conn(t.Context()).Exec("UPDATE items SET amount = amount + 1 WHERE id = ?", id).Error; err != nil {
						return err
					}
					if first {
						first = false
						both.Done()
						both.Wait()
					}
				}
				return nil
			})
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	var sum int
	if err := db.Conn(t.Context()).Raw("SELECT sum(amount) FROM items").Scan(&sum).Error; err != nil {
		t.Fatal(err)
	}
	if sum != 4 {
		t.Errorf("sum %d, want 4: every update once", sum)
	}
}

func TestInTxSurvivesAMigration(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t, items)
	db := open(t, server.URL(), server.Keys(), "items")
	read := func() error {
		return db.InTx(t.Context(), func(tx *postgres.DB) error {
			var rows []map[string]any
			return tx.Conn(t.Context()).Raw("SELECT * FROM items").Scan(&rows).Error
		})
	}
	if err := read(); err != nil {
		t.Fatal(err)
	}
	exec(t, server.AdminURL(), "ALTER TABLE items.items ADD COLUMN note text")
	if err := read(); err != nil {
		t.Errorf("a cached statement outlived the table's change: %v", err)
	}
}
