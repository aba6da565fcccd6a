package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// result is one round of one side.
type result struct {
	calls    int
	failures int
	elapsed  time.Duration
	cpu      time.Duration // of the processes that served
	times    []time.Duration
}

func (r result) perSecond() float64 { return float64(r.calls) / r.elapsed.Seconds() }

func (r result) percentile(p float64) time.Duration {
	if len(r.times) == 0 {
		return 0
	}
	return r.times[min(int(float64(len(r.times))*p), len(r.times)-1)]
}

// String is one line of the report.
func (r result) String() string {
	cpu := "-"
	if r.cpu > 0 && r.calls > 0 {
		cpu = fmt.Sprintf("%.0f µs", float64(r.cpu.Microseconds())/float64(r.calls))
	}
	return fmt.Sprintf("%8.0f/s   p50 %-9s p99 %-9s CPU a call %-8s failures %d", r.perSecond(),
		r.percentile(0.5).Round(10*time.Microsecond), r.percentile(0.99).Round(10*time.Microsecond), cpu, r.failures)
}

// median returns the round in the middle.
func median(rs []result) result {
	rs = slices.Clone(rs)
	slices.SortFunc(rs, func(a, b result) int { return int(a.perSecond() - b.perSecond()) })
	return rs[len(rs)/2]
}

// caller makes one call; it returns whether the call went well.
type caller func() error

// drive lets clients call for a while, each in its own goroutine, and adds the CPU time of pids.
func drive(ctx context.Context, clients int, duration time.Duration, pids []int, newCaller func(i int) (caller, error)) (result, error) {
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
	before := cpuTime(pids)
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
	r := result{elapsed: time.Since(start), cpu: cpuTime(pids) - before}
	for _, s := range shares {
		r.times = append(r.times, s.times...)
		r.failures += s.failures
		if s.err != nil && r.failures == s.failures {
			fmt.Println("   a call failed:", s.err)
		}
	}
	slices.Sort(r.times)
	r.calls = len(r.times)
	settle(ctx, pids)
	return r, ctx.Err()
}

// settle waits until the processes have little to do: what calls left behind, such as events, is not to slow down what is
// measured next. It gives up after ten seconds.
func settle(ctx context.Context, pids []int) {
	const interval, idle, limit = 200 * time.Millisecond, 20 * time.Millisecond, 50
	quiet := 0
	for range limit {
		used := cpuTime(pids)
		select {
		case <-ctx.Done():
			return
		case <-time.After(interval):
		}
		if quiet++; cpuTime(pids)-used > idle {
			quiet = 0
		}
		if quiet == 2 {
			return
		}
	}
}

// side is one of the two that are compared.
type side struct {
	name string
	run  func() (result, error)
}

// compare runs two sides in turns, takes the ratio of each pair of neighbouring rounds, and prints the median pair with
// the lowest and the highest ratio. Machines are noisy: neighbours see the same noise, and the spread says how much to
// believe.
func compare(title, goal string, rounds int, ours, limit side) error {
	var a, b []result
	var ratios []float64
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
		ratios = append(ratios, ra.perSecond()/rb.perSecond())
	}
	slices.Sort(ratios)
	fmt.Printf("\n%s\n  %-34s %s\n  %-34s %s\n", title, ours.name, median(a), limit.name, median(b))
	fmt.Printf("  ratio %.2f, the median of %d pairs; %.2f at the lowest, %.2f at the highest (goal %s)\n",
		ratios[len(ratios)/2], rounds, ratios[0], ratios[len(ratios)-1], goal)
	return nil
}

// cpuTime is the time that processes have spent computing, of their own and in the kernel.
func cpuTime(pids []int) time.Duration {
	const tick = 10 * time.Millisecond // USER_HZ is 100 on Linux
	var total time.Duration
	for _, pid := range pids {
		data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(data), ") ")
		fields := strings.Fields(rest)
		if len(fields) < 13 {
			continue
		}
		user, _ := strconv.Atoi(fields[11])
		system, _ := strconv.Atoi(fields[12])
		total += time.Duration(user+system) * tick
	}
	return total
}

// memory is what a process has in RAM, in MiB, without what it shares with files.
func memory(pid int) (rss, private float64) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(data)) {
		name, value, _ := strings.Cut(line, ":")
		kib, _ := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 64)
		switch name {
		case "VmRSS":
			rss = kib / 1024
		case "RssAnon":
			private = kib / 1024
		}
	}
	return rss, private
}
