package redistest

import (
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestServer(t *testing.T) {
	s := New(t)
	c := redis.NewClient(&redis.Options{Addr: s.Addr()})
	defer func() { _ = c.Close() }()
	if err := c.Set(t.Context(), "k", "v", time.Minute).Err(); err != nil {
		t.Fatal(err)
	}
	s.Stop()
	s.Stop()
	if err := c.Get(t.Context(), "k").Err(); err == nil {
		t.Error("answers after Stop")
	}
	s.Start()
	got, err := c.Get(t.Context(), "k").Result()
	if s.Real() {
		if !errors.Is(err, redis.Nil) {
			t.Errorf("a real Redis kept %q, %v", got, err)
		}
		return
	}
	if got != "v" || err != nil {
		t.Errorf("miniredis has %q, %v", got, err)
	}
	s.FastForward(time.Hour)
	if err := c.Get(t.Context(), "k").Err(); err == nil {
		t.Error("an hour has not passed")
	}
}

func TestHanging(t *testing.T) {
	o, err := redis.ParseURL(Hanging(t).Reveal())
	if err != nil {
		t.Fatal(err)
	}
	o.ReadTimeout, o.MaxRetries = 20*time.Millisecond, -1
	c := redis.NewClient(o)
	defer func() { _ = c.Close() }()
	if err := c.Ping(t.Context()).Err(); err == nil {
		t.Error("it answers")
	}
}
