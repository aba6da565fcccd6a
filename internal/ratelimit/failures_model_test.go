package ratelimit

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// failuresModel is what Failures means: it keeps the times of all failures.
type failuresModel struct {
	now      time.Duration
	failures map[string][]time.Duration
}

func (m *failuresModel) blocked(ceilings []Ceiling) (wait time.Duration) {
	for _, c := range ceilings {
		recent := slices.DeleteFunc(slices.Clone(m.failures[c.Key]), func(at time.Duration) bool { return at <= m.now-c.Window })
		if len(recent) >= c.Allowed {
			wait = max(wait, recent[len(recent)-c.Allowed]+c.Window-m.now)
		}
	}
	return wait
}

func (m *failuresModel) add(ceilings []Ceiling) time.Duration {
	wait := m.blocked(ceilings)
	if wait == 0 {
		for _, c := range ceilings {
			m.failures[c.Key] = append(m.failures[c.Key], m.now)
		}
	}
	return wait
}

// Any sequence of failures, resets and passing time has the answers of the model.
func TestFailuresFollowTheModel(t *testing.T) {
	inBoth(t, func(t *testing.T, s store) {
		s.advance(0) // skips a redis-server, whose clock cannot be set
		f := s.failures()
		run := 0
		rapid.Check(t, func(rt *rapid.T) {
			run++
			model := failuresModel{failures: map[string][]time.Duration{}}
			var all []Ceiling
			for i := range 3 {
				all = append(all, Ceiling{
					Key:     strconv.Itoa(run) + "/" + strconv.Itoa(i), // of this run only
					Allowed: rapid.IntRange(1, 4).Draw(rt, "allowed"),
					Window:  time.Duration(rapid.IntRange(1, 20).Draw(rt, "window")) * time.Minute,
				})
			}
			some := rapid.SliceOfNDistinct(rapid.SampledFrom(all), 1, 3, func(c Ceiling) string { return c.Key })
			rt.Repeat(map[string]func(*rapid.T){
				"add": func(rt *rapid.T) {
					ceilings := some.Draw(rt, "ceilings")
					if got, want := f.Add(t.Context(), ceilings...), model.add(ceilings); got != want {
						rt.Fatalf("Add: blocked for %v, want %v", got, want)
					}
				},
				"reset": func(rt *rapid.T) {
					c := rapid.SampledFrom(all).Draw(rt, "ceiling")
					f.Reset(t.Context(), c)
					delete(model.failures, c.Key)
				},
				"advance": func(rt *rapid.T) {
					d := time.Duration(rapid.IntRange(1, 1200).Draw(rt, "seconds")) * time.Second
					s.advance(d)
					model.now += d
				},
				"": func(rt *rapid.T) {
					for _, c := range all {
						got, want := f.Blocked(t.Context(), c), model.blocked([]Ceiling{c})
						if got != want {
							rt.Fatalf("Blocked(%v): for %v, want %v", c, got, want)
						}
					}
				},
			})
		})
	})
}
