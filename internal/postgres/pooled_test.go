package postgres_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/secret"
)

// openPooled opens the database behind a PgBouncer that has two connections.
func openPooled(t *testing.T, server pgtest.Server, pooled bool) *postgres.DB {
	t.Helper()
	pooler := pgtest.StartPooler(t, server.AdminURL(), 2)
	db, err := postgres.Open(postgres.Config{URL: secret.Text(pooler.URL()), Pooled: pooled}, server.Keys(), "items")
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

// TestPooled: many clients use statements, transactions and pipelines at once through a pooler that has two connections for them.
func TestPooled(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t, items)
	db := openPooled(t, server, true)
	if err := postgres.CheckSchema(t.Context(), db, items); err != nil {
		t.Fatal(err)
	}
	type row struct {
		ID     int
		Amount int
	}
	const clients, rounds = 8, 20
	var group sync.WaitGroup
	for client := range clients {
		group.Go(func() {
			for round := range rounds {
				id := client*rounds + round
				err := db.InTx(t.Context(), func(tx *postgres.DB) error {
					if err := tx.Conn(t.Context()).Exec("SELECT pg_advisory_xact_lock(?)", id%3).Error; err != nil {
						return err
					}
					return tx.Conn(t.Context()).Exec("INSERT INTO items (id, amount) VALUES (?, ?)", id, client).Error
				})
				if err != nil {
					t.Error(err)
					return
				}
				rows, err := postgres.Pipeline[row](t.Context(), db,
					postgres.Statement{SQL: "SELECT pg_advisory_xact_lock($1)", Args: []any{id % 3}},
					postgres.Statement{SQL: "UPDATE items SET amount = amount + $2 WHERE id = $1 RETURNING id, amount", Args: []any{id, 100}})
				if err != nil || len(rows) != 1 || rows[0] != (row{id, client + 100}) {
					t.Errorf("the pipeline returned %v, %v", rows, err)
				}
				var amount int
				if err := db.Conn(t.Context()).Raw("SELECT amount FROM items WHERE id = ?", id).Scan(&amount).Error; err != nil || amount != client+100 {
					t.Errorf("the amount is %d, %v", amount, err)
				}
			}
		})
	}
	group.Wait()
}

// TestPooledSettings: through a pooler, a session has the settings of the role.
func TestPooledSettings(t *testing.T) {
	t.Parallel()
	db := openPooled(t, pgtest.NewServer(t, items), true)
	for setting, want := range map[string]string{
		"search_path": "items, extensions", "timezone": "UTC", "jit": "off", "lock_timeout": "5s", "statement_timeout": "15s",
		"idle_in_transaction_session_timeout": "30s", "application_name": "salon-items",
	} {
		var got string
		if err := db.Conn(t.Context()).Raw("SELECT current_setting(?)", setting).Scan(&got).Error; err != nil || got != want {
			t.Errorf("%s is %q, %v, want %q", setting, got, err, want)
		}
	}
}

// TestPooledWithoutSettings: a role without its settings is reported with the remedy.
func TestPooledWithoutSettings(t *testing.T) {
	t.Parallel()
	lacking := postgres.Migrations{Service: "lacking"}
	server := pgtest.NewServer(t, lacking)
	exec(t, server.AdminURL(), "ALTER ROLE salon_lacking RESET ALL")
	db, err := postgres.Open(postgres.Config{URL: secret.Text(server.URL()), Pooled: true}, server.Keys(), "lacking")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := postgres.CheckSchema(t.Context(), db, lacking); err == nil || !strings.Contains(err.Error(), "salon migrate") {
		t.Errorf("the error is %v, want one with a remedy", err)
	}
}

// TestPoolerThatIsNotExpected: the error names the setting.
func TestPoolerThatIsNotExpected(t *testing.T) {
	t.Parallel()
	db := openPooled(t, pgtest.NewServer(t, items), false)
	if err := db.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "SALON_DATABASE_POOLED=true") {
		t.Errorf("the error is %v, want one that names the setting", err)
	}
}

// TestPooledColumnIsAdded: a migration that adds a column disturbs neither statements nor transactions nor pipelines.
func TestPooledColumnIsAdded(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t, items)
	db := openPooled(t, server, true)
	type row struct{ ID, Amount int }
	ways := map[string]func() error{
		"statement": func() error {
			return db.Conn(t.Context()).Raw("SELECT * FROM items WHERE id > ?", 0).Scan(&[]row{}).Error
		},
		"transaction": func() error {
			return db.InTx(t.Context(), func(tx *postgres.DB) error {
				return tx.Conn(t.Context()).Raw("SELECT * FROM items WHERE id >= ?", 0).Scan(&[]row{}).Error
			})
		},
		"pipeline": func() error {
			_, err := postgres.Pipeline[struct{ N int }](t.Context(), db,
				postgres.Statement{SQL: "SELECT * FROM items WHERE id < $1", Args: []any{9}}, postgres.Statement{SQL: "SELECT 1 AS n"})
			return err
		},
	}
	for name, run := range ways {
		var errs []error
		for column := range 3 {
			errs = append(errs, run(), run())
			exec(t, server.AdminURL(), fmt.Sprintf("ALTER TABLE items.items ADD COLUMN %s_%d text", name, column))
		}
		if err := errors.Join(append(errs, run())...); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPasswordIsSetAgain: a pooler that has signed in goes on after another Bootstrap, also on new connections.
func TestPasswordIsSetAgain(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t, items)
	db := openPooled(t, server, true)
	if err := db.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := postgres.Bootstrap(t.Context(), server.AdminURL(), server.Keys(), nil, "items"); err != nil {
		t.Fatal(err)
	}
	exec(t, server.AdminURL(), "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'salon_items' AND datname = current_database()")
	deadline := time.Now().Add(30 * time.Second)
	for {
		err := db.Conn(t.Context()).Exec("SELECT 1").Error
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}
