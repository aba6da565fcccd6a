package ratelimit

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// Failures counts failed attempts, such as sign-ins, over a sliding window. It is safe for concurrent use.
//
// Ask Blocked before an attempt; after a failed one call Add, and after a good one ask Blocked again before Reset. The
// second question is for attempts that run at the same time: of a hundred guesses in parallel, the right one is refused
// if five wrong ones were counted before it.
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

// Blocked tells whether the key has used up its failures, and for how long it will stay so. Failures of the time before
// an outage of Redis are known to the process that counted them.
func (f *Failures) Blocked(ctx context.Context, key string) (time.Duration, bool) {
	return f.use(ctx, key, "")
}

// Add counts a failure. It returns what Blocked would from now on.
func (f *Failures) Add(ctx context.Context, key string) (time.Duration, bool) {
	return f.use(ctx, key, newMember())
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

// use counts a failure under a member's name, or none when that is empty.
func (f *Failures) use(ctx context.Context, key, member string) (time.Duration, bool) {
	key = f.key(key)
	// Counted here as well, so that an outage of Redis is no amnesty.
	wait := f.local.use(key, member != "", f.allowed, f.window)
	var shared int64
	// A failure is counted even if the caller has hung up: that is what a guessing one would do.
	err := f.limiter.do(context.WithoutCancel(ctx), func(ctx context.Context, r redis.UniversalClient) (err error) {
		shared, err = failuresScript.Run(ctx, r, []string{key},
			f.window.Microseconds(), f.allowed, member).Int64()
		return err
	})
	if err == nil {
		wait = time.Duration(shared) * time.Microsecond
	}
	return wait, wait > 0
}

// failuresScript keeps the times of the last failures, in microseconds of Redis' clock, and returns how long the key is
// blocked. No more times are kept than are needed to tell.
var failuresScript = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local window, allowed = tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%d', now - window))
if ARGV[3] ~= '' then
  redis.call('ZADD', KEYS[1], string.format('%d', now), ARGV[3])
  redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -allowed - 1)
  redis.call('PEXPIRE', KEYS[1], math.ceil(window / 1000))
end
if redis.call('ZCARD', KEYS[1]) < allowed then
  return 0
end
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return tonumber(oldest[2]) + window - now
`)
