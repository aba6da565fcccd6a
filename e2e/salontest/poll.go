package salontest

import (
	"testing"
	"time"
)

// patience is how long Eventually waits. It is no measure of speed: the machine may have other things to do.
const patience = time.Minute

// pause lets a moment pass between two looks.
func pause() { <-time.After(20 * time.Millisecond) }

// Eventually waits until check is content, and fails the test with its last complaint when that takes too long. It is
// for what happens after an answer: notifications, copies in other services.
func Eventually(t testing.TB, check func() error) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); pause() {
		if err = check(); err == nil {
			return
		}
	}
	t.Fatalf("still after %s: %v", patience, err)
}

// Deadline polls until done says yes, and reports whether it did so within d.
func Deadline(d time.Duration, done func() bool) bool {
	for deadline := time.Now().Add(d); ; pause() {
		if done() {
			return true
		}
		if time.Now().After(deadline) {
			return false
		}
	}
}
