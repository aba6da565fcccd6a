package cache

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"github.com/beauty-salon/platform/internal/redistest"
	"github.com/beauty-salon/platform/internal/secret"
)

func ping(ctx context.Context, r redis.UniversalClient) error { return r.Ping(ctx).Err() }

// available reports whether Do would use Redis.
func available(c *Client) bool { return c.downUntil.Load() <= c.now().UnixNano() }

func TestBadURL(t *testing.T) {
	for _, url := range []secret.Text{"http://h", "redis://:hunter2@h:port", "redis://:hunter2@h/x", "redis://:hunter2@h?db=\x7f", "::"} {
		c, err := Open(Config{URL: url}, zerolog.Nop())
		if err == nil {
			_ = c.Close()
			t.Errorf("%q is accepted", url.Reveal())
			continue
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the password is in the error: %v", err)
		}
	}
}

func TestWithoutRedis(t *testing.T) {
	none, err := Open(Config{}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]*Client{"no URL": none, "nil": nil} {
		t.Run(name, func(t *testing.T) {
			if err := c.Do(t.Context(), ping); !errors.Is(err, ErrUnavailable) {
				t.Errorf("Do: %v", err)
			}
			if c.Redis() != nil {
				t.Error("there is a Redis")
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		})
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

func TestCircuit(t *testing.T) {
	server := redistest.New(t)
	var log lines
	c, err := Open(Config{URL: server.URL(), Timeout: patience}, zerolog.New(&log))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	now := time.Now()
	c.now = func() time.Time { return now }
	if err := c.Do(t.Context(), ping); err != nil {
		t.Fatal(err)
	}
	server.Stop()
	if err := c.Do(t.Context(), ping); err == nil || errors.Is(err, ErrUnavailable) {
		t.Fatalf("the first failure: %v", err)
	}
	if available(c) {
		t.Error("available while it is down")
	}
	never := func(context.Context, redis.UniversalClient) error {
		t.Error("used while Redis is unavailable")
		return nil
	}
	for range 3 {
		if err := c.Do(t.Context(), never); !errors.Is(err, ErrUnavailable) {
			t.Errorf("while Redis is unavailable: %v", err)
		}
	}
	now = now.Add(restTime)
	// One caller tries; the others get ErrUnavailable.
	err = c.Do(t.Context(), func(ctx context.Context, r redis.UniversalClient) error {
		if err := c.Do(ctx, never); !errors.Is(err, ErrUnavailable) {
			t.Errorf("a second caller at the same time: %v", err)
		}
		return ping(ctx, r)
	})
	if err == nil || available(c) {
		t.Errorf("still down: %v", err)
	}
	server.Start()
	now = now.Add(restTime)
	if err := c.Do(t.Context(), ping); err != nil {
		t.Fatalf("back again: %v", err)
	}
	if !available(c) {
		t.Error("not available")
	}
	if down, up := log.count("not available"), log.count("available again"); down != 1 || up != 1 {
		t.Errorf("logged %d times that it is down and %d times that it is back", down, up)
	}
}

func TestOwnErrorsDoNotTrip(t *testing.T) {
	server := redistest.New(t)
	c := open(t, server.URL())
	c.rest = time.Hour
	late, stop := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer stop()
	for name, do := range map[string]func() error{
		"no such key": func() error {
			return c.Do(t.Context(), func(ctx context.Context, r redis.UniversalClient) error { return r.Get(ctx, "x").Err() })
		},
		"wrong command": func() error {
			return c.Do(t.Context(), func(ctx context.Context, r redis.UniversalClient) error { return r.Do(ctx, "NONSENSE").Err() })
		},
		"caller has left": func() error { return c.Do(cancelled(t), ping) },
		"caller late":     func() error { return c.Do(late, ping) },
	} {
		if err := do(); err == nil {
			t.Errorf("%s: no error", name)
		}
		if !available(c) {
			t.Fatalf("%s: Redis counts as down", name)
		}
	}
}

func TestTimeoutsTripTogether(t *testing.T) {
	server := redistest.New(t)
	c := open(t, server.URL())
	c.rest = time.Hour
	slow := func(context.Context, redis.UniversalClient) error { return context.DeadlineExceeded }
	for range timeoutsToTrip - 1 {
		_ = c.Do(t.Context(), slow)
	}
	if err := c.Do(t.Context(), ping); err != nil {
		t.Fatal(err)
	}
	for i := range timeoutsToTrip {
		if !available(c) {
			t.Fatalf("down after %d timeouts", i)
		}
		_ = c.Do(t.Context(), slow)
	}
	if available(c) {
		t.Error("still available")
	}
}

type reply string

func (r reply) Error() string { return string(r) }
func (reply) RedisError()     {}

func TestIsOutage(t *testing.T) {
	for _, test := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{redis.Nil, false},
		{reply("WRONGTYPE Operation against a key"), false},
		{reply("ERR unknown command"), false},
		{reply("LOADING Redis is loading the dataset in memory"), true},
		{reply("OOM command not allowed"), true},
		{reply("READONLY You can't write against a read only replica."), true},
		{errors.New("connection refused"), true},
		{context.DeadlineExceeded, true},
	} {
		if got := isOutage(test.err); got != test.want {
			t.Errorf("isOutage(%v) = %v", test.err, got)
		}
	}
}

func TestSentinelURL(t *testing.T) {
	for address, want := range map[string]string{
		"redis://u:secret@s1:26379/2?master_name=salon&addr=s2:26379": "",
		"redis://u:secret@s1:26379?master_name=":                      "master_name is empty",
		"redis://u:secret@s1:26379?master_name=salon&addr=s2":         "addr",
		"redis://u:secret@s1:26379?master_name=salon&nonsense=1":      "nonsense",
		"redis://u:secret@s1:x?master_name=salon":                     "port",
	} {
		c, err := Open(Config{URL: secret.Text(address)}, zerolog.Nop())
		if want == "" {
			if err != nil {
				t.Errorf("%s: %v", address, err)
			} else if err := c.Close(); err != nil {
				t.Error(err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret@") {
			t.Errorf("%s: %v, want %q and no password", address, err, want)
		}
	}
}
