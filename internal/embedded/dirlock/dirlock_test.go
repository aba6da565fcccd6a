package dirlock_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/beauty-salon/platform/internal/embedded/dirlock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func acquire(t *testing.T, dir string) *dirlock.Lock {
	t.Helper()
	lock, err := dirlock.Acquire(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return lock
}

func TestLock(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if !dirlock.Free(dir) {
		t.Error("a directory that was never locked is not free")
	}
	lock := acquire(t, dir)
	if dirlock.Free(dir) {
		t.Error("a locked directory is free")
	}
	_, err := dirlock.Acquire(t.Context(), dir)
	if err == nil || !strings.Contains(err.Error(), "process "+strconv.Itoa(os.Getpid())) {
		t.Errorf("error %v does not name the process", err)
	}
	if err := lock.Release(); err != nil {
		t.Error(err)
	}
	if !dirlock.Free(dir) {
		t.Error("a released directory is not free")
	}
	if err := acquire(t, dir).Release(); err != nil {
		t.Error(err)
	}
}

// A child that inherited the lock keeps it, and another process has to wait.
func TestLockLastsAsLongAsChildren(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	lock := acquire(t, dir)
	cmd := exec.Command("cat")
	cmd.ExtraFiles = []*os.File{lock.File()}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	if dirlock.Free(dir) {
		t.Error("free although the child has it")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := dirlock.Acquire(ctx, dir); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	taken := make(chan error, 1)
	go func() {
		lock, err := dirlock.Acquire(t.Context(), dir)
		if err == nil {
			err = lock.Release()
		}
		taken <- err
	}()
	if err := stdin.Close(); err != nil { // ends the child
		t.Fatal(err)
	}
	if err := <-taken; err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func TestLockNeedsADirectory(t *testing.T) {
	t.Parallel()
	if _, err := dirlock.Acquire(t.Context(), filepath.Join(t.TempDir(), "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

func TestAlive(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	for pid, want := range map[int]bool{os.Getpid(): true, 1: true, cmd.Process.Pid: false, 0: false, -1: false} {
		if got := dirlock.Alive(pid); got != want {
			t.Errorf("Alive(%d) = %v", pid, got)
		}
	}
}
