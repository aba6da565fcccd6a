package ratelimit

import (
	"time"

	"github.com/maypok86/otter/v2"
)

// localKeys bounds the memory of the counts of one process to some 10 MB.
const localKeys = 50_000

// localLimiter counts in this process, by the same algorithm as allowScript.
type localLimiter struct {
	now func() time.Time
	// arrivals holds the theoretical arrival time of the next call under each key.
	arrivals *otter.Cache[string, time.Time]
}

func newLocalLimiter(now func() time.Time) *localLimiter {
	return &localLimiter{now: now, arrivals: otter.Must(&otter.Options[string, time.Time]{MaximumSize: localKeys})}
}

// take counts a call under a key. The limit is complete.
func (l *localLimiter) take(key string, lim Limit) Result {
	interval := lim.interval()
	var out Result
	l.arrivals.Compute(key, func(arrival time.Time, _ bool) (time.Time, otter.ComputeOp) {
		now := l.now()
		if arrival.Before(now) {
			arrival = now
		}
		next := arrival.Add(interval)
		if next.Add(-time.Duration(lim.Burst) * interval).After(now) {
			out = lim.result(false, arrival.Sub(now))
			return arrival, otter.CancelOp
		}
		out = lim.result(true, next.Sub(now))
		return next, otter.WriteOp
	})
	return out
}
