package user

import (
	"context"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// identityHandler answers salon.user.v1.IdentityService, for Salon's other services.
type identityHandler struct {
	userv1.UnimplementedIdentityServiceServer
	*Service
}

// CheckSession tells whether a session is open, and the account's role as of now.
func (h *identityHandler) CheckSession(ctx context.Context, req *userv1.CheckSessionRequest) (*userv1.CheckSessionResponse, error) {
	p, err := h.store.openSession(ctx, req.GetSessionId(), h.deps.Time())
	if err != nil {
		return nil, err
	}
	return &userv1.CheckSessionResponse{UserId: p.UserID, Role: p.Role}, nil
}

// LookupUser returns what other services keep of an account.
func (h *identityHandler) LookupUser(ctx context.Context, req *userv1.LookupUserRequest) (*userv1.LookupUserResponse, error) {
	a, _, err := h.store.accountByID(ctx, req.GetUserId())
	if err != nil {
		return nil, err
	}
	return &userv1.LookupUserResponse{UserId: a.ID, Disabled: a.Disabled, Version: a.Version}, nil
}

// LookupMaster returns what other services keep of a master, deleted ones too.
func (h *identityHandler) LookupMaster(ctx context.Context, req *userv1.LookupMasterRequest) (*userv1.LookupMasterResponse, error) {
	m, err := h.store.master(ctx, req.GetMasterId())
	if err != nil {
		return nil, err
	}
	return &userv1.LookupMasterResponse{MasterId: m.ID, Deleted: m.Deleted, Disabled: m.Disabled, Version: m.Version}, nil
}
