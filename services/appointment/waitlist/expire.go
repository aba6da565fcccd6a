package waitlist

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/booking"
	"github.com/beauty-salon/platform/services/appointment/civil"
)

const (
	// overduePage is how many entries expire at once, or end with their offers.
	overduePage = 100
	// retention is how long an entry can be read after it has ended: as long as a hold.
	retention = 30 * 24 * time.Hour
)

// Expire ends the entries whose last date has passed. Those that are offered something end after that. It also ends offers whose holds a
// program has ended that knows nothing of the waitlist.
func (w *Waitlist) Expire(ctx context.Context) error {
	now := w.deps.Time()
	failed := []error{w.endLostOffers(ctx, now)}
	list, err := w.store.overdue(ctx, now, overduePage)
	if err != nil {
		return errors.Join(append(failed, err)...)
	}
	for _, e := range list {
		if err := w.expire(ctx, e, now); err != nil {
			failed = append(failed, fmt.Errorf("let waitlist entry %s expire: %w", e.ID, err))
		}
	}
	return errors.Join(failed...)
}

// expire ends an entry that waits, if its last date has passed in the zone of its salon.
func (w *Waitlist) expire(ctx context.Context, seen *Entry, now time.Time) error {
	rules, err := w.availability.Rules(ctx, seen.SalonID)
	if err != nil {
		return err
	}
	today, _ := civil.Local(now, rules.Zone)
	if last, err := civil.ParseDate(seen.Request.GetEndDate()); err != nil || last.Compare(today) >= 0 {
		return err
	}
	return w.deps.DB.InTx(ctx, func(tx *postgres.DB) error {
		t := w.store.In(tx)
		e, err := t.lock(ctx, seen.ID)
		if err != nil || e.State != Waiting {
			return err
		}
		e.set(Expired, now)
		return t.saveAs(ctx, eventExpired, e, rules.ZoneName, nil)
	})
}

// endLostOffers gives entries the state that they would have if this program had ended the holds of their offers. A hold that is not there any
// more has expired.
func (w *Waitlist) endLostOffers(ctx context.Context, now time.Time) error {
	lost, err := w.store.lostOffers(ctx, overduePage)
	if err != nil {
		return err
	}
	var failed []error
	for _, o := range lost {
		err := w.deps.DB.InTx(ctx, func(tx *postgres.DB) error {
			h, err := w.bookings.EndedHold(ctx, tx, o.HoldID)
			if err != nil {
				return err
			}
			if h == nil {
				h = &booking.Hold{
					ID: o.HoldID, SalonID: o.SalonID, EntryID: o.EntryID, AccountID: o.AccountID, State: booking.HoldExpired,
					Start: o.StartTime, End: o.EndTime, ExpireTime: o.ExpireTime, UpdateTime: now,
				}
			}
			return w.offerEnded(ctx, tx, h)
		})
		if err != nil {
			failed = append(failed, fmt.Errorf("end the offer of waitlist entry %s: %w", o.EntryID, err))
		}
	}
	return errors.Join(failed...)
}

// Prune removes the entries that have ended long ago, with their offers and moves.
func (w *Waitlist) Prune(ctx context.Context) error {
	return w.store.prune(ctx, w.deps.Time().Add(-retention))
}
