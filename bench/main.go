// Command bench measures Salon against the limits of the machine that it runs on: bare servers that send the same bytes,
// and the database doing nothing but the booking. Both sides of every comparison run in turns within one run, because
// machines differ and are noisy; what counts is the ratio.
//
// What is measured, and how to read it, is in docs/benchmarks.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"
)

// settings are the same for both sides of a comparison.
type settings struct {
	duration    time.Duration // of one round of one side
	rounds      int
	connections int // of the reads
	writers     int // of the bookings
	against     string
	streams     bool          // only these
	overload    time.Duration // how long calls come in excess; 0: only the other measurements

	// Of the measurements of the scheduling engine: which, with how much data, where the database is, and the older commit.
	parts  []string
	size   size
	data   string
	oldRef string
	// sharedBuffers is the setting of PostgreSQL with the data; empty: the default.
	sharedBuffers string
	// partitions is how many each table of the copy has.
	partitions int
}

// loadGCPercent is how much the heap of the load, a few megabytes, may grow between two collections.
const loadGCPercent = 1000

func main() {
	if role := os.Getenv(childRole); role != "" {
		if err := serveChild(context.Background(), role); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	// The load shares the processors with what is measured, and collecting its garbage would hold up calls.
	debug.SetGCPercent(loadGCPercent)
	var s settings
	flag.DurationVar(&s.duration, "duration", 2*time.Second, "how long one round of one side takes")
	flag.IntVar(&s.rounds, "rounds", 9, "how many rounds each side has; the median of the pairs counts")
	flag.IntVar(&s.connections, "connections", 64, "connections of the reads")
	flag.IntVar(&s.writers, "writers", 64, "clients that book at the same time")
	flag.StringVar(&s.against, "against", "", "another build of salon: compare this tree with it, and nothing else")
	flag.BoolVar(&s.streams, "streams", false, "measure the streams, and nothing else")
	flag.DurationVar(&s.overload, "overload", 0, "measure how more calls than can be answered are handled, for so long, and nothing else; 30s is usual")
	scheduling := flag.Bool("scheduling", false, "measure the scheduling engine, and nothing else")
	only := flag.String("parts", strings.Join(parts, ","), "with -scheduling: what to measure, also partitions, which needs -data and PostgreSQL 18; empty: only make the data")
	flag.IntVar(&s.partitions, "partitions", 16, "with -scheduling -parts partitions: how many hash partitions the copy of the database has")
	flag.IntVar(&s.size.salons, "salons", 1_000, "with -scheduling: how many salons there are")
	flag.IntVar(&s.size.masters, "masters", 10_000, "with -scheduling: how many masters there are in all salons")
	flag.IntVar(&s.size.appointments, "appointments", 5_000_000,
		"with -scheduling: how many appointments there are, four fifths of them past")
	flag.StringVar(&s.data, "data", "", "with -scheduling: a directory that keeps the database for the next run")
	flag.StringVar(&s.oldRef, "old-ref", "c36c370",
		"with -scheduling: the commit with whose bookings those of this tree are compared")
	flag.StringVar(&s.sharedBuffers, "shared-buffers", "4GB",
		"with -scheduling: shared_buffers of the PostgreSQL with the data, such as 2GB; empty: its default")
	flag.Parse()
	s.parts = strings.FieldsFunc(*only, func(r rune) bool { return r == ',' })
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, s, *scheduling)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run does all measurements, in the order of the report.
func run(ctx context.Context, s settings, scheduling bool) error {
	dir, err := os.MkdirTemp("", "salon-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // PostgreSQL does not run as root and has to pass
		return err
	}
	binary, err := build(ctx, dir)
	if err != nil {
		return err
	}
	if scheduling {
		return runScheduling(ctx, s, dir, binary)
	}
	if s.against != "" {
		return runAgainst(ctx, s, dir, binary)
	}
	env, err := startEnvironment(ctx, dir, filepath.Join(dir, "postgres"), binary)
	if err != nil {
		return err
	}
	defer env.stop()
	start := env.measureStart
	if s.streams || s.overload > 0 {
		start = func(ctx context.Context) error {
			_, err := env.startSalon(ctx)
			return err
		}
	}
	if err := start(ctx); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	if err := env.prepare(ctx); err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	measurements := []func(context.Context, settings) error{env.measureREST, env.measureGRPC, env.measureStreams, env.measureBooking}
	switch {
	case s.streams:
		measurements = measurements[2:3]
	case s.overload > 0:
		measurements = []func(context.Context, settings) error{env.measureOverload}
	}
	for _, m := range measurements {
		if err := m(ctx, s); err != nil {
			return err
		}
	}
	return nil
}
