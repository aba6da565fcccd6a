package cache

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// schema is part of every key. Change it with the format of the stored values.
	schema = "salon:v1:"
	// minDropTTL is the least time for which Redis keeps a drop. It is longer than every load.
	minDropTTL = time.Minute
)

// values are the values of one cache in Redis.
type values struct {
	client  *Client
	prefix  string
	counts  counters
	pending *pendingDrops
}

func newValues(client *Client, name string, counts counters) values {
	return values{client: client, prefix: schema + name + ":", counts: counts, pending: newPendingDrops()}
}

// get returns the value in Redis. Every failure counts as a miss, and so does a value that a pending drop may replace.
func (v values) get(ctx context.Context, key string) (body []byte, ok bool) {
	if v.client.Redis() == nil || v.pending.covers(key) {
		return nil, false
	}
	var stored []byte
	err := v.do(ctx, func(ctx context.Context, c redis.UniversalClient) (err error) {
		stored, err = c.Get(ctx, v.prefix+key).Bytes()
		return err
	})
	if err != nil {
		return nil, false
	}
	body, _, err = decode(stored)
	return body, err == nil && body != nil
}

// set stores a value unless Redis has a newer value or a newer drop.
func (v values) set(ctx context.Context, key string, version int64, body []byte, ttl time.Duration) {
	_ = v.put(ctx, key, kindValue, version, body, jitter(ttl))
}

// drop makes Redis refuse values older than version. When Redis is unavailable, the drop is kept and sent later.
func (v values) drop(ctx context.Context, key string, version int64, ttl time.Duration) {
	if v.client.Redis() == nil {
		return
	}
	// The write may be committed already, so the drop is sent even when the caller has left.
	if v.sendDrop(context.WithoutCancel(ctx), key, version, ttl) == nil {
		return
	}
	if v.pending.add(key, version) {
		v.client.repairs.add(func(ctx context.Context) bool { return v.sendPending(ctx, ttl) })
	}
}

func (v values) sendDrop(ctx context.Context, key string, version int64, ttl time.Duration) error {
	return v.put(ctx, key, kindDropped, version, nil, max(ttl+ttl/5, minDropTTL))
}

func (v values) put(ctx context.Context, key string, kind byte, version int64, body []byte, ttl time.Duration) error {
	if v.client.Redis() == nil {
		return nil
	}
	return v.do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		return setIfNewer.Run(ctx, c, []string{v.prefix + key}, encode(kind, version, body), ttl.Milliseconds()).Err()
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

// deleteAll deletes all values of this cache in Redis.
func (v values) deleteAll(ctx context.Context) error {
	var cursor uint64
	for {
		err := v.do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
			keys, next, err := c.Scan(ctx, cursor, v.prefix+"*", 500).Result()
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

func (v values) do(ctx context.Context, fn func(ctx context.Context, c redis.UniversalClient) error) error {
	err := v.client.Do(ctx, fn)
	if err != nil && !errors.Is(err, redis.Nil) {
		v.counts.failed.Inc()
	}
	return err
}
