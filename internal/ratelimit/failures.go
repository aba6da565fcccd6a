package ratelimit

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/redis/go-redis/v9"
)

// Failures counts failed attempts, such as sign-ins, over a sliding window. It is safe for concurrent use.
//
// Call Blocked before an attempt to save the work. After a failed attempt, Add decides whether the caller may learn
// that the attempt failed: a hundred parallel guesses reveal no more than a hundred guesses in a row. After a
// successful attempt, call Blocked once more before Reset. Otherwise the one right guess among a hundred would get
// a different answer.
type Failures struct {
	limiter *Limiter
	name    string
	allowed int
	window  time.Duration
	local   *localFailures
}

// Failures returns a counter that allows the given number of failures in any window of time. The name separates its
// keys from those of other counters.
func (l *Limiter) Failures(name string, allowed int, window time.Duration) *Failures {
	return &Failures{limiter: l, name: name, allowed: allowed, window: window, local: newLocalFailures(time.Now)}
}

// Blocked returns how long the key remains blocked, 0 when it is not blocked. The process that counted failures
// before and during an outage of Redis still counts them.
func (f *Failures) Blocked(ctx context.Context, key string) time.Duration {
	return f.use(ctx, key, "")
}

// Add counts a failure, unless the key is blocked. It returns the same as Blocked.
func (f *Failures) Add(ctx context.Context, key string) time.Duration {
	return f.use(ctx, key, rand.Text())
}

// use counts a failure under the name of a member, or no failure when the name is empty.
func (f *Failures) use(ctx context.Context, key, member string) time.Duration {
	key = f.key(key)
	var blocked int64
	// A failure is counted even when the caller disconnects. Otherwise an attacker could disconnect to avoid the
	// count.
	err := f.limiter.do(context.WithoutCancel(ctx), func(ctx context.Context, r redis.UniversalClient) (err error) {
		blocked, err = failuresScript.Run(ctx, r, []string{key}, f.window.Microseconds(), f.allowed, member).Int64()
		return err
	})
	if err == nil && blocked > 0 {
		return time.Duration(blocked) * time.Microsecond
	}
	// The failure is also counted in this process, so that neither the start nor the end of an outage of Redis
	// unblocks a key.
	return f.local.use(key, member != "", err != nil, f.allowed, f.window)
}

// Reset deletes the failures of a key.
func (f *Failures) Reset(ctx context.Context, key string) {
	key = f.key(key)
	f.local.reset(key)
	_ = f.limiter.do(context.WithoutCancel(ctx), func(ctx context.Context, r redis.UniversalClient) error {
		return r.Del(ctx, key).Err()
	})
}

func (f *Failures) key(key string) string { return hashed("failures:"+f.name, key) }

// failuresScript keeps the times of the last failures, in microseconds of Redis' clock. It returns how long the key
// is blocked. When the key is not blocked, the script counts a failure if a member is named, and returns 0.
var failuresScript = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local window, allowed = tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%d', now - window))
if redis.call('ZCARD', KEYS[1]) >= allowed then
  local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  return tonumber(oldest[2]) + window - now
end
if ARGV[3] ~= '' then
  redis.call('ZADD', KEYS[1], string.format('%d', now), ARGV[3])
  redis.call('PEXPIRE', KEYS[1], math.ceil(window / 1000))
end
return 0
`)
