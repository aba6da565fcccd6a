package events

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/beauty-salon/platform/internal/failpoint"
	"github.com/beauty-salon/platform/internal/postgres"
)

const (
	// relayPoll is how long an event that another process appended may wait for the relay, and how often a relay
	// without the lease tries to get it.
	relayPoll = time.Second
	// relayBatch is how many rows are read at once.
	relayBatch = 500
	// drainBatches is how many batches are published before the relay does its other work: a backlog may last.
	drainBatches = 10
	// The pause after refused publications doubles up to the maximum.
	relayMinBackoff = 100 * time.Millisecond
	relayMaxBackoff = 5 * time.Second

	measureEvery = 5 * time.Second
	pruneEvery   = time.Minute
	// lateAfter is the age of an unpublished event, and the time without an active relay, that count as a problem.
	lateAfter = 15 * time.Second
)

// errWentBack means that the database has an older state than before: a backup was restored, or a failover lost
// transactions.
var errWentBack = errors.New("the database has gone back to an older state")

// Relay publishes the outbox of one schema. Of all relays of a schema, in any number of processes, one is active at
// a time: the holder of the lease. When it stops or is cut off, another one takes over.
type Relay struct {
	db      *postgres.DB
	bus     *Bus
	log     zerolog.Logger
	metrics *relayMetrics
	holder  string // identifies this relay in the lease

	// What this process has seen of the table relay, to recognize an older state.
	seen     relayRow
	wentBack bool // since the stream was last compared with the outbox

	singly bool // the last batch had no answer, so that the next rows are published one by one

	verified struct { // the last comparison of stream and outbox
		at      time.Time
		session uint64
	}

	// Failpoints in tests.
	beforePublish, afterPublish func()
}

// NewRelay makes the relay of the schema of db. Metrics go to reg, which may be nil.
func NewRelay(db *postgres.DB, bus *Bus, log zerolog.Logger, reg prometheus.Registerer) *Relay {
	return &Relay{
		db: db, bus: bus,
		log:           log.With().Str("relay", db.Schema()).Logger(),
		metrics:       newRelayMetrics(reg, db.Schema()),
		holder:        uuid.NewString(),
		beforePublish: func() { failpoint.Hit(failpoint.RelayBeforePublish) },
		afterPublish:  func() { failpoint.Hit(failpoint.RelayAfterPublish) },
	}
}

// Run works until ctx ends and then returns nil. An outage of the database or of NATS does not end it.
func (r *Relay) Run(ctx context.Context) error {
	var watching sync.WaitGroup
	watching.Go(func() { r.watch(ctx) })
	defer watching.Wait()
	for ctx.Err() == nil {
		if err := r.compete(ctx); err != nil && ctx.Err() == nil {
			r.log.Warn().Err(err).Msg("relay is interrupted")
		}
		pause(ctx, jitter(relayPoll))
	}
	return nil
}

// compete works while it has the lease. It returns at once when another relay has the lease.
func (r *Relay) compete(ctx context.Context) error {
	sent := time.Now()
	row, err := acquire(ctx, r.db, r.holder)
	if err != nil {
		return err
	}
	r.observe(row)
	if row.Holder != r.holder {
		return nil
	}
	l := &lease{db: r.db, row: row}
	l.extend(sent)
	r.log.Debug().Int64("term", row.Term).Msg("relay is active")
	r.metrics.leader.Set(1)
	defer r.metrics.leader.Set(0)

	leading, lost := context.WithCancel(ctx)
	var keeping sync.WaitGroup
	keeping.Go(func() { r.keep(leading, l, lost) })
	err = r.lead(leading, l)
	lost()
	keeping.Wait()
	if errors.Is(err, errWentBack) {
		r.wentBack = true
	}
	r.observe(l.row)
	if ctx.Err() == nil {
		// The lease may be lost because the row is an older one. The release would make it newer.
		if row, err := readRelay(ctx, r.db); err == nil {
			r.observe(row)
		}
	}
	l.release(ctx)
	if errors.Is(err, errLeaseChanged) || (leading.Err() != nil && errors.Is(err, context.Canceled)) {
		return nil
	}
	return err
}

// observe notes a state of the table relay, and whether it is older than one that this process saw before.
func (r *Relay) observe(row relayRow) {
	if row.Beat < r.seen.Beat || row.Generation < r.seen.Generation ||
		(row.Generation == r.seen.Generation && row.LastSeq < r.seen.LastSeq) {
		r.wentBack = true
	}
	r.seen = row
}

// lead publishes until ctx ends or the lease is lost.
func (r *Relay) lead(ctx context.Context, l *lease) error {
	woken, stop := awaken(r.db.Schema())
	defer stop()
	ready, stopReady := r.bus.readied()
	defer stopReady()

	r.verified.at = time.Time{}
	var backoff time.Duration
	var pruned time.Time
	for ctx.Err() == nil {
		more, wait, err := r.round(ctx, l, backoff)
		if err != nil {
			return err
		}
		backoff = wait
		if now := time.Now(); now.Sub(pruned) >= pruneEvery {
			left, err := prune(ctx, r.db)
			if err != nil {
				return err
			}
			if !left {
				pruned = now
			}
		}
		if more {
			continue
		}
		wake := woken
		if backoff > 0 {
			wake = nil // the stream refuses new events too
		}
		next := time.NewTimer(jitter(cmp.Or(backoff, relayPoll)))
		select {
		case <-ctx.Done():
		case <-wake:
		case <-ready:
		case <-next.C:
		}
		next.Stop()
	}
	return nil
}

// round compares stream and outbox when that is due, publishes what is new, and a part of what is to be published
// again. It returns whether there may be more, and the pause before the next try. Nothing is published while there is
// no stream; reading at every poll shows whether the database still answers.
func (r *Relay) round(ctx context.Context, l *lease, backoff time.Duration) (more bool, wait time.Duration, err error) {
	session, ready := r.bus.session()
	if !ready {
		_, err := unpublished(ctx, r.db, 0)
		return false, 0, err
	}
	if session != r.verified.session || time.Since(r.verified.at) >= verifyEvery {
		if err := r.verify(ctx, l); errors.Is(err, errStream) {
			// The events of an unknown stream are not touched. The bus finds out what is wrong with it.
			r.log.Warn().Err(err).Msg("relay cannot examine the stream")
			return false, longer(backoff), nil
		} else if err != nil {
			return false, 0, err
		}
		r.verified.at, r.verified.session = time.Now(), session
	}
	more, wait, err = r.drain(ctx, l, backoff)
	if err != nil || wait > 0 || l.row.ReplayNext == 0 {
		return more, wait, err
	}
	wait, err = r.replay(ctx, l, backoff)
	return wait == 0, wait, err
}

// drain publishes until the outbox is empty, the stream refuses an event, or enough batches are done.
func (r *Relay) drain(ctx context.Context, l *lease, backoff time.Duration) (more bool, wait time.Duration, err error) {
	for range drainBatches {
		rows, err := unpublished(ctx, r.db, relayBatch)
		if err != nil || len(rows) == 0 {
			return false, 0, err
		}
		if err := l.held(); err != nil {
			return false, 0, err
		}
		r.beforePublish()
		done, failed := r.publish(ctx, rows, l.row.Generation)
		r.afterPublish()
		if err := l.mark(ctx, done); err != nil {
			return false, 0, err
		}
		if wait := r.settle(ctx, len(rows), done, failed, backoff); wait > 0 {
			return false, wait, nil
		}
	}
	return true, 0, nil
}

// replay publishes some of the rows that are to be published again. Rows that are new do not wait for them.
func (r *Relay) replay(ctx context.Context, l *lease, backoff time.Duration) (wait time.Duration, err error) {
	rows, err := publishedBetween(ctx, r.db, l.row.ReplayNext, l.row.ReplayEnd, relayBatch)
	if err != nil {
		return 0, err
	}
	if len(rows) == 0 {
		r.log.Info().Msg("all events are published again")
		return 0, l.endReplay(ctx)
	}
	if err := l.held(); err != nil {
		return 0, err
	}
	done, failed := r.publish(ctx, rows, l.row.Generation)
	if failed == nil {
		err = l.replayed(ctx, rows[len(rows)-1].id+1, done)
	}
	return r.settle(ctx, len(rows), done, failed, backoff), err
}

// settle counts a publication and returns the pause after it, 0 when nothing failed. A broken stream still confirms what
// it has already, so only new events show that the stream is well.
func (r *Relay) settle(ctx context.Context, rows int, done []confirmed, failed error, backoff time.Duration) (wait time.Duration) {
	r.metrics.published.Add(float64(len(done)))
	stored := slices.ContainsFunc(done, func(c confirmed) bool { return !c.duplicate })
	if stored {
		r.bus.acknowledged()
	}
	if failed == nil {
		return 0
	}
	if ctx.Err() == nil {
		r.log.Warn().Err(failed).Int("published", len(done)).Int("batch", rows).Msg("events stay in the outbox")
	}
	if stored {
		return relayMinBackoff
	}
	r.bus.unacknowledged(ctx, failed)
	return longer(backoff)
}

// longer returns the pause after another failure.
func longer(backoff time.Duration) time.Duration {
	return min(max(2*backoff, relayMinBackoff), relayMaxBackoff)
}

// watch measures the outbox, in every process, whether or not its relay is active.
func (r *Relay) watch(ctx context.Context) {
	part := "outbox of " + r.db.Schema()
	defer r.bus.report(part, "")
	led := time.Now() // when a relay was last seen active
	for ctx.Err() == nil {
		count, oldest, err := lag(ctx, r.db)
		row, rowErr := readRelay(ctx, r.db)
		if err == nil && rowErr == nil {
			r.metrics.measure(count, oldest, row)
			if row.Live {
				led = time.Now()
			}
			switch {
			case oldest > lateAfter:
				r.bus.report(part, fmt.Sprintf("%d events are not published, the oldest for %d s", count, int(oldest.Seconds())))
			case time.Since(led) > lateAfter:
				r.bus.report(part, "no process publishes events")
			default:
				r.bus.report(part, "")
			}
		}
		pause(ctx, jitter(measureEvery))
	}
}
