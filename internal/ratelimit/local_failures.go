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
	id    string
	at    time.Time
	alone bool // Redis does not know of it
}

func newLocalFailures(now func() time.Time) *localFailures {
	return &localFailures{now: now, byKey: otter.Must(&otter.Options[string, []localFailure]{MaximumSize: localKeys})}
}

// attempt counts an attempt, or returns how long the key is blocked.
func (l *localFailures) attempt(key, id string, allowed int, window time.Duration) (wait time.Duration) {
	now := l.now()
	l.change(key, func(failures []localFailure) []localFailure {
		recent := within(failures, now, window)
		if len(recent) >= allowed {
			wait = recent[0].at.Add(window).Sub(now)
			return recent
		}
		return append(recent, localFailure{id: id, at: now, alone: true})
	})
	return wait
}

// add counts an attempt that Redis has admitted, or returns how long the key is blocked by failures of which Redis does
// not know all. Where it does, it also knows of resets by other processes, and is right.
func (l *localFailures) add(key, id string, allowed int, window time.Duration) (wait time.Duration) {
	now := l.now()
	l.change(key, func(failures []localFailure) []localFailure {
		recent := within(failures, now, window)
		if len(recent) >= allowed && slices.ContainsFunc(recent, func(f localFailure) bool { return f.alone }) {
			wait = recent[0].at.Add(window).Sub(now)
			return recent
		}
		recent = append(recent, localFailure{id: id, at: now})
		return recent[max(len(recent)-allowed, 0):]
	})
	return wait
}

func (l *localFailures) remove(key, id string) {
	l.change(key, func(failures []localFailure) []localFailure {
		return slices.DeleteFunc(slices.Clone(failures), func(f localFailure) bool { return f.id == id })
	})
}

func (l *localFailures) reset(key string) { l.byKey.Invalidate(key) }

func (l *localFailures) change(key string, change func([]localFailure) []localFailure) {
	l.byKey.Compute(key, func(old []localFailure, _ bool) ([]localFailure, otter.ComputeOp) {
		if changed := change(old); len(changed) > 0 {
			return changed, otter.WriteOp
		}
		return nil, otter.InvalidateOp
	})
}

// within returns a copy of the failures that still count.
func within(failures []localFailure, now time.Time, window time.Duration) []localFailure {
	return slices.DeleteFunc(slices.Clone(failures), func(f localFailure) bool { return now.Sub(f.at) >= window })
}
