package postgres_test

import (
	"strings"
	"testing"

	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/secret"
)

func TestOpenRefusesWrongConfiguration(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, url, schema string }{
		{"no URL", "", "users"},
		{"another scheme", "mysql://localhost/salon", "users"},
		{"keywords instead of a URL", "host=localhost password=hunter2", "users"},
		{"bad port", "postgres://me:hunter2@localhost:port/salon", "users"},
		{"bad parameter", "postgres://me:hunter2@localhost/salon?sslmode=maybe", "users"},
		{"no schema", "postgres://localhost/salon", ""},
		{"the public schema", "postgres://localhost/salon", "public"},
		{"the extensions' schema", "postgres://localhost/salon", "extensions"},
		{"a schema that needs quoting", "postgres://localhost/salon", `a"; DROP`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := postgres.Open(postgres.Config{URL: secret.Text(tt.url)}, newKeys(t, "a"), tt.schema)
			if err == nil {
				t.Fatal("no error")
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

func TestOpenNeedsNoDatabase(t *testing.T) {
	t.Parallel()
	db := open(t, "postgres:///salon?host=/nowhere", newKeys(t, "a"), "users")
	if err := db.Ping(t.Context()); err == nil {
		t.Error("a ping without a server succeeded")
	}
}

func TestSession(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, items)
	want := map[string]string{
		"search_path":                         "items,extensions",
		"timezone":                            "UTC",
		"jit":                                 "off",
		"application_name":                    "salon-items",
		"statement_timeout":                   "15s",
		"lock_timeout":                        "5s",
		"idle_in_transaction_session_timeout": "30s",
	}
	for setting, value := range want {
		var got string
		if err := db.Conn(t.Context()).Raw("SELECT current_setting(?)", setting).Scan(&got).Error; err != nil {
			t.Fatal(err)
		}
		if strings.ReplaceAll(got, " ", "") != value {
			t.Errorf("%s = %q, want %q", setting, got, value)
		}
	}
	if db.Schema() != "items" {
		t.Errorf("Schema() = %q", db.Schema())
	}
	if got := db.PoolStats().MaxOpenConnections; got != 11 {
		t.Errorf("the pool holds %d connections, want 11", got)
	}
}

func TestUserInURLWins(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t, items)
	for _, at := range []string{server.AdminURL(), server.URL() + "&user=postgres&password=" + passwordOf(t, server.AdminURL())} {
		db := open(t, at, nil, "items")
		var user string
		if err := db.Conn(t.Context()).Raw("SELECT current_user").Scan(&user).Error; err != nil {
			t.Fatal(err)
		}
		if user != "postgres" {
			t.Errorf("logged in as %q", user)
		}
	}
}
