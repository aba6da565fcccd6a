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
	"time"

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
	if err := dirlock.InUse(dir); err != nil {
		t.Errorf("never locked: %v", err)
	}
	lock := acquire(t, dir)
	if dirlock.Free(dir) {
		t.Error("a locked directory is free")
	}
	_, err := dirlock.Acquire(t.Context(), dir)
	if err == nil || !strings.Contains(err.Error(), "process "+strconv.Itoa(os.Getpid())) {
		t.Errorf("error %v does not name the process", err)
	}
	if inUse := dirlock.InUse(dir); inUse == nil || inUse.Error() != err.Error() {
		t.Errorf("InUse: %v, want %v", inUse, err)
	}
	if err := lock.Release(); err != nil {
		t.Error(err)
	}
	if !dirlock.Free(dir) {
		t.Error("a released directory is not free")
	}
	if err := dirlock.InUse(dir); err != nil {
		t.Errorf("released: %v", err)
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

// A process that has the id of the lock's holder by now is not named: the lock is that of the holder's children.
func TestLockOfAProcessWhoseIDIsUsedAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	lock := acquire(t, dir)
	if _, err := lock.File().WriteAt([]byte("1 12345"), 0); err != nil {
		t.Fatal(err)
	}
	if err := lock.File().Truncate(int64(len("1 12345"))); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second) // longer than a live holder is waited for
	defer cancel()
	if _, err := dirlock.Acquire(ctx, dir); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if err := dirlock.InUse(dir); err != nil {
		t.Errorf("InUse: %v", err)
	}
	if err := lock.Release(); err != nil {
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

func TestZombieIsNotAlive(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("there is no /proc to tell a zombie")
	}
	cmd := exec.Command("true")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); dirlock.Alive(cmd.Process.Pid); <-time.After(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it counts as alive")
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
