package appointment

import (
	"context"
	"hash/crc32"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/metrics"
)

const (
	// minLanes and maxLanes bound the usual number of lanes, one a processor. Two let
	// one compute while the other waits for the disk; more than four only make
	// smaller batches.
	minLanes = 2
	maxLanes = 4
	// usualBatch is where larger batches stop paying.
	usualBatch = 64
	// laneLimit is when a caller is turned away: what waits behind so many will not
	// be served before its deadline.
	laneLimit  = 1024
	queueRetry = time.Second
)

var errQueueFull = apierr.New(codes.ResourceExhausted, apiv1.ErrorReason_ERROR_REASON_RATE_LIMITED,
	"too many bookings at once").WithRetryAfter(queueRetry)

// Booker writes bookings in batches that make themselves: a few lanes each take
// whatever has queued up while they were busy and commit it in one statement. An
// idle system books each visit alone and at once; a busy one shares the cost of a
// commit.
//
// A master's bookings go through one lane, in the order in which they came. So two
// lanes of this process hardly ever wait for the same master; against those of
// other processes, and against changes, there is the advisory lock.
type Booker struct {
	store    *Store
	maxBatch int
	sizes    prometheus.Observer

	mu    sync.Mutex
	lanes []lane
	keys  map[idempotency.Key]struct{} // of the tickets that have not ended
}

// lane is a queue and the goroutine that empties it, which exists only while
// there is something to do.
type lane struct {
	queue []*ticket
	busy  bool
}

// ticket is a booking that somebody waits for.
type ticket struct {
	ctx     context.Context // of the caller, who may leave while the ticket is in the queue
	booking *Booking
	done    chan struct{} // closed when result and err are set
	result  BookingResult
	err     error
}

// NewBooker returns a booker over the store; 0 stands for the usual number of
// lanes and of bookings a statement. reg may be nil.
func NewBooker(store *Store, lanes, maxBatch int, reg prometheus.Registerer) *Booker {
	if lanes <= 0 {
		lanes = min(max(runtime.GOMAXPROCS(0), minLanes), maxLanes)
	}
	if maxBatch <= 0 {
		maxBatch = usualBatch
	}
	return &Booker{
		store:    store,
		maxBatch: maxBatch,
		sizes:    batchSizes(reg),
		lanes:    make([]lane, lanes),
		keys:     map[idempotency.Key]struct{}{},
	}
}

// batchSizes is the metric of how many visits are booked at once.
func batchSizes(reg prometheus.Registerer) prometheus.Observer {
	return metrics.Register(reg, prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "salon_booking_batch_size",
		Help:    "Bookings that were written in one statement.",
		Buckets: []float64{1, 2, 4, 8, 16, 32, 64},
	}))
}

// Book returns what came of the booking; never Taken when an earlier call with
// the same key holds the time. When ctx ends first, the visit may or may not be
// booked: its key tells.
func (b *Booker) Book(ctx context.Context, booking *Booking) (BookingResult, error) {
	t := &ticket{ctx: ctx, booking: booking, done: make(chan struct{})}
	if admitted, err := b.enqueue(t); err != nil || !admitted {
		return BookingResult{Outcome: InFlight}, err
	}
	select {
	case <-t.done:
	case <-ctx.Done():
		return BookingResult{}, ctx.Err()
	}
	if t.err == nil && t.result.Outcome == Taken && booking.Key.RequestID != "" {
		// The statement that found the time taken had its snapshot from before it
		// waited: the first call with this key may have committed meanwhile.
		known, err := b.store.Recall(ctx, booking.Key, booking.Hash, booking.PreviousHash, expiry(booking))
		if err != nil || known.Outcome != "" {
			return known, err
		}
	}
	return t.result, t.err
}

// expiry is how old an answer may be to be remembered.
func expiry(b *Booking) time.Time { return b.Appointment.CreateTime.Add(-idempotency.Retention) }

// enqueue puts a ticket into its lane and sees to it that somebody works there.
// It returns false when another ticket with the same key has not ended.
func (b *Booker) enqueue(t *ticket) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.laneOf(t.booking.Appointment.Segments[0].MasterID)
	if len(l.queue) >= laneLimit {
		return false, errQueueFull
	}
	if key := t.booking.Key; key.RequestID != "" {
		if _, found := b.keys[key]; found {
			return false, nil
		}
		b.keys[key] = struct{}{}
	}
	l.queue = append(l.queue, t)
	if !l.busy {
		l.busy = true
		go b.work(l)
	}
	return true, nil
}

func (b *Booker) laneOf(masterID string) *lane {
	sum := crc32.ChecksumIEEE([]byte(masterID))
	return &b.lanes[int(sum%uint32(len(b.lanes)))]
}

func (b *Booker) work(l *lane) {
	for batch := b.take(l); len(batch) > 0; batch = b.take(l) {
		b.commit(batch)
	}
}

// take returns the oldest tickets whose callers still wait. Without any, the
// lane's work is done for now.
func (b *Booker) take(l *lane) []*ticket {
	b.mu.Lock()
	defer b.mu.Unlock()
	var batch []*ticket
	n := 0
	for ; n < len(l.queue) && len(batch) < b.maxBatch; n++ {
		t := l.queue[n]
		if err := t.ctx.Err(); err != nil {
			b.endLocked(t, BookingResult{}, err)
			continue
		}
		batch = append(batch, t)
	}
	l.queue = slices.Delete(l.queue, 0, n)
	l.busy = len(batch) > 0
	return batch
}

func (b *Booker) end(t *ticket, result BookingResult, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.endLocked(t, result, err)
}

func (b *Booker) endLocked(t *ticket, result BookingResult, err error) {
	delete(b.keys, t.booking.Key)
	t.result, t.err = result, err
	close(t.done)
}
