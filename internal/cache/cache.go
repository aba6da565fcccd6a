package cache

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/singleflight"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/internal/apierr"
)

const (
	defaultTTL = 5 * time.Minute
	// localTTL is how long the copy in this process is used, and so how old a value may be whose change this process was
	// not told about with Drop.
	localTTL = time.Second
	// loadTimeout ends a load whose first caller has long gone.
	loadTimeout = 5 * time.Second
	// dropMemory is how long a process refuses what is older than a Drop, while nothing newer was asked for. It outlives
	// every load. Once a Get has found what is new enough, the copy refuses what is older, and then Redis.
	dropMemory = 30 * time.Second
	// localEntries bounds the copies in one process.
	localEntries = 20_000
	// shards is the number of counters that Drops are spread over.
	shards = 256
)

// Options describe what a cache keeps.
type Options[T any] struct {
	// Name is the kind of value, unique in the system: it is part of the keys in Redis and the label of the metrics.
	// A change of T that old readers cannot cope with needs another name.
	Name string
	// TTL is how long a value may be used without asking again, give or take ten percent. 0 means 5 minutes.
	TTL time.Duration
	// New returns an empty message to decode into.
	New func() T
}

// Cache keeps messages of one kind. It is safe for concurrent use.
type Cache[T proto.Message] struct {
	opts   Options[T]
	load   func(ctx context.Context, key string) (T, int64, error)
	remote remote
	counts counters

	localTTL time.Duration

	local *otter.Cache[string, entry[T]]
	group singleflight.Group
	seed  maphash.Seed
	drops [shards]atomic.Uint64 // how many Drops there were of keys of a shard
}

// entry is a value or, after a Drop, only the version that values must have.
type entry[T any] struct {
	value   T
	version int64
	empty   bool
	expires time.Time
}

// New returns a cache that gets with load what it does not have. client and reg may be nil: then there is no shared
// level, or there are no metrics. load runs once for all who wait for a key, with a context of its own that ends after
// five seconds; an error of load goes to them all and is not kept. load also returns the version of the value, which grows with
// each change of what the value is made from; 0 when nothing has been made yet.
func New[T proto.Message](client *Client, o Options[T], load func(ctx context.Context, key string) (T, int64, error), reg prometheus.Registerer) *Cache[T] {
	if o.TTL <= 0 {
		o.TTL = defaultTTL
	}
	counts := newCounters(reg, o.Name)
	return &Cache[T]{
		opts:     o,
		load:     load,
		remote:   newRemote(client, o.Name, counts),
		counts:   counts,
		localTTL: localTTL,
		local:    otter.Must(&otter.Options[string, entry[T]]{MaximumSize: localEntries}),
		seed:     maphash.MakeSeed(),
	}
}

// Get returns the value of a key. Callers must not change the message. The errors are those of load and of ctx.
func (c *Cache[T]) Get(ctx context.Context, key string) (T, error) {
	if hit, ok := c.local.GetIfPresent(key); ok && !hit.empty && time.Now().Before(hit.expires) {
		c.counts.localHit.Inc()
		return hit.value, nil
	}
	c.counts.localMiss.Inc()
	// A Drop gives the flight another name: who comes after it does not get what was read before it.
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

// fetch gets a value from Redis or load on behalf of all who wait, so the first one's leaving does not end it.
func (c *Cache[T]) fetch(ctx context.Context, key string, drops uint64) (value T, err error) {
	defer func() {
		// singleflight would end the process: no handler's recovery is above us.
		if r := recover(); r != nil {
			err = apierr.Internal(fmt.Errorf("load %s: panic: %v\n%s", c.opts.Name, r, debug.Stack()))
		}
	}()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadTimeout)
	defer cancel()
	atLeast := c.floor(key)
	if body, version, ok := c.remote.get(ctx, key); ok && version >= atLeast {
		value = c.opts.New()
		if proto.Unmarshal(body, value) == nil {
			c.counts.remoteHit.Inc()
			c.keep(key, value, version, drops)
			return value, nil
		}
	}
	c.counts.remoteMiss.Inc()
	var version int64
	if value, version, err = c.load(ctx, key); err != nil {
		return value, err
	}
	if !c.keep(key, value, version, drops) {
		return value, nil
	}
	if body, err := proto.Marshal(value); err == nil {
		c.remote.set(ctx, key, version, body, c.opts.TTL)
	}
	return value, nil
}

// keep puts a value into this process's level, unless it is older than what is known or than a Drop. It tells whether
// it is fit for Redis.
func (c *Cache[T]) keep(key string, value T, version int64, drops uint64) bool {
	fit := false
	now := time.Now()
	c.local.Compute(key, func(old entry[T], found bool) (entry[T], otter.ComputeOp) {
		// Drop raises the counter first and changes the entry then, so of a Drop at this very moment one of both is
		// seen: the raised counter here, or this entry by the Drop.
		if c.shard(key).Load() != drops || found && now.Before(old.expires) && old.version > version {
			return old, otter.CancelOp
		}
		fit = true
		return entry[T]{value: value, version: version, expires: now.Add(jitter(c.localTTL))}, otter.WriteOp
	})
	return fit
}

// floor returns the version that a value must have because of a Drop.
func (c *Cache[T]) floor(key string) int64 {
	if e, ok := c.local.GetEntryQuietly(key); ok && e.Value.empty && time.Now().Before(e.Value.expires) {
		return e.Value.version
	}
	return 0
}

// Drop tells that a write, which is about to be committed, makes version of what the key's value is made from. From here
// on nothing older is kept here or in Redis, also when ctx ends. Other processes follow when their copy's time is up, after
// a second.
func (c *Cache[T]) Drop(ctx context.Context, key string, version int64) {
	c.shard(key).Add(1)
	now := time.Now()
	c.local.Compute(key, func(old entry[T], found bool) (entry[T], otter.ComputeOp) {
		if found && now.Before(old.expires) && old.version >= version {
			return old, otter.CancelOp // as new, or newer
		}
		return entry[T]{version: version, empty: true, expires: now.Add(dropMemory)}, otter.WriteOp
	})
	c.remote.drop(ctx, key, version, c.opts.TTL)
}

func (c *Cache[T]) shard(key string) *atomic.Uint64 {
	return &c.drops[maphash.String(c.seed, key)%shards]
}

// jitter spreads d by ten percent either way, so that what was kept together does not expire together.
func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.9 + 0.2*rand.Float64())) //nolint:gosec // nobody gains from guessing it
}

// errCorrupt is a value in Redis that we did not write, or not like this.
var errCorrupt = errors.New("not a value of this cache")
