package booking

import (
	"context"
	"hash/crc32"
	"runtime"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/metrics"
)

const (
	// minQueues and maxQueues bound the usual number of queues, one a processor. With two, one
	// computes while the other waits for the disk; more than four only make smaller batches.
	minQueues = 2
	maxQueues = 4
	// usualBatch is where larger batches stop paying.
	usualBatch = 64
	// queueLimit is when a caller is refused: what waits behind so many is not served before its
	// deadline.
	queueLimit = 1024
)

// Queue writes new appointments in batches that form by themselves: a few workers each take what has
// queued up while they were busy and commit it at once. An idle system books each appointment alone
// and immediately; a busy one shares the cost of a commit.
//
// The bookings with a master go through one queue, in the order in which they came. So two workers of
// this process rarely wait for the same lock.
type Queue struct {
	store    *Store
	requests *idempotency.Guard
	maxBatch int
	sizes    prometheus.Observer

	mu     sync.Mutex
	queues []waiting
	keys   map[idempotency.Key]struct{} // of the entries that have not ended
}

// waiting is one queue. Its worker exists only while there is something to do.
type waiting struct {
	entries []*entry
	busy    bool
}

// entry is a creation that somebody waits for.
type entry struct {
	*creation
	ctx    context.Context // of the caller, who may leave while the entry is queued
	done   chan struct{}   // closed when result and err are set
	result Result
	err    error
}

// NewQueue returns a queue over the store. 0 stands for the usual number of queues and of bookings a
// batch. reg may be nil.
func NewQueue(store *Store, requests *idempotency.Guard, queues, maxBatch int, reg prometheus.Registerer) *Queue {
	if queues <= 0 {
		queues = min(max(runtime.GOMAXPROCS(0), minQueues), maxQueues)
	}
	if maxBatch <= 0 {
		maxBatch = usualBatch
	}
	return &Queue{
		store:    store,
		requests: requests,
		maxBatch: maxBatch,
		sizes: metrics.Register(reg, prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "salon_booking_batch_size",
			Help:    "Bookings that were written in one statement.",
			Buckets: []float64{1, 2, 4, 8, 16, 32, 64},
		})),
		queues: make([]waiting, queues),
		keys:   map[idempotency.Key]struct{}{},
	}
}

// Book returns what came of a creation; never Taken or CustomerBusy when an earlier call with the same
// request id has the time. When ctx ends first, the appointment may or may not be booked: its request
// id finds out.
func (q *Queue) Book(ctx context.Context, c *creation) (Result, error) {
	e := &entry{creation: c, ctx: ctx, done: make(chan struct{})}
	if admitted, err := q.enqueue(e); err != nil || !admitted {
		return Result{Outcome: InFlight}, err
	}
	select {
	case <-e.done:
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}
	if e.err == nil && (e.result.Outcome == Taken || e.result.Outcome == CustomerBusy) {
		// The first call with this request id may have committed between the check of the id and the lock.
		stored, err := q.requests.Recall(ctx, q.store.db, c.request)
		if stored != nil {
			return Result{Outcome: Replayed, Response: stored}, nil
		}
		return e.result, err
	}
	return e.result, e.err
}

// enqueue queues an entry and sees to it that a worker runs. It returns false when another entry with
// the same request id has not ended.
func (q *Queue) enqueue(e *entry) (bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	w := q.queueOf(e.appointment.Segments[0].MasterID)
	if len(w.entries) >= queueLimit {
		return false, errQueueFull
	}
	if key := e.request.Key; key.RequestID != "" {
		if _, found := q.keys[key]; found {
			return false, nil
		}
		q.keys[key] = struct{}{}
	}
	w.entries = append(w.entries, e)
	if !w.busy {
		w.busy = true
		go q.work(w)
	}
	return true, nil
}

func (q *Queue) queueOf(masterID string) *waiting {
	sum := crc32.ChecksumIEEE([]byte(masterID))
	return &q.queues[int(sum%uint32(len(q.queues)))]
}

func (q *Queue) work(w *waiting) {
	for b := q.take(w); len(b.entries) > 0; b = q.take(w) {
		q.commit(b.entries)
		q.release(w, b)
	}
}

// batch is what is committed at once. No two of its entries share a customer or an account, or have
// claims that overlap.
type batch struct {
	entries []*entry
	// blocked are later entries that conflict with an earlier one, in the order in which they came. They
	// wait for what becomes of the batch.
	blocked []*entry
}

// take forms a batch of the oldest entries whose callers still wait. An entry that conflicts with an older
// one waits, also when that one waits itself: who comes later never takes the time of who came earlier.
// Without any entry, the worker ends.
func (q *Queue) take(w *waiting) batch {
	q.mu.Lock()
	defer q.mu.Unlock()
	var b batch
	n := 0
	for ; n < len(w.entries) && len(b.entries) < q.maxBatch; n++ {
		e := w.entries[n]
		if err := e.ctx.Err(); err != nil {
			q.endLocked(e, Result{}, err)
			continue
		}
		if slices.ContainsFunc(b.entries, e.conflictsWith) || slices.ContainsFunc(b.blocked, e.conflictsWith) {
			b.blocked = append(b.blocked, e)
			continue
		}
		b.entries = append(b.entries, e)
	}
	w.entries = slices.Delete(w.entries, 0, n)
	w.busy = len(b.entries) > 0
	return b
}

// conflictsWith reports whether two creations cannot be in one statement: what becomes of one depends on
// the other.
func (e *entry) conflictsWith(other *entry) bool {
	a, b := e.appointment, other.appointment
	if a.CustomerID == b.CustomerID || a.AccountID != "" && a.AccountID == b.AccountID {
		return true
	}
	_, overlap := e.overlap(other)
	return overlap
}

// overlap returns the outcome that e has once other is booked, if its claims overlap with those of other.
func (e *entry) overlap(other *entry) (Outcome, bool) {
	for _, c := range e.claims {
		if c.Blocking && slices.ContainsFunc(other.claims, c.Overlaps) {
			return takenBy[c.Kind], true
		}
	}
	return "", false
}

// release ends the blocked entries whose time the batch has booked. The others go back to the front of the
// queue.
func (q *Queue) release(w *waiting, b batch) {
	q.mu.Lock()
	defer q.mu.Unlock()
	again := slices.DeleteFunc(b.blocked, func(e *entry) bool {
		for _, other := range b.entries {
			if outcome, overlap := e.overlap(other); overlap && other.result.Outcome == Booked {
				q.endLocked(e, Result{Outcome: outcome}, nil)
				return true
			}
		}
		return false
	})
	w.entries = append(again, w.entries...)
}

func (q *Queue) end(e *entry, result Result, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.endLocked(e, result, err)
}

func (q *Queue) endLocked(e *entry, result Result, err error) {
	delete(q.keys, e.request.Key)
	e.result, e.err = result, err
	close(e.done)
}
