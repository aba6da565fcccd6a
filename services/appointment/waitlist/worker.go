package waitlist

import (
	"context"
	"errors"
	"time"

	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/failpoint"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/availability"
	"github.com/beauty-salon/platform/services/appointment/booking"
	"github.com/beauty-salon/platform/services/appointment/civil"
	"github.com/beauty-salon/platform/services/appointment/people"
)

const (
	// pollInterval is how often lines are looked for that no commit of this process has to do with.
	pollInterval = time.Second
	// shortestGap is the shortest time between two looks.
	shortestGap = 20 * time.Millisecond
	// lineInterval is how often a line is gone through when nothing has happened: what can be booked also depends on the time.
	lineInterval = 10 * time.Minute
	// expireInterval is how often entries are looked for whose last date has passed.
	expireInterval = time.Minute
	// offerAttempts is how often an offer to an entry is planned.
	offerAttempts = 8
	// maxSlots is among how many slots of a search one is chosen.
	maxSlots = 500
)

// errNotWaiting ends the transaction of an offer to an entry that does not wait any more.
var errNotWaiting = errors.New("the entry does not wait")

// Run offers times that become free, and lets entries expire, until ctx ends. Every process runs it.
func (w *Waitlist) Run(ctx context.Context) {
	woken, stop := events.Woken(w.deps.DB.Schema())
	defer stop()
	poll := time.NewTicker(pollInterval)
	defer poll.Stop()
	p := w.passes()
	defer func() { _ = p.wait() }() // what fails is logged
	var expired time.Time
	for {
		if err := p.begin(ctx); err != nil && ctx.Err() == nil {
			w.deps.Log.Warn().Err(err).Msg("freed times were not offered to the waitlist")
		}
		if time.Since(expired) > expireInterval {
			expired = time.Now()
			if err := w.Expire(ctx); err != nil && ctx.Err() == nil {
				w.deps.Log.Warn().Err(err).Msg("waitlist entries did not expire")
			}
		}
		gap := time.NewTimer(shortestGap)
		select {
		case <-ctx.Done():
			gap.Stop()
			return
		case <-gap.C:
		}
		select {
		case <-ctx.Done():
			return
		case <-woken:
		case <-poll.C:
		}
	}
}

// Work goes through the lines in which something has happened, and waits until that is done. Any number of processes may do so at once.
func (w *Waitlist) Work(ctx context.Context) error {
	p := w.passes()
	return errors.Join(p.begin(ctx), p.wait())
}

// offer offers an entry the first time that fits, if there is one. booking.ErrOfferAgain or claims.ErrContention when others were in the way.
func (w *Waitlist) offer(ctx context.Context, e *Entry, l *Line) error {
	for range offerAttempts {
		plan, rules, err := w.find(ctx, e, l)
		if err != nil || plan == nil {
			return err
		}
		c, err := w.people.ByID(ctx, e.CustomerID)
		if errors.Is(err, people.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		o := booking.Offer{EntryID: e.ID, Customer: c, Plan: plan, Rules: rules, Freed: l.Freed}
		err = w.bookings.Offer(ctx, o, func(tx *postgres.DB, h *booking.Hold) error { return w.record(ctx, tx, l, h, rules.ZoneName) })
		switch {
		case err == nil:
			failpoint.Hit(failpoint.WaitlistAfterOfferCommit)
			return nil
		case errors.Is(err, errNotWaiting), errors.Is(err, errNoEntry), errors.Is(err, people.ErrCustomerUnavailable), errors.Is(err, booking.ErrNoOffer):
			return nil
		case !errors.Is(err, booking.ErrOfferAgain):
			return err
		}
	}
	return booking.ErrOfferAgain // others book all the time
}

// find returns the first slot that an entry can be offered, and the rules by which it is one; nil when there is none.
func (w *Waitlist) find(ctx context.Context, e *Entry, l *Line) (*availability.Plan, *availability.Rules, error) {
	in, err := rangeOf(e.Request)
	if err != nil {
		return nil, nil, err
	}
	rules, err := w.availability.Rules(ctx, e.SalonID)
	if err != nil {
		return nil, nil, err
	}
	now := w.deps.Time()
	first, _ := civil.Local(now, rules.Zone)
	last := in.Last
	switch {
	case l.All, e.Fresh:
	case len(l.Freed) == 0:
		return nil, nil, nil
	default:
		if from, _ := civil.Local(l.From, rules.Zone); from.Compare(first) > 0 {
			first = from
		}
		last, _ = civil.Local(l.To, rules.Zone)
	}
	in, some := within(in, first, last)
	if !some {
		return nil, nil, nil
	}
	before, err := w.store.offersOf(ctx, e)
	if err != nil {
		return nil, nil, err
	}
	if len(before) == 0 {
		in.Limit = 1
	}
	plans, rules, err := w.availability.Find(ctx, e.SalonID, e.query(now, l.Freed), in)
	if err != nil {
		return nil, nil, err
	}
	return choose(plans, before), rules, nil
}

// record notes, in the transaction that writes the hold of an offer, that its entry has it. errLineLost when another worker has the line.
func (w *Waitlist) record(ctx context.Context, tx *postgres.DB, l *Line, h *booking.Hold, zone string) error {
	t := w.store.In(tx)
	if err := t.checkLine(ctx, l); err != nil { // a worker that was paused for long has lost it
		return err
	}
	e, err := t.lock(ctx, h.EntryID)
	if err != nil {
		return err
	}
	if e.State != Waiting {
		return errNotWaiting
	}
	e.set(Offered, h.CreateTime)
	if err := t.insertOffer(ctx, h); err != nil {
		return err
	}
	if err := t.saveAs(ctx, eventOffered, e, zone, h); err != nil {
		return err
	}
	failpoint.Hit(failpoint.WaitlistBeforeOfferCommit)
	return nil
}
