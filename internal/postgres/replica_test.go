package postgres_test

import (
	"context"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/beauty-salon/platform/internal/embedded/pgcluster"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/secret"
)

// newPrimary starts a server that can have standbys, with the schema items, and returns the addresses for services and for its superuser.
func newPrimary(t *testing.T, keys *secret.Keys) (url, adminURL string) {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "salon-primary-")
	if err != nil {
		t.Fatal(err)
	}
	cluster, err := pgcluster.Start(t.Context(), pgcluster.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(detached(t)); err != nil {
			t.Error(err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := cluster.EnsureDatabase(t.Context(), "salon"); err != nil {
		t.Fatal(err)
	}
	adminURL = cluster.AdminURL("salon")
	if err := postgres.Bootstrap(t.Context(), adminURL, keys, nil, "items"); err != nil {
		t.Fatal(err)
	}
	if err := postgres.Migrate(t.Context(), adminURL, items); err != nil {
		t.Fatal(err)
	}
	return cluster.URL("salon"), adminURL
}

// replicated is a primary with a standby, which is not used when it is a minute old.
type replicated struct {
	*postgres.DB
	standby *pgtest.Standby
	seen    atomic.Int64 // -1: the position is not known
}

func newReplicated(t *testing.T, maxAge time.Duration) *replicated {
	t.Helper()
	keys := newKeys(t, "k")
	url, adminURL := newPrimary(t, keys)
	r := &replicated{standby: pgtest.StartStandby(t, adminURL)}
	var err error
	r.DB, err = postgres.Open(postgres.Config{URL: secret.Text(url), Replicas: postgres.Replicas{
		URLs: []secret.Text{secret.Text(r.standby.URL())}, MaxAge: maxAge,
		Seen: func(context.Context) (postgres.Position, bool) {
			return postgres.Position(r.seen.Load()), r.seen.Load() >= 0
		},
	}}, keys, "items")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// count returns how many kinds a read finds, and whether a standby has answered.
func (r *replicated) count(t *testing.T) (kinds int, fromStandby bool) {
	t.Helper()
	type answer struct {
		Kinds   int
		Standby bool
	}
	got, err := postgres.Recent(t.Context(), r.DB, func(ctx context.Context, db *postgres.DB) (a answer, err error) {
		return a, db.Conn(ctx).Raw("SELECT count(*) AS kinds, pg_is_in_recovery() AS standby FROM kinds").Scan(&a).Error
	})
	if err != nil {
		t.Fatal(err)
	}
	return got.Kinds, got.Standby
}

func (r *replicated) add(t *testing.T, kind int) postgres.Position {
	t.Helper()
	if err := r.Conn(t.Context()).Exec("INSERT INTO kinds (id) VALUES (?)", kind).Error; err != nil {
		t.Fatal(err)
	}
	position, err := r.Position(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return position
}

// until waits until reads come from a standby, or from the primary.
func (r *replicated) until(t *testing.T, standby bool) {
	t.Helper()
	deadline, poll := time.After(time.Minute), time.NewTicker(20*time.Millisecond)
	defer poll.Stop()
	for {
		if _, from := r.count(t); from == standby {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("no read comes from a standby: %t; %+v", standby, r.ReplicaStates())
		case <-poll.C:
		}
	}
}

// TestRecent: a standby that does not show the caller's own change is not asked. One that stops answering costs no read.
func TestRecent(t *testing.T) {
	t.Parallel()
	r := newReplicated(t, 10*time.Minute)
	r.until(t, true)
	r.standby.Pause()
	position := r.add(t, 1)
	want := func(when string, kinds int, standby bool) {
		t.Helper()
		if got, from := r.count(t); got != kinds || from != standby {
			t.Errorf("%s: %d kinds, from a standby: %t", when, got, from)
		}
	}
	want("somebody else", 0, true)
	r.seen.Store(int64(position))
	want("the caller", 1, false)
	r.seen.Store(-1)
	want("a caller whose changes are not known", 1, false)
	if err := r.InTx(t.Context(), func(tx *postgres.DB) error {
		_, err := postgres.Recent(t.Context(), tx, func(_ context.Context, db *postgres.DB) (int, error) {
			if db != tx {
				t.Error("a read in a transaction leaves it")
			}
			return 0, nil
		})
		return err
	}); err != nil {
		t.Error(err)
	}

	r.seen.Store(int64(position))
	r.standby.Resume()
	r.until(t, true)
	want("the standby has caught up", 1, true)
	r.standby.Kill()
	want("the standby is dead", 1, false)
	if s := r.ReplicaStates(); len(s) != 1 || s[0].Failures == 0 || s[0].Reads == 0 {
		t.Errorf("the state is %+v", s)
	}
}

// TestRecentIsRecent: a standby that shows nothing new for longer than the age is not asked, and AwaitReplicas has waited for that.
func TestRecentIsRecent(t *testing.T) {
	t.Parallel()
	r := newReplicated(t, 2*time.Second)
	r.until(t, true)
	r.add(t, 1)
	r.AwaitReplicas(t.Context())
	if kinds, _ := r.count(t); kinds != 1 {
		t.Error("a standby that lacks a change is still read")
	}
	r.standby.Pause()
	r.add(t, 2)
	r.AwaitReplicas(t.Context())
	if kinds, from := r.count(t); kinds != 2 || from {
		t.Errorf("%d kinds, from a standby: %t, after it has been behind for longer than it may", kinds, from)
	}
	r.standby.Resume()
	r.until(t, true)
	r.standby.Promote()
	exec(t, r.standby.AdminURL(), "INSERT INTO items.kinds (id) VALUES (99)")
	r.add(t, 3)
	r.AwaitReplicas(t.Context())
	if kinds, from := r.count(t); kinds != 3 || from {
		t.Errorf("%d kinds, from a standby: %t, after the standby has gone its own way", kinds, from)
	}
}
