package embedded

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// redisTick is how often entries age. An entry lives at most this much too long.
const redisTick = 100 * time.Millisecond

// Redis is a Redis in memory, on a loopback port and with a password of its own.
type Redis struct {
	server   *miniredis.Miniredis
	password string
	once     sync.Once
	stop     chan struct{}
	stopped  chan struct{}
}

// StartRedis starts an empty Redis.
func StartRedis() (*Redis, error) {
	password := make([]byte, 16)
	if _, err := rand.Read(password); err != nil {
		return nil, fmt.Errorf("make a password: %w", err)
	}
	r := &Redis{
		server: miniredis.NewMiniRedis(), password: hex.EncodeToString(password),
		stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	r.server.RequireAuth(r.password)
	if err := r.server.StartAddr("127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("start Redis: %w", err)
	}
	go r.age()
	return r, nil
}

// age advances the time to live of entries, because miniredis has no clock of its own.
func (r *Redis) age() {
	defer close(r.stopped)
	ticker := time.NewTicker(redisTick)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case <-r.stop:
			return
		case <-ticker.C:
			now := time.Now()
			r.server.FastForward(now.Sub(last))
			last = now
		}
	}
}

// URL is the address with the password: "redis://:…@127.0.0.1:port/0".
func (r *Redis) URL() string {
	return (&url.URL{Scheme: "redis", User: url.UserPassword("", r.password), Host: r.server.Addr(), Path: "/0"}).String()
}

// Stop disconnects all clients and deletes everything. It may be called again.
func (r *Redis) Stop(context.Context) error {
	r.once.Do(func() {
		close(r.stop)
		<-r.stopped
		r.server.Close()
	})
	return nil
}
