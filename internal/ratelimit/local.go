package ratelimit

import (
	"time"

	"github.com/beauty-salon/platform/internal/memory"
)

// localKeys bounds the memory of the counts of one process to some 10 MB.
const localKeys = 50_000

// localLimiter counts in this process, by the same algorithm as allowScript.
type localLimiter struct {
	now func() time.Time
	// arrivals holds the theoretical arrival time of the next call under each key.
	arrivals *memory.Cache[time.Time]
}

func newLocalLimiter(now func() time.Time) *localLimiter {
	return &localLimiter{now: now, arrivals: memory.New[time.Time](localKeys)}
}

// take counts a call under a key. The limit is complete.
func (l *localLimiter) take(key string, lim Limit) Result {
	interval := lim.interval()
	var out Result
	l.arrivals.Update(key, func(arrival time.Time, _ bool) (time.Time, bool) {
		now := l.now()
		if arrival.Before(now) {
			arrival = now
		}
		next := arrival.Add(interval)
		if next.Add(-time.Duration(lim.Burst) * interval).After(now) {
			out = lim.result(false, arrival.Sub(now))
			return arrival, false
		}
		out = lim.result(true, next.Sub(now))
		return next, true
	})
	return out
}
