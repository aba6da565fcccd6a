package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// runAgainst compares this tree with another build, each with a database, NATS and Redis of its own.
func runAgainst(ctx context.Context, s settings, dir, binary string) error {
	other, err := filepath.Abs(s.against)
	if err != nil {
		return err
	}
	var envs [2]*environment
	for i, program := range []string{binary, other} {
		sub := filepath.Join(dir, fmt.Sprint(i))
		if err := os.Mkdir(sub, 0o755); err != nil { //nolint:gosec // PostgreSQL does not run as root and has to pass
			return err
		}
		env, err := startEnvironment(ctx, sub, program)
		if err != nil {
			return fmt.Errorf("%s: %w", program, err)
		}
		defer env.stop()
		if _, err := env.startSalon(ctx); err != nil {
			return fmt.Errorf("%s: %w", program, err)
		}
		if err := env.prepare(ctx); err != nil {
			return fmt.Errorf("prepare %s: %w", program, err)
		}
		envs[i] = env
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
