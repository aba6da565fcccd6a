package embedded_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beauty-salon/platform/internal/embedded"
)

func TestRedis(t *testing.T) {
	t.Parallel()
	server, err := embedded.StartRedis()
	if err != nil {
		t.Fatal(err)
	}
	options, err := redis.ParseURL(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	if err := client.Set(t.Context(), "short", "x", 20*time.Millisecond).Err(); err != nil {
		t.Fatal(err)
	}
	if err := client.Set(t.Context(), "long", "x", time.Hour).Err(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a key expires", func() bool { return client.Exists(t.Context(), "short").Val() == 0 })
	if client.Exists(t.Context(), "long").Val() != 1 {
		t.Error("a key that has an hour to live is gone")
	}

	options.Password = ""
	stranger := redis.NewClient(options)
	if err := stranger.Ping(t.Context()).Err(); err == nil {
		t.Error("let in without a password")
	}
	for _, c := range []*redis.Client{client, stranger} {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	for range 2 {
		if err := server.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
