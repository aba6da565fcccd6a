package ratelimit

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/beauty-salon/platform/internal/cache"
	"github.com/beauty-salon/platform/internal/redistest"
	"github.com/beauty-salon/platform/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, redistest.LeakOptions()...) }

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// store is something to count in: Redis or this process.
type store struct {
	limiter  *Limiter
	failures func() *Failures
	advance  func(d time.Duration)
}

func open(t testing.TB, url secret.Text) *cache.Client {
	t.Helper()
	// More than Redis needs on a machine that is busy with other tests.
	c, err := cache.Open(cache.Config{URL: url, Timeout: 10 * time.Second}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// rawClient looks at the data behind the limiter's back.
func rawClient(t testing.TB, server *redistest.Server) *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: server.Addr()})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// inBoth runs a test on Redis and without.
func inBoth(t *testing.T, test func(t *testing.T, s store)) {
	start := time.Date(2027, 3, 1, 10, 0, 0, 0, time.UTC)
	t.Run("redis", func(t *testing.T) {
		server := redistest.New(t)
		l := New(open(t, server.URL()), zerolog.Nop())
		now := start
		if !server.Real() {
			server.SetTime(now)
		}
		test(t, store{
			limiter:  l,
			failures: func() *Failures { return l.Failures("login") },
			advance: func(d time.Duration) {
				server.FastForward(d)
				now = now.Add(d)
				server.SetTime(now)
			},
		})
		if l.alone.Load() {
			t.Error("Redis was not used")
		}
	})
	t.Run("local", func(t *testing.T) {
		c := &clock{now: start}
		l := New(nil, zerolog.Nop())
		l.local = newLocalLimiter(c.Now)
		test(t, store{
			limiter: l,
			failures: func() *Failures {
				f := l.Failures("login")
				f.local = newLocalFailures(c.Now)
				return f
			},
			advance: func(d time.Duration) {
				c.mu.Lock()
				defer c.mu.Unlock()
				c.now = c.now.Add(d)
			},
		})
	})
}

// near reports whether a time is as expected, allowing for rounding and the time that a test on a redis-server
// takes.
func near(got, want time.Duration) bool {
	return got <= want+time.Millisecond && got > want-10*time.Second
}

func TestAllow(t *testing.T) {
	inBoth(t, func(t *testing.T, s store) {
		lim := Limit{Rate: 2, Period: time.Hour, Burst: 3}
		for i := range 3 {
			r := s.limiter.Allow(t.Context(), "k", lim)
			if !r.Allowed || r.Limit != 3 || r.Remaining != 2-i || r.RetryAfter != 0 || !near(r.ResetAfter, time.Duration(i+1)*30*time.Minute) {
				t.Errorf("time %d: %+v", i+1, r)
			}
		}
		for range 2 { // being refused costs nothing
			if r := s.limiter.Allow(t.Context(), "k", lim); r.Allowed || r.Remaining != 0 || !near(r.RetryAfter, 30*time.Minute) {
				t.Errorf("one too many: %+v", r)
			}
		}
		if r := s.limiter.Allow(t.Context(), "another", lim); !r.Allowed {
			t.Errorf("another key: %+v", r)
		}
		s.advance(31 * time.Minute)
		if r := s.limiter.Allow(t.Context(), "k", lim); !r.Allowed || r.Remaining != 0 {
			t.Errorf("half an hour later: %+v", r)
		}
		if r := s.limiter.Allow(t.Context(), "k", lim); r.Allowed {
			t.Errorf("one more: %+v", r)
		}
		s.advance(2 * time.Hour)
		if r := s.limiter.Allow(t.Context(), "k", lim); !r.Allowed || r.Remaining != 2 {
			t.Errorf("long after: %+v", r)
		}
	})
}

func TestLimitDefaults(t *testing.T) {
	inBoth(t, func(t *testing.T, s store) {
		for range 1000 {
			if r := s.limiter.Allow(t.Context(), "k", Limit{}); r != (Result{Allowed: true}) {
				t.Fatalf("no limit: %+v", r)
			}
		}
		if r := s.limiter.Allow(t.Context(), "k", Limit{Rate: 5}); !r.Allowed || r.Limit != 5 || r.Remaining != 4 || r.ResetAfter > time.Second {
			t.Errorf("five a second: %+v", r)
		}
	})
}

func TestKeysAreNotStored(t *testing.T) {
	server := redistest.New(t)
	l := New(open(t, server.URL()), zerolog.Nop())
	f := l.Failures("login")
	l.Allow(t.Context(), "anna@example.com|192.0.2.1", Limit{Rate: 1, Period: time.Minute})
	f.Add(t.Context(), Ceiling{Key: "anna@example.com|192.0.2.1", Allowed: 5, Window: time.Minute})
	keys, err := rawClient(t, server).Keys(t.Context(), "*").Result()
	if err != nil || len(keys) != 2 {
		t.Fatalf("keys %v, %v", keys, err)
	}
	for _, key := range keys {
		if strings.Contains(key, "anna") || strings.Contains(key, "192.0.2.1") {
			t.Errorf("a person in the key %q", key)
		}
	}
}

// lines is a log that tests read.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.buf.String(), text)
}

// waitForRedis returns once the limiter, which logs to log, uses Redis again.
func waitForRedis(t *testing.T, l *Limiter, log *lines) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for log.count("in redis again") == 0 {
		select {
		case <-tick.C:
			l.Allow(t.Context(), "another", Limit{Rate: 1})
		case <-deadline:
			t.Fatal("Redis is never used again")
		}
	}
}

func TestOutage(t *testing.T) {
	server := redistest.New(t)
	var log lines
	l := New(open(t, server.URL()), zerolog.New(&log))
	lim := Limit{Rate: 1, Period: time.Hour, Burst: 3}
	if r := l.Allow(t.Context(), "k", lim); !r.Allowed || r.Remaining != 2 {
		t.Fatalf("with Redis: %+v", r)
	}
	server.Stop()
	for i := range 3 {
		if r := l.Allow(t.Context(), "k", lim); !r.Allowed || r.Remaining != 2-i {
			t.Errorf("without Redis, time %d: %+v", i+1, r)
		}
	}
	if r := l.Allow(t.Context(), "k", lim); r.Allowed {
		t.Errorf("without Redis there is no limit: %+v", r)
	}
	server.Start()
	waitForRedis(t, l, &log)
	if n := log.count("in this process only"); n != 1 {
		t.Errorf("the outage is logged %d times", n)
	}
}

func TestHangingRedis(t *testing.T) {
	c, err := cache.Open(cache.Config{URL: redistest.Hanging(t), Timeout: 10 * time.Millisecond}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	l := New(c, zerolog.Nop())
	lim := Limit{Rate: 1, Period: time.Hour, Burst: 2}
	f, k := l.Failures("login"), Ceiling{Key: "k", Allowed: 1, Window: time.Hour}
	for _, want := range []bool{true, true, false, false} {
		if r := l.Allow(t.Context(), "k", lim); r.Allowed != want {
			t.Errorf("%+v, want %v", r, want)
		}
	}
	f.Add(t.Context(), k)
	if f.Blocked(t.Context(), k) == 0 {
		t.Error("a failure is not counted")
	}
	f.Reset(t.Context(), k)
	if f.Blocked(t.Context(), k) != 0 {
		t.Error("a reset is lost")
	}
}
