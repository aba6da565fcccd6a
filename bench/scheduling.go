package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// parts are the measurements of the scheduling engine, in their order, without that of partitions, which needs PostgreSQL 18.
var parts = []string{"search", "reads", "growth", "rows", "old"}

// runScheduling measures searches and bookings in a database with many appointments.
func runScheduling(ctx context.Context, s settings, dir, binary string) error {
	for _, p := range s.parts {
		if !slices.Contains(parts, p) && p != "partitions" {
			return fmt.Errorf("no such part: %s; there are %v and partitions", p, parts)
		}
	}
	data := s.data
	if data == "" {
		data = filepath.Join(dir, "data")
	}
	if err := os.MkdirAll(data, 0o755); err != nil { //nolint:gosec // PostgreSQL does not run as root and has to pass
		return err
	}
	env, err := startEnvironment(ctx, dir, data, binary)
	if err != nil {
		return err
	}
	defer env.stop()
	if err := env.loadData(ctx, s.size); err != nil {
		return err
	}
	if len(s.parts) == 0 {
		return nil
	}
	if err := env.setSharedBuffers(ctx, s.sharedBuffers); err != nil {
		return err
	}
	if _, err := env.startSalon(ctx); err != nil {
		return err
	}
	for _, p := range s.parts {
		var err error
		switch p {
		case "search":
			err = env.measureSearch(ctx, s)
		case "reads":
			err = env.measureReads(ctx, s)
		case "growth":
			err = env.measureGrowth(ctx)
		case "rows":
			err = env.measureRows(ctx, s, dir)
		case "old":
			err = measureOld(ctx, s, dir, binary)
		case "partitions":
			err = env.measurePartitions(ctx, s, dir)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
	}
	return nil
}

// measureRows compares bookings in this database with those in one without appointments.
func (e *environment) measureRows(ctx context.Context, s settings, dir string) error {
	if err := e.prepare(ctx); err != nil {
		return err
	}
	empty, err := startPrepared(ctx, filepath.Join(dir, "empty"), e.binary)
	if err != nil {
		return err
	}
	defer empty.stop()
	return compare(fmt.Sprintf("REST CreateAppointment, %d clients", s.writers), "≥ 0.85", s.rounds,
		side{fmt.Sprintf("with %d appointments", s.size.appointments), e.booking(ctx, s)},
		side{"in an empty database", empty.booking(ctx, s)})
}

// measureOld compares bookings of this tree with those of an older commit, each in a database of its own that begins empty.
func measureOld(ctx context.Context, s settings, dir, binary string) error {
	old, err := buildCommit(ctx, filepath.Join(dir, "old-tree"), s.oldRef)
	if err != nil {
		return err
	}
	now, err := startPrepared(ctx, filepath.Join(dir, "now"), binary)
	if err != nil {
		return err
	}
	defer now.stop()
	before, err := startPrepared(ctx, filepath.Join(dir, "before"), old)
	if err != nil {
		return fmt.Errorf("commit %s: %w", s.oldRef, err)
	}
	defer before.stop()
	return compare(fmt.Sprintf("REST CreateAppointment, %d clients", s.writers), "≥ 0.90", s.rounds,
		side{"this tree", now.booking(ctx, s)}, side{"commit " + s.oldRef, before.booking(ctx, s)})
}

// buildCommit makes the program of a commit of this repository, from the files of the commit alone.
func buildCommit(ctx context.Context, dir, commit string) (string, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	archive := filepath.Join(dir, "tree.tar")
	for _, args := range [][]string{
		{"git", "archive", "--output", archive, commit}, {"tar", "-x", "-f", archive, "-C", dir},
	} {
		if out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("%v: %w\n%s", args, err, out)
		}
	}
	return buildIn(ctx, dir, dir)
}
