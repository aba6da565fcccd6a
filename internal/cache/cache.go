package cache

import (
	"context"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/singleflight"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/internal/apierr"
)

const (
	defaultTTL = 5 * time.Minute
	// loadTimeout ends a load whose callers may all have left.
	loadTimeout = 5 * time.Second
	// shards is the number of counters of drops. Keys that share a counter cost each other a shared load at most.
	shards = 256
)

// Options describe what a cache keeps.
type Options[T any] struct {
	// Name is the kind of value, unique in the system: it is part of the keys in Redis and the label of the metrics.
	// A change of T that old readers cannot decode needs another name.
	Name string
	// TTL is how long Redis keeps a value, give or take ten percent. 0 means 5 minutes.
	TTL time.Duration
	// New returns an empty message to decode into.
	New func() T
}

// Cache keeps messages of one kind in Redis. It is safe for concurrent use.
type Cache[T proto.Message] struct {
	opts   Options[T]
	load   func(ctx context.Context, key string) (T, int64, error)
	values values
	counts counters

	group singleflight.Group
	seed  maphash.Seed
	drops [shards]atomic.Uint64 // the number of drops of the keys of a shard
}

// New returns a cache that gets with load what Redis does not have. client and reg may be nil: then there is no Redis,
// or there are no metrics. load runs once for all callers who wait for a key, with a context of its own that ends after
// five seconds. An error of load is returned to all of them and is not kept. load also returns the version of the value,
// which grows with each change of the data that the value is made from; 0 when there is no such data yet.
func New[T proto.Message](client *Client, o Options[T], load func(ctx context.Context, key string) (T, int64, error), reg prometheus.Registerer) *Cache[T] {
	if o.TTL <= 0 {
		o.TTL = defaultTTL
	}
	counts := newCounters(reg, o.Name)
	return &Cache[T]{
		opts:   o,
		load:   load,
		values: newValues(client, o.Name, counts),
		counts: counts,
		seed:   maphash.MakeSeed(),
	}
}

// Get returns the value of a key. Callers must not change the message, which they share with others. The errors are
// those of load and of ctx.
func (c *Cache[T]) Get(ctx context.Context, key string) (T, error) {
	// A Drop changes the name of the flight, so that a later caller does not share a load that began before the Drop.
	drops := c.shard(key).Load()
	flight := key + "/" + strconv.FormatUint(drops, 36)
	select {
	case r := <-c.group.DoChan(flight, func() (any, error) { return c.fetch(ctx, key, drops) }):
		value, _ := r.Val.(T)
		return value, r.Err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// fetch gets a value from Redis or load for all callers who wait. It goes on when the first of them leaves.
func (c *Cache[T]) fetch(ctx context.Context, key string, drops uint64) (value T, err error) {
	defer func() {
		// No recovery of a handler is on this stack, and singleflight would end the process.
		if r := recover(); r != nil {
			err = apierr.Internal(fmt.Errorf("load %s: panic: %v\n%s", c.opts.Name, r, debug.Stack()))
		}
	}()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadTimeout)
	defer cancel()
	if body, ok := c.values.get(ctx, key); ok {
		value = c.opts.New()
		if proto.Unmarshal(body, value) == nil {
			c.counts.hit.Inc()
			return value, nil
		}
	}
	c.counts.miss.Inc()
	value, version, err := c.load(ctx, key)
	if err != nil {
		return value, err
	}
	// Redis refuses a value that is older than a drop. The counter also covers a drop that Redis has lost.
	if c.shard(key).Load() != drops {
		return value, nil
	}
	if body, err := proto.Marshal(value); err == nil {
		c.values.set(ctx, key, version, body, c.opts.TTL)
	}
	return value, nil
}

// Drop announces a write that is about to be committed. The write makes version of the data that the key's value is made
// from. After Drop returns, Redis neither returns an older value to this process nor accepts one from any process. This
// is also true when ctx has ended. While Redis is unavailable, the drop waits until Redis is back; other processes may read
// the older value from Redis until then.
func (c *Cache[T]) Drop(ctx context.Context, key string, version int64) {
	c.shard(key).Add(1)
	c.values.drop(ctx, key, version, c.opts.TTL)
}

func (c *Cache[T]) shard(key string) *atomic.Uint64 {
	return &c.drops[maphash.String(c.seed, key)%shards]
}

// jitter spreads d by ten percent either way, so that values that were stored together do not expire together.
func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.9 + 0.2*rand.Float64())) //nolint:gosec // nobody gains from guessing the number
}
