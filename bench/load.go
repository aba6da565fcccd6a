package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// result is one round of one side.
type result struct {
	calls    int
	failures int
	elapsed  time.Duration
	// usage is the CPU time of the servers until they had little to do again, so with the work that the calls left behind.
	usage []usage
	after time.Duration // how long that work took after the last call
	times []time.Duration
}

func (r result) perSecond() float64 { return float64(r.calls) / r.elapsed.Seconds() }

func (r result) percentile(p float64) time.Duration { return percentile(r.times, p) }

// percentile is that of sorted times.
func percentile(times []time.Duration, p float64) time.Duration {
	if len(times) == 0 {
		return 0
	}
	return times[min(int(float64(len(times))*p), len(times)-1)]
}

// cpu is the CPU time a call, of all servers together.
func (r result) cpu() time.Duration {
	var total time.Duration
	for _, u := range r.usage {
		total += u.cpu
	}
	return total / time.Duration(max(r.calls, 1))
}

// String is one line of the report.
func (r result) String() string {
	line := fmt.Sprintf("%7.0f/s  p50 %-8s p99 %-8s CPU a call %4d µs", r.perSecond(),
		r.percentile(0.5).Round(10*time.Microsecond), r.percentile(0.99).Round(10*time.Microsecond), r.cpu().Microseconds())
	if len(r.usage) > 1 {
		var parts []string
		for _, u := range r.usage {
			parts = append(parts, fmt.Sprintf("%s %d", u.name, u.cpu.Microseconds()/int64(max(r.calls, 1))))
		}
		line += fmt.Sprintf(" (%s), busy for %s more", strings.Join(parts, ", "), r.after.Round(100*time.Millisecond))
	}
	return fmt.Sprintf("%s, failures %d", line, r.failures)
}

// median returns the round in the middle.
func median(rs []result) result {
	rs = slices.Clone(rs)
	slices.SortFunc(rs, func(a, b result) int { return int(a.perSecond() - b.perSecond()) })
	return rs[len(rs)/2]
}

// caller makes one call; it returns whether the call went well.
type caller func() error

// drive lets clients call for a while, each in its own goroutine.
func drive(
	ctx context.Context, clients int, duration time.Duration, servers []process, newCaller func(i int) (caller, error),
) (result, error) {
	callers := make([]caller, clients)
	for i := range callers {
		var err error
		if callers[i], err = newCaller(i); err != nil {
			return result{}, err
		}
	}
	type share struct {
		times    []time.Duration
		failures int
		err      error
	}
	shares := make([]share, clients)
	return observe(ctx, servers, func() (result, error) {
		start := time.Now()
		deadline := start.Add(duration)
		var wg sync.WaitGroup
		for i, call := range callers {
			wg.Go(func() {
				s := &shares[i]
				for t := time.Now(); t.Before(deadline) && ctx.Err() == nil; {
					if err := call(); err != nil {
						s.failures++
						s.err = err
					}
					now := time.Now()
					s.times = append(s.times, now.Sub(t))
					t = now
				}
			})
		}
		wg.Wait()
		r := result{elapsed: time.Since(start)}
		for _, s := range shares {
			r.times = append(r.times, s.times...)
			r.failures += s.failures
			if s.err != nil && r.failures == s.failures {
				fmt.Println("   a call failed:", s.err)
			}
		}
		slices.Sort(r.times)
		r.calls = len(r.times)
		return r, ctx.Err()
	})
}

// side is one of the two that are compared.
type side struct {
	name string
	run  func() (result, error)
}

// compare runs two sides in turns, takes the ratios of each pair of neighbouring rounds, and prints the median of the
// pairs with the lowest and the highest. Machines are noisy: neighbours see the same noise, and the spread says how much
// to believe.
func compare(title, goal string, rounds int, ours, limit side) error {
	var a, b []result
	var speed, cost []float64
	for range rounds {
		rb, err := limit.run()
		if err != nil {
			return fmt.Errorf("%s: %w", title, err)
		}
		ra, err := ours.run()
		if err != nil {
			return fmt.Errorf("%s: %w", title, err)
		}
		a, b = append(a, ra), append(b, rb)
		speed = append(speed, ra.perSecond()/rb.perSecond())
		cost = append(cost, float64(ra.cpu())/float64(max(rb.cpu(), 1)))
	}
	fmt.Printf("\n%s\n  %-32s %s\n  %-32s %s\n", title, ours.name, median(a), limit.name, median(b))
	fmt.Printf("  ratio of calls a second: %s (goal %s)\n  ratio of CPU time a call: %s\n", spread(speed), goal, spread(cost))
	return nil
}

// spread sorts ratios of pairs, and names the median, the lowest and the highest.
func spread(ratios []float64) string {
	slices.Sort(ratios)
	n := len(ratios)
	return fmt.Sprintf("%.2f, the median of %d pairs; %.2f at the lowest, %.2f at the highest", ratios[n/2], n, ratios[0], ratios[n-1])
}
