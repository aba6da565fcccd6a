package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// runAgainst compares this tree with another build, each with a database, NATS and Redis of its own.
func runAgainst(ctx context.Context, s settings, dir, binary string) error {
	other, err := filepath.Abs(s.against)
	if err != nil {
		return err
	}
	var envs [2]*environment
	defer func() {
		for _, env := range envs {
			if env != nil {
				env.stop()
			}
		}
	}()
	for i, program := range []string{binary, other} {
		if envs[i], err = startPrepared(ctx, filepath.Join(dir, strconv.Itoa(i)), program); err != nil {
			return fmt.Errorf("%s: %w", program, err)
		}
	}
	for _, m := range []struct {
		title string
		load  func(*environment) func() (result, error)
	}{
		{"(a) REST GetMaster, cached", func(e *environment) func() (result, error) { return e.restReads(ctx, s) }},
		{"(b) gRPC GetMaster", func(e *environment) func() (result, error) { return e.grpcReads(ctx, s) }},
		{"(c) REST CreateAppointment", func(e *environment) func() (result, error) { return e.booking(ctx, s) }},
	} {
		err := compare(m.title, "none of its own", s.rounds, side{"this tree", m.load(envs[0])}, side{s.against, m.load(envs[1])})
		if err != nil {
			return err
		}
	}
	return nil
}

// startPrepared starts a program in a new directory, and makes what the loads need. When it fails, nothing is left running.
func startPrepared(ctx context.Context, dir, program string) (*environment, error) {
	if err := os.Mkdir(dir, 0o755); err != nil { //nolint:gosec // PostgreSQL does not run as root and has to pass
		return nil, err
	}
	env, err := startEnvironment(ctx, dir, filepath.Join(dir, "postgres"), program)
	if err != nil {
		return nil, err
	}
	if _, err = env.startSalon(ctx); err == nil {
		err = env.prepare(ctx)
	}
	if err != nil {
		env.stop()
		return nil, err
	}
	return env, nil
}
