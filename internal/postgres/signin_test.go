package postgres_test

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/secret"
)

// TestRefusedSignIn: one line says which role, why, and what to do.
func TestRefusedSignIn(t *testing.T) {
	t.Parallel()
	at, schema := newDatabase(t), unique("s")
	if err := postgres.Bootstrap(t.Context(), at.adminURL, newKeys(t, "a"), nil, schema); err != nil {
		t.Fatal(err)
	}
	wrong, err := url.Parse(at.adminURL)
	if err != nil {
		t.Fatal(err)
	}
	wrong.User = url.UserPassword(wrong.User.Username(), "hunter2")
	ping := func(at string, seed, schema string) error {
		return open(t, at, newKeys(t, seed), schema).Ping(t.Context())
	}
	locked := unique("locked")
	server := pgtest.NewServer(t)
	exec(t, server.AdminURL(), fmt.Sprintf("CREATE ROLE %s NOLOGIN PASSWORD 'x'", locked))
	t.Cleanup(func() {
		conn := connect(t, server.AdminURL())
		if _, err := conn.Exec(detached(t), "DROP ROLE "+locked); err != nil {
			t.Error(err)
		}
		if err := conn.Close(detached(t)); err != nil {
			t.Error(err)
		}
	})
	for name, tt := range map[string]struct {
		err  error
		want []string
	}{
		"another secret": {ping(at.url, "b", schema), []string{"role salon_" + schema, "28P01", "SALON_SECRET_KEY", "salon migrate"}},
		"not migrated":   {ping(at.url, "a", "never"), []string{"role salon_never", "28P01", "salon migrate"}},
		"password in the URL": {
			ping(wrong.String(), "a", schema),
			[]string{"user " + wrong.User.Username(), "28P01", "SALON_DATABASE_URL"},
		},
		"bootstrap": {
			postgres.Bootstrap(t.Context(), wrong.String(), newKeys(t, "a"), nil, schema),
			[]string{"user " + wrong.User.Username(), "28P01", "SALON_DATABASE_URL"},
		},
		"may not log in": {
			ping(server.URL()+"&user="+locked+"&password=x", "a", "items"),
			[]string{"user " + locked, "28000", "not permitted to log in", "pg_hba.conf"},
		},
	} {
		if tt.err == nil {
			t.Errorf("%s: signed in", name)
			continue
		}
		got := tt.err.Error()
		for _, want := range tt.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q lacks %q", name, got, want)
			}
		}
		if strings.Contains(got, "\n") || strings.Contains(got, "hunter2") || len(got) > 300 {
			t.Errorf("%s: %q is not one clear line", name, got)
		}
		checkAPIError(t, postgres.APIError(tt.err), codes.Unavailable, "UNAVAILABLE")
	}
}

// TestPreviousPassword: while the secret is exchanged, a process with both keys signs in whichever of them the role was given last.
func TestPreviousPassword(t *testing.T) {
	t.Parallel()
	at, schema := newDatabase(t), unique("s")
	before, after := newKeys(t, "a"), newKeys(t, "b")
	bootstrap := func(keys, previous *secret.Keys) {
		t.Helper()
		if err := postgres.Bootstrap(t.Context(), at.adminURL, keys, previous, schema); err != nil {
			t.Fatal(err)
		}
	}
	pool := func(keys, previous *secret.Keys) *postgres.DB {
		t.Helper()
		db, err := postgres.Open(postgres.Config{URL: secret.Text(at.url), PreviousKeys: previous}, keys, schema)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
	bootstrap(before, nil)
	running := pool(before, after)
	wantSignIn := func(who string, db *postgres.DB) {
		t.Helper()
		// Several at once need several connections.
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				if err := db.Conn(t.Context()).Exec("SELECT pg_sleep(0.05)").Error; err != nil {
					t.Errorf("%s: %v", who, err)
				}
			})
		}
		all.Wait()
	}
	if err := running.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	bootstrap(after, before)
	wantSignIn("a process that started before", running)
	wantSignIn("a process that starts after", pool(after, before))
	bootstrap(before, after)
	wantSignIn("a process that has seen both", running)
}
