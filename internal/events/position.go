package events

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	infoEvery = 10 * time.Second
	// stuckAfter is how long a consumer may handle nothing, although events wait, until that is a problem.
	stuckAfter = 30 * time.Second
	// purgeTime is how long a consumer waits for the relays to remove the events from the stream that the database does
	// not know: a lease ends, and its next holder examines the stream.
	purgeTime = leaseTime + verifyEvery
)

// Reasons why the place of a consumer in the stream is wrong.
const (
	streamIsOlder   = "the stream has fewer events than were delivered to the consumer"
	databaseIsOlder = "the database does not know an event that the consumer has acknowledged"
)

// errPosition means that the place of the consumer in the stream is wrong. Nothing is handled until it is deleted; then
// the consumer begins again with the first event of the stream.
var errPosition = errors.New("the place in the stream is wrong")

// progress is what changes when a consumer handles something.
type progress struct {
	handled, pending uint64
	unacked          int
}

// examine measures the backlog, reports a consumer that is stuck, and checks the position. Without an answer of NATS it
// does nothing; the next fetch shows what is wrong.
func (w *worker) examine(ctx context.Context) error {
	ctx, cancel := w.bus.answering(ctx)
	defer cancel()
	info, err := w.durable.Info(ctx)
	if err != nil {
		return nil
	}
	w.metrics.pending.Set(float64(info.NumPending))
	w.metrics.unacked.Set(float64(info.NumAckPending))
	p := progress{info.AckFloor.Consumer, info.NumPending, info.NumAckPending}
	waiting := p.pending + uint64(max(p.unacked, 0))
	if p != w.progress || waiting == 0 {
		w.progress, w.progressed = p, time.Now()
	}
	problem := ""
	if idle := time.Since(w.progressed); idle > stuckAfter {
		problem = fmt.Sprintf("%d events wait, and none was handled for %d s", waiting, int(idle.Seconds()))
	}
	w.bus.report(w.part(), problem)

	return w.checkPosition(ctx, info)
}

// checkPosition deletes the place of the consumer in the stream when it is wrong.
func (w *worker) checkPosition(ctx context.Context, info *jetstream.ConsumerInfo) error {
	why, err := w.wrongPosition(ctx, info)
	if err != nil || why == "" {
		w.wrongSince = time.Time{}
		return err
	}
	if w.wrongSince.IsZero() {
		w.wrongSince = time.Now()
		w.log.Warn().Msg(why + "; it begins again with the first event")
	}
	if why == databaseIsOlder && time.Since(w.wrongSince) < purgeTime {
		return errPosition
	}
	w.wrongSince = time.Time{}
	if err := w.bus.js.DeleteConsumer(ctx, streamName, w.cfg.Name); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return fmt.Errorf("delete durable consumer: %w", err)
	}
	return errPosition
}

// wrongPosition says what is wrong with the place of the consumer in the stream, "" when nothing is. The stream may
// have gone back to an older state, or the database: then the inbox does not have what was acknowledged, and NATS would
// not deliver it again. The error is the database's.
func (w *worker) wrongPosition(ctx context.Context, info *jetstream.ConsumerInfo) (why string, err error) {
	stream, err := w.bus.js.Stream(ctx, streamName)
	if err != nil {
		return "", nil //nolint:nilerr // an outage of NATS, in which nothing can be told
	}
	if info.Delivered.Stream > stream.CachedInfo().State.LastSeq {
		return streamIsOlder, nil
	}
	if info.AckFloor.Consumer == 0 {
		return "", nil
	}
	msgs := []*jetstream.RawStreamMsg{}
	if msg, err := stream.GetMsg(ctx, info.AckFloor.Stream); err == nil && w.receives(msg.Subject) {
		msgs = append(msgs, msg)
	}
	for _, subject := range w.cfg.Subjects {
		if msg, err := stream.GetLastMsgForSubject(ctx, subject); err == nil && msg.Sequence <= info.AckFloor.Stream {
			msgs = append(msgs, msg)
		}
	}
	for _, msg := range msgs {
		e, err := parse(msg.Subject, msg.Header, msg.Data)
		if err != nil || uuid.Validate(e.ID) != nil || time.Since(msg.Time) > keepEvents {
			continue
		}
		known, err := settled(ctx, w.db, w.cfg.Name, e.ID)
		if err != nil {
			return "", err
		}
		if !known {
			return databaseIsOlder, nil
		}
	}
	return "", nil
}

// receives reports whether the consumer receives events of the type.
func (w *worker) receives(typ string) bool {
	for _, subject := range w.cfg.Subjects {
		prefix, wild := strings.CutSuffix(subject, ">")
		if typ == subject || (wild && strings.HasPrefix(typ, prefix)) {
			return true
		}
	}
	return false
}

// part names the consumer in reports of problems.
func (c *Consumer) part() string { return "consumer " + c.cfg.Name }
