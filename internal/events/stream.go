package events

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// streamName is the name of the stream that keeps all events.
const streamName = "SALON"

const (
	// keepEvents is how long the stream keeps an event. A consumer that is away for longer misses events.
	keepEvents = 30 * 24 * time.Hour
	// dedupeWindow is how long the stream remembers the ids of stored events.
	dedupeWindow = time.Hour
)

const (
	ensureMinWait = 100 * time.Millisecond
	ensureMaxWait = 5 * time.Second
)

// streamConfig describes a new stream. Retention is Limits, so that handled events are kept: a WorkQueue stream
// would forget ids after an acknowledgement, and an Interest stream confirms and drops events without a consumer.
// Discard is New, so that a full stream loses nothing: events that it refuses stay in the outbox.
func (b *Bus) streamConfig() jetstream.StreamConfig {
	subjects := make([]string, len(b.cfg.Subjects))
	for i, token := range b.cfg.Subjects {
		subjects[i] = token + ".>"
	}
	return jetstream.StreamConfig{
		Name:       streamName,
		Subjects:   subjects,
		Retention:  jetstream.LimitsPolicy,
		Storage:    jetstream.FileStorage,
		Discard:    jetstream.DiscardNew,
		Duplicates: dedupeWindow,
		MaxAge:     keepEvents,
		MaxBytes:   -1,
		Replicas:   b.cfg.Replicas,
		// Servers before 2.12 do not know this field and leave it out of their answer.
		AllowAtomicPublish: true,
	}
}

// keepStream ensures the stream whenever b.ensure is filled. That happens at every connection, because the server
// may come back without its files.
func (b *Bus) keepStream(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.ensure:
		}
		for wait := ensureMinWait; ctx.Err() == nil && b.conn.IsConnected(); wait = min(2*wait, ensureMaxWait) {
			if stream, err := b.ensureStream(ctx); err == nil {
				b.batches.Store(stream.CachedInfo().Config.AllowAtomicPublish)
				b.becomeReady()
				break
			} else if ctx.Err() == nil {
				b.setUnready(err)
				b.log.Warn().Err(err).Str("stream", streamName).Msg("cannot ensure the event stream")
			}
			b.pause(ctx, jitter(wait))
		}
	}
}

// ensureStream creates the stream, or adds to the existing stream what this process needs.
func (b *Bus) ensureStream(ctx context.Context) (jetstream.Stream, error) {
	ctx, cancel := b.answering(ctx)
	defer cancel()
	stream, err := b.js.Stream(ctx, streamName)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return b.js.CreateStream(ctx, b.streamConfig())
	}
	if err != nil {
		return nil, err
	}
	cfg, changed := extended(stream.CachedInfo().Config, b.streamConfig())
	if !changed {
		return stream, nil
	}
	return b.js.UpdateStream(ctx, cfg)
}

// extended returns the configuration of the stream, extended by what is wanted, and whether that changes it.
// Nothing is removed: another process may have another version or another number of replicas, and an operator may
// have set limits.
func extended(have, want jetstream.StreamConfig) (cfg jetstream.StreamConfig, changed bool) {
	cfg = have
	cfg.Subjects = slices.Clone(have.Subjects)
	for _, subject := range want.Subjects {
		if !slices.Contains(cfg.Subjects, subject) {
			cfg.Subjects = append(cfg.Subjects, subject)
		}
	}
	cfg.Replicas = max(have.Replicas, want.Replicas)
	cfg.AllowAtomicPublish = have.AllowAtomicPublish || want.AllowAtomicPublish
	changed = len(cfg.Subjects) > len(have.Subjects) || cfg.Replicas > have.Replicas ||
		cfg.AllowAtomicPublish != have.AllowAtomicPublish
	return cfg, changed
}

// connected is called by the NATS client, in order with disconnected, and possibly before Connect has returned.
func (b *Bus) connected(conn *nats.Conn) {
	b.log.Info().Str("server", conn.ConnectedServerName()).Msg("connected to NATS")
	signal(b.ensure)
	// After this round trip the server knows our subscriptions.
	if err := conn.FlushTimeout(connectTimeout); err != nil {
		return // disconnected again; the next connection calls us
	}
	b.mu.Lock()
	fns := append([]func(){}, b.onReconnect...)
	b.mu.Unlock()
	for _, fn := range fns {
		fn()
	}
}

func (b *Bus) disconnected(err error) {
	if err == nil {
		err = errors.New("closed")
	}
	b.ready.Store(false)
	b.metrics.ready.Set(0)
	b.setUnready(err)
	b.log.Warn().Err(err).Msg("disconnected from NATS")
	b.interrupt()
}

// lost is called when the server reports that the stream does not exist or has no leader.
func (b *Bus) lost() {
	b.ready.Store(false)
	b.metrics.ready.Set(0)
	b.setUnready(jetstream.ErrStreamNotFound)
	signal(b.ensure)
}

func (b *Bus) becomeReady() {
	b.readies.Add(1)
	b.ready.Store(true)
	b.metrics.ready.Set(1)
	b.setUnready(nil)
	b.mu.Lock()
	defer b.mu.Unlock()
	for ch := range b.onReady {
		signal(ch)
	}
}

// readied returns a channel that is filled whenever the stream becomes ready, and a function that ends the
// subscription.
func (b *Bus) readied() (<-chan struct{}, func()) {
	ch := make(chan struct{}, 1)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.onReady[ch] = struct{}{}
	return ch, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.onReady, ch)
	}
}

// pause waits for d, the end of ctx, or the next interrupt.
func (b *Bus) pause(ctx context.Context, d time.Duration) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(b.waiting(), cancel)()
	pause(ctx, d)
}

// pause waits for d or the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// jitter adds up to a fifth to d, so that processes do not act at the same time.
func jitter(d time.Duration) time.Duration {
	return d + rand.N(d/5+1) //nolint:gosec // spreading needs no secrecy
}
