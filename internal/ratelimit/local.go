package ratelimit

import (
	"math"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/time/rate"
)

// localKeys bounds the memory of the counts of one process to some 10 MB.
const localKeys = 50_000

// localLimiter counts in this process.
type localLimiter struct {
	now    func() time.Time
	limits *otter.Cache[string, localEntry]
}

type localEntry struct {
	limit   Limit
	limiter *rate.Limiter
}

func newLocalLimiter(now func() time.Time) *localLimiter {
	return &localLimiter{
		now:    now,
		limits: otter.Must(&otter.Options[string, localEntry]{MaximumSize: localKeys}),
	}
}

// take expects a complete limit.
func (l *localLimiter) take(key string, lim Limit) Result {
	e, _ := l.limits.Compute(key, func(old localEntry, found bool) (localEntry, otter.ComputeOp) {
		if found && old.limit == lim {
			return old, otter.CancelOp
		}
		every := rate.Limit(float64(lim.Rate) / lim.Period.Seconds())
		return localEntry{limit: lim, limiter: rate.NewLimiter(every, lim.Burst)}, otter.WriteOp
	})
	now := l.now()
	allowed := e.limiter.AllowN(now, 1)
	tokens := e.limiter.TokensAt(now)
	perToken := lim.Period.Seconds() / float64(lim.Rate)
	out := Result{
		Allowed:    allowed,
		Limit:      lim.Burst,
		Remaining:  max(int(math.Floor(tokens)), 0),
		ResetAfter: seconds((float64(lim.Burst) - tokens) * perToken),
	}
	if !allowed {
		out.RetryAfter = seconds((1 - tokens) * perToken)
	}
	return out
}

func seconds(s float64) time.Duration {
	return max(time.Duration(s*float64(time.Second)), 0)
}
