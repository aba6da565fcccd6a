package cache

import (
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/beauty-salon/platform/internal/redistest"
)

// TestPositions: positions are known only when Redis cannot have lost one.
func TestPositions(t *testing.T) {
	t.Parallel()
	server := redistest.New(t)
	now := time.Now()
	server.SetTime(now)
	client, err := Open(Config{URL: server.URL(), Timeout: 10 * time.Second}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	p := NewPositions(client, time.Second)
	want := func(when, account string, position int64, known bool) {
		t.Helper()
		if got, ok := p.Get(t.Context(), account); got != position || ok != known {
			t.Errorf("%s: %d %t, want %d %t", when, got, ok, position, known)
		}
	}
	later := func(d time.Duration) {
		now = now.Add(d)
		server.SetTime(now)
		server.FastForward(d)
	}
	put := func(position int64) {
		t.Helper()
		if err := p.Put(t.Context(), "a", position); err != nil {
			t.Fatal(err)
		}
	}
	put(5)
	want("Redis is new", "a", 0, false)
	later(p.keep)
	want("nothing was changed for long", "a", 0, true)
	put(1 << 50)
	put(7)
	want("a greater one is there", "a", 1<<50, true)
	want("another account", "b", 0, true)
	later(p.keep + time.Second)
	want("it has expired", "a", 0, true)

	put(1<<50 + 1)
	if err := client.Redis().FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	want("Redis was emptied", "a", 0, false)
	server.Stop()
	want("Redis is away", "a", 0, false)
	if err := p.Put(t.Context(), "a", 1); err == nil {
		t.Error("a position is stored without Redis")
	}
}
