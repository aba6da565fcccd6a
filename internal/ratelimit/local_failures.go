package ratelimit

import (
	"slices"
	"time"

	"github.com/maypok86/otter/v2"
)

// localFailures keeps failures in this process, oldest first. The slices are never changed in place.
type localFailures struct {
	now   func() time.Time
	byKey *otter.Cache[string, []localFailure]
}

type localFailure struct {
	at    time.Time
	alone bool // not counted in Redis
}

func newLocalFailures(now func() time.Time) *localFailures {
	return &localFailures{now: now, byKey: otter.Must(&otter.Options[string, []localFailure]{MaximumSize: localKeys})}
}

// use returns how long the key is blocked. When the key is not blocked, use counts a failure if add is set, and
// returns 0. alone means that Redis was unavailable. When Redis was available and has counted all failures, Redis
// decides: it also knows of resets by other processes.
func (l *localFailures) use(key string, add, alone bool, allowed int, window time.Duration) (wait time.Duration) {
	now := l.now()
	l.byKey.Compute(key, func(old []localFailure, _ bool) ([]localFailure, otter.ComputeOp) {
		recent := slices.DeleteFunc(slices.Clone(old), func(f localFailure) bool { return now.Sub(f.at) >= window })
		decides := alone || slices.ContainsFunc(recent, func(f localFailure) bool { return f.alone })
		if len(recent) >= allowed && decides {
			wait = recent[0].at.Add(window).Sub(now)
		} else if add {
			recent = append(recent, localFailure{at: now, alone: alone})
			recent = recent[max(len(recent)-allowed, 0):]
		}
		if len(recent) == 0 {
			return nil, otter.InvalidateOp
		}
		return recent, otter.WriteOp
	})
	return wait
}

func (l *localFailures) reset(key string) { l.byKey.Invalidate(key) }
