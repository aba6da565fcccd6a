package postgres_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, pgtest.LeakOptions()...) }

// items is a service with one table that has a constraint of every kind.
var items = postgres.Migrations{Service: "items", FS: itemFiles}

var itemFiles = fstest.MapFS{
	"0001_items.sql": {Data: []byte(`
-- +goose Up
CREATE TABLE kinds (id int PRIMARY KEY);
CREATE TABLE items (
    id     int PRIMARY KEY,
    kind   int CONSTRAINT items_kind_fkey REFERENCES kinds,
    amount int NOT NULL DEFAULT 0 CONSTRAINT items_amount_check CHECK (amount >= 0),
    during int4range,
    CONSTRAINT items_during_excl EXCLUDE USING gist (kind WITH =, during WITH &&)
);
-- +goose Down
DROP TABLE items;
DROP TABLE kinds;
`)},
}

// exec runs a statement as the database's administrator.
func exec(t *testing.T, adminURL, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), adminURL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// database is an empty database with an administrator who is no superuser.
type database struct {
	adminURL string // of the administrator
	url      string // without a user
}

// newDatabase creates an administrator with CREATEROLE and a database that he
// owns, which is what a hosted PostgreSQL gives.
func newDatabase(t *testing.T) database {
	t.Helper()
	server := pgtest.NewServer(t)
	name := unique("db")
	exec(t, server.AdminURL(), fmt.Sprintf("CREATE ROLE %[1]s LOGIN CREATEROLE PASSWORD 'owner'", name))
	exec(t, server.AdminURL(), fmt.Sprintf("CREATE DATABASE %[1]s OWNER %[1]s", name))
	t.Cleanup(func() {
		conn := connect(t, server.AdminURL())
		if _, err := conn.Exec(detached(t), fmt.Sprintf("DROP DATABASE %s WITH (FORCE)", name)); err != nil {
			t.Error(err)
		}
		if err := conn.Close(detached(t)); err != nil {
			t.Error(err)
		}
	})
	at, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	at.Path = "/" + name
	owned := *at
	owned.User = url.UserPassword(name, "owner")
	return database{adminURL: owned.String(), url: at.String()}
}

func connect(t *testing.T, to string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(detached(t), to)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// open opens the database as the service that owns schema.
func open(t *testing.T, at string, keys *secret.Keys, schema string) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(postgres.Config{URL: secret.Text(at), MaxConns: 4}, keys, schema)
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

// detached outlives the test, for cleaning up.
func detached(t *testing.T) context.Context { return context.WithoutCancel(t.Context()) }

func newKeys(t *testing.T, seed string) *secret.Keys {
	t.Helper()
	keys, err := secret.NewKeys([]byte(strings.Repeat(seed, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// unique makes a name that no other test uses: roles belong to the whole server.
func unique(prefix string) string {
	id := strings.ReplaceAll(uuid.NewString(), "-", "")
	return prefix + "_" + id[:12]
}

func passwordOf(t *testing.T, at string) string {
	t.Helper()
	parsed, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := parsed.User.Password()
	return password
}
