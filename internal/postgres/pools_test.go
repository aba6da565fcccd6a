package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/secret"
)

type reading struct{}

// TestReadsHaveConnectionsOfTheirOwn: calls that only read and hold all connections that they can have keep no change waiting.
func TestReadsHaveConnectionsOfTheirOwn(t *testing.T) {
	server := pgtest.NewServer(t, items)
	isRead := func(ctx context.Context) bool { return ctx.Value(reading{}) != nil }
	db, err := postgres.Open(postgres.Config{URL: secret.Text(server.URL()), MaxConns: 3, IsRead: isRead}, server.Keys(), "items")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	reads := context.WithValue(t.Context(), reading{}, true)
	one := func(ctx context.Context) error {
		_, err := postgres.Pipeline[struct{ N int32 }](ctx, db, postgres.Statement{SQL: "SELECT 1 AS n"})
		return errors.Join(err, db.Conn(ctx).Exec("SELECT 1").Error)
	}
	err = db.InTx(reads, func(*postgres.DB) error {
		if got := db.ReadPoolStats(); got.InUse != 1 || got.MaxOpenConnections != 1 {
			t.Errorf("of reads: %+v", got)
		}
		waiting, cancel := context.WithTimeout(reads, 50*time.Millisecond)
		defer cancel()
		if err := one(waiting); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("another read, while one has their only connection: %v", err)
		}
		return one(t.Context())
	})
	if err != nil {
		t.Errorf("a change while reads have all their connections: %v", err)
	}
	if got := db.PoolStats(); got.MaxOpenConnections != 2 {
		t.Errorf("of changes: %+v", got)
	}
	if err := one(reads); err != nil {
		t.Errorf("a read afterwards: %v", err)
	}
}
