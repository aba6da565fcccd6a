package watch

import (
	"context"
	"sync"
	"time"

	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/service"
	"github.com/beauty-salon/platform/services/appointment/booking"
)

const (
	// pollInterval is how often the hub looks for changes of which it got no event, and for new versions of rules.
	pollInterval = 2 * time.Second
	// readTimeout bounds one look.
	readTimeout = 10 * time.Second
	// pending is how many batches a stream may be behind before it is cut off.
	pending = 32
)

// batch is what has changed since the batch before.
type batch struct {
	to           Position
	database     string
	changes      []*change
	appointments map[booking.Key]*booking.Appointment
}

// subscriber is what a stream gets of the hub. The hub writes to it under its lock.
type subscriber struct {
	// wants selects the batches.
	wants   func(*batch) bool
	batches chan *batch
	// salonID is the salon whose rules count; changed gets a signal when they have changed. Empty: none.
	salonID string
	changed chan struct{}
	// lagged is closed when the stream is too far behind, lost when its position means nothing any more.
	lagged, lost chan struct{}
}

// hub reads the changes of the database for all streams of this process. Without streams it does not read.
type hub struct {
	deps     service.Deps
	store    *Store
	bookings *booking.Bookings

	reading sync.Mutex // held by whoever moves the position

	mu          sync.Mutex
	subscribers map[*subscriber]struct{}
	at          Position // the zero value without subscribers
	database    string
	rules       map[string]int64 // the versions of the rules of the salons that subscribers name
}

func newHub(d service.Deps, store *Store, bookings *booking.Bookings) *hub {
	return &hub{
		deps: d, store: store, bookings: bookings, subscribers: map[*subscriber]struct{}{}, rules: map[string]int64{},
	}
}

// subscribe gives a stream all changes that commit from now on, and some that have committed before.
func (h *hub) subscribe(ctx context.Context, salonID string, wants func(*batch) bool) (*subscriber, error) {
	s := &subscriber{
		wants: wants, batches: make(chan *batch, pending), salonID: salonID, changed: make(chan struct{}, 1),
		lagged: make(chan struct{}), lost: make(chan struct{}),
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
	err := h.inSnapshot(ctx, func(now snapshot) error {
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
func (h *hub) unsubscribe(s *subscriber) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.subscribers, s)
	h.move(h.at, h.database)
}

// move sets the position, which is forgotten when nobody needs it. The caller holds the lock mu.
func (h *hub) move(at Position, database string) {
	if len(h.subscribers) == 0 {
		at, database = Position{}, ""
		h.rules = map[string]int64{}
	}
	h.at, h.database = at, database
}

// position returns where a stream stands that has taken all its batches; ok is false when some are waiting.
func (h *hub) position(s *subscriber) (at Position, database string, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at, h.database, len(s.batches) == 0
}

// run reads changes until ctx ends: after a commit of this process, after an event of any process, and now and then.
func (h *hub) run(ctx context.Context) error {
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
	for _, subject := range []string{"salon.>", "appointment.>", "hold.>", "group_session.>", "service.>", "offering.>"} { // the events of this service
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

// read gives the subscribers what has changed, and with rules whose salon has new rules.
func (h *hub) read(ctx context.Context, rules bool) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	h.reading.Lock()
	defer h.reading.Unlock()
	h.mu.Lock()
	since, database := h.at, h.database
	h.mu.Unlock()
	if since.Max == 0 {
		return nil
	}
	var b *batch
	var complete bool
	err := h.inSnapshot(ctx, func(s snapshot) (err error) {
		b, complete, err = h.batch(ctx, s, since, database)
		return err
	})
	if err != nil {
		return err
	}
	h.give(b, complete)
	if !rules {
		return nil
	}
	return h.readRules(ctx)
}

// give hands a batch out. When it is not complete, nobody knows what is missing: the streams end, and begin anew.
func (h *hub) give(b *batch, complete bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.subscribers {
		switch {
		case !complete:
			close(s.lost)
			delete(h.subscribers, s)
		case len(b.changes) > 0 && s.wants(b):
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

// readRules signals the subscribers whose salon has new rules.
func (h *hub) readRules(ctx context.Context) error {
	named := map[string]struct{}{}
	h.mu.Lock()
	for s := range h.subscribers {
		if s.salonID != "" {
			named[s.salonID] = struct{}{}
		}
	}
	h.mu.Unlock()
	if len(named) == 0 {
		return nil
	}
	salons := make([]string, 0, len(named))
	for id := range named {
		salons = append(salons, id)
	}
	versions, err := h.store.rulesVersions(ctx, salons)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.subscribers {
		if s.salonID == "" || h.rules[s.salonID] == versions[s.salonID] {
			continue
		}
		select {
		case s.changed <- struct{}{}:
		default:
		}
	}
	h.rules = versions
	return nil
}
