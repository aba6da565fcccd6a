package pgtest

import (
	"context"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/beauty-salon/platform/internal/embedded/pgcluster"
	"github.com/beauty-salon/platform/internal/postgres"
)

const (
	// standbyTimeout bounds the start, the promotion and the stop of a standby.
	standbyTimeout = 2 * time.Minute
	// pollPause is the time between two looks at a standby.
	pollPause = 20 * time.Millisecond
	// serializationFailure is an SQLSTATE.
	serializationFailure = "40001"
)

// Standby is a server that streams from another one until the end of the test.
type Standby struct {
	t        testing.TB
	cluster  *pgcluster.Cluster
	database string
	primary  string
}

// StartStandby starts a hot standby of the server at primary, an address with its superuser. The server must keep enough in its
// write-ahead log, as one with the default settings does; that of [New] does not.
func StartStandby(t testing.TB, primary string) *Standby {
	t.Helper()
	address, err := url.Parse(primary)
	if err != nil {
		t.Fatal("the address of the primary is not a URL")
	}
	dir, err := os.MkdirTemp(parentDir(), "salon-standby-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("delete the standby: %v", err)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), standbyTimeout)
	defer cancel()
	s := &Standby{t: t, database: strings.TrimPrefix(address.Path, "/"), primary: primary}
	var limit int
	s.query(ctx, primary, &limit, "SELECT current_setting('max_connections')::integer")
	if s.cluster, err = pgcluster.Start(ctx, pgcluster.Config{Dir: dir, MaxConnections: limit, Primary: primary}); err != nil {
		t.Fatalf("start a standby: %v", err)
	}
	t.Cleanup(s.Kill)
	return s
}

// URL is the address of the database without a user.
func (s *Standby) URL() string { return s.cluster.URL(s.database) }

// AdminURL is the address of the database with the superuser, who is that of the primary.
func (s *Standby) AdminURL() string { return s.cluster.AdminURL(s.database) }

// PID is the id of the server's main process.
func (s *Standby) PID() int { return s.cluster.PID() }

// Pause lets the standby receive changes and show none of them.
func (s *Standby) Pause() {
	s.t.Helper()
	s.exec("SELECT pg_wal_replay_pause()")
	s.until("SELECT pg_get_wal_replay_pause_state() = 'paused'")
}

// Resume lets the standby show all changes again.
func (s *Standby) Resume() {
	s.t.Helper()
	s.exec("SELECT pg_wal_replay_resume()")
}

// CatchUp waits until the standby shows everything that the primary had at the call.
func (s *Standby) CatchUp() {
	s.t.Helper()
	var position string
	s.query(s.t.Context(), s.primary, &position, "SELECT pg_current_wal_insert_lsn()::text")
	s.until("SELECT pg_last_wal_replay_lsn() >= '" + position + "'::pg_lsn")
}

// until waits until the standby answers a question with true.
func (s *Standby) until(question string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), standbyTimeout)
	defer cancel()
	poll := time.NewTicker(pollPause)
	defer poll.Stop()
	for {
		var reached bool
		if s.query(ctx, s.AdminURL(), &reached, question); reached {
			return
		}
		select {
		case <-ctx.Done():
			s.t.Fatalf("the standby never answers %q with true", question)
		case <-poll.C:
		}
	}
}

// Promote makes the standby a primary, and returns when it takes changes.
func (s *Standby) Promote() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), standbyTimeout)
	defer cancel()
	var promoted bool
	s.query(ctx, s.AdminURL(), &promoted, "SELECT pg_promote(true, 60)")
	if !promoted {
		s.t.Fatal("the standby was not promoted")
	}
}

// Kill ends the standby at once, as when its machine dies. It may be called again.
func (s *Standby) Kill() {
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.t.Context()))
	cancel()
	_ = s.cluster.Stop(ctx) // reports that it had to be killed
}

func (s *Standby) exec(statement string) {
	s.t.Helper()
	var none any
	s.query(s.t.Context(), s.AdminURL(), &none, statement)
}

func (s *Standby) query(ctx context.Context, at string, into any, statement string) {
	s.t.Helper()
	conn, err := pgx.Connect(ctx, at)
	if err != nil {
		s.t.Fatalf("connect: %v", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	err = conn.QueryRow(ctx, statement).Scan(into)
	for postgres.SQLState(err) == serializationFailure { // a standby ends statements that are in the way of what it is to show
		err = conn.QueryRow(ctx, statement).Scan(into)
	}
	if err != nil {
		s.t.Fatalf("%s: %v", statement, err)
	}
}
