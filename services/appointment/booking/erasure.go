package booking

import (
	"context"
	"fmt"
	"slices"
	"time"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/erasure"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
)

// erasedReason is why the appointments of an account that was erased are cancelled.
const erasedReason = "The customer's account was deleted."

// erasedAtOnce is for how many appointments of an account that was erased events are written in one statement.
const erasedAtOnce = 500

// Erase makes the customers of an account nobody's, removes what was written about their appointments, and cancels those
// that have not begun, with history and events. It returns the ids of the customers. People.Forget comes before, so that nothing is booked meanwhile. All of it
// is done in tx, under the locks that a change of these appointments takes.
func (b *Bookings) Erase(ctx context.Context, tx *postgres.DB, accountID string) (customers []string, removed erasure.Counts, err error) {
	now := b.deps.Time()
	t := b.store.In(tx)
	if err := t.lockSubjectsOf(ctx, accountID, now); err != nil {
		return nil, nil, err
	}
	held, err := t.releaseHoldsOf(ctx, accountID, now)
	if err != nil {
		return nil, nil, err
	}
	if customers, err = b.people.EraseCustomers(ctx, tx, accountID); err != nil {
		return nil, nil, err
	}
	texts, err := t.eraseTexts(ctx, customers, now)
	if err != nil {
		return nil, nil, err
	}
	future, err := t.futureOf(ctx, customers, now)
	if err != nil {
		return nil, nil, err
	}
	for _, id := range future {
		if err := t.cancelErased(ctx, id, By{Actor: System, Now: now}); err != nil {
			return nil, nil, fmt.Errorf("cancel appointment %s: %w", id, err)
		}
	}
	if err := t.announceErased(ctx, customers, future, now); err != nil {
		return nil, nil, err
	}
	return customers, erasure.Counts{
		{Kind: "customers", Count: int64(len(customers))},
		{Kind: "appointments cancelled", Count: int64(len(future))},
		{Kind: "holds released", Count: held},
		{Kind: "notes and reasons", Count: texts},
	}, nil
}

// releaseHoldsOf frees the time of the holds that an account has made, or that are for its customers, and returns how many there were. No hold
// names the account any more then.
func (s *Store) releaseHoldsOf(ctx context.Context, accountID string, now time.Time) (int64, error) {
	ids, err := s.holdsOf(ctx, accountID)
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		h, err := s.hold(ctx, id, "FOR UPDATE")
		if err != nil {
			return 0, err
		}
		if changed, err := h.end(HoldReleased, now); err != nil || !changed {
			continue // it has just expired; somebody tidies up
		}
		h.AccountID = "" // the event names nobody
		if err := s.saveHold(ctx, "hold.released", h); err != nil {
			return 0, err
		}
	}
	return int64(len(ids)), s.forgetHolder(ctx, accountID)
}

// announceErased appends an event for each appointment of customers that only shows another name now, so that streams show it. Those that
// were cancelled have an event.
func (s *Store) announceErased(ctx context.Context, customerIDs, cancelled []string, now time.Time) error {
	keys, err := s.keysOf(ctx, customerIDs, cancelled)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(keys, erasedAtOnce) {
		appointments, err := s.read(ctx, some)
		if err != nil {
			return err
		}
		var list []events.Event
		for _, a := range appointments {
			event, err := events.NewEvent(eventErased, a.ID, a.Version, now, EventBody(a))
			if err != nil {
				return err
			}
			list = append(list, event)
		}
		if err := events.Append(ctx, s.db, list...); err != nil {
			return err
		}
	}
	return nil
}

// cancelErased cancels an appointment whose customer has no account any more. The event names no account, so nobody tells
// the person.
func (s *Store) cancelErased(ctx context.Context, id string, by By) error {
	a, err := s.appointment(ctx, id, auth.Principal{Role: apiv1.Role_ROLE_ADMIN}, "FOR UPDATE OF a")
	if err != nil {
		return err
	}
	if err := a.Cancel(by, erasedReason); err != nil {
		return err
	}
	if err := s.save(ctx, a); err != nil {
		return err
	}
	event, err := appointmentEvent(a)
	if err != nil {
		return err
	}
	return events.Append(ctx, s.db, event)
}
