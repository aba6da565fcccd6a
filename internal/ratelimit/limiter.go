// Package ratelimit limits how often something may happen. The counts are in Redis and apply to all processes
// together. While Redis is unavailable, each process counts for itself.
package ratelimit

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"github.com/beauty-salon/platform/internal/cache"
)

// Limit is a rate with a burst, as in the generic cell rate algorithm: Burst calls may happen at once, and Rate
// calls per Period in the long run.
type Limit struct {
	// Rate is the number of calls in a Period. 0 or less means no limit.
	Rate int
	// Period is the time for Rate. 0 means a second.
	Period time.Duration
	// Burst is the number of calls that may happen at once. 0 means Rate.
	Burst int
}

// Result is the decision about a call, and the values for RateLimit headers.
type Result struct {
	// Allowed reports whether the call may happen now.
	Allowed bool
	// Limit is the burst, and Remaining is what is left of it. Both are 0 when there is no limit.
	Limit, Remaining int
	// RetryAfter is the time until a call may happen, 0 when it may happen now.
	RetryAfter time.Duration
	// ResetAfter is the time until the whole burst is available again.
	ResetAfter time.Duration
	// Window is the time in which a whole burst becomes available again.
	Window time.Duration
}

// Limiter counts calls. It is safe for concurrent use.
type Limiter struct {
	client *cache.Client
	log    zerolog.Logger
	local  *localLimiter
	alone  atomic.Bool // the last decision was made without Redis
}

// New returns a limiter. With a nil client it counts in this process only.
func New(client *cache.Client, log zerolog.Logger) *Limiter {
	return &Limiter{client: client, log: log, local: newLocalLimiter(time.Now)}
}

// Allow reports whether a call may happen under a key, and counts the call if so. It never fails. It takes at most
// a tenth of a second when Redis hangs. Keys may have any length and contain personal data: only their hash is
// stored.
func (l *Limiter) Allow(ctx context.Context, key string, lim Limit) Result {
	if lim.Rate <= 0 {
		return Result{Allowed: true}
	}
	if lim.Period <= 0 {
		lim.Period = time.Second
	}
	if lim.Burst <= 0 {
		lim.Burst = lim.Rate
	}
	key = hashed("rate", key)
	var shared []int64
	err := l.do(ctx, func(ctx context.Context, r redis.UniversalClient) (err error) {
		shared, err = allowScript.Run(ctx, r, []string{key}, lim.interval().Microseconds(), lim.Burst).Int64Slice()
		return err
	})
	if err != nil || len(shared) != 2 {
		return l.local.take(key, lim)
	}
	return lim.result(shared[0] == 1, time.Duration(shared[1])*time.Microsecond)
}

// interval is the time that one call uses up, in whole microseconds. The limit is complete.
func (lim Limit) interval() time.Duration {
	return max(lim.Period/time.Duration(lim.Rate), time.Microsecond).Truncate(time.Microsecond)
}

// result describes the state of a key. used is the time that the calls so far have used up and that has not passed yet.
func (lim Limit) result(allowed bool, used time.Duration) Result {
	r := Result{Allowed: allowed, Limit: lim.Burst, ResetAfter: used, Window: time.Duration(lim.Burst) * lim.interval()}
	room := r.Window - used
	if allowed {
		r.Remaining = int(room / lim.interval())
	} else {
		r.RetryAfter = lim.interval() - room
	}
	return r
}

// allowScript is the generic cell rate algorithm. The key holds the theoretical arrival time of the next call, in
// microseconds of Redis' clock. It returns whether the call is allowed (1 or 0), and how far that time is ahead.
var allowScript = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local arrival = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local next = arrival + interval
if next - burst * interval > now then
  return {0, arrival - now}
end
redis.call('SET', KEYS[1], string.format('%d', next), 'PX', math.ceil((next - now) / 1000))
return {1, next - now}
`)

// do uses Redis. It logs once when Redis becomes unavailable and once when Redis is available again.
func (l *Limiter) do(ctx context.Context, fn func(ctx context.Context, r redis.UniversalClient) error) error {
	err := l.client.Do(ctx, fn)
	if l.client.Redis() == nil || ctx.Err() != nil {
		return err
	}
	if alone := err != nil; l.alone.CompareAndSwap(!alone, alone) {
		if alone {
			l.log.Warn().Err(err).Msg("rate limits are counted in this process only")
		} else {
			l.log.Info().Msg("rate limits are counted in redis again")
		}
	}
	return err
}

// hashed returns a key of fixed length that reveals nothing about a person.
func hashed(kind, key string) string {
	sum := sha256.Sum256([]byte(key))
	return "salon:v1:" + kind + ":" + base64.RawURLEncoding.EncodeToString(sum[:16])
}
