package notification

import (
	"context"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
)

// beforeWatch is a database as it was before there were streams of notifications, with a connection that has its own search path.
func beforeWatch(t *testing.T) (server pgtest.Server, connect func() *pgx.Conn) {
	t.Helper()
	old := fstest.MapFS{}
	for _, name := range []string{"0001_init.sql", "0002_facts.sql", "0003_erasure.sql", "0004_adjusted.sql", "0005_waitlist.sql"} {
		old[name] = &fstest.MapFile{Data: []byte(migration(t, name))}
	}
	server = pgtest.NewServer(t, postgres.Migrations{Service: Migrations.Service, FS: old})
	config, err := pgx.ParseConfig(server.AdminURL())
	if err != nil {
		t.Fatal(err)
	}
	config.RuntimeParams["search_path"] = Migrations.Service
	return server, func() *pgx.Conn {
		t.Helper()
		conn, err := pgx.ConnectConfig(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close(t.Context()) })
		return conn
	}
}

// The index of a large table is built while others write.
func TestWatchMigrationDoesNotBlock(t *testing.T) {
	server, connect := beforeWatch(t)
	reader, writer := connect(), connect()
	// A statement from before keeps the build of an index from ending.
	tx, err := reader.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "SELECT FROM erased_accounts"); err != nil {
		t.Fatal(err)
	}
	migrated := make(chan error, 1)
	go func() { migrated <- postgres.Migrate(t.Context(), server.AdminURL(), Migrations) }()
	deadline := time.Now().Add(time.Minute)
	for building := false; !building; {
		select {
		case err := <-migrated:
			t.Fatalf("the migration ended without waiting: %v", err)
		default:
		}
		if err := writer.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_stat_progress_create_index
			WHERE command = 'CREATE INDEX CONCURRENTLY' AND relid = 'notifications'::regclass)`).Scan(&building); err != nil || time.Now().After(deadline) {
			t.Fatalf("the index is not built: %v", err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	n := unstored(id.New(), appointmentStart)
	if err := NewStore(server.DB(Migrations.Service)).InsertNotifications(ctx, []Notification{n}); err != nil {
		t.Errorf("nobody can write: %v", err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-migrated; err != nil {
		t.Fatal(err)
	}
	wantWatchSchema(t, writer)
}

// A migration that was interrupted at any statement can be repeated.
func TestWatchMigrationCanBeRepeated(t *testing.T) {
	server, connect := beforeWatch(t)
	conn := connect()
	for _, done := range []string{
		"ALTER TABLE notifications ADD COLUMN xid xid8",
		"CREATE INDEX notifications_xid ON notifications (xid) WHERE xid IS NOT NULL",
		"UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'notifications_xid'::regclass",
		"CREATE TABLE watch_tickets (hash bytea PRIMARY KEY, account_id uuid, session_id uuid, request bytea NOT NULL, expire_time timestamptz NOT NULL, use_time timestamptz)",
	} {
		if _, err := conn.Exec(t.Context(), done); err != nil {
			t.Fatal(err)
		}
	}
	if err := postgres.Migrate(t.Context(), server.AdminURL(), Migrations); err != nil {
		t.Fatal(err)
	}
	wantWatchSchema(t, conn)
}

// wantWatchSchema checks that the migration has left nothing out.
func wantWatchSchema(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	var valid, triggered bool
	var columns int
	err := conn.QueryRow(t.Context(), `SELECT (SELECT indisvalid FROM pg_index WHERE indexrelid = 'notifications_xid'::regclass),
		EXISTS (SELECT FROM pg_trigger WHERE tgname = 'notifications_changed'),
		(SELECT count(*) FROM pg_attribute WHERE attrelid = 'watch_tickets'::regclass AND attnum > 0)`).Scan(&valid, &triggered, &columns)
	if err != nil || !valid || !triggered || columns != 6 {
		t.Errorf("valid %v, trigger %v, %d columns, %v", valid, triggered, columns, err)
	}
}
