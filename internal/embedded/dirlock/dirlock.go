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
	"syscall"
	"time"
)

const (
	// fileName is the locked file; it holds the id of the process that has it.
	fileName = "lock"
	// patience bounds the wait for what a process that has died left running: a
	// database server that is shutting down.
	patience = 30 * time.Second
	// grace is for a process that is just about to end.
	grace = time.Second
	// interval is how often it is looked whether that has ended.
	interval = 50 * time.Millisecond
)

// Lock is the exclusive right to a directory. The kernel keeps it and gives it up
// when every process that has the file open has ended, however suddenly.
type Lock struct{ file *os.File }

// Acquire takes the lock of dir, which must exist. When a live process has it, the
// error names that process after a second; when its process has died and only
// children remain, Acquire waits for them, half a minute at most.
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
			return l.write(strconv.Itoa(os.Getpid()))
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return err
		}
		if holder := l.holder(); time.Since(begin) >= grace && Alive(holder) {
			return fmt.Errorf("in use by process %d; stop it first", holder)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("still in use by a server whose parent has died; stop it first: %w", ctx.Err())
		}
	}
}

// File is the locked file. A child that inherits it keeps the lock.
func (l *Lock) File() *os.File { return l.file }

// Release gives the directory back, as soon as the children that inherited the
// lock have ended too. The number goes first, so that whoever comes next waits
// for them instead of naming us.
func (l *Lock) Release() error { return errors.Join(l.write(""), l.file.Close()) }

func (l *Lock) write(content string) error {
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	_, err := l.file.WriteAt([]byte(content), 0)
	return err
}

// holder is the process id in the file, 0 when there is none.
func (l *Lock) holder() int {
	content := make([]byte, 20)
	n, err := l.file.ReadAt(content, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0
	}
	pid, err := strconv.Atoi(string(bytes.TrimSpace(content[:n])))
	if err != nil {
		return 0
	}
	return pid
}

// Free tells whether nobody has the lock of dir at the moment. It does not take
// it, so the answer is good for cleaning up only.
func Free(dir string) bool {
	file, err := os.Open(filepath.Join(dir, fileName))
	if err != nil {
		return errors.Is(err, os.ErrNotExist)
	}
	free := syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) == nil
	return file.Close() == nil && free
}

// Alive tells whether a process with that id exists, whoever's it is.
func Alive(pid int) bool {
	if pid <= 0 {
		return false
	}
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}
