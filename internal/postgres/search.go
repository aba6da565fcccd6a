package postgres

import (
	"context"
	"sync"
	"time"
)

const (
	// doubtAfter is how long one of several hosts may be silent until the others are asked whether they are the primary now. A
	// statement may take longer: then the host says that it still is.
	doubtAfter = 3 * time.Second
	// searchPause is the time between two questions.
	searchPause = time.Second
)

// searching looks for another primary while a host is silent.
type searching struct {
	onMove  func()
	ctx     context.Context // ends with the pool
	stop    context.CancelFunc
	mu      sync.Mutex
	active  bool
	closed  bool
	running sync.WaitGroup
}

// doubt looks for the primary in the background, unless that is being done. It tries for as long as the silence may last.
func (h *hosts) doubt() {
	s := &h.search
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.active || s.closed {
		return
	}
	s.active = true
	s.running.Go(func() {
		ctx, cancel := context.WithTimeout(s.ctx, silenceLimit)
		defer cancel()
		for !h.find(ctx) && ctx.Err() == nil {
			select {
			case <-ctx.Done():
			case <-time.After(searchPause):
			}
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.active = false
	})
}

// find connects to the primary for a moment. When that is another host, connect has cut the connections to the former one.
func (h *hosts) find(ctx context.Context) bool {
	made, w, moved, err := h.connect(ctx)
	if err != nil {
		return false
	}
	if moved {
		h.search.onMove()
	}
	h.closed(w)
	_ = made.Close() // it has said what it had to say
	return true
}

// close ends a search.
func (h *hosts) close() {
	h.search.mu.Lock()
	h.search.closed = true
	h.search.mu.Unlock()
	h.search.stop()
	h.search.running.Wait()
}
