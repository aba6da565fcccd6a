package resilience_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

const (
	// operatorLook is the time between two looks of the operator at the database.
	operatorLook = 500 * time.Millisecond
	// primaryLost and standbyLost are how long one must be away to count as lost.
	primaryLost = 4 * time.Second
	standbyLost = 2 * time.Second
	// answerTime is how long the operator waits for an answer of the primary.
	answerTime = 3 * time.Second
)

// operator does for PostgreSQL what an installation has a tool for: it promotes the standby when the primary is lost, lets commits
// go on when the standby is lost, and lets them wait for the standby again when that is back.
type operator struct {
	pair *postgresPair

	mu        sync.Mutex
	degraded  bool        // commits wait for no standby
	failovers []span      // from the last sign of life of a primary to the promotion
	relieved  []time.Time // when commits went on without a standby
}

// span is a time between two moments.
type span struct{ begin, end time.Time }

// startOperator works until stop is called.
func startOperator(t *testing.T, pair *postgresPair) (o *operator, stop func()) {
	t.Helper()
	o = &operator{pair: pair}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var working sync.WaitGroup
	working.Go(func() { o.work(ctx, t) })
	stop = func() { cancel(); working.Wait() }
	t.Cleanup(stop)
	return o, stop
}

func (o *operator) work(ctx context.Context, t *testing.T) {
	alive, followed := time.Now(), time.Now()
	for ctx.Err() == nil {
		n, err := o.pair.streaming(ctx)
		now := time.Now()
		switch {
		case err != nil:
			// Only a standby that every commit has waited for has everything.
			if now.Sub(alive) > primaryLost && !o.isDegraded() && ctx.Err() == nil {
				if err := o.pair.failOver(t); err != nil {
					t.Error(err)
					return
				}
				o.promoted(alive)
				alive, followed = time.Now(), time.Now()
			}
		case n > 0:
			alive, followed = now, now
			if o.isDegraded() && o.pair.synchronous(t, o.pair.primary(), true) == nil {
				o.setDegraded(false)
			}
		default:
			alive = now
			if now.Sub(followed) > standbyLost && !o.isDegraded() && o.pair.synchronous(t, o.pair.primary(), false) == nil {
				o.setDegraded(true)
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(operatorLook):
		}
	}
}

// promoted notes a promotion. The new primary has no standby.
func (o *operator) promoted(alive time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.failovers = append(o.failovers, span{alive, time.Now()})
	o.degraded = true
}

// isDegraded reports whether commits wait for no standby.
func (o *operator) isDegraded() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.degraded
}

func (o *operator) setDegraded(degraded bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.degraded = degraded
	if degraded {
		o.relieved = append(o.relieved, time.Now())
	}
}

// whole returns nil when commits wait for a standby.
func (o *operator) whole() error {
	if o.isDegraded() {
		return errors.New("no standby is in sync")
	}
	return nil
}

// promotions counts how often the standby was promoted.
func (o *operator) promotions() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.failovers)
}
