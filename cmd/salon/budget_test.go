package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/rpc"
	"github.com/beauty-salon/platform/internal/secret"
)

// TestBudget: the log names how many connections a process may open, and warns when PostgreSQL admits fewer.
func TestBudget(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t, postgres.Migrations{Service: "one"}, postgres.Migrations{Service: "two"})
	// open makes an app with two services; each may have so many connections.
	open := func(conns int, out *bytes.Buffer) *app {
		a := &app{log: zerolog.New(out), names: []string{"one", "two"}, databases: map[string]*postgres.DB{}}
		for _, name := range a.names {
			db, err := postgres.Open(postgres.Config{URL: secret.Text(server.URL()), MaxConns: conns, IsRead: rpc.IsRead}, server.Keys(), name)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			a.databases[name] = db
		}
		return a
	}
	for _, tt := range []struct {
		conns  int
		pooled bool
		warns  bool
	}{{11, false, false}, {250, false, true}, {250, true, false}} {
		var out bytes.Buffer
		a, cfg := open(tt.conns, &out), appConfig{serverFlags: serverFlags{DatabasePooled: tt.pooled}}
		a.logBudget(cfg)
		var line struct {
			Services map[string]struct{ Changes, Reads int }
			Total    int
		}
		if err := json.Unmarshal(out.Bytes(), &line); err != nil {
			t.Fatalf("%q: %v", &out, err)
		}
		if one := line.Services["one"]; line.Total != 2*tt.conns || one.Changes+one.Reads != tt.conns || one.Reads != tt.conns/3 {
			t.Errorf("%d connections: %+v", tt.conns, line)
		}
		out.Reset()
		a.checkBudget(t.Context(), cfg)
		if warned := strings.Contains(out.String(), "max_connections"); warned != tt.warns {
			t.Errorf("%+v: the log is %q", tt, &out)
		}
	}
	var out bytes.Buffer
	none := &app{log: zerolog.New(&out)} // the gateway
	none.logBudget(appConfig{})
	none.checkBudget(t.Context(), appConfig{})
	if out.Len() > 0 {
		t.Errorf("without a database: %s", &out)
	}
}
