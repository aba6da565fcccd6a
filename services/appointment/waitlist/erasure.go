package waitlist

import (
	"context"

	"github.com/beauty-salon/platform/internal/erasure"
	"github.com/beauty-salon/platform/internal/postgres"
)

// Erase ends the entries of customers whose account is erased in tx, and removes what staff have written about them. Package booking has
// released their holds, and has the locks of the customers. The events name no account.
func (w *Waitlist) Erase(ctx context.Context, tx *postgres.DB, accountID string, customerIDs []string) (erasure.Counts, error) {
	t, now := w.store.In(tx), w.deps.Time()
	ids, err := t.liveOf(ctx, customerIDs)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		e, err := t.lock(ctx, id)
		if err != nil {
			return nil, err
		}
		e.AccountID = ""
		e.leave(Erased, now)
		if err := t.saveAs(ctx, eventLeft, e, "", nil); err != nil {
			return nil, err
		}
	}
	return erasure.Counts{{Kind: "waitlist entries left", Count: int64(len(ids))}}, t.forget(ctx, accountID, customerIDs)
}
