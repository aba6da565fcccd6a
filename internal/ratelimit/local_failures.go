package ratelimit

import (
	"crypto/rand"
	"time"

	"github.com/maypok86/otter/v2"
)

// localFailures keeps the times of failures in this process. The slices are never changed in place.
type localFailures struct {
	now   func() time.Time
	times *otter.Cache[string, []time.Time]
}

func newLocalFailures(now func() time.Time) *localFailures {
	return &localFailures{now: now, times: otter.Must(&otter.Options[string, []time.Time]{MaximumSize: localKeys})}
}

// use counts a failure if add is set, and returns how long the key is blocked, 0 when it is not.
func (l *localFailures) use(key string, add bool, allowed int, window time.Duration) time.Duration {
	now := l.now()
	times, _ := l.times.Compute(key, func(old []time.Time, _ bool) ([]time.Time, otter.ComputeOp) {
		var recent []time.Time
		for _, t := range old {
			if now.Sub(t) < window {
				recent = append(recent, t)
			}
		}
		if add {
			recent = append(recent, now)
			recent = recent[max(len(recent)-allowed, 0):]
		}
		if len(recent) == 0 {
			return nil, otter.InvalidateOp
		}
		return recent, otter.WriteOp
	})
	if len(times) == 0 || len(times) < allowed {
		return 0
	}
	return times[0].Add(window).Sub(now)
}

func (l *localFailures) reset(key string) { l.times.Invalidate(key) }

// newMember names one failure apart from all others.
func newMember() string { return rand.Text() }
