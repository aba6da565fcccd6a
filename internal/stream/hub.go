package stream

import (
	"context"
	"sync"
	"time"

	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/service"
)

const (
	// pollInterval is how often the hub looks for changes of which it got no event.
	pollInterval = 2 * time.Second
	// ReadTimeout bounds one look at the database.
	ReadTimeout = 10 * time.Second
	// Pending is how many batches a stream may be behind before it is cut off.
	Pending = 32
)

// Source reads what changes in the database of a service.
type Source[V any] struct {
	// Subjects are the events after which there may be changes; they come from all processes.
	Subjects []string
	// Changes returns, in order, what changed between two positions, the second that of the transaction. With an account it may leave out what
	// that account cannot see. complete is false when there is too much.
	Changes func(ctx context.Context, tx *postgres.DB, since, until Position, account string) (found []*Change[V], complete bool, err error)
	// Polled returns what has changed in another way. The hub calls it now and then. It may be nil.
	Polled func(ctx context.Context) ([]*Change[V], error)
}

// Change is what has become of one resource.
type Change[V any] struct {
	// ID is the resource's; empty for changes that a [Feed] does not tell.
	ID string
	// Xids are the transactions that have changed it.
	Xids []uint64
	// Value is what it is now.
	Value V
}

// Batch is what has changed since the batch before.
type Batch[V any] struct {
	Changes []*Change[V]

	to       Position
	database string
}

// subscriber is what a stream gets of the hub. The hub writes to it under its lock.
type subscriber[V any] struct {
	// wants selects the batches.
	wants   func(*Batch[V]) bool
	batches chan *Batch[V]
	// lagged is closed when the stream is too far behind, lost when its position means nothing any more.
	lagged, lost chan struct{}
}

// hub reads the changes of the database for all streams of this process. Without streams it does not read.
type hub[V any] struct {
	deps   service.Deps
	source Source[V]

	reading sync.Mutex // held by whoever moves the position

	mu          sync.Mutex
	subscribers map[*subscriber[V]]struct{}
	at          Position // the zero value without subscribers
	database    string
}

// subscribe gives a stream all changes that commit from now on, and some that have committed before.
func (h *hub[V]) subscribe(ctx context.Context, wants func(*Batch[V]) bool) (*subscriber[V], error) {
	s := &subscriber[V]{
		wants: wants, batches: make(chan *Batch[V], Pending), lagged: make(chan struct{}), lost: make(chan struct{}),
	}
	h.reading.Lock()
	defer h.reading.Unlock()
	h.mu.Lock()
	h.subscribers[s] = struct{}{} // from here on the position stays
	begun := h.at.Max != 0
	h.mu.Unlock()
	if begun {
		return s, nil
	}
	err := inSnapshot(ctx, h.deps.DB, func(now snapshot) error {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.move(now.at, now.database)
		return nil
	})
	if err != nil {
		h.unsubscribe(s)
		return nil, err
	}
	return s, nil
}

// unsubscribe does not wait for a database that does not answer: a stream has to end at once.
func (h *hub[V]) unsubscribe(s *subscriber[V]) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.subscribers, s)
	h.move(h.at, h.database)
}

// move sets the position, which is forgotten when nobody needs it. The caller holds the lock mu.
func (h *hub[V]) move(at Position, database string) {
	if len(h.subscribers) == 0 {
		at, database = Position{}, ""
	}
	h.at, h.database = at, database
}

// position returns where a stream stands that has taken all its batches; ok is false when some are waiting.
func (h *hub[V]) position(s *subscriber[V]) (at Position, database string, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at, h.database, len(s.batches) == 0
}

// run reads changes until ctx ends: after a commit of this process, after an event of any process, and now and then.
func (h *hub[V]) run(ctx context.Context) error {
	woken, stop := events.Woken(h.deps.DB.Schema())
	defer stop()
	heard := make(chan struct{}, 1)
	hear := func(events.Event) {
		select {
		case heard <- struct{}{}:
		default:
		}
	}
	var ends []func()
	defer func() {
		for _, end := range ends {
			end()
		}
	}()
	for _, subject := range h.source.Subjects {
		end, err := h.deps.Bus.Watch(subject, hear)
		if err != nil {
			return err
		}
		ends = append(ends, end)
	}
	poll := time.NewTicker(pollInterval)
	defer poll.Stop()
	for {
		polled := false
		select {
		case <-ctx.Done():
			return nil
		case <-woken:
		case <-heard:
		case <-poll.C:
			polled = true
		}
		if err := h.read(ctx, polled); err != nil && ctx.Err() == nil {
			h.deps.Log.Warn().Err(err).Msg("changes were not read; streams wait")
		}
	}
}

// read gives the subscribers what has changed, and with polled also what only a poll finds.
func (h *hub[V]) read(ctx context.Context, polled bool) error {
	ctx, cancel := context.WithTimeout(ctx, ReadTimeout)
	defer cancel()
	h.reading.Lock()
	defer h.reading.Unlock()
	h.mu.Lock()
	since, database := h.at, h.database
	h.mu.Unlock()
	if since.Max == 0 {
		return nil
	}
	var b *Batch[V]
	var complete bool
	err := inSnapshot(ctx, h.deps.DB, func(s snapshot) (err error) {
		b, complete, err = h.batch(ctx, s, since, database, "")
		return err
	})
	if err != nil {
		return err
	}
	h.give(b, complete)
	if !polled || h.source.Polled == nil {
		return nil
	}
	more, err := h.source.Polled(ctx)
	if err != nil {
		return err
	}
	h.give(&Batch[V]{Changes: more, to: b.to, database: b.database}, true)
	return nil
}

// batch reads what has changed since a position. complete is false when the position means nothing in this database, or too much has
// changed.
func (h *hub[V]) batch(ctx context.Context, s snapshot, since Position, database, account string) (b *Batch[V], complete bool, err error) {
	b = &Batch[V]{to: s.at, database: s.database}
	if s.database != database || !s.at.covers(since) {
		return b, false, nil
	}
	b.Changes, complete, err = h.source.Changes(ctx, s.tx, since, s.at, account)
	return b, complete, err
}

// give hands a batch out. When it is not complete, nobody knows what is missing: the streams end, and begin anew.
func (h *hub[V]) give(b *Batch[V], complete bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.subscribers {
		switch {
		case !complete:
			close(s.lost)
			delete(h.subscribers, s)
		case len(b.Changes) > 0 && s.wants(b):
			select {
			case s.batches <- b:
			default:
				close(s.lagged)
				delete(h.subscribers, s)
			}
		}
	}
	h.move(b.to, b.database)
}
