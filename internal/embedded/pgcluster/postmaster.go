package pgcluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/beauty-salon/platform/internal/embedded/dirlock"
)

// checkPostmaster checks the lock file of PostgreSQL itself. Our own lock is taken at this point, so an existing
// lock file is left from a crash, or belongs to a server that was started by hand. PostgreSQL cleans up after a
// crash, unless another process has the id now.
func checkPostmaster(ctx context.Context, data string) error {
	path := filepath.Join(data, "postmaster.pid")
	content, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(string(content), "\n")
	pid, _ := strconv.Atoi(strings.TrimSpace(first)) // 0 for an invalid id, which PostgreSQL will report
	if !dirlock.Alive(pid) {
		return nil
	}
	if name := processName(ctx, pid); name == "" || strings.HasPrefix(name, "postgres") || name == "postmaster" {
		return fmt.Errorf("a PostgreSQL server, process %d, is already running on %s; stop it with `kill -INT %d`", pid, data, pid)
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("remove what a crashed server left behind: %w", err)
	}
	return nil
}

// processName is the name of the program that runs as pid, "" when unknown.
func processName(ctx context.Context, pid int) string {
	if runtime.GOOS == "linux" {
		content, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(content))
	}
	out, err := exec.CommandContext(ctx, "ps", "-o", "comm=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return ""
	}
	return filepath.Base(strings.TrimSpace(string(out)))
}
