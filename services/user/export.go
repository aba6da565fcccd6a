package user

import (
	"context"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/erasure"
)

// exportPage is how many records a page of an export has. The largest page fits into a message.
const exportPage = 400

// personalTables are what this schema keeps of people, without secrets and without what only serves searches.
var personalTables = []erasure.Table{
	{Kind: "account", Query: `SELECT to_jsonb(u) - ARRAY['password_hash', 'password_version', 'search_text', 'erase_time'] AS data, '' AS place
		FROM users u WHERE u.id = @account`},
	{Kind: "sessions", Query: `SELECT to_jsonb(s) - ARRAY['generation', 'rotate_time'] AS data, s.id::text AS place
		FROM sessions s WHERE s.user_id = @account`},
	{Kind: "networks", Query: `SELECT to_jsonb(n) AS data, n.network AS place FROM sign_in_networks n WHERE n.user_id = @account`},
	{Kind: "memberships", Query: `SELECT to_jsonb(m) AS data, m.salon_id::text AS place FROM memberships m WHERE m.user_id = @account`},
	{Kind: "invitations", Query: `SELECT to_jsonb(i) AS data, i.id::text AS place
		FROM invitations i JOIN users u ON u.email = i.email WHERE u.id = @account`},
	{Kind: "master", Query: `SELECT to_jsonb(m) - ARRAY['search_text', 'specialty_keys'] AS data, '' AS place FROM masters m WHERE m.id = @account`},
	{Kind: "master_offerings", Query: `SELECT to_jsonb(o) AS data, o.service_id::text AS place
		FROM master_offerings o WHERE o.master_id = @account`},
}

// exportCursor is a place in an export.
type exportCursor struct {
	// Service is the index in exporters, Offset the number of its records that were sent.
	Service int   `json:"s"`
	Offset  int32 `json:"o"`
}

// exporter returns records of an account from one service: at most limit, after the first offset.
type exporter func(ctx context.Context, accountID string, offset, limit int32) ([]*apiv1.PersonalRecord, error)

// exporters are this service, and then the others.
func (s *Service) exporters() []exporter {
	list := []exporter{func(ctx context.Context, accountID string, offset, limit int32) ([]*apiv1.PersonalRecord, error) {
		return erasure.Export(ctx, s.deps.DB, thisService, personalTables, accountID, offset, limit)
	}}
	for _, k := range keepers {
		client := s.keepers[k.name]
		list = append(list, func(ctx context.Context, accountID string, offset, limit int32) ([]*apiv1.PersonalRecord, error) {
			resp, err := client.ExportAccount(ctx, &apiv1.ExportAccountRequest{AccountId: accountID, Offset: offset, Limit: limit})
			return resp.GetRecords(), err
		})
	}
	return list
}

// ExportMe returns a page of what is kept of the caller.
func (h *accountHandler) ExportMe(ctx context.Context, req *userv1.ExportMeRequest) (*userv1.PersonalData, error) {
	var at *exportCursor
	if err := h.pages.Decode(req, &at); err != nil {
		return nil, err
	}
	if at == nil {
		at = &exportCursor{}
	}
	out, accountID := &userv1.PersonalData{}, auth.Caller(ctx).UserID
	exporters := h.exporters()
	for at.Service < len(exporters) {
		room := int32(exportPage - len(out.Records))
		records, err := exporters[at.Service](ctx, accountID, at.Offset, room+1)
		if err != nil {
			return nil, err
		}
		if int32(len(records)) > room { // the page is full
			out.Records = append(out.Records, records[:room]...)
			at.Offset += room
			out.NextPageToken, err = h.pages.Encode(req, at)
			return out, err
		}
		out.Records = append(out.Records, records...)
		at = &exportCursor{Service: at.Service + 1}
	}
	return out, nil
}
