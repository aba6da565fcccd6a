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
	// fetchWait is how long a request for an event waits at the server, and so the
	// longest time until what else there is to do is looked at.
	fetchWait = 2 * time.Second
	// settleTimeout is how long the server may take to confirm an acknowledgement.
	settleTimeout = 2 * time.Second
	replayEvery   = 2 * time.Second
	infoEvery     = 10 * time.Second
	inboxEvery    = 10 * time.Minute

	// A transaction takes up to maxBatch events, fewer when it gets long: its locks
	// stand in the way of requests.
	minBatch  = 1
	maxBatch  = 64
	longBatch = 200 * time.Millisecond
)

// worker is the state of a running consumer. Everything happens in one goroutine:
// what bounds the rate is the commits, and those are shared by taking into one
// transaction whatever has queued up.
type worker struct {
	*Consumer
	durable jetstream.Consumer
	lanes   lanes
	ready   []*delivery // freed from a lane, to be handled next
	batch   int         // how many to fetch

	// failed counts, by sequence, the tries of events that are not settled. What the
	// server counts are deliveries, many of which are no try.
	failed map[uint64]int

	alive, replayed, measured, pruned time.Time // when last
}

// run works until ctx ends or the database or NATS fails, and gives back what it has.
func (w *worker) run(ctx context.Context, durable jetstream.Consumer) (err error) {
	w.durable, w.lanes, w.ready, w.batch = durable, lanes{}, nil, maxBatch/4
	w.alive = time.Now()
	var hand []*delivery
	defer func() {
		w.giveBack(append(append(hand, w.ready...), w.lanes.waiting()...))
	}()
	for ctx.Err() == nil {
		if err := w.housekeep(ctx); err != nil {
			return err
		}
		w.ready = append(w.ready, w.lanes.expire(time.Now())...)
		hand, w.ready = w.ready, nil
		if len(hand) == 0 {
			if hand, err = w.fetch(ctx); err != nil {
				return err
			}
		}
		if hand, err = w.work(ctx, hand); err != nil {
			return err
		}
	}
	return nil
}

// fetch takes what is there, or waits for one event.
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

// work handles the deliveries, together if that succeeds and else one by one. The
// error is an outage or the end of ctx; then it returns those that it did not get to.
func (w *worker) work(ctx context.Context, hand []*delivery) ([]*delivery, error) {
	var admitted []*delivery
	for _, d := range hand {
		if w.lanes.admit(d) {
			admitted = append(admitted, d)
		}
	}
	if len(admitted) > 1 && w.workTogether(ctx, admitted) {
		return nil, nil
	}
	for i, d := range admitted {
		if ctx.Err() != nil {
			return admitted[i:], ctx.Err()
		}
		if i > 0 && !w.lanes.admit(d) { // an earlier one has just failed
			continue
		}
		w.keepAlive(admitted[i:])
		if err := w.workAlone(ctx, d); err != nil {
			return admitted[i:], err
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
		return w.bury(ctx, d, d.broken)
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
		return w.bury(ctx, d, err)
	}
	w.retry(d, err)
	return nil
}

// countFailure counts a try that was the event's own failure.
func (w *worker) countFailure(d *delivery) {
	if len(w.failed) >= 4*maxAckPending {
		clear(w.failed) // left over from events that other processes have settled
	}
	w.failed[d.seq]++
}

// unavailable reports whether the failure is not the event's: the connection broke,
// or a service that the handler called is away.
func unavailable(err error) bool {
	return apierr.From(postgres.APIError(err)).Code() == codes.Unavailable
}

// retry gives the event back for later.
func (w *worker) retry(d *delivery, cause error) {
	tries := max(w.failed[d.seq], 1)
	delay := jitter(w.cfg.Backoff[min(tries, len(w.cfg.Backoff))-1])
	w.log.Warn().Err(cause).Str("event", d.event.ID).Str("type", d.event.Type).Int("try", tries).
		Dur("again_in", delay).Msg("event handler failed")
	w.metrics.count(resultFailed, 1)
	if err := d.msg.NakWithDelay(delay); err != nil {
		delay = 0 // it comes back after ackWait
	}
	w.lanes.block(d, time.Now().Add(delay+w.ackWait))
}

// bury moves the event to the dead letters. The error is an outage.
func (w *worker) bury(ctx context.Context, d *delivery, cause error) error {
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
	w.free(d)
	return nil
}

// finish acknowledges what the committed transaction has handled. What is not
// acknowledged comes again and is found in the inbox.
func (w *worker) finish(ctx context.Context, ds []*delivery, results []string) {
	w.afterCommit()
	for i, d := range ds {
		w.metrics.count(results[i], 1)
		var err error
		if i < len(ds)-1 {
			err = d.msg.Ack()
		} else {
			// The server handles these in order: confirming the last it confirms all.
			ackCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
			err = d.msg.DoubleAck(ackCtx)
			cancel()
		}
		if err != nil {
			w.log.Debug().Err(err).Str("event", d.event.ID).Msg("event is not acknowledged and will come again")
		}
		w.free(d)
	}
}

// free lets what waited for d go on.
func (w *worker) free(d *delivery) {
	delete(w.failed, d.seq)
	w.ready = append(w.ready, w.lanes.settle(d)...)
}
