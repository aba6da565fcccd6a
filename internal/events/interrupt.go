package events

import (
	"context"
	"errors"

	"github.com/nats-io/nats.go"
)

// leaderSubjects are where a cluster tells that the servers have elected a leader: of the stream, of one of its consumers,
// or of all servers.
var leaderSubjects = []string{
	"$JS.EVENT.ADVISORY.STREAM.LEADER_ELECTED." + streamName,
	"$JS.EVENT.ADVISORY.CONSUMER.LEADER_ELECTED." + streamName + ".*",
	"$JS.EVENT.ADVISORY.DOMAIN.LEADER_ELECTED",
}

// errInterrupted ends a wait for an answer that will not come.
var errInterrupted = errors.New("another server became the leader, or the connection was lost")

// watchLeaders subscribes to the elections of leaders. What the former leader was asked, nobody answers any more.
func (b *Bus) watchLeaders() error {
	for _, subject := range leaderSubjects {
		if _, err := b.conn.Subscribe(subject, func(*nats.Msg) { b.interrupt() }); err != nil {
			return err
		}
	}
	return nil
}

// interrupt ends the waits of [Bus.answering] that there are.
func (b *Bus) interrupt() {
	next, cancel := context.WithCancelCause(context.Background())
	b.mu.Lock()
	end := b.endWaits
	b.waits, b.endWaits = next, cancel
	b.mu.Unlock()
	if end != nil {
		end(errInterrupted)
	}
}

// answering returns a context for a request to the server. It ends after publishTimeout, and when another server becomes the
// leader or the connection is lost: then a repeated request is answered sooner than the first one.
func (b *Bus) answering(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	stop := context.AfterFunc(b.waiting(), cancel)
	return ctx, func() { stop(); cancel() }
}

// waiting returns a context that the next interrupt ends.
func (b *Bus) waiting() context.Context {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.waits
}
