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
	// defaultAckWait is after how long without a sign of life an event is given to
	// somebody else.
	defaultAckWait = 30 * time.Second
	// maxAckPending bounds what is under way to all processes of a consumer.
	maxAckPending = 512
	// sessionRetry is the wait before trying again to reach the database or the stream.
	sessionRetry = time.Second
	pingTimeout  = 2 * time.Second
)

// defaultBackoff adds up to nine minutes.
var defaultBackoff = []time.Duration{
	time.Second, 5 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute,
}

// Handler gives an event its effect, in the transaction that also records the
// event as handled: use tx for everything, and do nothing that cannot be rolled
// back except by tx.OnCommit. An error or a panic rolls back, and the event is
// tried again later; so are, at once, the other events that happened to be in the
// same transaction. The context ends after some seconds.
type Handler func(ctx context.Context, tx *postgres.DB, e Event) error

// ConsumerConfig describes a consumer.
type ConsumerConfig struct {
	// Name of the durable consumer, such as "ratings-visits". Its place in the stream
	// and its inbox hang on it: never change it.
	Name string
	// Subjects are what it is given, such as "rating.>".
	Subjects []string
	// Handle is called for each event, one at a time in this process.
	Handle Handler
	// MaxDeliver is how many times an event is tried before it goes to the dead
	// letters; 0 means 8. Tries that failed because the database or another service
	// was unavailable do not count. Each process counts for itself, from its start:
	// rather some tries too many than a dead letter that is none.
	MaxDeliver int
	// Backoff is the wait after each try, the last one repeating; nil means 1 s
	// growing to 5 min.
	Backoff []time.Duration
	// AllVersions makes it handle an event also when a newer one of the same aggregate
	// was handled before. For handlers whose effect is the event itself, such as a
	// notification; a handler that keeps a copy of the state must not be given the past.
	AllVersions bool
}

// Consumer hands the events of some subjects to a handler.
type Consumer struct {
	db      *postgres.DB
	bus     *Bus
	cfg     ConsumerConfig
	log     zerolog.Logger
	metrics *consumerMetrics

	ackWait     time.Duration
	afterCommit func() // called where a crash would matter
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

// Run works until ctx ends and returns nil then. Neither the absence of the
// database nor that of NATS ends it; the only error is an incomplete configuration.
// Call it once: further processes, not further calls, share the work.
func (c *Consumer) Run(ctx context.Context) error {
	if c.cfg.Name == "" || len(c.cfg.Subjects) == 0 || c.cfg.Handle == nil {
		return fmt.Errorf("consumer %q needs a name, subjects and a handler", c.cfg.Name)
	}
	ready, stop := c.bus.readied()
	defer stop()
	w := &worker{Consumer: c, failed: map[uint64]int{}}
	for ctx.Err() == nil {
		err := c.session(ctx, w)
		if err != nil && ctx.Err() == nil && !errors.Is(err, errNotReady) { // the bus has logged that
			c.log.Warn().Err(err).Msg("consumer is interrupted")
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

// session works as long as both the database and NATS do. Nothing is fetched while
// the database is away: it would only come back.
func (c *Consumer) session(ctx context.Context, w *worker) error {
	if err := c.bus.Ready(); err != nil {
		return err
	}
	if err := c.ping(ctx); err != nil {
		return err
	}
	durable, err := c.bus.js.CreateOrUpdateConsumer(ctx, streamName, jetstream.ConsumerConfig{
		Durable:        c.cfg.Name,
		FilterSubjects: c.cfg.Subjects,
		DeliverPolicy:  jetstream.DeliverAllPolicy,
		AckPolicy:      jetstream.AckExplicitPolicy,
		AckWait:        c.ackWait,
		MaxAckPending:  maxAckPending,
		MaxDeliver:     -1, // the dead letters are ours
	})
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
