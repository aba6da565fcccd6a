package events

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/beauty-salon/platform/internal/failpoint"
	"github.com/beauty-salon/platform/internal/postgres"
)

const (
	// relayPoll is how long an event that another process appended may wait for the relay.
	relayPoll = time.Second
	// relayBatch is how many rows are read at once.
	relayBatch = 500
	// drainBatches is how many batches are published before the relay does its other work: a backlog may last.
	drainBatches = 10
	// batchFrom is the number of rows from which a batch is used. Measured on a server that syncs always, with a disk
	// of 2 ms a sync: a batch takes 35 ms plus 0.1 ms an event (7,000/s in batches of 500), single events take 2.3 ms
	// (430/s). On a server that does not sync, a batch costs 35 ms for nothing, but only under load.
	batchFrom = 50
	// The pause after refused publications doubles up to the maximum.
	relayMinBackoff = 100 * time.Millisecond
	relayMaxBackoff = 5 * time.Second

	measureEvery = 5 * time.Second
	pruneEvery   = time.Minute
)

// Relay publishes the outbox of one schema. Of all relays of a schema, in any number of processes, one is active at
// a time. When it stops, another one takes over.
type Relay struct {
	db      *postgres.DB
	bus     *Bus
	log     zerolog.Logger
	metrics *relayMetrics

	// Failpoints in tests.
	beforePublish, afterPublish func()
}

// NewRelay makes the relay of the schema of db. Metrics go to reg, which may be nil.
func NewRelay(db *postgres.DB, bus *Bus, log zerolog.Logger, reg prometheus.Registerer) *Relay {
	return &Relay{
		db: db, bus: bus,
		log:           log.With().Str("relay", db.Schema()).Logger(),
		metrics:       newRelayMetrics(reg, db.Schema()),
		beforePublish: func() { failpoint.Hit(failpoint.RelayBeforePublish) },
		afterPublish:  func() { failpoint.Hit(failpoint.RelayAfterPublish) },
	}
}

// Run works until ctx ends and then returns nil. An outage of the database or of NATS does not end it.
func (r *Relay) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := r.compete(ctx); err != nil && ctx.Err() == nil {
			r.log.Warn().Err(err).Msg("relay lost the database")
		}
		pause(ctx, jitter(relayPoll))
	}
	return nil
}

// compete works while it has the lock. It returns at once when another relay has the lock.
func (r *Relay) compete(ctx context.Context) error {
	o, err := lockOutbox(ctx, r.db)
	if err != nil || o == nil {
		return err
	}
	defer o.release(ctx)
	r.log.Debug().Msg("relay is active")
	r.metrics.leader.Set(1)
	defer func() {
		// The next active relay reports the backlog.
		r.metrics.leader.Set(0)
		r.metrics.unpublished.Set(0)
		r.metrics.oldest.Set(0)
	}()
	return r.lead(ctx, o)
}

func (r *Relay) lead(ctx context.Context, o *outbox) error {
	woken, stop := awaken(r.db.Schema())
	defer stop()
	ready, stopReady := r.bus.readied()
	defer stopReady()

	var backoff time.Duration
	var measured, pruned time.Time
	for ctx.Err() == nil {
		var err error
		var more bool
		if more, backoff, err = r.drain(ctx, o, backoff); err != nil {
			return err
		}
		if now := time.Now(); now.Sub(measured) >= measureEvery {
			if err := r.measure(ctx, o); err != nil {
				return err
			}
			measured = now
		}
		if now := time.Now(); now.Sub(pruned) >= pruneEvery {
			more, err := o.prune(ctx)
			if err != nil {
				return err
			}
			if !more {
				pruned = now
			}
		}
		if more {
			continue
		}
		if backoff > 0 {
			pause(ctx, jitter(backoff))
			continue
		}
		poll := time.NewTimer(jitter(relayPoll))
		select {
		case <-ctx.Done():
		case <-woken:
		case <-ready:
		case <-poll.C:
		}
		poll.Stop()
	}
	return nil
}

func (r *Relay) measure(ctx context.Context, o *outbox) error {
	count, oldest, err := o.lag(ctx)
	if err != nil {
		return err
	}
	r.metrics.unpublished.Set(float64(count))
	r.metrics.oldest.Set(oldest)
	return nil
}

// drain publishes until the outbox is empty, the stream refuses an event, or enough batches are done. It returns
// whether there may be more rows, and the pause before the next try. The error is the database's. Reading at every
// poll shows whether the connection still works.
func (r *Relay) drain(ctx context.Context, o *outbox, backoff time.Duration) (more bool, wait time.Duration, err error) {
	for range drainBatches {
		limit := relayBatch
		if r.bus.Ready() != nil {
			limit = 0
		}
		rows, err := o.unpublished(ctx, limit)
		if err != nil || len(rows) == 0 {
			return false, 0, err
		}
		r.beforePublish()
		done, failed := r.publish(ctx, rows)
		r.afterPublish()
		if err := o.mark(ctx, done); err != nil {
			return false, 0, err
		}
		r.metrics.published.Add(float64(len(done)))
		if failed != nil {
			if ctx.Err() == nil {
				r.log.Warn().Err(failed).Int("published", len(done)).Int("batch", len(rows)).Msg("events stay in the outbox")
			}
			if len(done) > 0 {
				return false, relayMinBackoff, nil
			}
			return false, min(max(2*backoff, relayMinBackoff), relayMaxBackoff), nil
		}
	}
	return true, 0, nil
}

// publish sends the rows. It returns the ids of the rows that the stream has confirmed, and why the others were
// refused. Many rows are sent as one batch where the server supports it.
func (r *Relay) publish(ctx context.Context, rows []outboxRow) (done []int64, failed error) {
	if len(rows) < batchFrom || !r.bus.batches.Load() {
		return r.publishEach(ctx, rows)
	}
	batch := make([]*nats.Msg, len(rows))
	for i, row := range rows {
		batch[i] = row.event.message(r.db.Schema(), row.traceparent)
		done = append(done, row.id)
	}
	if err := r.bus.publishBatch(ctx, batch); err != nil {
		// The stream has one of the events already, or refuses one, or NATS is away.
		r.log.Debug().Err(err).Msg("publishing one by one")
		return r.publishEach(ctx, rows)
	}
	return done, nil
}

// publishEach publishes each row by itself.
//
// The rows are sent in their order without waiting, and a server handles the messages of one connection in order.
// But the server may refuse one event and take the next, as when a cluster elects a leader in between. A newer
// event of an aggregate would then precede an older one. So at most one event of an aggregate is unconfirmed: the
// next one waits for the confirmation, and stays in the outbox when the confirmation does not come.
func (r *Relay) publishEach(ctx context.Context, rows []outboxRow) (done []int64, failed error) {
	sent := make(map[string]*sending, len(rows)) // the latest of each aggregate
	inOrder := make([]*sending, 0, len(rows))
	for _, row := range rows {
		before := sent[row.event.AggregateID]
		if before != nil && before.wait(ctx) != nil {
			continue
		}
		s := &sending{id: row.id}
		// Without a connection this fails at once, because nothing is buffered.
		s.ack, s.err = r.bus.js.PublishMsgAsync(row.event.message(r.db.Schema(), row.traceparent))
		sent[row.event.AggregateID] = s
		inOrder = append(inOrder, s)
	}
	for _, s := range inOrder {
		if err := s.wait(ctx); err != nil {
			r.metrics.failures.Inc()
			failed = fmt.Errorf("publish outbox row %d: %w", s.id, err)
			continue
		}
		done = append(done, s.id)
	}
	if errors.Is(failed, jetstream.ErrNoStreamResponse) {
		r.bus.lost()
	}
	return done, failed
}

// sending is an event that was sent to the stream.
type sending struct {
	id  int64
	ack jetstream.PubAckFuture // nil once the result is known
	err error
}

// wait returns nil once the stream has confirmed the event.
func (s *sending) wait(ctx context.Context) error {
	if s.err != nil || s.ack == nil {
		return s.err
	}
	select {
	case <-s.ack.Ok():
	case s.err = <-s.ack.Err():
	case <-ctx.Done():
		s.err = ctx.Err()
	}
	s.ack = nil
	return s.err
}
