package natstest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// SmallDisk restarts the server with empty files on a disk of 4 MiB, and returns functions that fill the disk and that
// make space again. In between the disk stays full, also when the server deletes files. The test is skipped where such
// a disk cannot be mounted.
func (s *Server) SmallDisk() (fill, empty func()) {
	s.t.Helper()
	s.Stop()
	if err := errors.Join(os.RemoveAll(s.StoreDir()), os.MkdirAll(s.StoreDir(), 0o700)); err != nil {
		s.t.Fatalf("natstest: %v", err)
	}
	if out, err := exec.CommandContext(s.t.Context(), "mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", s.StoreDir()).CombinedOutput(); err != nil {
		s.t.Skipf("cannot mount a disk of limited size: %v %s", err, out)
	}
	var filling sync.WaitGroup
	s.t.Cleanup(func() {
		filling.Wait()
		s.Stop()
		// Lazy, because a server that could not create a stream leaves files open.
		if out, err := exec.Command("umount", "--lazy", s.StoreDir()).CombinedOutput(); err != nil { //nolint:noctx // the test has ended
			s.t.Errorf("natstest: unmount %s: %v %s", s.StoreDir(), err, out)
		}
	})
	s.Start()
	filler := filepath.Join(s.StoreDir(), "filler")
	var stop chan struct{}
	fill = func() {
		stop = make(chan struct{})
		s.fill(filler)
		filling.Go(func() {
			again := time.NewTicker(10 * time.Millisecond)
			defer again.Stop()
			for {
				select {
				case <-s.t.Context().Done():
					return
				case <-stop:
					return
				case <-again.C:
					s.fill(filler)
				}
			}
		})
	}
	empty = func() {
		close(stop)
		filling.Wait()
		if err := os.Remove(filler); err != nil {
			s.t.Errorf("natstest: %v", err)
		}
	}
	return fill, empty
}

// fill writes to a file until the disk is full.
func (s *Server) fill(path string) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Errorf("natstest: %v", err)
		return
	}
	defer f.Close()
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		s.t.Errorf("natstest: fill the disk: %v", err)
	}
}
