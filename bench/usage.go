package main

import (
	"context"
	"os"
	"strconv"
	"strings"
	"time"
)

// process is a server whose CPU time is counted, with its children.
type process struct {
	name string
	pid  int
}

// usage is the CPU time of a server.
type usage struct {
	name string
	cpu  time.Duration
}

// servers are those whose CPU time counts.
func (e *environment) servers() []process {
	return []process{{"salon", e.salon.Process.Pid}, {"postgres", e.postgres.PID()}}
}

// observe runs a round, waits until the servers have little to do again, and adds the CPU time that they have spent. What
// calls leave behind, such as events, counts as theirs, and does not slow down what is measured next.
func observe(ctx context.Context, servers []process, round func() (result, error)) (result, error) {
	used := countUsage(servers)
	r, err := round()
	if err != nil {
		return r, err
	}
	end := time.Now()
	r.after = settle(ctx, servers).Sub(end)
	r.usage = used()
	return r, ctx.Err()
}

// countUsage returns what tells the CPU time that processes have spent since.
func countUsage(processes []process) func() []usage {
	before := make([]time.Duration, len(processes))
	for i, p := range processes {
		before[i] = p.cpuTime()
	}
	return func() []usage {
		list := make([]usage, len(processes))
		for i, p := range processes {
			list[i] = usage{p.name, p.cpuTime() - before[i]}
		}
		return list
	}
}

// settle waits until the servers have little to do, and returns since when. It gives up after a minute.
func settle(ctx context.Context, servers []process) time.Time {
	const interval, idle, limit = 200 * time.Millisecond, 20 * time.Millisecond, 300
	since := time.Now()
	used := total(servers)
	for range limit {
		select {
		case <-ctx.Done():
			return since
		case <-time.After(interval):
		}
		now := total(servers)
		if now-used > idle {
			since = time.Now()
		} else if time.Since(since) >= 2*interval {
			break
		}
		used = now
	}
	return since
}

func total(servers []process) (sum time.Duration) {
	for _, p := range servers {
		sum += p.cpuTime()
	}
	return sum
}

// cpuTime is what a process, its children and those of its children that have ended have spent computing, of their own and
// in the kernel. A connection of PostgreSQL is a child.
func (p process) cpuTime() time.Duration {
	pid := strconv.Itoa(p.pid)
	sum := statTime(pid)
	children, err := os.ReadFile("/proc/" + pid + "/task/" + pid + "/children")
	if err != nil {
		return sum
	}
	for child := range strings.FieldsSeq(string(children)) {
		sum += statTime(child)
	}
	return sum
}

// statTime is the CPU time of a process and of its children that have ended. See proc_pid_stat(5).
func statTime(pid string) time.Duration {
	const tick = 10 * time.Millisecond // USER_HZ is 100 on Linux
	data, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return 0
	}
	// The name in parentheses may contain spaces. After it, fields 14 to 17 are utime, stime, cutime, cstime.
	_, rest, _ := strings.Cut(string(data), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 15 {
		return 0
	}
	var ticks int
	for _, field := range fields[11:15] {
		n, _ := strconv.Atoi(field)
		ticks += n
	}
	return time.Duration(ticks) * tick
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
