package events

import (
	"testing"
	"time"
)

// A version goes once nothing older can come. That of an aggregate with a dead letter stays, because a replay may bring
// an older event.
func TestPruneVersions(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	old, fresh, broken := newID(t), newID(t), newID(t)
	for _, aggregate := range []string{old, fresh, broken} {
		if _, err := raiseVersions(t.Context(), b.db, "tests-all", []Event{newEvent(t, aggregate, 1)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := insertDeadLetter(t.Context(), b.db, "tests-all", newEvent(t, broken, 1), 8, errNothing); err != nil {
		t.Fatal(err)
	}
	b.admin("UPDATE tests.aggregate_versions SET raised_at = now() - make_interval(secs => $1)", keepVersions.Seconds()+60)
	// A newer event counts again; an older one and a repeated one do not.
	if newer, err := raiseVersions(t.Context(), b.db, "tests-all", []Event{newEvent(t, fresh, 2)}); err != nil || len(newer) != 1 {
		t.Fatalf("newer %v, %v", newer, err)
	}
	if newer, err := raiseVersions(t.Context(), b.db, "tests-all", []Event{newEvent(t, old, 1)}); err != nil || len(newer) != 0 {
		t.Fatalf("newer %v, %v", newer, err)
	}
	left := func() (ids []string) {
		if more, err := pruneVersions(t.Context(), b.db); err != nil || more {
			t.Fatalf("more %v, %v", more, err)
		}
		b.query(&ids, "SELECT aggregate_id::text FROM aggregate_versions ORDER BY 1")
		return ids
	}
	if got := left(); len(got) != 2 || got[0] != fresh || got[1] != broken {
		t.Errorf("left %v, want %s and %s", got, fresh, broken)
	}
	b.admin("DELETE FROM tests.dead_letters")
	if got := left(); len(got) != 1 || got[0] != fresh {
		t.Errorf("left %v, want %s", got, fresh)
	}
}

func TestPruneDeadLetters(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	const keep = 90 * 24 * time.Hour
	old, asked, failedAgain, fresh := newID(t), newID(t), newID(t), newID(t)
	for _, aggregate := range []string{old, asked, failedAgain, fresh} {
		if err := insertDeadLetter(t.Context(), b.db, "tests-all", newEvent(t, aggregate, 1), 8, errNothing); err != nil {
			t.Fatal(err)
		}
	}
	b.admin("UPDATE tests.dead_letters SET failed_at = now() - interval '91 days' WHERE aggregate_id <> $1", fresh)
	b.admin("UPDATE tests.dead_letters SET replayed_at = now() - interval '1 minute' WHERE aggregate_id = $1", asked)
	b.admin("UPDATE tests.dead_letters SET replayed_at = now() - interval '92 days' WHERE aggregate_id = $1", failedAgain)
	for _, step := range []struct {
		keep time.Duration
		want int
	}{{0, 4}, {keep, 2}, {keep, 2}} {
		if more, err := pruneDeadLetters(t.Context(), b.db, step.keep); err != nil || more {
			t.Fatalf("more %v, %v", more, err)
		}
		if n := b.count("SELECT count(*) FROM dead_letters"); n != step.want {
			t.Errorf("kept for %v: %d left, want %d", step.keep, n, step.want)
		}
	}
	if n := b.count("SELECT count(*) FROM dead_letters WHERE aggregate_id = ANY(ARRAY[?::uuid, ?::uuid])", asked, fresh); n != 2 {
		t.Errorf("%d of the wanted ones are left", n)
	}
}

// A consumer prunes by itself, as long as the bus says.
func TestConsumerPrunes(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.bus = b.connect(Config{KeepDeadLetters: time.Hour})
	b.waitReady()
	if err := insertDeadLetter(t.Context(), b.db, "tests-other", newEvent(t, newID(t), 1), 8, errNothing); err != nil {
		t.Fatal(err)
	}
	b.admin("UPDATE tests.dead_letters SET failed_at = now() - interval '2 hours'")
	b.start(b.consumer(ConsumerConfig{}).Run)
	b.waitDeadLetters(0)
}
