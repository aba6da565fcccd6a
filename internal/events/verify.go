package events

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// verifyEvery is how often the active relay compares the stream with the outbox. It also does so before its first
	// publication, and after every connection to NATS.
	verifyEvery = 5 * time.Second
	// clockSkew is how far the clocks of NATS and of the database may be apart.
	clockSkew = 10 * time.Minute
	// purgePause is the least time between two removals of events that the outbox does not have. Two installations that
	// use one stream by mistake would otherwise remove each other's events all the time.
	purgePause = 5 * time.Minute
)

// errStream means that the stream could not be examined or changed.
var errStream = errors.New("stream")

// verify compares the stream with the outbox and with what the lease remembers, and repairs the stream from the outbox:
//
//   - The stream has an event of this schema that the outbox does not have. The database has gone back to an older
//     state, and the event is about something that has never happened. The events of the schema are removed from the
//     stream, and all rows are published again.
//   - The database has gone back, and the stream does not show it. All rows are published again, because consumers have
//     gone back too, and the stream does not deliver again what they had acknowledged.
//   - The stream is another one than before: all rows are published again.
//   - The event that was confirmed last is not where it was stored: the stream has lost its newest events. What was
//     published since is published again.
//
// Consumers recognize by their inbox what they have handled.
func (r *Relay) verify(ctx context.Context, l *lease) error {
	view, err := r.bus.examine(ctx, sourceOf(r.db.Schema()))
	if err != nil {
		return err
	}
	unknown, err := r.unknown(ctx, view)
	if err != nil {
		return err
	}
	part := "stream of " + r.db.Schema()
	if unknown == nil {
		r.bus.report(part, "")
	} else {
		recently, err := l.purged(ctx, purgePause)
		if err != nil {
			return err
		}
		if !recently {
			return r.startOver(ctx, l, view, *unknown)
		}
		r.bus.report(part, "unknown events come again: does another installation use the same NATS?")
		r.log.Error().Str("event", unknown.id).Str("subject", unknown.subject).Uint64("seq", unknown.seq).
			Msg("the stream again has an event that is not in the outbox: does another installation use the same NATS?")
	}
	switch {
	case r.wentBack:
		return r.restart(ctx, l, view, time.Time{}, "the database has gone back to an older state")
	case l.row.StreamCreated == 0:
		return l.adopt(ctx, view.created)
	case l.row.StreamCreated != view.created:
		return r.restart(ctx, l, view, time.Time{}, "the stream is a new one")
	}
	behind, err := r.bus.behind(ctx, view, l.row)
	if err != nil || !behind {
		return err
	}
	return r.restart(ctx, l, view, lostSince(view, l.row), "the stream has lost its newest events")
}

// unknown returns an event of this schema in the stream that the outbox does not have, or nil.
func (r *Relay) unknown(ctx context.Context, view streamView) (*storedEvent, error) {
	for _, e := range view.newest {
		if uuid.Validate(e.id) != nil {
			continue // not published by a relay
		}
		missing, err := lacks(ctx, r.db, e.id, e.occurred)
		if err != nil {
			return nil, err
		}
		if missing {
			return &e, nil
		}
	}
	return nil, nil
}

// startOver removes the events of this schema from the stream and begins to publish all rows again. The replay is
// recorded first: when the process ends in between, the next relay finds the unknown event and starts over.
func (r *Relay) startOver(ctx context.Context, l *lease, view streamView, unknown storedEvent) error {
	r.log.Error().Str("event", unknown.id).Str("subject", unknown.subject).Uint64("seq", unknown.seq).Time("stored", unknown.stored).
		Msg("the stream has an event that is not in the outbox: the database has gone back to an older state")
	if err := r.restart(ctx, l, view, time.Time{}, "the stream has events that are not in the outbox"); err != nil {
		return err
	}
	for _, e := range view.newest {
		// What was stored later may be what another relay has published again meanwhile.
		if err := errors.Join(l.held(), ctx.Err()); err != nil {
			return err
		}
		if err := r.bus.purge(ctx, e.token, view.last); err != nil {
			return err
		}
		r.log.Warn().Str("subject", e.token+".>").Msg("removed events from the stream")
	}
	return l.recordPurge(ctx)
}

// restart begins to publish rows again.
func (r *Relay) restart(ctx context.Context, l *lease, view streamView, since time.Time, why string) error {
	if err := l.restart(ctx, view.created, since); err != nil {
		return err
	}
	r.wentBack = false
	e := r.log.Warn().Int64("from", l.row.ReplayNext).Int64("to", l.row.ReplayEnd).Int64("generation", l.row.Generation)
	if !since.IsZero() {
		e = e.Time("since", since)
	}
	e.Msg(why + "; publishing events again")
	return nil
}

// lostSince returns since when published events may be missing in a stream that has lost its newest events: since the
// newest event that the stream still has. Zero stands for all.
func lostSince(view streamView, row relayRow) time.Time {
	var newest time.Time
	for _, e := range view.newest {
		if e.stored.After(newest) {
			newest = e.stored
		}
	}
	// Rows that were published again keep the time of their first publication.
	if newest.IsZero() || row.ReplayNext > 0 || (row.ReplayedAt != nil && newest.Before(row.ReplayedAt.Add(clockSkew))) {
		return time.Time{}
	}
	return newest.Add(-clockSkew)
}

// streamView is a state of the stream.
type streamView struct {
	stream      jetstream.Stream
	created     int64 // in nanoseconds since 1970
	first, last uint64
	newest      []storedEvent // of one source: the newest of each of its subjects
}

// storedEvent is an event in the stream.
type storedEvent struct {
	id, subject string
	token       string // the first of the subject
	seq         uint64
	occurred    time.Time
	stored      time.Time
}

// examine returns the state of the stream, with the newest events of a source. Subjects whose newest event is of
// another source belong to another schema.
func (b *Bus) examine(ctx context.Context, source string) (streamView, error) {
	ctx, cancel := b.answering(ctx)
	defer cancel()
	stream, err := b.js.Stream(ctx, streamName)
	if err != nil {
		return streamView{}, b.streamError(err)
	}
	info := stream.CachedInfo()
	view := streamView{stream: stream, created: info.Created.UnixNano(), first: info.State.FirstSeq, last: info.State.LastSeq}
	for _, token := range b.cfg.Subjects {
		msg, err := stream.GetLastMsgForSubject(ctx, token+".>")
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue
		}
		if err != nil {
			return streamView{}, b.streamError(err)
		}
		if msg.Header.Get(headerSource) == source {
			// An event without a time counts as old: nothing is removed for it.
			occurred, _ := time.Parse(time.RFC3339Nano, msg.Header.Get(headerTime))
			view.newest = append(view.newest, storedEvent{
				id: msg.Header.Get(headerID), subject: msg.Subject, token: token, seq: msg.Sequence,
				occurred: occurred, stored: msg.Time,
			})
		}
	}
	return view, nil
}

// behind reports whether the stream does not have the event that was confirmed last where it was stored.
func (b *Bus) behind(ctx context.Context, view streamView, row relayRow) (bool, error) {
	if row.LastSeq == 0 || view.first > row.LastSeq { // nothing was confirmed, or it has expired
		return false, nil
	}
	if view.last < row.LastSeq {
		return true, nil
	}
	ctx, cancel := b.answering(ctx)
	defer cancel()
	msg, err := view.stream.GetMsg(ctx, row.LastSeq)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return true, nil
	}
	if err != nil {
		return false, b.streamError(err)
	}
	return msg.Header.Get(headerID) != row.LastEvent, nil
}

// purge removes the events from the stream whose type begins with the token, up to a sequence.
func (b *Bus) purge(ctx context.Context, token string, last uint64) error {
	ctx, cancel := b.answering(ctx)
	defer cancel()
	stream, err := b.js.Stream(ctx, streamName)
	if err == nil {
		err = stream.Purge(ctx, jetstream.WithPurgeSubject(token+".>"), jetstream.WithPurgeSequence(last+1))
	}
	if err != nil {
		return b.streamError(err)
	}
	return nil
}

// streamError wraps an error, after it has told the bus when the stream does not exist.
func (b *Bus) streamError(err error) error {
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		b.lost()
	}
	return fmt.Errorf("%w: %w", errStream, err)
}
