package events

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/beauty-salon/platform/internal/failpoint"
	"github.com/beauty-salon/platform/internal/postgres"
)

const (
	defaultMaxDeliver = 8
	// defaultAckWait is the time without a sign of life after which the server delivers an event again.
	defaultAckWait = 20 * time.Second
	// maxAckPending bounds the unacknowledged deliveries to all processes of a consumer.
	maxAckPending = 512
	// sessionRetry is the pause before the consumer tries to reach the database or the stream again.
	sessionRetry = time.Second
	pingTimeout  = 2 * time.Second
)

// defaultBackoff adds up to nine minutes.
var defaultBackoff = []time.Duration{
	time.Second, 5 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute,
}

// Handler applies an event in the transaction that also records the event as handled. Use tx for everything; do
// what cannot be rolled back in tx.OnCommit. An error or a panic rolls the transaction back, and the event is tried
// again later. Other events of the same transaction are tried again at once. ctx ends after some seconds.
type Handler func(ctx context.Context, tx *postgres.DB, e Event) error

// BatchHandler is a [Handler] of several events, in the order in which they were delivered. It needs fewer statements for them than one call for
// each would. When it fails for a reason that does not go away, it is called again for each event, in a transaction of its own.
type BatchHandler func(ctx context.Context, tx *postgres.DB, es []Event) error

// ConsumerConfig describes a consumer.
type ConsumerConfig struct {
	// Name is the name of the durable consumer, such as "ratings-appointments". Its position in the stream and its inbox
	// depend on the name: never change it.
	Name string
	// Subjects are the event types that the consumer receives, such as "rating.>".
	Subjects []string
	// Handle is called for one event at a time in this process. Either it or HandleBatch is set.
	Handle Handler
	// HandleBatch is called for events that are handled in one transaction: for all of them with AllVersions, else for some that belong to
	// different aggregates.
	HandleBatch BatchHandler
	// MaxDeliver is how many times an event is tried before it becomes a dead letter; 0 means 8. A try that failed
	// because the database or another service was unavailable does not count. Each process counts its own tries, so an
	// event may be tried a few times more: a false dead letter needs a human, an extra try costs nothing.
	MaxDeliver int
	// Backoff is the pause after each failed try; the last pause repeats. nil means 1 s growing to 5 min.
	Backoff []time.Duration
	// AllVersions handles an event even when a newer event of the same aggregate was handled before. Set it when the
	// effect is the event itself, such as a notification. Leave it unset when the handler keeps a copy of the state:
	// an old event would overwrite a newer state.
	AllVersions bool
}

// Consumer passes the events of some subjects to a handler.
type Consumer struct {
	db      *postgres.DB
	bus     *Bus
	cfg     ConsumerConfig
	log     zerolog.Logger
	metrics *consumerMetrics

	ackWait     time.Duration
	afterCommit func() // a failpoint in tests
}

// NewConsumer makes a consumer that keeps its inbox in the schema of db. Metrics
// go to reg, which may be nil.
func NewConsumer(db *postgres.DB, bus *Bus, cfg ConsumerConfig, log zerolog.Logger, reg prometheus.Registerer) *Consumer {
	if cfg.MaxDeliver == 0 {
		cfg.MaxDeliver = defaultMaxDeliver
	}
	if len(cfg.Backoff) == 0 {
		cfg.Backoff = defaultBackoff
	}
	return &Consumer{
		db: db, bus: bus, cfg: cfg,
		log:         log.With().Str("consumer", cfg.Name).Logger(),
		metrics:     newConsumerMetrics(reg, cfg.Name),
		ackWait:     defaultAckWait,
		afterCommit: func() { failpoint.Hit(failpoint.ConsumerAfterCommit) },
	}
}

// Run works until ctx ends and then returns nil. An outage of the database or of NATS does not end it. The only
// error is an incomplete configuration. Call Run once in a process; several processes share the work.
func (c *Consumer) Run(ctx context.Context) error {
	if c.cfg.Name == "" || len(c.cfg.Subjects) == 0 || (c.cfg.Handle == nil) == (c.cfg.HandleBatch == nil) {
		return fmt.Errorf("consumer %q needs a name, subjects and one handler", c.cfg.Name)
	}
	ready, stop := c.bus.readied()
	defer stop()
	defer c.bus.report(c.part(), "")
	w := &worker{Consumer: c, failed: map[uint64]int{}}
	worked := time.Now()
	for ctx.Err() == nil {
		begin := time.Now()
		err := c.session(ctx, w)
		// The bus has logged that it is not ready, and the worker what is wrong with its place.
		if err != nil && ctx.Err() == nil && !errors.Is(err, errNotReady) && !errors.Is(err, errPosition) {
			c.log.Warn().Err(err).Msg("consumer is interrupted")
			if w.examined.After(begin) {
				worked = time.Now()
			}
			if time.Since(worked) > lateAfter {
				c.bus.report(c.part(), "it is interrupted again and again")
			}
		}
		retry := time.NewTimer(jitter(sessionRetry))
		select {
		case <-ctx.Done():
		case <-ready:
		case <-retry.C:
		}
		retry.Stop()
	}
	return nil
}

// session works as long as both the database and NATS do. It fetches nothing while the database is away: the events
// would only come back.
func (c *Consumer) session(ctx context.Context, w *worker) error {
	if err := c.bus.Ready(); err != nil {
		return err
	}
	if err := c.ping(ctx); err != nil {
		return err
	}
	asking, cancel := c.bus.answering(ctx)
	durable, err := c.bus.js.CreateOrUpdateConsumer(asking, streamName, jetstream.ConsumerConfig{
		Durable:        c.cfg.Name,
		FilterSubjects: c.cfg.Subjects,
		DeliverPolicy:  jetstream.DeliverAllPolicy,
		AckPolicy:      jetstream.AckExplicitPolicy,
		AckWait:        c.ackWait,
		MaxAckPending:  maxAckPending,
		MaxDeliver:     -1, // the dead letters are ours
	})
	cancel()
	if err != nil {
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			c.bus.lost()
		}
		return fmt.Errorf("ensure durable consumer: %w", err)
	}
	return w.run(ctx, durable)
}

func (c *Consumer) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	if err := c.db.Ping(ctx); err != nil {
		return fmt.Errorf("reach the database: %w", err)
	}
	return nil
}
