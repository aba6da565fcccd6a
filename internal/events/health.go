package events

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// brokenAfter is how long publications must stay without an answer, from a server that answers everything else,
	// until the stream counts as broken.
	brokenAfter = 10 * time.Second
	// brokenTries is how many publications in a row must have no answer.
	brokenTries = 2
	// unreadyAfter is how long NATS or the stream may be away before that is a problem.
	unreadyAfter = lateAfter
)

// health is what the parts of this process report about events. The zero value has no problems.
type health struct {
	mu       sync.Mutex
	problems map[string]string // by part
	// unready is since when nothing can be published, and why; zero while it can.
	unready    time.Time
	unreadyErr error

	silentMu sync.Mutex // held while the server is asked
	silent   silence
}

// silence is a time without an answer to publications.
type silence struct {
	since   time.Time // zero: none
	tries   int
	created time.Time // of the stream at the beginning
	last    uint64    // its last sequence at the beginning
}

// Problems describes what is wrong with events in this process, sorted; empty when nothing is. It is answered from
// memory. A process with problems still serves calls: what they wait for comes later.
func (b *Bus) Problems() []string {
	b.health.mu.Lock()
	defer b.health.mu.Unlock()
	var all []string
	for part, problem := range b.health.problems {
		all = append(all, part+": "+problem)
	}
	if since := b.health.unready; !since.IsZero() && time.Since(since) > unreadyAfter {
		all = append(all, fmt.Sprintf("stream: not available for %d s: %v", int(time.Since(since).Seconds()), b.health.unreadyErr))
	}
	slices.Sort(all)
	b.metrics.problems.Set(float64(len(all)))
	return all
}

// report records the problem of a part, "" when it has none.
func (b *Bus) report(part, problem string) {
	b.health.mu.Lock()
	defer b.health.mu.Unlock()
	if problem == "" {
		delete(b.health.problems, part)
		return
	}
	if b.health.problems == nil {
		b.health.problems = map[string]string{}
	}
	b.health.problems[part] = problem
}

// setUnready records why nothing can be published; nil: it can.
func (b *Bus) setUnready(err error) {
	b.health.mu.Lock()
	defer b.health.mu.Unlock()
	switch {
	case err == nil:
		b.health.unready = time.Time{}
	case b.health.unready.IsZero():
		b.health.unready = time.Now()
	}
	b.health.unreadyErr = err
}

// acknowledged notes that the stream has stored an event.
func (b *Bus) acknowledged() {
	b.health.silentMu.Lock()
	defer b.health.silentMu.Unlock()
	b.health.silent = silence{}
}

// unacknowledged notes that the stream has stored nothing of a publication. When there was no answer for long,
// although the server answers questions about the stream, the stream is broken: after a write error, such as that of
// a full disk, JetStream drops messages without an answer until it is restarted, also when there is space again. The
// stream is then deleted, so that it is made again. Nothing is lost, because relays publish the outbox to a new
// stream.
func (b *Bus) unacknowledged(ctx context.Context, err error) {
	if ctx.Err() != nil || !unanswered(err) {
		return
	}
	b.health.silentMu.Lock()
	defer b.health.silentMu.Unlock()
	ctx, cancel := b.answering(ctx)
	defer cancel()
	stream, err := b.js.Stream(ctx, streamName)
	if err != nil {
		return // an outage, which passes
	}
	info, s := stream.CachedInfo(), &b.health.silent
	if s.since.IsZero() || info.State.LastSeq != s.last || !info.Created.Equal(s.created) {
		*s = silence{since: time.Now().Add(-publishTimeout), created: info.Created, last: info.State.LastSeq}
	}
	if s.tries++; s.tries < brokenTries || time.Since(s.since) < brokenAfter {
		return
	}
	if info.Config.Replicas > 1 {
		// The server with the error gives up the leadership by itself. Deleting would remove good copies.
		b.setUnready(errors.New("it confirms nothing"))
		return
	}
	*s = silence{}
	b.log.Error().Str("stream", streamName).Uint64("last", info.State.LastSeq).
		Msg("the event stream confirms nothing, as after a full disk; making it again from the outbox")
	if err := b.js.DeleteStream(ctx, streamName); err != nil {
		b.log.Warn().Err(err).Str("stream", streamName).Msg("cannot delete the event stream")
	}
	b.lost()
}

// unanswered reports whether an error of a publication means that there was no answer.
func unanswered(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout) || errors.Is(err, jetstream.ErrAsyncPublishTimeout)
}
