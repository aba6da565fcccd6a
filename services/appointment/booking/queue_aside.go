package booking

import (
	"context"
	"errors"
	"time"

	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

const (
	// awaitPatience is how long a booking that is set aside waits at a time until all locks that it needs
	// are free. It holds none meanwhile.
	awaitPatience = 250 * time.Millisecond
	// asidePatience is how long its statement waits for them then. It is longer than a commit of another
	// process on a slow disk.
	asidePatience = time.Second
	// findOutPause is the pause between two attempts to find out.
	findOutPause = 100 * time.Millisecond
)

// writeAside books an entry that was set aside. While others hold what it needs, it goes back to the front
// of the queue, which sets it aside again.
func (q *Queue) writeAside(w *waiting, e *entry) {
	select {
	case q.slots <- struct{}{}:
		defer func() { <-q.slots }()
	case <-e.done: // its caller has waited long enough
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	stuck := postgres.TimedOut(claims.Await(ctx, q.store.db, within(e, awaitPatience), e.subjects))
	switch {
	case !q.beginAside(e):
	case stuck:
		q.again(w, []*entry{e})
	default:
		q.commitAlone(w, e, within(e, asidePatience))
	}
}

// beginAside reports whether an entry has not ended. From then on nobody else ends it.
func (q *Queue) beginAside(e *entry) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if e.ended() {
		return false
	}
	e.writing = true
	return true
}

// within shortens a wait for an entry whose caller does not wait that long.
func within(e *entry, wait time.Duration) time.Duration {
	deadline, ok := e.ctx.Deadline()
	if !ok {
		return wait
	}
	return max(min(wait, time.Until(deadline)/4), time.Millisecond)
}

// lose sets entries aside whose statement has ended without an answer, and finds out about them.
func (q *Queue) lose(w *waiting, entries []*entry, attempt string, cause error) {
	q.mu.Lock()
	q.leaveAsideLocked(w, entries)
	w.aside = append(w.aside, entries...)
	q.mu.Unlock()
	go q.findOut(w, entries, attempt, cause)
}

// findOut ends the entries that a lost statement has booked, and queues the others again: they are not
// booked. Each is tried alone then, a few times: a creation that makes the server fail must not take others
// with it. When nothing can be found out, all end with errUnknown.
func (q *Queue) findOut(w *waiting, entries []*entry, attempt string, cause error) {
	booked, err := q.booked(entries, attempt)
	if err != nil {
		q.settle(w, entries, nil, errUnknown.WithCause(errors.Join(cause, err)))
		return
	}
	var there, again []*entry
	for _, e := range entries {
		switch {
		case booked[e.appointment.ID]:
			there = append(there, e)
		case e.lost+1 < attemptsAlone:
			e.lost++
			again = append(again, e)
		default:
			q.settle(w, []*entry{e}, nil, cause)
		}
	}
	if len(there) > 0 {
		events.Wake(q.store.db.Schema())
		results := make([]Result, len(there))
		for i := range results {
			results[i].Outcome = Booked
		}
		q.settle(w, there, results, nil)
	}
	q.again(w, again)
}

// booked returns the ids of the appointments that a lost statement has booked. It tries until the database
// answers, at most for findOutTimeout.
func (q *Queue) booked(entries []*entry, attempt string) (map[string]bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), q.findOutTimeout)
	defer cancel()
	ids := make([]string, len(entries))
	for i, e := range entries {
		ids[i] = e.appointment.ID
	}
	for {
		found, err := q.store.Abandon(ctx, attempt, ids)
		if err == nil {
			return found, nil
		}
		select {
		case <-time.After(findOutPause):
		case <-ctx.Done():
			return nil, err
		}
	}
}
