package booking

import (
	"context"
	"errors"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
)

// Refusal is an appointment that somebody cannot change, and the error that a change of it alone would have.
type Refusal struct {
	Appointment *Appointment
	Err         *apierr.Error
}

// errRefusals ends a transaction in which some of several appointments cannot be changed.
var errRefusals = errors.New("some appointments cannot be changed")

// open reports whether an appointment lies ahead. Changes of several leave the others as they are.
func (a *Appointment) open(by By) bool {
	return (a.State == Pending || a.State == Confirmed) && by.Now.Before(a.Start())
}

// CancelSeveral cancels those appointments of one salon that lie ahead, all in one transaction, or none: then it returns those
// that cannot be cancelled. The caller may see all of them.
func (b *Bookings) CancelSeveral(ctx context.Context, ids []string, reason string) ([]Refusal, error) {
	caller, now := auth.Caller(ctx), b.deps.Time()
	var refusals []Refusal
	err := b.store.updateSeveral(ctx, ids, caller, nil, func(_ *Store, list []*Appointment) error {
		refusals = nil
		for _, a := range list {
			by := By{Actor: a.ActorFor(caller), AccountID: caller.UserID, Now: now}
			if !a.open(by) {
				continue
			}
			err := a.CancelWithFee(by, reason, false)
			refused, ok := errors.AsType[*apierr.Error](err)
			switch {
			case ok:
				refusals = append(refusals, Refusal{a, refused})
			case err != nil:
				return err
			}
		}
		if len(refusals) > 0 {
			return errRefusals
		}
		return nil
	})
	if errors.Is(err, errRefusals) {
		return refusals, nil
	}
	return nil, err
}
