package ratelimit

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/redis/go-redis/v9"
)

// Ceiling is how many failures may happen under one key in any window of time.
type Ceiling struct {
	// Key is what the failures are counted by. It may have any length and contain personal data: only its hash is
	// stored. Ceilings of different kinds need different keys.
	Key string
	// Allowed is the number of failures in a Window. It is at least 1.
	Allowed int
	// Window is how long a failure counts. It must be the same in all calls with the same Key.
	Window time.Duration
}

// Failures counts failed attempts, such as sign-ins, over sliding windows. An attempt may be under several ceilings at
// once. It is safe for concurrent use.
//
// Call Blocked before an attempt to save the work. After a failed attempt, Add decides whether the caller may learn
// that the attempt failed: a hundred parallel guesses reveal no more than a hundred guesses in a row. After a
// successful attempt, call Blocked once more before Reset. Otherwise the one right guess among a hundred would get
// a different answer.
type Failures struct {
	limiter *Limiter
	name    string
	local   *localFailures
}

// Failures returns a counter. The name separates its keys from those of other counters.
func (l *Limiter) Failures(name string) *Failures {
	return &Failures{limiter: l, name: name, local: newLocalFailures(time.Now)}
}

// Blocked returns how long the attempt remains blocked by one of its ceilings, 0 when it is not blocked. The process
// that counted failures before and during an outage of Redis still counts them.
func (f *Failures) Blocked(ctx context.Context, ceilings ...Ceiling) time.Duration {
	return f.use(ctx, ceilings, "")
}

// Add counts a failure under all ceilings, unless one of them blocks the attempt: then it counts none. It returns the
// same as Blocked.
func (f *Failures) Add(ctx context.Context, ceilings ...Ceiling) time.Duration {
	return f.use(ctx, ceilings, rand.Text())
}

// use counts a failure under the name of a member, or no failure when the name is empty.
func (f *Failures) use(ctx context.Context, ceilings []Ceiling, member string) time.Duration {
	keys, args := make([]string, len(ceilings)), []any{member}
	for i, c := range ceilings {
		keys[i] = f.key(c.Key)
		args = append(args, c.Window.Microseconds(), c.Allowed)
	}
	var blocked int64
	// A failure is counted even when the caller disconnects. Otherwise an attacker could disconnect to avoid the
	// count.
	err := f.limiter.do(context.WithoutCancel(ctx), func(ctx context.Context, r redis.UniversalClient) (err error) {
		blocked, err = failuresScript.Run(ctx, r, keys, args...).Int64()
		return err
	})
	if err == nil && blocked > 0 {
		return time.Duration(blocked) * time.Microsecond
	}
	// The failure is also counted in this process, so that neither the start nor the end of an outage of Redis
	// unblocks a key.
	return f.local.use(keys, ceilings, member != "", err != nil)
}

// Reset deletes the failures under the key of a ceiling.
func (f *Failures) Reset(ctx context.Context, c Ceiling) {
	key := f.key(c.Key)
	f.local.reset(key)
	_ = f.limiter.do(context.WithoutCancel(ctx), func(ctx context.Context, r redis.UniversalClient) error {
		return r.Del(ctx, key).Err()
	})
}

func (f *Failures) key(key string) string { return hashed("failures:"+f.name, key) }

// failuresScript keeps the times of the last failures under each key, in microseconds of Redis' clock. It returns how
// long the longest block lasts. When no key is blocked, the script counts a failure under all keys if a member is named,
// and returns 0.
var failuresScript = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local blocked = 0
for i, key in ipairs(KEYS) do
  local window, allowed = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  redis.call('ZREMRANGEBYSCORE', key, '-inf', string.format('%d', now - window))
  local count = redis.call('ZCARD', key)
  if count >= allowed then
    local frees = redis.call('ZRANGE', key, count - allowed, count - allowed, 'WITHSCORES')
    blocked = math.max(blocked, tonumber(frees[2]) + window - now)
  end
end
if blocked == 0 and ARGV[1] ~= '' then
  for i, key in ipairs(KEYS) do
    redis.call('ZADD', key, string.format('%d', now), ARGV[1])
    redis.call('PEXPIRE', key, math.ceil(tonumber(ARGV[2 * i]) / 1000))
  end
end
return blocked
`)
