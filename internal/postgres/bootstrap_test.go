package postgres_test

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/secret"
)

const codeInsufficientPrivilege = "42501"

// A role may read and write the tables of its own schema, and that is all.
func TestRolesAreSeparate(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t, items, postgres.Migrations{Service: "others"})
	db := server.DB("others")
	allowed := []string{
		"INSERT INTO others.inbox (consumer, event_id) VALUES ('c', gen_random_uuid())",
		"SELECT * FROM others.inbox",
		"UPDATE others.inbox SET consumer = 'd'",
		"DELETE FROM others.inbox",
		"INSERT INTO outbox (event_id, type, aggregate_id, aggregate_version, occurred_at, body) VALUES (gen_random_uuid(), 't', gen_random_uuid(), 1, now(), '{}')",
		"SELECT similarity('a', 'b')",
		"SELECT version_id FROM others.platform_migrations",
	}
	for _, statement := range allowed {
		if err := db.Conn(t.Context()).Exec(statement).Error; err != nil {
			t.Errorf("%s: %v", statement, err)
		}
	}
	refused := []string{
		"SELECT * FROM items.items",
		"INSERT INTO items.items (id) VALUES (1)",
		"SELECT * FROM items.outbox",
		"SELECT nextval('items.outbox_id_seq')",
		"CREATE TABLE others.mine (id int)",
		"CREATE TABLE public.mine (id int)",
		"CREATE TABLE extensions.mine (id int)",
		"CREATE TEMPORARY TABLE mine (id int)",
		"CREATE SCHEMA mine",
		"DROP TABLE others.inbox",
		"TRUNCATE others.inbox",
		"ALTER TABLE others.inbox ADD COLUMN x int",
		"UPDATE others.platform_migrations SET version_id = 99",
		"DELETE FROM others.platform_migrations",
		"SET ROLE salon_items",
		"CREATE ROLE mine",
		"SELECT * FROM pg_authid",
		"COPY others.inbox TO PROGRAM 'true'",
	}
	for _, statement := range refused {
		if err := db.Conn(t.Context()).Exec(statement).Error; postgres.SQLState(err) != codeInsufficientPrivilege {
			t.Errorf("%s: %v, want insufficient privilege", statement, err)
		}
	}
}

func TestBootstrapNeedsNoSuperuserAndCanBeRepeated(t *testing.T) {
	t.Parallel()
	at, schema := newDatabase(t), unique("s")
	keys := newKeys(t, "a")
	for range 2 {
		if err := postgres.Bootstrap(t.Context(), at.adminURL, keys, nil, schema); err != nil {
			t.Fatal(err)
		}
		if err := postgres.Migrate(t.Context(), at.adminURL, postgres.Migrations{Service: schema, FS: items.FS}); err != nil {
			t.Fatal(err)
		}
	}
	db := open(t, at.url, keys, schema)
	if err := db.Conn(t.Context()).Exec("INSERT INTO items (id) VALUES (1)").Error; err != nil {
		t.Error(err)
	}
	var public bool
	if err := db.Conn(t.Context()).Raw("SELECT has_database_privilege('public', current_database(), 'CONNECT')").Scan(&public).Error; err != nil {
		t.Fatal(err)
	}
	if public {
		t.Error("everybody may connect to the database")
	}
}

func TestBootstrapAtTheSameTime(t *testing.T) {
	t.Parallel()
	// Roles belong to the server, so two of its databases get into each other's way.
	first, second, schema := pgtest.NewServer(t), pgtest.NewServer(t), unique("s")
	var group errgroup.Group
	for range 4 {
		for _, at := range []pgtest.Server{first, second} {
			group.Go(func() error { return postgres.Bootstrap(t.Context(), at.AdminURL(), first.Keys(), nil, schema) })
		}
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}

func TestBootstrapHealsAChangedSecret(t *testing.T) {
	t.Parallel()
	at, schema := newDatabase(t), unique("s")
	before, after := newKeys(t, "a"), newKeys(t, "b")
	if err := postgres.Bootstrap(t.Context(), at.adminURL, before, nil, schema); err != nil {
		t.Fatal(err)
	}
	if err := open(t, at.url, before, schema).Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	db := open(t, at.url, after, schema)
	if err := db.Ping(t.Context()); err == nil {
		t.Fatal("logged in with another secret's password")
	}
	if err := postgres.Bootstrap(t.Context(), at.adminURL, after, before, schema); err != nil {
		t.Fatal(err)
	}
	if err := db.Ping(t.Context()); err != nil {
		t.Errorf("after the secret has changed: %v", err)
	}
	if err := postgres.Bootstrap(t.Context(), at.adminURL, after, nil, schema); err != nil {
		t.Errorf("once the secret before is forgotten: %v", err)
	}
	if err := postgres.Bootstrap(t.Context(), at.adminURL, before, nil, schema); err == nil {
		t.Error("a process with the secret before takes the role back")
	}
}

// TestBootstrapLeavesRolesOfAnotherInstallation: roles belong to the server, so another database has the same.
func TestBootstrapLeavesRolesOfAnotherInstallation(t *testing.T) {
	t.Parallel()
	first, second, schema := pgtest.NewServer(t), pgtest.NewServer(t), unique("s")
	ours, theirs := newKeys(t, "a"), newKeys(t, "b")
	if err := postgres.Bootstrap(t.Context(), first.AdminURL(), ours, nil, schema); err != nil {
		t.Fatal(err)
	}
	for _, previous := range []*secret.Keys{nil, newKeys(t, "c")} {
		err := postgres.Bootstrap(t.Context(), second.AdminURL(), theirs, previous, schema)
		if err == nil || !strings.Contains(err.Error(), "COMMENT ON ROLE salon_"+schema+" IS NULL") || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v does not say in a line what to do", err)
		}
	}
	if err := open(t, first.URL(), ours, schema).Ping(t.Context()); err != nil {
		t.Errorf("the first installation: %v", err)
	}
	exec(t, second.AdminURL(), "COMMENT ON ROLE salon_"+schema+" IS NULL")
	if err := postgres.Bootstrap(t.Context(), second.AdminURL(), theirs, nil, schema); err != nil {
		t.Errorf("a role without a mark: %v", err)
	}
	if err := open(t, second.URL(), theirs, schema).Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestBootstrapGrantsTablesThatExistAlready(t *testing.T) {
	t.Parallel()
	at, schema, keys := newDatabase(t), unique("s"), newKeys(t, "a")
	exec(t, at.adminURL, fmt.Sprintf("CREATE SCHEMA %[1]s; CREATE TABLE %[1]s.old (id int)", schema))
	if err := postgres.Bootstrap(t.Context(), at.adminURL, keys, nil, schema); err != nil {
		t.Fatal(err)
	}
	if err := open(t, at.url, keys, schema).Conn(t.Context()).Exec("INSERT INTO old VALUES (1)").Error; err != nil {
		t.Error(err)
	}
}

func TestBootstrapRefuses(t *testing.T) {
	t.Parallel()
	t.Run("a schema that needs quoting", func(t *testing.T) {
		t.Parallel()
		if err := postgres.Bootstrap(t.Context(), newDatabase(t).adminURL, newKeys(t, "a"), nil, "a b"); err == nil {
			t.Error("no error")
		}
	})
	t.Run("an extension elsewhere", func(t *testing.T) {
		t.Parallel()
		at := newDatabase(t)
		exec(t, at.adminURL, "CREATE EXTENSION pg_trgm SCHEMA public")
		err := postgres.Bootstrap(t.Context(), at.adminURL, newKeys(t, "a"), nil, unique("s"))
		if err == nil || !strings.Contains(err.Error(), "ALTER EXTENSION pg_trgm SET SCHEMA extensions") {
			t.Errorf("error %v does not say what to do", err)
		}
	})
	t.Run("no server", func(t *testing.T) {
		t.Parallel()
		err := postgres.Bootstrap(t.Context(), "postgres://me:hunter2@/db?host=/nowhere", newKeys(t, "a"), nil, "s")
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("error %v", err)
		}
	})
}
