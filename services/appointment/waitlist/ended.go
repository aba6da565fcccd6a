package waitlist

import (
	"context"

	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/booking"
)

// offerEnded changes the entry of a hold that has ended, in the transaction that ends the hold. The second time it changes nothing.
func (w *Waitlist) offerEnded(ctx context.Context, tx *postgres.DB, h *booking.Hold) error {
	t := w.store.In(tx)
	e, err := t.lock(ctx, h.EntryID)
	if err != nil {
		return err
	}
	offer := map[booking.HoldState]string{booking.HoldBooked: "BOOKED", booking.HoldReleased: "DECLINED", booking.HoldExpired: "EXPIRED"}[h.State]
	if ended, err := t.endOffer(ctx, h.ID, offer); err != nil || !ended || e.State != Offered {
		return err
	}
	rules, err := w.availability.Rules(ctx, e.SalonID)
	if err != nil {
		return err
	}
	if h.AccountID == "" { // a guest, or an account that is being erased
		e.AccountID = ""
	}
	typ := eventOfferDeclined
	switch h.State {
	case booking.HoldBooked:
		typ, e.AppointmentID = eventBooked, h.AppointmentID
		e.set(Booked, h.UpdateTime)
	case booking.HoldExpired:
		typ = eventOfferExpired
		e.Unanswered++
		e.set(Waiting, h.UpdateTime)
	default:
		e.Unanswered = 0
		e.set(Waiting, h.UpdateTime)
	}
	if err := appendEvent(ctx, tx, typ, e, rules.ZoneName, h); err != nil {
		return err
	}
	if e.Unanswered >= maxUnanswered && e.State == Waiting {
		e.leave(Unanswered, h.UpdateTime)
		if err := appendEvent(ctx, tx, eventLeft, e, rules.ZoneName, nil); err != nil {
			return err
		}
	}
	return t.save(ctx, e)
}
