package cache

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// schema is part of every key. Change it with the format of the stored values.
	schema = "salon:v1:"
	// A stored value is a header and the encoded message. The header is the version in 20 digits, the kind and a
	// checksum. With a fixed number of digits, text order is number order; numbers in Lua are exact only to 53 bits.
	versionBytes = 20
	headerBytes  = versionBytes + 1 + 8
	kindValue    = 'v'
	kindDropped  = 'd' // no value: only the version that values must have
	// maxPending bounds the drops that wait until Redis is available.
	maxPending = 10_000
	// minDropTTL is the least time for which Redis keeps a drop. It is longer than every load.
	minDropTTL = time.Minute
)

var checksum = crc32.MakeTable(crc32.Castagnoli)

// remote is the level that all processes share.
type remote struct {
	client  *Client
	prefix  string
	counts  counters
	pending *pendingDrops
}

// pendingDrops are the drops that Redis has not received yet.
type pendingDrops struct {
	limit    int // the most versions that are kept
	mu       sync.Mutex
	versions map[string]int64 // by key
	overflow bool             // there were too many: all values in Redis must be deleted
	wiping   bool             // the deletion is running; new drops are kept again
	repair   bool             // a repair is under way
}

func newRemote(client *Client, name string, counts counters) remote {
	return remote{
		client:  client,
		prefix:  schema + name + ":",
		counts:  counts,
		pending: &pendingDrops{limit: maxPending, versions: make(map[string]int64)},
	}
}

// get returns the value in Redis. Every failure counts as a miss.
func (r remote) get(ctx context.Context, key string) (body []byte, version int64, ok bool) {
	if r.client.Redis() == nil || r.stale(key) {
		return nil, 0, false
	}
	var stored []byte
	err := r.do(ctx, func(ctx context.Context, c redis.UniversalClient) (err error) {
		stored, err = c.Get(ctx, r.prefix+key).Bytes()
		return err
	})
	if err != nil {
		return nil, 0, false
	}
	body, version, err = decode(stored)
	return body, version, err == nil && body != nil
}

// set stores a value unless Redis has a newer value or a newer drop.
func (r remote) set(ctx context.Context, key string, version int64, body []byte, ttl time.Duration) {
	_ = r.put(ctx, key, kindValue, version, body, jitter(ttl))
}

// drop makes Redis refuse values older than version. When Redis is unavailable, the drop is kept and sent later.
func (r remote) drop(ctx context.Context, key string, version int64, ttl time.Duration) {
	if r.client.Redis() == nil {
		return
	}
	// The write may be committed already, so the drop is sent even when the caller has left.
	if r.sendDrop(context.WithoutCancel(ctx), key, version, ttl) != nil {
		r.later(key, version, ttl)
	}
}

func (r remote) sendDrop(ctx context.Context, key string, version int64, ttl time.Duration) error {
	return r.put(ctx, key, kindDropped, version, nil, max(ttl+ttl/5, minDropTTL))
}

func (r remote) put(ctx context.Context, key string, kind byte, version int64, body []byte, ttl time.Duration) error {
	if r.client.Redis() == nil {
		return nil
	}
	return r.do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		return setIfNewer.Run(ctx, c, []string{r.prefix + key}, encode(kind, version, body), ttl.Milliseconds()).Err()
	})
}

// setIfNewer stores ARGV[1] unless the key has a newer version. A value replaces a drop of the same version; a drop
// never replaces a value of the same version.
var setIfNewer = redis.NewScript(`
local old = redis.call('GETRANGE', KEYS[1], 0, 20)
if string.find(old, '^%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d[vd]$') and string.sub(old, 1, 20) >= string.sub(ARGV[1], 1, 20) then
  if string.sub(old, 1, 20) > string.sub(ARGV[1], 1, 20) or string.sub(ARGV[1], 21, 21) == 'd' then
    return 0
  end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`)

func (r remote) do(ctx context.Context, fn func(ctx context.Context, c redis.UniversalClient) error) error {
	err := r.client.Do(ctx, fn)
	if err != nil && !errors.Is(err, redis.Nil) {
		r.counts.remoteFailed.Inc()
	}
	return err
}

// stale reports whether the value in Redis may be older than a pending drop.
func (r remote) stale(key string) bool {
	r.pending.mu.Lock()
	defer r.pending.mu.Unlock()
	_, found := r.pending.versions[key]
	return found || r.pending.overflow
}

// later keeps a drop until Redis is available.
func (r remote) later(key string, version int64, ttl time.Duration) {
	u := r.pending
	u.mu.Lock()
	defer u.mu.Unlock()
	if old, found := u.versions[key]; !found && len(u.versions) >= u.limit {
		u.overflow, u.wiping = true, false
		clear(u.versions)
	} else if !u.overflow || u.wiping {
		u.versions[key] = max(old, version)
	}
	if !u.repair {
		u.repair = true
		r.client.repairs.add(func(ctx context.Context) bool { return r.catchUp(ctx, ttl) })
	}
}

// catchUp sends the pending drops to Redis and reports whether all were sent.
func (r remote) catchUp(ctx context.Context, ttl time.Duration) bool {
	u := r.pending
	for {
		u.mu.Lock()
		if len(u.versions) == 0 && !u.overflow {
			u.repair = false
			u.mu.Unlock()
			return true
		}
		all := u.overflow
		u.wiping = all
		var key string
		var version int64
		for key, version = range u.versions {
			break
		}
		u.mu.Unlock()
		if all {
			if r.wipe(ctx) != nil {
				return false
			}
			u.mu.Lock()
			if u.wiping { // otherwise there were too many again
				u.overflow, u.wiping = false, false
			}
			u.mu.Unlock()
			continue
		}
		if r.sendDrop(ctx, key, version, ttl) != nil {
			return false
		}
		u.mu.Lock()
		if u.versions[key] == version {
			delete(u.versions, key)
		}
		u.mu.Unlock()
	}
}

// wipe deletes all values of this cache in Redis.
func (r remote) wipe(ctx context.Context) error {
	var cursor uint64
	for {
		err := r.do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
			keys, next, err := c.Scan(ctx, cursor, r.prefix+"*", 500).Result()
			if err != nil || len(keys) == 0 {
				cursor = next
				return err
			}
			if err := c.Unlink(ctx, keys...).Err(); err != nil {
				return err
			}
			cursor = next
			return nil
		})
		if err != nil || cursor == 0 {
			return err
		}
	}
}

func encode(kind byte, version int64, body []byte) []byte {
	b := make([]byte, 0, headerBytes+len(body))
	b = fmt.Appendf(b, "%0*d%c%08x", versionBytes, max(version, 0), kind, crc32.Checksum(body, checksum))
	return append(b, body...)
}

// decode returns a nil body for a drop, and errCorrupt for bytes that encode did not write.
func decode(b []byte) (body []byte, version int64, err error) {
	if len(b) < headerBytes {
		return nil, 0, errCorrupt
	}
	version, err = strconv.ParseInt(string(b[:versionBytes]), 10, 64)
	if err != nil || version < 0 {
		return nil, 0, errCorrupt
	}
	sum, err := strconv.ParseUint(string(b[versionBytes+1:headerBytes]), 16, 32)
	body = b[headerBytes:]
	if err != nil || sum != uint64(crc32.Checksum(body, checksum)) {
		return nil, 0, errCorrupt
	}
	switch b[versionBytes] {
	case kindValue:
		return body, version, nil
	case kindDropped:
		return nil, version, nil
	}
	return nil, 0, errCorrupt
}
