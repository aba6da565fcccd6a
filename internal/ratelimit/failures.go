package ratelimit

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/redis/go-redis/v9"
)

// Failures counts failed attempts, such as sign-ins, over a sliding window. It is safe for concurrent use.
//
// Ask Blocked before an attempt, to spare the work. When it has failed, Add decides whether that may be told: of a hundred
// guesses in parallel no more are than of a hundred in a row. When it has succeeded, ask Blocked once more before Reset, or
// the right guess among the hundred would be the one with another answer.
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

// Blocked returns for how long the key will have used up its failures, 0 when it has not. Failures from before and during
// an outage of Redis are known to the process that counted them.
func (f *Failures) Blocked(ctx context.Context, key string) time.Duration {
	return f.use(ctx, key, "")
}

// Add counts a failure, unless the key is blocked: then it returns what Blocked does.
func (f *Failures) Add(ctx context.Context, key string) time.Duration {
	return f.use(ctx, key, rand.Text())
}

// use counts a failure under a member's name, or none when that is empty.
func (f *Failures) use(ctx context.Context, key, member string) time.Duration {
	key = f.key(key)
	var blocked int64
	// A failure is counted even if the caller has hung up: that is what a guessing one would do.
	err := f.limiter.do(context.WithoutCancel(ctx), func(ctx context.Context, r redis.UniversalClient) (err error) {
		blocked, err = failuresScript.Run(ctx, r, []string{key}, f.window.Microseconds(), f.allowed, member).Int64()
		return err
	})
	if err == nil && blocked > 0 {
		return time.Duration(blocked) * time.Microsecond
	}
	// Counted here as well, so that an outage of Redis is no amnesty, and its end is none either.
	return f.local.use(key, member != "", err != nil, f.allowed, f.window)
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

// failuresScript keeps the times of the last failures, in microseconds of Redis' clock. It returns how long the key is
// blocked, or counts one more, if it is given a name for it, and returns 0.
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
