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
			if _, wait := f.Attempt(t.Context(), "k"); wait != 0 {
				t.Fatalf("attempt %d is refused for %v", i+1, wait)
			}
		}
		for range 2 { // a refused one does not count
			if _, wait := f.Attempt(t.Context(), "k"); !near(wait, window) {
				t.Errorf("one too many: %v", wait)
			}
		}
		if _, wait := f.Attempt(t.Context(), "another"); wait != 0 {
			t.Errorf("another key is blocked for %v", wait)
		}
		f.Reset(t.Context(), "k")
		if _, wait := f.Attempt(t.Context(), "k"); wait != 0 {
			t.Errorf("blocked for %v after a reset", wait)
		}
	})
}

func TestFailuresSlide(t *testing.T) {
	inBoth(t, func(t *testing.T, s store) {
		f := s.failures(3, window)
		attempt := func() time.Duration {
			_, wait := f.Attempt(t.Context(), "k")
			return wait
		}
		attempt() // at 0
		s.advance(10 * time.Minute)
		attempt() // at 10
		attempt()
		if wait := attempt(); !near(wait, 5*time.Minute) {
			t.Errorf("at 10 min: %v", wait)
		}
		s.advance(6 * time.Minute)
		if wait := attempt(); wait != 0 {
			t.Errorf("at 16 min, the first is too old: %v", wait)
		}
		if wait := attempt(); !near(wait, 9*time.Minute) {
			t.Errorf("one more: %v", wait)
		}
		s.advance(16 * time.Minute)
		if wait := attempt(); wait != 0 {
			t.Errorf("long after: %v", wait)
		}
	})
}

func TestParallelAttempts(t *testing.T) {
	inBoth(t, func(t *testing.T, s store) {
		f := s.failures(5, window)
		var admitted atomic.Int32
		var wg sync.WaitGroup
		for range 30 {
			wg.Go(func() {
				if _, wait := f.Attempt(t.Context(), "k"); wait == 0 {
					admitted.Add(1)
				}
			})
		}
		wg.Wait()
		if admitted.Load() != 5 {
			t.Errorf("%d of 30 were admitted", admitted.Load())
		}
	})
}

func TestUndo(t *testing.T) {
	inBoth(t, func(t *testing.T, s store) {
		f := s.failures(2, window)
		f.Attempt(t.Context(), "k")
		for range 3 {
			id, wait := f.Attempt(t.Context(), "k")
			if wait != 0 {
				t.Fatalf("refused for %v", wait)
			}
			f.Undo(t.Context(), "k", id)
		}
		f.Attempt(t.Context(), "k")
		if _, wait := f.Attempt(t.Context(), "k"); wait == 0 {
			t.Error("more was undone than one attempt")
		}
	})
}

func TestAttemptOfOneWhoHangsUp(t *testing.T) {
	inBoth(t, func(t *testing.T, s store) {
		f := s.failures(1, window)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		f.Attempt(ctx, "k")
		if _, wait := f.Attempt(t.Context(), "k"); wait == 0 {
			t.Error("not counted")
		}
	})
}

func TestFailuresOutliveRedis(t *testing.T) {
	server := redistest.New(t)
	f := New(open(t, server.URL()), zerolog.Nop()).Failures("login", 2, window)
	f.Attempt(t.Context(), "k")
	f.Attempt(t.Context(), "k")
	server.Stop()
	if _, wait := f.Attempt(t.Context(), "k"); !near(wait, window) {
		t.Errorf("an outage is an amnesty: %v", wait)
	}
}

func TestFailuresOfAnOutageOutliveIt(t *testing.T) {
	server := redistest.New(t)
	var log lines
	l := New(open(t, server.URL()), zerolog.New(&log))
	f := l.Failures("login", 3, window)
	f.Attempt(t.Context(), "k")
	f.Attempt(t.Context(), "other")
	server.Stop()
	f.Attempt(t.Context(), "k")
	f.Attempt(t.Context(), "k")
	server.Start()
	waitForRedis(t, l, &log)
	raw := rawClient(t, server)
	before := raw.ZCard(t.Context(), f.key("k")).Val()
	if _, wait := f.Attempt(t.Context(), "k"); !near(wait, window) {
		t.Errorf("the end of an outage is an amnesty: %v", wait)
	}
	if after := raw.ZCard(t.Context(), f.key("k")).Val(); after != before {
		t.Errorf("a refused attempt counts: %d, then %d", before, after)
	}
	if _, wait := f.Attempt(t.Context(), "other"); wait != 0 {
		t.Errorf("another key is blocked for %v", wait)
	}
}

func TestResetElsewhereCounts(t *testing.T) {
	server := redistest.New(t)
	a := New(open(t, server.URL()), zerolog.Nop()).Failures("login", 2, window)
	b := New(open(t, server.URL()), zerolog.Nop()).Failures("login", 2, window)
	b.Attempt(t.Context(), "k")
	b.Attempt(t.Context(), "k")
	a.Reset(t.Context(), "k")
	if _, wait := b.Attempt(t.Context(), "k"); wait != 0 {
		t.Errorf("blocked for %v by what Redis has forgotten", wait)
	}
}

func TestFailuresOfTwoProcesses(t *testing.T) {
	server := redistest.New(t)
	a := New(open(t, server.URL()), zerolog.Nop()).Failures("login", 2, window)
	b := New(open(t, server.URL()), zerolog.Nop()).Failures("login", 2, window)
	a.Attempt(t.Context(), "k")
	b.Attempt(t.Context(), "k")
	for _, f := range []*Failures{a, b} {
		if _, wait := f.Attempt(t.Context(), "k"); wait == 0 {
			t.Error("they do not count together")
		}
	}
	a.Reset(t.Context(), "k")
	ttl, err := rawClient(t, server).TTL(t.Context(), b.key("k")).Result()
	if err != nil || ttl > 0 {
		t.Errorf("something was left: %v, %v", ttl, err)
	}
	if _, wait := b.Attempt(t.Context(), "k"); wait != 0 {
		t.Errorf("a reset of one is not the other's: %v", wait)
	}
	if ttl, err = rawClient(t, server).TTL(t.Context(), b.key("k")).Result(); err != nil || !near(ttl, window) {
		t.Errorf("kept for %v, %v", ttl, err)
	}
}
