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
	caller := auth.Caller(ctx)
	sessions, next, err := pagetoken.List(h.pages, req,
		func(after *sessionCursor, limit int) ([]Session, error) {
			return h.store.Sessions(ctx, caller.UserID, h.deps.Time(), after, limit)
		},
		func(s Session) sessionCursor { return sessionCursor{CreateTime: s.CreateTime, ID: s.ID} },
		func(s Session) *userv1.Session { return sessionToProto(s, caller.SessionID) })
	if err != nil {
		return nil, err
	}
	return &userv1.ListSessionsResponse{Sessions: sessions, NextPageToken: next}, nil
}

// RevokeSession ends one of the caller's sessions.
func (h *authHandler) RevokeSession(ctx context.Context, req *userv1.RevokeSessionRequest) (*emptypb.Empty, error) {
	caller := auth.Caller(ctx)
	if err := h.store.DeleteSession(ctx, caller.UserID, req.GetSessionId(), h.deps.Time()); err != nil {
		return nil, err
	}
	h.ended(caller.UserID, req.GetSessionId())
	return &emptypb.Empty{}, nil
}
