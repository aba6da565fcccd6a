package ratelimit

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/redis/go-redis/v9"
)

// Failures counts failed attempts, such as sign-ins, over a sliding window. It is safe for concurrent use.
//
// An attempt counts as a failure from its beginning, so that of a hundred guesses in parallel no more are judged than of
// a hundred in a row: call Attempt first, Reset after a good one, Undo after one that was not judged.
type Failures struct {
	limiter *Limiter
	name    string
	allowed int
	window  time.Duration
	local   *localFailures
}

// Failures returns a counter that admits so many failures in any window of time. The name keeps its keys apart from
// other counters'.
func (l *Limiter) Failures(name string, allowed int, window time.Duration) *Failures {
	return &Failures{limiter: l, name: name, allowed: allowed, window: window, local: newLocalFailures(time.Now)}
}

// Attempt counts an attempt and returns its id for Undo. When the key has used up its failures, it counts nothing and
// returns for how long that will stay so, more than 0. Failures from before and during an outage of Redis are known to the
// process that counted them.
func (f *Failures) Attempt(ctx context.Context, key string) (id string, wait time.Duration) {
	key, id = f.key(key), rand.Text()
	var blocked int64
	// It is counted even if the caller has hung up: that is what a guessing one would do.
	err := f.limiter.do(context.WithoutCancel(ctx), func(ctx context.Context, r redis.UniversalClient) (err error) {
		blocked, err = attemptScript.Run(ctx, r, []string{key}, f.window.Microseconds(), f.allowed, id).Int64()
		return err
	})
	if err != nil {
		return id, f.local.attempt(key, id, f.allowed, f.window)
	}
	if wait = time.Duration(blocked) * time.Microsecond; wait > 0 {
		return id, wait
	}
	// Counted here as well, so that an outage of Redis is no amnesty, and its end is none either.
	if wait = f.local.add(key, id, f.allowed, f.window); wait > 0 {
		f.forget(ctx, key, id)
	}
	return id, wait
}

// Undo takes an attempt back that was not judged, for want of time or a database.
func (f *Failures) Undo(ctx context.Context, key, id string) {
	key = f.key(key)
	f.local.remove(key, id)
	f.forget(ctx, key, id)
}

// forget takes an attempt out of Redis.
func (f *Failures) forget(ctx context.Context, key, id string) {
	_ = f.limiter.do(context.WithoutCancel(ctx), func(ctx context.Context, r redis.UniversalClient) error {
		return r.ZRem(ctx, key, id).Err()
	})
}

// Reset forgets the failures of a key.
func (f *Failures) Reset(ctx context.Context, key string) {
	key = f.key(key)
	f.local.reset(key)
	_ = f.limiter.do(context.WithoutCancel(ctx), func(ctx context.Context, r redis.UniversalClient) error {
		return r.Del(ctx, key).Err()
	})
}

func (f *Failures) key(key string) string { return hashed("failures:"+f.name, key) }

// attemptScript keeps the times of the last failures, in microseconds of Redis' clock. It returns how long the key is
// blocked, or counts one more and returns 0.
var attemptScript = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local window, allowed = tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%d', now - window))
if redis.call('ZCARD', KEYS[1]) >= allowed then
  local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  return tonumber(oldest[2]) + window - now
end
redis.call('ZADD', KEYS[1], string.format('%d', now), ARGV[3])
redis.call('PEXPIRE', KEYS[1], math.ceil(window / 1000))
return 0
`)
