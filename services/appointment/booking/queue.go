package booking

import (
	"context"
	"hash/crc32"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/metrics"
	"github.com/beauty-salon/platform/services/appointment/claims"
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
	// usualPatience is how long a batch waits for a lock. The locks of other processes are free after
	// one commit.
	usualPatience = 100 * time.Millisecond
	// longestWait is how long a booking waits that nobody can write.
	longestWait = 10 * time.Second
	// usualFindOutTimeout is how long the process tries to find out what became of a lost statement.
	usualFindOutTimeout = 10 * time.Second
	// asideSlots and asideShare bound the connections that all bookings which are set aside use at once: this many, and
	// one of so many of the pool.
	asideSlots = 4
	asideShare = 4
)

// Queue writes new appointments in batches that form by themselves: a few workers each take what has
// queued up while they were busy and commit it at once. An idle system books each appointment alone
// and immediately; a busy one shares the cost of a commit.
//
// The bookings with a master go through one queue. So two workers of this process rarely wait for the
// same lock. Whoever comes later never takes the time of somebody who came earlier; apart from that, the
// masters take turns (queue_take.go). A booking that has to wait for a lock, or whose statement was lost,
// is set aside and holds up only those that need the same (queue_aside.go).
type Queue struct {
	store          *Store
	requests       *idempotency.Guard
	maxBatch       int
	patience       time.Duration
	findOutTimeout time.Duration
	slots          chan struct{} // one for each booking that is set aside and uses a connection
	sizes          prometheus.Observer

	mu     sync.Mutex
	queues []waiting
	keys   map[idempotency.Key]struct{} // of the entries that have not ended
}

// waiting is one queue. Its worker exists only while there is something to do.
type waiting struct {
	// entries wait for the worker, in the order in which they came.
	entries []*entry
	busy    bool
	// aside are the entries that goroutines of their own write, or find out about.
	aside []*entry
	// stuck are the subjects whose locks others have held for longer than the patience of a batch, until
	// a booking gets them.
	stuck map[string]bool
	// served is the turn in which a master was in a batch the last time; turn counts them.
	served map[string]int64
	turn   int64
}

// entry is a creation that somebody waits for.
type entry struct {
	*creation
	subjects []string        // of the creation
	ctx      context.Context // of the caller, who may leave while the entry is queued
	until    time.Time       // when nobody writes it any more
	// writing is whether a statement with the entry may be running; the queue's mutex guards it.
	writing bool
	// lost counts the statements that ended without an answer and had not been committed.
	lost   int
	done   chan struct{} // closed when result and err are set
	result Result
	err    error
}

// newEntry returns an entry that is not queued.
func newEntry(ctx context.Context, c *creation) *entry {
	return &entry{creation: c, subjects: c.subjects(), ctx: ctx, until: time.Now().Add(waitOf(ctx)), done: make(chan struct{})}
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
	q := &Queue{
		store:          store,
		requests:       requests,
		maxBatch:       maxBatch,
		patience:       usualPatience,
		findOutTimeout: usualFindOutTimeout,
		slots:          make(chan struct{}, min(max(store.db.PoolStats().MaxOpenConnections/asideShare, 1), asideSlots)),
		sizes: metrics.Register(reg, prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "salon_booking_batch_size",
			Help:    "Bookings that were written in one statement.",
			Buckets: []float64{1, 2, 4, 8, 16, 32, 64},
		})),
		queues: make([]waiting, queues),
		keys:   map[idempotency.Key]struct{}{},
	}
	for i := range q.queues {
		q.queues[i].stuck, q.queues[i].served = map[string]bool{}, map[string]int64{}
	}
	return q
}

// Book returns what came of a creation; never Taken or CustomerBusy when an earlier call with the same
// request id has the time. When nobody could write the creation for a while, because others hold the locks
// that it needs, the error is claims.ErrContention and nothing is booked. When ctx ends first, or the error is
// errUnknown, the appointment may or may not be booked: its request id finds out.
func (q *Queue) Book(ctx context.Context, c *creation) (Result, error) {
	e := newEntry(ctx, c)
	if admitted, err := q.enqueue(e); err != nil || !admitted {
		return Result{Outcome: InFlight}, err
	}
	enough := time.NewTimer(time.Until(e.until))
	defer enough.Stop()
	for ended := false; !ended; {
		select {
		case <-e.done:
			ended = true
		case <-ctx.Done():
			return Result{}, ctx.Err()
		case <-enough.C:
			if !q.withdraw(e) {
				enough.Reset(q.patience) // it is being written
			}
		}
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

// waitOf is how long a caller waits for somebody who can write the booking: so long that there is still
// time to answer before the caller's deadline.
func waitOf(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return longestWait
	}
	return min(longestWait, time.Until(deadline)*3/4)
}

// enqueue queues an entry and sees to it that a worker runs. It returns false when another entry with
// the same request id has not ended.
func (q *Queue) enqueue(e *entry) (bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	w := q.queueOf(e)
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
	q.wakeLocked(w)
	return true, nil
}

// wakeLocked sees to it that the worker of a queue runs if somebody waits.
func (q *Queue) wakeLocked(w *waiting) {
	if !w.busy && len(w.entries) > 0 {
		w.busy = true
		go q.work(w)
	}
}

func (q *Queue) work(w *waiting) {
	for batch := q.take(w); len(batch) > 0; batch = q.take(w) {
		q.commit(w, batch)
	}
}

// withdraw ends an entry with claims.ErrContention unless it is being written, and reports whether it has ended.
func (q *Queue) withdraw(e *entry) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if e.writing || e.ended() {
		return e.ended()
	}
	w := q.queueOf(e)
	same := func(other *entry) bool { return other == e }
	w.entries, w.aside = slices.DeleteFunc(w.entries, same), slices.DeleteFunc(w.aside, same)
	q.endLocked(e, Result{}, claims.ErrContention)
	q.wakeLocked(w) // for those who waited behind it
	return true
}

func (q *Queue) queueOf(e *entry) *waiting {
	sum := crc32.ChecksumIEEE([]byte(e.master()))
	return &q.queues[int(sum%uint32(len(q.queues)))]
}

// ended reports whether an entry has its result.
func (e *entry) ended() bool {
	select {
	case <-e.done:
		return true
	default:
		return false
	}
}

// master is the master in whose turn an entry is served.
func (e *entry) master() string { return e.appointment.Segments[0].MasterID }

// settle ends entries with their results, or all with an error and no results, and those who wait for a
// time that is booked now.
func (q *Queue) settle(w *waiting, entries []*entry, results []Result, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.leaveAsideLocked(w, entries)
	booked := bySubject{}
	for i, e := range entries {
		for _, s := range e.subjects {
			delete(w.stuck, s)
		}
		var result Result
		if i < len(results) {
			result = results[i]
		}
		if result.Outcome == Booked {
			booked.add(e)
		}
		q.endLocked(e, result, err)
	}
	if len(booked) > 0 {
		w.entries = slices.DeleteFunc(w.entries, func(e *entry) bool {
			outcome, overlap := booked.overlap(e)
			if overlap {
				q.endLocked(e, Result{Outcome: outcome}, nil)
			}
			return overlap
		})
	}
	q.wakeLocked(w)
}

// again puts entries that were taken back to the front of the queue. They are in their order.
func (q *Queue) again(w *waiting, entries []*entry) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.leaveAsideLocked(w, entries)
	for _, e := range entries {
		e.writing = false
	}
	w.entries = append(slices.Clone(entries), w.entries...)
	q.wakeLocked(w)
}

func (q *Queue) leaveAsideLocked(w *waiting, entries []*entry) {
	if len(w.aside) > 0 {
		w.aside = slices.DeleteFunc(w.aside, func(e *entry) bool { return slices.Contains(entries, e) })
	}
}

func (q *Queue) endLocked(e *entry, result Result, err error) {
	delete(q.keys, e.request.Key)
	e.result, e.err = result, err
	close(e.done)
}
