package ratelimit

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/beauty-salon/platform/internal/polltest"
	"github.com/beauty-salon/platform/internal/redistest"
)

const window = 15 * time.Minute

// upTo is a ceiling of the key "k".
func upTo(allowed int) Ceiling { return Ceiling{Key: "k", Allowed: allowed, Window: window} }

// of is the same ceiling for another key.
func (c Ceiling) of(key string) Ceiling {
	c.Key = key
	return c
}

func TestFailures(t *testing.T) {
	c := upTo(5)
	inBoth(t, func(t *testing.T, s store) {
		f := s.failures()
		for i := range 5 {
			if wait := max(f.Blocked(t.Context(), c), f.Add(t.Context(), c)); wait != 0 {
				t.Fatalf("attempt %d is refused for %v", i+1, wait)
			}
		}
		for range 2 { // one too many does not count
			if wait := f.Blocked(t.Context(), c); !near(wait, window) {
				t.Errorf("blocked for %v", wait)
			}
			if wait := f.Add(t.Context(), c); !near(wait, window) {
				t.Errorf("one too many: %v", wait)
			}
		}
		if wait := f.Blocked(t.Context(), c.of("another")); wait != 0 {
			t.Errorf("another key is blocked for %v", wait)
		}
		f.Reset(t.Context(), c)
		if wait := max(f.Blocked(t.Context(), c), f.Add(t.Context(), c)); wait != 0 {
			t.Errorf("blocked for %v after a reset", wait)
		}
	})
}

func TestFailuresSlide(t *testing.T) {
	c := upTo(3)
	inBoth(t, func(t *testing.T, s store) {
		f := s.failures()
		f.Add(t.Context(), c) // at 0
		s.advance(10 * time.Minute)
		f.Add(t.Context(), c) // at 10
		f.Add(t.Context(), c)
		if wait := f.Blocked(t.Context(), c); !near(wait, 5*time.Minute) {
			t.Errorf("at 10 min: %v", wait)
		}
		s.advance(6 * time.Minute)
		if wait := f.Add(t.Context(), c); wait != 0 {
			t.Errorf("at 16 min, the first is too old: %v", wait)
		}
		if wait := f.Add(t.Context(), c); !near(wait, 9*time.Minute) {
			t.Errorf("one more: %v", wait)
		}
		s.advance(16 * time.Minute)
		if wait := f.Blocked(t.Context(), c); wait != 0 {
			t.Errorf("long after: %v", wait)
		}
	})
}

func TestParallelFailures(t *testing.T) {
	c := upTo(5)
	inBoth(t, func(t *testing.T, s store) {
		f := s.failures()
		var revealed atomic.Int32
		var wg sync.WaitGroup
		for range 30 {
			wg.Go(func() {
				if f.Add(t.Context(), c) == 0 {
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
	c := upTo(1)
	inBoth(t, func(t *testing.T, s store) {
		f := s.failures()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		f.Add(ctx, c)
		if f.Blocked(t.Context(), c) == 0 {
			t.Error("not counted")
		}
	})
}

func TestFailuresOutliveRedis(t *testing.T) {
	c := upTo(2)
	server := redistest.New(t)
	f := New(open(t, server.URL()), zerolog.Nop()).Failures("login")
	f.Add(t.Context(), c)
	f.Add(t.Context(), c)
	server.Stop()
	if wait := f.Blocked(t.Context(), c); !near(wait, window) {
		t.Errorf("an outage unblocks the key: %v", wait)
	}
}

func TestFailuresOfAnOutageOutliveIt(t *testing.T) {
	c := upTo(3)
	server := redistest.New(t)
	var log lines
	l := New(open(t, server.URL()), zerolog.New(&log))
	f := l.Failures("login")
	f.Add(t.Context(), c)
	f.Add(t.Context(), c.of("other"))
	server.Stop()
	f.Add(t.Context(), c)
	f.Add(t.Context(), c)
	server.Start()
	waitForRedis(t, l, &log)
	if wait := f.Blocked(t.Context(), c); !near(wait, window) {
		t.Errorf("the end of an outage unblocks the key: %v", wait)
	}
	if wait := f.Add(t.Context(), c); !near(wait, window) {
		t.Errorf("one more is revealed: %v", wait)
	}
	if wait := f.Add(t.Context(), c.of("other")); wait != 0 {
		t.Errorf("another key is blocked for %v", wait)
	}
}

func TestResetElsewhereCounts(t *testing.T) {
	c := upTo(2)
	server := redistest.New(t)
	a := New(open(t, server.URL()), zerolog.Nop()).Failures("login")
	b := New(open(t, server.URL()), zerolog.Nop()).Failures("login")
	b.Add(t.Context(), c)
	b.Add(t.Context(), c)
	a.Reset(t.Context(), c)
	if wait := max(b.Blocked(t.Context(), c), b.Add(t.Context(), c)); wait != 0 {
		t.Errorf("blocked for %v by what Redis has forgotten", wait)
	}
}

func TestFailuresOfTwoProcesses(t *testing.T) {
	c := upTo(2)
	server := redistest.New(t)
	a := New(open(t, server.URL()), zerolog.Nop()).Failures("login")
	b := New(open(t, server.URL()), zerolog.Nop()).Failures("login")
	a.Add(t.Context(), c)
	b.Add(t.Context(), c)
	for _, f := range []*Failures{a, b} {
		if f.Blocked(t.Context(), c) == 0 {
			t.Error("they do not count together")
		}
	}
	a.Reset(t.Context(), c)
	ttl, err := rawClient(t, server).TTL(t.Context(), b.key("k")).Result()
	if err != nil || ttl > 0 {
		t.Errorf("something was left: %v, %v", ttl, err)
	}
	if wait := b.Add(t.Context(), c); wait != 0 {
		t.Errorf("a reset of one is not the other's: %v", wait)
	}
	if ttl, err = rawClient(t, server).TTL(t.Context(), b.key("k")).Result(); err != nil || !near(ttl, window) {
		t.Errorf("kept for %v, %v", ttl, err)
	}
}

// An attempt under several ceilings is blocked for as long as the longest block, and counts under all or none.
func TestSeveralCeilings(t *testing.T) {
	inBoth(t, func(t *testing.T, s store) {
		f := s.failures()
		narrow := upTo(2)
		wide := Ceiling{Key: "wide", Allowed: 3, Window: time.Hour}
		for i := range 2 {
			if wait := f.Add(t.Context(), narrow, wide); wait != 0 {
				t.Fatalf("attempt %d is refused for %v", i+1, wait)
			}
		}
		for range 5 {
			if wait := f.Add(t.Context(), narrow, wide); !near(wait, window) {
				t.Errorf("the narrow ceiling blocks for %v", wait)
			}
		}
		if wait := f.Add(t.Context(), narrow.of("another"), wide); wait != 0 {
			t.Errorf("what was blocked has counted under the wide ceiling: %v", wait)
		}
		if wait := f.Add(t.Context(), narrow.of("third"), wide); !near(wait, time.Hour) {
			t.Errorf("the wide ceiling blocks for %v", wait)
		}
		if wait := f.Blocked(t.Context(), narrow.of("third")); wait != 0 {
			t.Errorf("what was blocked has counted under the narrow ceiling: %v", wait)
		}
		if wait := f.Blocked(t.Context(), narrow, wide); !near(wait, time.Hour) {
			t.Errorf("blocked for %v, want the longest", wait)
		}
		f.Reset(t.Context(), narrow)
		if wait := f.Blocked(t.Context(), narrow); wait != 0 {
			t.Errorf("blocked for %v after a reset", wait)
		}
		if f.Blocked(t.Context(), wide) == 0 {
			t.Error("a reset of one ceiling is one of all")
		}
		s.advance(window)
		if wait := f.Blocked(t.Context(), wide); !near(wait, 45*time.Minute) {
			t.Errorf("a quarter of an hour later: %v", wait)
		}
	})
}

// A ceiling that is lowered while failures are counted applies to them.
func TestLoweredCeiling(t *testing.T) {
	inBoth(t, func(t *testing.T, s store) {
		f := s.failures()
		f.Add(t.Context(), upTo(5))
		s.advance(time.Minute)
		f.Add(t.Context(), upTo(5))
		f.Add(t.Context(), upTo(5))
		if wait := f.Blocked(t.Context(), upTo(2)); !near(wait, window) {
			t.Errorf("blocked for %v", wait)
		}
	})
}

func TestLocalFailuresAreBounded(t *testing.T) {
	l := newLocalFailures(time.Now)
	for i := range localFailureCount / 5 {
		for range 10 { // few a key: each use goes through all of its key
			l.use([]string{strconv.Itoa(i)}, []Ceiling{{Allowed: 10, Window: time.Hour}}, true, true)
		}
	}
	kept := func() (n int) {
		for _, failures := range l.byKey.All() {
			n += len(failures)
		}
		return n
	}
	polltest.Until(t, "the failures that are kept are within the bound", func() bool { return kept() <= localFailureCount })
}
