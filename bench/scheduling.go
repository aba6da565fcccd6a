package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// parts are the measurements of the scheduling engine, in their order.
var parts = []string{"search", "reads", "growth", "rows", "old"}

// runScheduling measures searches and bookings in a database with many appointments.
func runScheduling(ctx context.Context, s settings, dir, binary string) error {
	for _, p := range s.parts {
		if !slices.Contains(parts, p) {
			return fmt.Errorf("no such part: %s; there are %v", p, parts)
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
	defer func() { env.stop() }()
	return env.loadData(ctx, s.size)
}
