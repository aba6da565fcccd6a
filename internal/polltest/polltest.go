// Package polltest waits in tests for what happens in the background.
package polltest

import (
	"testing"
	"time"
)

// Until waits until a condition holds, and fails the test when that takes more than ten seconds.
func Until(t testing.TB, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(10 * time.Second)
	for !cond() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never: %s", what)
		}
	}
}
