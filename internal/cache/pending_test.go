package cache

import (
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/beauty-salon/platform/internal/redistest"
)

func wantCovered(t *testing.T, p *pendingDrops, keys map[string]bool) {
	t.Helper()
	for key, want := range keys {
		if got := p.covers(key); got != want {
			t.Errorf("covers(%s) = %v", key, got)
		}
	}
}

func TestPendingDrops(t *testing.T) {
	p := newPendingDrops()
	if !p.add("a", 1) || p.add("a", 3) || p.add("a", 2) {
		t.Error("want one repair for all drops")
	}
	wantCovered(t, p, map[string]bool{"a": true, "b": false})
	key, version, all, done := p.next()
	if key != "a" || version != 3 || all || done {
		t.Fatalf("next = %s, %d, %v, %v", key, version, all, done)
	}
	p.add("a", 4) // while version 3 is sent
	p.sent("a", 3)
	wantCovered(t, p, map[string]bool{"a": true})
	p.sent("a", 4)
	wantCovered(t, p, map[string]bool{"a": false})
	if _, _, _, done := p.next(); !done {
		t.Error("a drop is left")
	}
	if !p.add("a", 5) {
		t.Error("want a new repair after the end of the first one")
	}
}

func TestTooManyPendingDrops(t *testing.T) {
	p := newPendingDrops()
	p.limit = 2
	for _, key := range []string{"a", "b", "c", "d"} {
		p.add(key, 1)
	}
	wantCovered(t, p, map[string]bool{"a": true, "d": true, "never dropped": true})
	if _, _, all, done := p.next(); !all || done {
		t.Fatal("want all values to be deleted")
	}
	// The deletion may have passed a key that is dropped now.
	p.add("a", 2)
	p.deleted()
	wantCovered(t, p, map[string]bool{"a": true, "d": false})
	if key, version, all, _ := p.next(); key != "a" || version != 2 || all {
		t.Errorf("next = %s, %d, %v", key, version, all)
	}
}

func TestTooManyPendingDropsDuringDeletion(t *testing.T) {
	p := newPendingDrops()
	p.limit = 1
	p.add("a", 1)
	p.add("b", 1)
	p.next()
	p.add("a", 2)
	p.add("b", 2)
	p.deleted()
	if _, _, all, done := p.next(); !all || done {
		t.Error("want another deletion")
	}
}

// TestDropAfterCallerHasLeft drops with a context that has ended. Other processes must not need a repair.
func TestDropAfterCallerHasLeft(t *testing.T) {
	server, d := redistest.New(t), newDatabase(1)
	client, err := Open(Config{URL: server.URL(), Timeout: patience}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	client.repairs.every = time.Hour
	writer, reader := onClient(client, d, nil), process(t, server, d)
	want(t, reader, 1)
	d.version.Store(2)
	writer.Drop(cancelled(t), "a", 2)
	want(t, reader, 2)
}
