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

// checkPostmaster checks the lock files of PostgreSQL itself: that of the data, and that of the socket. Our own lock is
// taken at this point, so an existing file is left from a crash, or belongs to a server that was started by hand.
// PostgreSQL cleans up after a crash, unless a process with the id still exists: another program, or the zombie of the
// old server.
func checkPostmaster(ctx context.Context, data, socket string) error {
	for _, path := range []string{filepath.Join(data, "postmaster.pid"), socket + ".lock"} {
		content, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		first, rest, _ := strings.Cut(string(content), "\n")
		pid, _ := strconv.Atoi(strings.TrimSpace(first)) // 0 for an invalid id, which PostgreSQL will report
		if runs(ctx, pid, data) {
			return fmt.Errorf("a PostgreSQL server, process %d, is already running on %s; stop it with `kill -INT %d`", pid, data, pid)
		}
		if pid == 0 {
			continue
		}
		// The id of its parent tells PostgreSQL that the file is old. Unlike removing the file, this lets PostgreSQL check
		// that no process uses the shared memory of the old server, which the file names too.
		if err := os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())+"\n"+rest), 0o600); err != nil {
			return fmt.Errorf("mark what a crashed server left behind: %w", err)
		}
	}
	return nil
}

// runs reports whether the process is a server on the data. A server's working directory is its data.
func runs(ctx context.Context, pid int, data string) bool {
	if !dirlock.Alive(pid) {
		return false
	}
	if name := processName(ctx, pid); name != "" && !strings.HasPrefix(name, "postgres") && name != "postmaster" {
		return false
	}
	theirs, err := os.Stat(fmt.Sprintf("/proc/%d/cwd", pid))
	if err != nil {
		return true // not to be told: another user's, or no /proc
	}
	ours, err := os.Stat(data)
	return err != nil || os.SameFile(theirs, ours)
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
