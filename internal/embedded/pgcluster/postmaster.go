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

// checkPostmaster looks at the lock file that PostgreSQL itself keeps. We hold our
// own lock by now, so what is left there is a crash's, or a server that somebody
// started by hand. PostgreSQL clears up after a crash, except when the id belongs
// to some other process by now.
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
	pid, _ := strconv.Atoi(strings.TrimSpace(first)) // 0 for nonsense: PostgreSQL will tell
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
