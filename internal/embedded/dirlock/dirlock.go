// Package dirlock reserves a data directory for one process at a time.
package dirlock

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// fileName is the locked file. It contains the id of the process that has the lock.
	fileName = "lock"
	// patience bounds the wait for a database server that is shutting down after its parent has died.
	patience = 30 * time.Second
	// grace is how long Acquire waits for a live process that is about to end.
	grace = time.Second
	// interval is how often Acquire tries again.
	interval = 50 * time.Millisecond
)

// Lock is the exclusive right to a directory. The kernel releases it when every process that has the file open has
// ended.
type Lock struct{ file *os.File }

// Acquire locks dir, which must exist. When a live process has the lock, Acquire returns an error after a second
// that names the process. When that process has died and only its children remain, Acquire waits for them for at
// most half a minute.
func Acquire(ctx context.Context, dir string) (*Lock, error) {
	file, err := os.OpenFile(filepath.Join(dir, fileName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the data directory: %w", err)
	}
	lock := &Lock{file: file}
	if err := lock.acquire(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", dir, err), file.Close())
	}
	return lock, nil
}

func (l *Lock) acquire(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	begin := time.Now()
	for {
		err := syscall.Flock(int(l.file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return l.write(strconv.Itoa(os.Getpid()) + " " + startOf(os.Getpid()))
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return err
		}
		if err := l.inUse(); err != nil && time.Since(begin) >= grace {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("still in use by a server whose parent has died; stop it first: %w", ctx.Err())
		}
	}
}

// File returns the locked file. A child process that inherits it keeps the lock.
func (l *Lock) File() *os.File { return l.file }

// Release releases the lock once the children that inherited it have ended too. It removes the process id first, so
// that the next process waits for the children instead of naming this process.
func (l *Lock) Release() error { return errors.Join(l.write(""), l.file.Close()) }

func (l *Lock) write(content string) error {
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	_, err := l.file.WriteAt([]byte(content), 0)
	return err
}

// holder returns the process id in the file, 0 when there is none, and when that process started, "" when unknown: after
// the process has ended, another one may have its id.
func (l *Lock) holder() (pid int, start string) {
	content := make([]byte, 64)
	n, err := l.file.ReadAt(content, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, ""
	}
	id, start, _ := strings.Cut(strings.TrimSpace(string(content[:n])), " ")
	if pid, err = strconv.Atoi(id); err != nil {
		return 0, ""
	}
	return pid, start
}

// inUse returns an error that names the live process that has the lock, nil when there is none.
func (l *Lock) inUse() error {
	if pid, start := l.holder(); Alive(pid) && (start == "" || start == startOf(pid)) {
		return fmt.Errorf("in use by process %d; stop it first", pid)
	}
	return nil
}

// InUse returns an error that names the live process that has the lock of dir, nil when there is none. It neither waits nor
// takes the lock, so the result is only good for messages.
func InUse(dir string) error {
	file, err := os.Open(filepath.Join(dir, fileName))
	if err != nil {
		return nil //nolint:nilerr // never locked, or by another user
	}
	err = (&Lock{file: file}).inUse()
	_ = file.Close() // was only read
	if err != nil {
		return fmt.Errorf("lock %s: %w", dir, err)
	}
	return nil
}

// Free reports whether the lock of dir is free at the moment. It does not take the lock, so the result is only good
// for cleaning up.
func Free(dir string) bool {
	file, err := os.Open(filepath.Join(dir, fileName))
	if err != nil {
		return errors.Is(err, os.ErrNotExist)
	}
	free := syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) == nil
	return file.Close() == nil && free
}

// Alive reports whether a process with that id runs, of any user. A zombie, which has ended and whose parent has not
// noticed, does not run.
func Alive(pid int) bool {
	if pid <= 0 {
		return false
	}
	if err := syscall.Kill(pid, 0); err != nil && !errors.Is(err, syscall.EPERM) {
		return false
	}
	state, _ := stat(pid)
	return state != "Z" && state != "X"
}

// startOf is when a process started, as Linux counts it; "" when unknown.
func startOf(pid int) string {
	_, start := stat(pid)
	return start
}

// stat reads the state and the start of a process (proc_pid_stat(5)); both are "" where there is no /proc.
func stat(pid int) (state, start string) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", ""
	}
	// The name of the program, in parentheses, may contain anything.
	fields := strings.Fields(string(content[bytes.LastIndexByte(content, ')')+1:]))
	const startField = 19 // the 22nd, when the id and the name are counted
	if len(fields) <= startField {
		return "", ""
	}
	return fields[0], fields[startField]
}
