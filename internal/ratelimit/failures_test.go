package ratelimit

import (
	"context"
	"sync"
	"sync/atomic"
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
			if wait := max(f.Blocked(t.Context(), "k"), f.Add(t.Context(), "k")); wait != 0 {
				t.Fatalf("attempt %d is refused for %v", i+1, wait)
			}
		}
		for range 2 { // one too many does not count
			if wait := f.Blocked(t.Context(), "k"); !near(wait, window) {
				t.Errorf("blocked for %v", wait)
			}
			if wait := f.Add(t.Context(), "k"); !near(wait, window) {
				t.Errorf("one too many: %v", wait)
			}
		}
		if wait := f.Blocked(t.Context(), "another"); wait != 0 {
			t.Errorf("another key is blocked for %v", wait)
		}
		f.Reset(t.Context(), "k")
		if wait := max(f.Blocked(t.Context(), "k"), f.Add(t.Context(), "k")); wait != 0 {
			t.Errorf("blocked for %v after a reset", wait)
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
		if wait := f.Blocked(t.Context(), "k"); !near(wait, 5*time.Minute) {
			t.Errorf("at 10 min: %v", wait)
		}
		s.advance(6 * time.Minute)
		if wait := f.Add(t.Context(), "k"); wait != 0 {
			t.Errorf("at 16 min, the first is too old: %v", wait)
		}
		if wait := f.Add(t.Context(), "k"); !near(wait, 9*time.Minute) {
			t.Errorf("one more: %v", wait)
		}
		s.advance(16 * time.Minute)
		if wait := f.Blocked(t.Context(), "k"); wait != 0 {
			t.Errorf("long after: %v", wait)
		}
	})
}

func TestParallelFailures(t *testing.T) {
	inBoth(t, func(t *testing.T, s store) {
		f := s.failures(5, window)
		var revealed atomic.Int32
		var wg sync.WaitGroup
		for range 30 {
			wg.Go(func() {
				if f.Add(t.Context(), "k") == 0 {
					revealed.Add(1)
				}
			})
		}
		wg.Wait()
		if revealed.Load() != 5 {
			t.Errorf("%d of 30 results were revealed", revealed.Load())
		}
	})
}

func TestFailureOfOneWhoHangsUp(t *testing.T) {
	inBoth(t, func(t *testing.T, s store) {
		f := s.failures(1, window)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		f.Add(ctx, "k")
		if f.Blocked(t.Context(), "k") == 0 {
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
	if wait := f.Blocked(t.Context(), "k"); !near(wait, window) {
		t.Errorf("an outage unblocks the key: %v", wait)
	}
}

func TestFailuresOfAnOutageOutliveIt(t *testing.T) {
	server := redistest.New(t)
	var log lines
	l := New(open(t, server.URL()), zerolog.New(&log))
	f := l.Failures("login", 3, window)
	f.Add(t.Context(), "k")
	f.Add(t.Context(), "other")
	server.Stop()
	f.Add(t.Context(), "k")
	f.Add(t.Context(), "k")
	server.Start()
	waitForRedis(t, l, &log)
	if wait := f.Blocked(t.Context(), "k"); !near(wait, window) {
		t.Errorf("the end of an outage unblocks the key: %v", wait)
	}
	if wait := f.Add(t.Context(), "k"); !near(wait, window) {
		t.Errorf("one more is revealed: %v", wait)
	}
	if wait := f.Add(t.Context(), "other"); wait != 0 {
		t.Errorf("another key is blocked for %v", wait)
	}
}

func TestResetElsewhereCounts(t *testing.T) {
	server := redistest.New(t)
	a := New(open(t, server.URL()), zerolog.Nop()).Failures("login", 2, window)
	b := New(open(t, server.URL()), zerolog.Nop()).Failures("login", 2, window)
	b.Add(t.Context(), "k")
	b.Add(t.Context(), "k")
	a.Reset(t.Context(), "k")
	if wait := max(b.Blocked(t.Context(), "k"), b.Add(t.Context(), "k")); wait != 0 {
		t.Errorf("blocked for %v by what Redis has forgotten", wait)
	}
}

func TestFailuresOfTwoProcesses(t *testing.T) {
	server := redistest.New(t)
	a := New(open(t, server.URL()), zerolog.Nop()).Failures("login", 2, window)
	b := New(open(t, server.URL()), zerolog.Nop()).Failures("login", 2, window)
	a.Add(t.Context(), "k")
	b.Add(t.Context(), "k")
	for _, f := range []*Failures{a, b} {
		if f.Blocked(t.Context(), "k") == 0 {
			t.Error("they do not count together")
		}
	}
	a.Reset(t.Context(), "k")
	ttl, err := rawClient(t, server).TTL(t.Context(), b.key("k")).Result()
	if err != nil || ttl > 0 {
		t.Errorf("something was left: %v, %v", ttl, err)
	}
	if wait := b.Add(t.Context(), "k"); wait != 0 {
		t.Errorf("a reset of one is not the other's: %v", wait)
	}
	if ttl, err = rawClient(t, server).TTL(t.Context(), b.key("k")).Result(); err != nil || !near(ttl, window) {
		t.Errorf("kept for %v, %v", ttl, err)
	}
}
