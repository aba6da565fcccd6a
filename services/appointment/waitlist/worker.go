package waitlist

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/failpoint"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/availability"
	"github.com/beauty-salon/platform/services/appointment/booking"
	"github.com/beauty-salon/platform/services/appointment/civil"
	"github.com/beauty-salon/platform/services/appointment/claims"
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
	// workTimeout bounds one look.
	workTimeout = 2 * time.Minute
	// offerAttempts is how often an offer to an entry is planned.
	offerAttempts = 8
	// maxSlots is among how many slots of a search one is chosen.
	maxSlots = 500
	// overduePage is how many entries expire at once.
	overduePage = 100
)

// errNotWaiting ends the transaction of an offer to an entry that does not wait any more.
var errNotWaiting = errors.New("the entry does not wait")

// Run offers times that become free, and lets entries expire, until ctx ends. Every process runs it.
func (w *Waitlist) Run(ctx context.Context) {
	woken, stop := events.Woken(w.deps.DB.Schema())
	defer stop()
	poll := time.NewTicker(pollInterval)
	defer poll.Stop()
	var expired time.Time
	for {
		if err := w.Work(ctx); err != nil && ctx.Err() == nil {
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

// Work goes through the lines in which something has happened. Any number of processes may do so at once.
func (w *Waitlist) Work(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, workTimeout)
	defer cancel()
	due, err := w.store.DueSalons(ctx)
	if err != nil {
		return err
	}
	var failed []error
	for _, salonID := range due {
		// The transaction only has the lock of the line.
		err := w.deps.DB.InTx(ctx, func(tx *postgres.DB) error {
			l, ok, err := w.store.In(tx).TryLine(ctx, salonID)
			if err != nil || !ok {
				return err
			}
			return w.goThrough(ctx, salonID, l)
		})
		if err != nil {
			failed = append(failed, fmt.Errorf("go through the waitlist of salon %s: %w", salonID, err))
		}
	}
	return errors.Join(failed...)
}

// goThrough offers times to those who wait, in the order of the line, and then ends what was kept for them.
func (w *Waitlist) goThrough(ctx context.Context, salonID string, l Line) error {
	line, err := w.store.waiting(ctx, salonID)
	if err != nil {
		return err
	}
	var looked []*Entry // the others are looked at again, with all that is free
	for _, e := range line {
		err := w.offer(ctx, e, l)
		switch {
		case err == nil:
			looked = append(looked, e)
		case !errors.Is(err, booking.ErrOfferAgain) && !errors.Is(err, claims.ErrContention):
			return err
		}
	}
	failpoint.Hit(failpoint.WaitlistBeforeEnd)
	return w.store.EndLine(ctx, salonID, l, looked, w.deps.Time())
}

// offer offers an entry the first time that fits, if there is one. booking.ErrOfferAgain or claims.ErrContention when others were in the way.
func (w *Waitlist) offer(ctx context.Context, e *Entry, l Line) error {
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
		err = w.bookings.Offer(ctx, o, func(tx *postgres.DB, h *booking.Hold) error { return w.record(ctx, tx, h, rules.ZoneName) })
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
func (w *Waitlist) find(ctx context.Context, e *Entry, l Line) (*availability.Plan, *availability.Rules, error) {
	in, err := rangeOf(e.Wish)
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

// record notes, in the transaction that writes the hold of an offer, that its entry has it.
func (w *Waitlist) record(ctx context.Context, tx *postgres.DB, h *booking.Hold, zone string) error {
	t := w.store.In(tx)
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

// Expire ends the entries whose last date has passed. Those that are offered something end after that.
func (w *Waitlist) Expire(ctx context.Context) error {
	now := w.deps.Time()
	list, err := w.store.overdue(ctx, now, overduePage)
	if err != nil {
		return err
	}
	for _, seen := range list {
		rules, err := w.availability.Rules(ctx, seen.SalonID)
		if err != nil {
			return err
		}
		today, _ := civil.Local(now, rules.Zone)
		if last, err := civil.ParseDate(seen.Wish.GetEndDate()); err != nil || last.Compare(today) >= 0 {
			continue
		}
		err = w.deps.DB.InTx(ctx, func(tx *postgres.DB) error {
			t := w.store.In(tx)
			e, err := t.lock(ctx, seen.ID)
			if err != nil || e.State != Waiting {
				return err
			}
			e.set(Expired, now)
			return t.saveAs(ctx, eventExpired, e, rules.ZoneName, nil)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
