package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

var pgbenchNumbers = regexp.MustCompile(`(?s)transactions actually processed: (\d+).*number of failed transactions: (\d+).*latency average = ([\d.]+) ms.*tps = ([\d.]+)`)

// pgbench runs a script with PostgreSQL's own load generator.
func (e *environment) pgbench(
	ctx context.Context, adminURL, name, script string, connections int, duration time.Duration,
) (result, error) {
	cfg, err := pgx.ParseConfig(adminURL)
	if err != nil {
		return result{}, err
	}
	file := filepath.Join(e.dir, name+".sql")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		return result{}, err
	}
	cmd := exec.CommandContext(ctx, "pgbench", "-n", "-M", "prepared", "-c", strconv.Itoa(connections), "-j", "2",
		"-T", strconv.Itoa(max(1, int(duration.Seconds()))), "-f", file,
		"-h", cfg.Host, "-p", strconv.Itoa(int(cfg.Port)), "-U", cfg.User, cfg.Database)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+cfg.Password)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return result{}, fmt.Errorf("pgbench: %w\n%s", err, out)
	}
	m := pgbenchNumbers.FindSubmatch(out)
	if m == nil {
		return result{}, fmt.Errorf("pgbench printed something else:\n%s", out)
	}
	calls, _ := strconv.Atoi(string(m[1]))
	failed, _ := strconv.Atoi(string(m[2]))
	ms, _ := strconv.ParseFloat(string(m[3]), 64)
	mean := time.Duration(ms * float64(time.Millisecond))
	rate, err := strconv.ParseFloat(string(m[4]), 64) // without the time to connect
	if err != nil || rate == 0 {
		return result{}, fmt.Errorf("pgbench did nothing:\n%s", out)
	}
	elapsed := time.Duration(float64(calls) / rate * float64(time.Second))
	// pgbench prints the mean only; it stands for both percentiles.
	return result{calls: calls, failures: failed, elapsed: elapsed, times: []time.Duration{mean}}, nil
}
