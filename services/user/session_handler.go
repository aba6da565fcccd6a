package user

import (
	"context"

	"google.golang.org/protobuf/types/known/emptypb"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/pagetoken"
)

// ListSessions lists the caller's open sessions, newest first.
func (h *authHandler) ListSessions(ctx context.Context, req *userv1.ListSessionsRequest) (*userv1.ListSessionsResponse, error) {
	p := auth.Caller(ctx)
	var after *sessionCursor
	if _, err := h.pages.Decode(req, &after); err != nil {
		return nil, err
	}
	size := pagetoken.Size(req.GetPageSize())
	rows, err := h.store.sessions(ctx, p.UserID, h.deps.Time(), after, size+1)
	if err != nil {
		return nil, err
	}
	page, more := pagetoken.Cut(rows, size)
	resp := &userv1.ListSessionsResponse{
		Sessions: convertAll(page, func(s Session) *userv1.Session { return toSession(s, p.SessionID) }),
	}
	if more {
		last := page[size-1]
		resp.NextPageToken, err = h.pages.Encode(req, sessionCursor{CreateTime: last.CreateTime, ID: last.ID})
	}
	return resp, err
}

// RevokeSession ends one of the caller's sessions.
func (h *authHandler) RevokeSession(ctx context.Context, req *userv1.RevokeSessionRequest) (*emptypb.Empty, error) {
	p := auth.Caller(ctx)
	if err := h.store.deleteSession(ctx, p.UserID, req.GetSessionId(), h.deps.Time()); err != nil {
		return nil, err
	}
	h.ended(p.UserID, req.GetSessionId())
	return &emptypb.Empty{}, nil
}
