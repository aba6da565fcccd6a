package cache

import (
	"context"
	"sync"
	"time"
)

// repairs sends to Redis, once it is available again, the drops that could not be sent before. A goroutine runs
// only while there are pending jobs.
type repairs struct {
	ctx    context.Context
	cancel context.CancelFunc
	every  time.Duration
	wg     sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	running bool
	pending []func(ctx context.Context) bool // each reports whether it is done
}

func (r *repairs) init(every time.Duration) {
	r.every = every
	r.ctx, r.cancel = context.WithCancel(context.Background())
}

// add repeats job until job reports that it is done or the client is closed.
func (r *repairs) add(job func(ctx context.Context) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	r.pending = append(r.pending, job)
	if r.running {
		return
	}
	r.running = true
	r.wg.Go(r.run)
}

func (r *repairs) run() {
	tick := time.NewTicker(r.every)
	defer tick.Stop()
	for {
		select {
		case <-r.ctx.Done():
			return
		case <-tick.C:
		}
		r.mu.Lock()
		jobs := r.pending
		r.pending = nil
		r.mu.Unlock()
		var left []func(context.Context) bool
		for _, job := range jobs {
			if !job(r.ctx) {
				left = append(left, job)
			}
		}
		r.mu.Lock()
		r.pending = append(left, r.pending...)
		done := len(r.pending) == 0
		r.running = !done
		r.mu.Unlock()
		if done {
			return
		}
	}
}

// close ends the goroutine and returns the jobs that are not done.
func (r *repairs) close() []func(ctx context.Context) bool {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.cancel()
	r.wg.Wait()
	left := r.pending
	r.pending = nil
	return left
}
