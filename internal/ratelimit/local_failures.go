package ratelimit

import (
	"slices"
	"sync"
	"time"

	"github.com/beauty-salon/platform/internal/memory"
)

// localFailureCount bounds the memory of the failures that one process keeps to some 10 MB.
const localFailureCount = 250_000

// localFailures keeps failures in this process, oldest first. The slices are never changed in place.
type localFailures struct {
	now   func() time.Time
	mu    sync.Mutex // an attempt reads and changes several keys at once
	byKey *memory.Cache[[]localFailure]
}

type localFailure struct {
	at    time.Time
	alone bool // not counted in Redis
}

func newLocalFailures(now func() time.Time) *localFailures {
	return &localFailures{now: now, byKey: memory.NewWeighted(localFailureCount, func(failures []localFailure) uint32 {
		return uint32(len(failures))
	})}
}

// use returns how long the attempt is blocked. keys are those of the ceilings. When the attempt is not blocked, use
// counts a failure under all keys if add is set, and returns 0. alone means that Redis was unavailable. When Redis was
// available and has counted all failures of a key, Redis decides: it also knows of resets by other processes.
func (l *localFailures) use(keys []string, ceilings []Ceiling, add, alone bool) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	recent := make([][]localFailure, len(keys))
	for i, c := range ceilings {
		old, _ := l.byKey.Get(keys[i])
		recent[i] = slices.DeleteFunc(slices.Clone(old), func(f localFailure) bool { return now.Sub(f.at) >= c.Window })
		decides := alone || slices.ContainsFunc(recent[i], func(f localFailure) bool { return f.alone })
		if over := len(recent[i]) - c.Allowed; over >= 0 && decides {
			wait = max(wait, recent[i][over].at.Add(c.Window).Sub(now))
		}
	}
	for i, c := range ceilings {
		if add && wait == 0 {
			recent[i] = append(recent[i], localFailure{at: now, alone: alone})
			recent[i] = recent[i][max(len(recent[i])-c.Allowed, 0):]
		}
		if len(recent[i]) == 0 {
			l.byKey.Delete(keys[i])
		} else {
			l.byKey.Set(keys[i], recent[i])
		}
	}
	return wait
}

func (l *localFailures) reset(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.byKey.Delete(key)
}
