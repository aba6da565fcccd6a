package appointment

import (
	"context"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/erasure"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/postgres"
)

// personalDataHandler answers appointmentv1.PersonalDataService, for the user service.
type personalDataHandler struct {
	appointmentv1.UnimplementedPersonalDataServiceServer
	*Service
}

// EraseAccount removes what identifies the person of an account, and cancels their future appointments. It cannot be done
// before the user service has erased the account. A process that ends in between leaves nothing half done: the refreshes
// can be repeated, and all else is one transaction.
func (h *personalDataHandler) EraseAccount(ctx context.Context, req *apiv1.EraseAccountRequest) (*apiv1.EraseAccountResponse, error) {
	id := req.GetAccountId()
	if err := h.people.Forget(ctx, id); err != nil {
		return nil, err
	}
	return erasure.Once(ctx, h.deps.DB, id, h.deps.Time(), func(tx *postgres.DB) (erasure.Counts, error) {
		customers, removed, err := h.bookings.Erase(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		left, err := h.waitlist.Erase(ctx, tx, id, customers)
		if err != nil {
			return nil, err
		}
		if err := h.watch.Forget(ctx, tx, id); err != nil {
			return nil, err
		}
		hours, err := eraseHours(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		answers, err := idempotency.Forget(ctx, tx, id, append(customers, id)...)
		return append(append(removed, left...), erasure.Count{Kind: "hours of a master", Count: hours},
			erasure.Count{Kind: "stored answers", Count: answers}), err
	})
}

// ExportAccount returns a part of what is kept of the person of an account.
func (h *personalDataHandler) ExportAccount(ctx context.Context, req *apiv1.ExportAccountRequest) (*apiv1.ExportAccountResponse, error) {
	return erasure.ExportAccount(ctx, h.deps.DB, Definition.Name, personalTables, req)
}
