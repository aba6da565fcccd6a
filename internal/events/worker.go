package events

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/grpc/codes"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/postgres"
)

const (
	// fetchWait is how long a request for an event waits at the server. It bounds the time until the next
	// housekeeping.
	fetchWait = 2 * time.Second
	// settleTimeout bounds the wait for the server to confirm an acknowledgement.
	settleTimeout = 2 * time.Second
	replayEvery   = 2 * time.Second
	pruneOldEvery = 10 * time.Minute

	// A transaction handles up to maxBatch events, and fewer when it gets long, because its locks block requests.
	minBatch  = 1
	maxBatch  = 64
	longBatch = 200 * time.Millisecond
)

// worker is the state of a running consumer. One goroutine does everything: the commits limit the rate, and one
// transaction handles all events that have queued up.
type worker struct {
	*Consumer
	durable jetstream.Consumer
	batch   int // how many events to fetch

	// failed counts, by sequence, the failed tries of unsettled events. The server counts deliveries, and many
	// deliveries are not tries.
	failed map[uint64]int

	alive, replayed, examined, pruned time.Time // the last time of each

	progress   progress
	progressed time.Time // when progress last changed
	wrongSince time.Time // since when the place in the stream is wrong; zero: it is not
}

// run works until ctx ends or until the database or NATS fails.
func (w *worker) run(ctx context.Context, durable jetstream.Consumer) error {
	w.durable, w.batch = durable, maxBatch/4
	w.alive, w.progressed, w.examined = time.Now(), time.Now(), time.Time{}
	for ctx.Err() == nil {
		if err := w.housekeep(ctx); err != nil {
			return err
		}
		ds, err := w.fetch(ctx)
		if err != nil {
			return err
		}
		if left, err := w.work(ctx, ds); err != nil {
			giveBack(left)
			return err
		}
	}
	return nil
}

// fetch returns the events that are available, or waits for one event.
func (w *worker) fetch(ctx context.Context) ([]*delivery, error) {
	msgs, err := w.durable.FetchNoWait(w.batch)
	if err != nil {
		return nil, fmt.Errorf("fetch: %w", err)
	}
	ds, err := w.receive(msgs)
	if err != nil || len(ds) > 0 {
		return ds, err
	}
	ctx, cancel := context.WithTimeout(ctx, fetchWait)
	defer cancel()
	if msgs, err = w.durable.Fetch(1, jetstream.FetchContext(ctx)); err != nil {
		return nil, fmt.Errorf("fetch: %w", err)
	}
	return w.receive(msgs)
}

func (w *worker) receive(msgs jetstream.MessageBatch) ([]*delivery, error) {
	var ds []*delivery
	for msg := range msgs.Messages() {
		d, err := newDelivery(msg)
		if err != nil {
			w.log.Error().Err(err).Msg("ignored a message")
			continue
		}
		ds = append(ds, d)
	}
	err := msgs.Error()
	if err != nil && len(ds) == 0 && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
		return nil, fmt.Errorf("fetch: %w", err)
	}
	return ds, nil
}

// work handles the deliveries in one transaction if that succeeds, and else each in
// its own. The error is an outage or the end of ctx; work then returns the
// deliveries that are not settled.
func (w *worker) work(ctx context.Context, ds []*delivery) ([]*delivery, error) {
	if len(ds) > 1 && w.workTogether(ctx, ds) {
		return nil, nil
	}
	for i, d := range ds {
		if ctx.Err() != nil {
			return ds[i:], ctx.Err()
		}
		w.keepAlive(ds[i:])
		if err := w.workAlone(ctx, d); err != nil {
			return ds[i:], err
		}
	}
	return nil, nil
}

// workTogether reports whether all could be handled in one transaction.
func (w *worker) workTogether(ctx context.Context, ds []*delivery) bool {
	for _, d := range ds {
		if d.broken != nil {
			return false
		}
	}
	w.keepAlive(ds)
	begin := time.Now()
	results, err := w.handle(ctx, ds)
	took := time.Since(begin)
	switch {
	case took > longBatch:
		w.batch = max(w.batch/2, minBatch)
	case took < longBatch/2 && len(ds) >= w.batch:
		w.batch = min(2*w.batch, maxBatch)
	}
	if err != nil {
		return false
	}
	w.finish(ctx, ds, results)
	return true
}

// workAlone settles one delivery. The error is an outage.
func (w *worker) workAlone(ctx context.Context, d *delivery) error {
	if d.broken != nil {
		return w.moveToDeadLetters(ctx, d, d.broken)
	}
	results, err := w.handle(ctx, []*delivery{d})
	if err == nil {
		w.finish(ctx, []*delivery{d}, results)
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if outage := w.ping(ctx); outage != nil {
		return outage
	}
	if !unavailable(err) {
		w.countFailure(d)
	}
	if errors.Is(err, errUndecodable) || w.failed[d.seq] >= w.cfg.MaxDeliver {
		return w.moveToDeadLetters(ctx, d, err)
	}
	w.retry(d, err)
	return nil
}

// countFailure counts a failure that the event itself caused.
func (w *worker) countFailure(d *delivery) {
	if len(w.failed) >= 4*maxAckPending {
		clear(w.failed) // left over from events that other processes have settled
	}
	w.failed[d.seq]++
}

// unavailable reports whether the event did not cause the failure: the connection broke, or a service that the
// handler called is away.
func unavailable(err error) bool {
	return apierr.From(postgres.APIError(err)).Code() == codes.Unavailable
}

// retry returns the event to the server for a later try.
func (w *worker) retry(d *delivery, cause error) {
	tries := max(w.failed[d.seq], 1)
	delay := jitter(w.cfg.Backoff[min(tries, len(w.cfg.Backoff))-1])
	w.log.Warn().Err(cause).Str("event", d.event.ID).Str("type", d.event.Type).Int("try", tries).
		Dur("again_in", delay).Msg("event handler failed")
	w.metrics.count(resultFailed, 1)
	// Without a connection the event comes back after ackWait.
	_ = d.msg.NakWithDelay(delay)
}

// moveToDeadLetters records the event as a dead letter and ends its delivery. The error is an outage.
func (w *worker) moveToDeadLetters(ctx context.Context, d *delivery, cause error) error {
	tries := max(w.failed[d.seq], 1)
	if err := insertDeadLetter(ctx, w.db, w.cfg.Name, d.event, tries, cause); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if outage := w.ping(ctx); outage != nil {
			return outage
		}
		w.retry(d, errors.Join(cause, err))
		return nil
	}
	w.log.Error().Err(cause).Str("event", d.event.ID).Str("type", d.event.Type).Int("tries", tries).
		Msg("event went to the dead letters")
	w.metrics.count(resultDead, 1)
	if err := d.msg.TermWithReason("dead letter"); err != nil {
		w.log.Warn().Err(err).Str("event", d.event.ID).Msg("cannot end the delivery of a dead letter")
	}
	delete(w.failed, d.seq)
	return nil
}

// finish acknowledges the events of the committed transaction. An event without acknowledgement is delivered again
// and found in the inbox.
func (w *worker) finish(ctx context.Context, ds []*delivery, results []string) {
	w.afterCommit()
	for i, d := range ds {
		w.metrics.count(results[i], 1)
		var err error
		if i < len(ds)-1 {
			err = d.msg.Ack()
		} else {
			// The server handles acknowledgements in order: confirming the last confirms all.
			ackCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
			err = d.msg.DoubleAck(ackCtx)
			cancel()
		}
		if err != nil {
			w.log.Debug().Err(err).Str("event", d.event.ID).Msg("event is not acknowledged and will come again")
		}
		delete(w.failed, d.seq)
	}
}
