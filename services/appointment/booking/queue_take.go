package booking

import (
	"cmp"
	"slices"
	"time"

	"github.com/beauty-salon/platform/services/appointment/claims"
)

// take returns the next batch. It chooses from the entries that conflict with nobody who came earlier, so
// no two entries of a batch share a customer or an account, or have claims that overlap. The masters take
// turns: one busy master delays the bookings with another by a batch. Entries that must be written by
// themselves are set aside. Without a batch, the worker ends.
func (q *Queue) take(w *waiting) []*entry {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	w.entries = slices.DeleteFunc(w.entries, func(e *entry) bool {
		err := e.ctx.Err()
		if err == nil && now.After(e.until) {
			err = claims.ErrContention
		}
		if err != nil {
			q.endLocked(e, Result{}, err)
		}
		return err != nil
	})
	free, alone := w.free(q.maxBatch)
	batch := w.share(free, q.maxBatch)
	taken := make(map[*entry]bool, len(batch)+len(alone))
	for _, e := range batch {
		taken[e], e.writing = true, true
	}
	for _, e := range alone {
		taken[e] = true
		w.aside = append(w.aside, e)
		go q.writeAside(w, e)
	}
	w.entries = slices.DeleteFunc(w.entries, func(e *entry) bool { return taken[e] })
	if w.busy = len(batch) > 0; !w.busy && len(w.entries) == 0 && len(w.aside) == 0 {
		clear(w.stuck)
		clear(w.served)
	}
	return batch
}

// free returns the entries that conflict with none that came earlier, at most n of each master, in their
// order: those that can be in a batch, and those that must be written alone. These need a subject that is
// stuck, of which each lets one through at a time, or their statement was lost once.
func (w *waiting) free(n int) (batch, alone []*entry) {
	earlier, found := bySubject{}, map[string]int{}
	for _, e := range w.aside {
		earlier.add(e)
	}
	for _, e := range w.entries {
		switch {
		case found[e.master()] >= n, earlier.conflict(e, w.stuck): // not now
		case e.lost > 0, w.needsStuck(e):
			alone = append(alone, e)
		default:
			batch = append(batch, e)
			found[e.master()]++
		}
		earlier.add(e)
	}
	return batch, alone
}

// needsStuck reports whether an entry needs a subject that is stuck.
func (w *waiting) needsStuck(e *entry) bool {
	return len(w.stuck) > 0 && slices.ContainsFunc(e.subjects, func(s string) bool { return w.stuck[s] })
}

// share returns n entries or all: one of each master, and so on while there is room. Masters who have
// waited longest for their turn come first.
func (w *waiting) share(free []*entry, n int) []*entry {
	if len(free) <= n {
		return free
	}
	var masters []string
	of := map[string][]*entry{}
	for _, e := range free {
		if of[e.master()] == nil {
			masters = append(masters, e.master())
		}
		of[e.master()] = append(of[e.master()], e)
	}
	slices.SortStableFunc(masters, func(a, b string) int { return cmp.Compare(w.served[a], w.served[b]) })
	batch := make([]*entry, 0, n)
	for round := 0; len(batch) < n; round++ {
		for _, m := range masters {
			if round < len(of[m]) && len(batch) < n {
				batch = append(batch, of[m][round])
				w.turn++
				w.served[m] = w.turn
			}
		}
	}
	return batch
}

// bySubject finds entries by the subjects that they need. Entries that share none never conflict.
type bySubject map[string][]*entry

func (b bySubject) add(e *entry) {
	for _, s := range e.subjects {
		b[s] = append(b[s], e)
	}
}

// conflict reports whether e cannot be in one statement with one of the others, or needs a stuck subject
// that one of them needs as well.
func (b bySubject) conflict(e *entry, stuck map[string]bool) bool {
	for _, s := range e.subjects {
		if others := b[s]; len(others) > 0 && (stuck[s] || slices.ContainsFunc(others, e.conflictsWith)) {
			return true
		}
	}
	return false
}

// overlap returns the outcome that e has once the others are booked, if its claims overlap with theirs.
func (b bySubject) overlap(e *entry) (Outcome, bool) {
	for _, s := range e.subjects {
		for _, other := range b[s] {
			if outcome, overlap := e.overlap(other); overlap {
				return outcome, true
			}
		}
	}
	return "", false
}

// conflictsWith reports whether two creations cannot be in one statement: what becomes of one depends on
// the other.
func (e *entry) conflictsWith(other *entry) bool {
	a, b := e.appointment, other.appointment
	if a.CustomerID == b.CustomerID || a.AccountID != "" && a.AccountID == b.AccountID {
		return true
	}
	if _, overlap := e.overlap(other); overlap {
		return true
	}
	// A statement counts the appointments of a master from before it.
	return e.counted && other.counted && e.dayStart.Equal(other.dayStart) &&
		slices.ContainsFunc(a.Masters(), func(id string) bool { return slices.Contains(b.Masters(), id) })
}

// overlap returns the outcome that e has once other is booked, if its claims overlap with those of other.
func (e *entry) overlap(other *entry) (Outcome, bool) {
	for _, c := range e.appointment.claims {
		if c.Blocking && slices.ContainsFunc(other.appointment.claims, c.Overlaps) {
			return takenBy[c.Kind], true
		}
	}
	return "", false
}
