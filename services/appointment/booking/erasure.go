package booking

import (
	"context"
	"fmt"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/erasure"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
)

// erasedReason is why the appointments of an account that was erased are cancelled.
const erasedReason = "The customer's account was deleted."

// Erase makes the customers of an account nobody's, removes what was written about their appointments, and cancels those
// that have not begun, with history and events. It returns the ids of the customers. People.Forget comes before, so that nothing is booked meanwhile. All of it
// is done in tx, under the locks that a change of these appointments takes.
func (b *Bookings) Erase(ctx context.Context, tx *postgres.DB, accountID string) (customers []string, removed erasure.Counts, err error) {
	now := b.deps.Time()
	t := b.store.In(tx)
	if err := t.lockSubjectsOf(ctx, accountID, now); err != nil {
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
	return customers, erasure.Counts{
		{Kind: "customers", Count: int64(len(customers))},
		{Kind: "appointments cancelled", Count: int64(len(future))},
		{Kind: "notes and reasons", Count: texts},
	}, nil
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
