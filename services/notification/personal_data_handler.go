package notification

import (
	"context"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	"github.com/beauty-salon/platform/internal/erasure"
	"github.com/beauty-salon/platform/internal/postgres"
)

// personalTables are what this schema keeps of people.
var personalTables = []erasure.Table{
	{Kind: "notifications", Query: `SELECT to_jsonb(n) AS data, n.id::text AS place FROM notifications n WHERE n.recipient_id = @account`},
}

// personalDataHandler answers notificationv1.PersonalDataService, for the user service.
type personalDataHandler struct {
	notificationv1.UnimplementedPersonalDataServiceServer
	*Service
}

// EraseAccount deletes the inbox of an account and ends its tickets and streams. What others were told of the person is stored as ids: its text is made when it
// is read, and the name is gone then.
func (h *personalDataHandler) EraseAccount(ctx context.Context, req *apiv1.EraseAccountRequest) (*apiv1.EraseAccountResponse, error) {
	id := req.GetAccountId()
	return erasure.Once(ctx, h.deps.DB, id, h.deps.Time(), func(tx *postgres.DB) (erasure.Counts, error) {
		if err := h.streams.Forget(ctx, tx, id); err != nil {
			return nil, err
		}
		n, err := h.store.In(tx).DeleteInbox(ctx, id)
		return erasure.Counts{{Kind: "notifications", Count: n}}, err
	})
}

// ExportAccount returns a part of what is kept of the person of an account.
func (h *personalDataHandler) ExportAccount(ctx context.Context, req *apiv1.ExportAccountRequest) (*apiv1.ExportAccountResponse, error) {
	return erasure.ExportAccount(ctx, h.deps.DB, Definition.Name, personalTables, req)
}
