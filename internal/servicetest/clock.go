package servicetest

import (
	"sync"
	"time"
)

// Clock is a clock that a test sets. It starts at the time of its creation, in whole microseconds, and does not
// move by itself. It is safe for concurrent use.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *Clock {
	return &Clock{now: time.Now().UTC().Truncate(time.Microsecond)}
}

// Now returns the time of the clock, in UTC.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock forward. Access tokens expire by this clock: [Platform.As] makes a new one each time.
func (c *Clock) Advance(d time.Duration) {
	c.Set(c.Now().Add(d))
}

// Set sets the clock, forward or back.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t.UTC().Truncate(time.Microsecond)
}
