package rating

import (
	"context"
	"slices"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	"github.com/beauty-salon/platform/internal/erasure"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/postgres"
)

// personalDataHandler answers ratingv1.PersonalDataService, for the user service.
type personalDataHandler struct {
	ratingv1.UnimplementedPersonalDataServiceServer
	*Service
}

// EraseAccount makes the ratings of an account anonymous: the stars stay, for the masters, without author, comment and
// reply. Replies that the account has given as a master go too.
func (h *personalDataHandler) EraseAccount(ctx context.Context, req *apiv1.EraseAccountRequest) (*apiv1.EraseAccountResponse, error) {
	id, now := req.GetAccountId(), h.deps.Time()
	return erasure.Once(ctx, h.deps.DB, id, now, func(tx *postgres.DB) (erasure.Counts, error) {
		store := h.store.In(tx)
		given, replies, err := store.EraseRatings(ctx, id, now)
		if err != nil {
			return nil, err
		}
		for _, r := range slices.Concat(given, replies) {
			if err := h.record(ctx, tx, EventUpdated, r, r.Stars, r.Stars, now); err != nil {
				return nil, err
			}
		}
		appointments, err := store.EraseAppointments(ctx, id)
		if err != nil {
			return nil, err
		}
		answers, err := idempotency.Forget(ctx, tx, id, id)
		return erasure.Counts{
			{Kind: "ratings made anonymous", Count: int64(len(given))},
			{Kind: "replies", Count: int64(len(replies))},
			{Kind: "appointments", Count: appointments},
			{Kind: "stored answers", Count: answers},
		}, err
	})
}

// ExportAccount returns a part of what is kept of the person of an account.
func (h *personalDataHandler) ExportAccount(ctx context.Context, req *apiv1.ExportAccountRequest) (*apiv1.ExportAccountResponse, error) {
	return erasure.ExportAccount(ctx, h.deps.DB, Definition.Name, personalTables, req)
}
