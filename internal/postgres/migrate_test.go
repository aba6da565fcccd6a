package postgres_test

import (
	"errors"
	"maps"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
)

// newer is items with one more migration.
func newer() postgres.Migrations {
	files := maps.Clone(itemFiles)
	files["0002_note.sql"] = &fstest.MapFile{Data: []byte(
		"-- +goose Up\nALTER TABLE items ADD COLUMN note text;\n-- +goose Down\nALTER TABLE items DROP COLUMN note;\n")}
	return postgres.Migrations{Service: items.Service, FS: files}
}

func TestCheckSchema(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t, items)
	db := server.DB("items")
	if err := postgres.CheckSchema(t.Context(), db, items); err != nil {
		t.Errorf("just migrated: %v", err)
	}
	if err := postgres.CheckSchema(t.Context(), db, newer()); !errors.Is(err, postgres.ErrSchemaOutdated) {
		t.Errorf("older than the program: %v", err)
	}
	if err := postgres.Migrate(t.Context(), server.AdminURL(), newer()); err != nil {
		t.Fatal(err)
	}
	if err := postgres.CheckSchema(t.Context(), db, newer()); err != nil {
		t.Errorf("migrated again: %v", err)
	}
	if err := postgres.CheckSchema(t.Context(), db, items); err != nil {
		t.Errorf("newer than the program: %v", err)
	}
	if err := db.Conn(t.Context()).Exec("INSERT INTO items (id, note) VALUES (1, 'x')").Error; err != nil {
		t.Errorf("write a new column: %v", err)
	}
}

func TestAppliedVersion(t *testing.T) {
	t.Parallel()
	at, schema, keys := newDatabase(t), unique("s"), newKeys(t, "a")
	m := postgres.Migrations{Service: schema, FS: items.FS}
	want := func(when string, version int64) {
		t.Helper()
		if got, err := postgres.AppliedVersion(t.Context(), at.adminURL, m); err != nil || got != version {
			t.Errorf("%s: version %d, %v; want %d", when, got, err, version)
		}
	}
	want("empty database", 0)
	if err := postgres.Bootstrap(t.Context(), at.adminURL, keys, nil, schema); err != nil {
		t.Fatal(err)
	}
	want("not migrated", 0)
	if err := postgres.Migrate(t.Context(), at.adminURL, m); err != nil {
		t.Fatal(err)
	}
	want("migrated", 1)
}

func TestCheckSchemaBeforeTheFirstMigration(t *testing.T) {
	t.Parallel()
	at, schema, keys := newDatabase(t), unique("s"), newKeys(t, "a")
	if err := postgres.Bootstrap(t.Context(), at.adminURL, keys, nil, schema); err != nil {
		t.Fatal(err)
	}
	m := postgres.Migrations{Service: schema, FS: items.FS}
	if err := postgres.CheckSchema(t.Context(), open(t, at.url, keys, schema), m); !errors.Is(err, postgres.ErrSchemaOutdated) {
		t.Errorf("error %v", err)
	}
}

func TestCheckSchemaWithoutADatabaseIsNotOutdated(t *testing.T) {
	t.Parallel()
	db := open(t, "postgres:///salon?host=/nowhere", newKeys(t, "a"), "items")
	if err := postgres.CheckSchema(t.Context(), db, items); err == nil || errors.Is(err, postgres.ErrSchemaOutdated) {
		t.Errorf("error %v", err)
	}
}

func TestMigrateDownAndUpAgain(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t, newer())
	db := server.DB("items")
	for range 2 {
		if err := postgres.Rollback(t.Context(), server.AdminURL(), newer()); err != nil {
			t.Fatal(err)
		}
		var tables []string
		const left = `SELECT tablename FROM pg_tables WHERE schemaname = 'items' AND tablename NOT LIKE '%migrations'`
		if err := db.Conn(t.Context()).Raw(left).Scan(&tables).Error; err != nil {
			t.Fatal(err)
		}
		if len(tables) > 0 {
			t.Errorf("left after the way down: %v", tables)
		}
		if err := postgres.Migrate(t.Context(), server.AdminURL(), newer()); err != nil {
			t.Fatal(err)
		}
		if err := insertItem(t.Context(), db, 1); err != nil {
			t.Error(err)
		}
	}
}

func TestMigrateAtTheSameTime(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t, items)
	var group errgroup.Group
	for range 4 {
		group.Go(func() error { return postgres.Migrate(t.Context(), server.AdminURL(), newer()) })
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}

// TestMigrateTriesAgain: a migration that locks two tables in the order other than that of a process gives way to it, and succeeds then.
func TestMigrateTriesAgain(t *testing.T) {
	t.Parallel()
	files := maps.Clone(itemFiles)
	files["0002_others.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nCREATE TABLE others (id int);\n-- +goose Down\nDROP TABLE others;\n")}
	m := postgres.Migrations{Service: items.Service, FS: files}
	server := pgtest.NewServer(t, m)
	files["0003_both.sql"] = &fstest.MapFile{Data: []byte(`-- +goose Up
ALTER TABLE others ADD COLUMN note text;
ALTER TABLE items ADD COLUMN note text;
-- +goose Down
ALTER TABLE items DROP COLUMN note;
ALTER TABLE others DROP COLUMN note;
`)}
	admin, err := pgx.Connect(t.Context(), server.AdminURL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Close(t.Context()) }()
	exec := func(sql string) {
		t.Helper()
		if _, err := admin.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	exec("SET deadlock_timeout = '1h'") // the migration notices
	exec("BEGIN")
	exec("LOCK TABLE " + items.Service + ".items IN ACCESS SHARE MODE")
	migrated := make(chan error, 1)
	go func() { migrated <- postgres.Migrate(t.Context(), server.AdminURL(), m) }()
	for waits := false; !waits; {
		select {
		case err := <-migrated:
			t.Fatalf("the migration has not waited: %v", err)
		case <-time.After(time.Millisecond):
		}
		err := admin.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = '"+items.Service+".items'::regclass AND NOT granted)").Scan(&waits)
		if err != nil {
			t.Fatal(err)
		}
	}
	exec("LOCK TABLE " + items.Service + ".others IN ACCESS SHARE MODE") // which the migration has
	exec("COMMIT")
	if err := <-migrated; err != nil {
		t.Fatal(err)
	}
	exec("SELECT o.note, i.note FROM " + items.Service + ".others o, " + items.Service + ".items i")
}

func TestMigrateReportsABadMigration(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t, items)
	tests := map[string]fstest.MapFS{
		"broken":    {"0001_a.sql": {Data: []byte("-- +goose Up\nSELEC 1;")}},
		"no number": {"first.sql": {Data: []byte("-- +goose Up\nSELECT 1;")}},
		"empty":     {},
	}
	for name, files := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := postgres.Migrations{Service: unique("s"), FS: files}
			if err := postgres.Bootstrap(t.Context(), server.AdminURL(), server.Keys(), nil, m.Service); err != nil {
				t.Fatal(err)
			}
			if err := postgres.Migrate(t.Context(), server.AdminURL(), m); err == nil {
				t.Error("no error")
			}
		})
	}
}
