package salontest

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
)

// Shared is a system that the tests of a package share, started by the first one that needs it. Its Close belongs into
// TestMain. The zero value starts a system without options.
type Shared struct {
	Options []Option

	once   sync.Once
	system *System
	err    error
}

// Get returns the system.
func (s *Shared) Get(t testing.TB) *System {
	t.Helper()
	// Not the test's context: others go on with the system when this test has ended.
	s.once.Do(func() { s.system, s.err = Launch(context.WithoutCancel(t.Context()), s.Options...) })
	if s.err != nil {
		t.Fatalf("start salon: %v", s.err)
	}
	return s.system
}

// Close stops the system if it was started, and returns the exit status of the tests, which is a failure if the system
// did not stop well.
func (s *Shared) Close(status int) int {
	if s.system == nil {
		return status
	}
	if err := s.system.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "stop salon:", err)
		status = max(status, 1)
	}
	if status != 0 {
		fmt.Fprintf(os.Stderr, "the end of salon's log:\n%s\n", s.system.log.tail())
	}
	return status
}
