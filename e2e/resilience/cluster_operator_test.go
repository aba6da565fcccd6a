package resilience_test

import (
	"context"
	"sync"
	"testing"
	"time"
)

const (
	// operatorLook is the time between two looks of the operator at the database.
	operatorLook = 500 * time.Millisecond
	// lostAfter is how long a PostgreSQL server has to be away to count as lost.
	lostAfter = 4 * time.Second
)

// operator does for PostgreSQL what an installation has a tool for: it promotes the standby when the primary is lost, lets commits
// go on when the standby is lost, and lets them wait for the standby again when that is back.
type operator struct {
	pair *postgresPair

	mu        sync.Mutex
	degraded  bool
	failovers []span // from the last sign of life of a primary to the promotion
	waits     []span // from the last sign of life of a standby to when commits go on
}

// span is a time between two moments.
type span struct{ begin, end time.Time }

// startOperator works until stop is called.
func startOperator(t *testing.T, pair *postgresPair) (o *operator, stop func()) {
	t.Helper()
	o = &operator{pair: pair}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var working sync.WaitGroup
	working.Go(func() { o.work(t, ctx) })
	stop = func() { cancel(); working.Wait() }
	t.Cleanup(stop)
	return o, stop
}

func (o *operator) work(t *testing.T, ctx context.Context) {
	alive, followed := time.Now(), time.Now()
	for ctx.Err() == nil {
		n, err := o.pair.streaming(t)
		now := time.Now()
		switch {
		case err != nil && now.Sub(alive) > lostAfter && !o.isDegraded():
			// Only a standby that every commit has waited for has everything.
			o.pair.failOver(t)
			o.note(&o.failovers, span{alive, time.Now()})
			o.setDegraded(true)
			alive, followed = time.Now(), time.Now()
		case err != nil:
		case n > 0:
			alive, followed = now, now
			if o.isDegraded() && o.pair.synchronous(t, o.pair.primary, true) == nil {
				o.setDegraded(false)
			}
		default:
			alive = now
			if now.Sub(followed) > lostAfter && !o.isDegraded() && o.pair.synchronous(t, o.pair.primary, false) == nil {
				o.note(&o.waits, span{followed, time.Now()})
				o.setDegraded(true)
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(operatorLook):
		}
	}
}

func (o *operator) note(list *[]span, s span) {
	o.mu.Lock()
	defer o.mu.Unlock()
	*list = append(*list, s)
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
}

// promotions counts how often the standby was promoted.
func (o *operator) promotions() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.failovers)
}
