package ratelimit

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/beauty-salon/platform/internal/redistest"
)

const window = 15 * time.Minute

func TestFailures(t *testing.T) {
	inBoth(t, func(t *testing.T, s store) {
		f := s.failures(5, window)
		for i := range 5 {
			if wait, blocked := f.Blocked(t.Context(), "k"); blocked || wait != 0 {
				t.Fatalf("attempt %d is refused for %v", i+1, wait)
			}
			if _, blocked := f.Add(t.Context(), "k"); blocked != (i == 4) {
				t.Fatalf("after failure %d: blocked = %v", i+1, blocked)
			}
		}
		if wait, blocked := f.Blocked(t.Context(), "k"); !blocked || !near(wait, window) {
			t.Errorf("attempt 6: %v, %v", wait, blocked)
		}
		if _, blocked := f.Blocked(t.Context(), "another"); blocked {
			t.Error("another key is blocked")
		}
		f.Reset(t.Context(), "k")
		if _, blocked := f.Blocked(t.Context(), "k"); blocked {
			t.Error("blocked after a reset")
		}
	})
}

func TestFailuresSlide(t *testing.T) {
	inBoth(t, func(t *testing.T, s store) {
		f := s.failures(3, window)
		f.Add(t.Context(), "k") // at 0
		s.advance(10 * time.Minute)
		f.Add(t.Context(), "k") // at 10
		f.Add(t.Context(), "k")
		if wait, blocked := f.Blocked(t.Context(), "k"); !blocked || !near(wait, 5*time.Minute) {
			t.Errorf("at 10 min: %v, %v", wait, blocked)
		}
		s.advance(6 * time.Minute)
		if wait, blocked := f.Blocked(t.Context(), "k"); blocked {
			t.Errorf("at 16 min, the first is too old: %v", wait)
		}
		if wait, blocked := f.Add(t.Context(), "k"); !blocked || !near(wait, 9*time.Minute) {
			t.Errorf("one more: %v, %v", wait, blocked)
		}
		s.advance(16 * time.Minute)
		if wait, blocked := f.Blocked(t.Context(), "k"); blocked {
			t.Errorf("long after: %v", wait)
		}
	})
}

// TestMoreFailuresThanAllowed counts guesses that ran at the same time.
func TestMoreFailuresThanAllowed(t *testing.T) {
	inBoth(t, func(t *testing.T, s store) {
		f := s.failures(5, window)
		var wg sync.WaitGroup
		for range 30 {
			wg.Go(func() { f.Add(t.Context(), "k") })
		}
		wg.Wait()
		if wait, blocked := f.Blocked(t.Context(), "k"); !blocked || !near(wait, window) {
			t.Errorf("%v, %v", wait, blocked)
		}
	})
}

func TestFailureOfOneWhoHangsUp(t *testing.T) {
	inBoth(t, func(t *testing.T, s store) {
		f := s.failures(1, window)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		f.Add(ctx, "k")
		if _, blocked := f.Blocked(t.Context(), "k"); !blocked {
			t.Error("not counted")
		}
	})
}

func TestFailuresOutliveRedis(t *testing.T) {
	server := redistest.New(t)
	f := New(open(t, server.URL()), zerolog.Nop()).Failures("login", 2, window)
	f.Add(t.Context(), "k")
	f.Add(t.Context(), "k")
	server.Stop()
	if wait, blocked := f.Blocked(t.Context(), "k"); !blocked || !near(wait, window) {
		t.Errorf("an outage is an amnesty: %v, %v", wait, blocked)
	}
}

func TestFailuresOfTwoProcesses(t *testing.T) {
	server := redistest.New(t)
	a := New(open(t, server.URL()), zerolog.Nop()).Failures("login", 2, window)
	b := New(open(t, server.URL()), zerolog.Nop()).Failures("login", 2, window)
	a.Add(t.Context(), "k")
	b.Add(t.Context(), "k")
	for _, f := range []*Failures{a, b} {
		if _, blocked := f.Blocked(t.Context(), "k"); !blocked {
			t.Error("they do not count together")
		}
	}
	a.Reset(t.Context(), "k")
	if _, blocked := b.Blocked(t.Context(), "k"); blocked {
		t.Error("a reset of one is not the other's")
	}
	ttl, err := rawClient(t, server).TTL(t.Context(), b.key("k")).Result()
	if b.Add(t.Context(), "k"); err != nil || ttl > 0 {
		t.Errorf("something was left: %v, %v", ttl, err)
	}
	if ttl, err = rawClient(t, server).TTL(t.Context(), b.key("k")).Result(); err != nil || !near(ttl, window) {
		t.Errorf("kept for %v, %v", ttl, err)
	}
}
