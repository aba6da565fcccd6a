package user

import (
	"context"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/protoconv"
)

// identityHandler implements salon.user.v1.IdentityService, for Salon's other services.
type identityHandler struct {
	userv1.UnimplementedIdentityServiceServer
	*Service
}

// CheckSession returns whose session it is, with the account's role and memberships as of
// now. Processes of this version read that in the database ([SessionReader]); those of the version before call this.
func (h *identityHandler) CheckSession(ctx context.Context, req *userv1.CheckSessionRequest) (*userv1.CheckSessionResponse, error) {
	p, err := h.store.OpenSession(ctx, req.GetSessionId(), h.deps.Time())
	if err != nil {
		return nil, err
	}
	return checkedToProto(p), nil
}

func checkedToProto(p auth.Principal) *userv1.CheckSessionResponse {
	return &userv1.CheckSessionResponse{UserId: p.UserID, Role: p.Role, Memberships: membershipsToProto(p.Memberships)}
}

// LookupUser returns what other services keep of an account.
func (h *identityHandler) LookupUser(ctx context.Context, req *userv1.LookupUserRequest) (*userv1.LookupUserResponse, error) {
	a, _, err := h.store.Account(ctx, req.GetUserId())
	if err != nil {
		return nil, err
	}
	return &userv1.LookupUserResponse{
		UserId: a.ID, Disabled: a.Disabled, Version: a.Version,
		DisplayName: a.DisplayName, Phone: a.Phone, Email: a.Email, EmailVerified: a.EmailVerified,
	}, nil
}

// LookupMaster returns what other services keep of a master, deleted ones too.
func (h *identityHandler) LookupMaster(ctx context.Context, req *userv1.LookupMasterRequest) (*userv1.LookupMasterResponse, error) {
	m, err := h.store.Master(ctx, req.GetMasterId())
	if err != nil {
		return nil, err
	}
	return &userv1.LookupMasterResponse{
		MasterId: m.ID, Deleted: m.Deleted, Disabled: m.Disabled, Version: m.Version,
		SalonId: m.SalonID, DisplayName: m.Profile.DisplayName, ProfileTime: protoconv.Timestamp(m.ProfileTime),
	}, nil
}

// FindNewer returns of which masters and accounts there is another version than the caller
// knows.
func (h *identityHandler) FindNewer(ctx context.Context, req *userv1.FindNewerRequest) (*userv1.FindNewerResponse, error) {
	masters, err := h.store.otherVersions(ctx, "masters", req.GetMasters())
	if err != nil {
		return nil, err
	}
	accounts, err := h.store.otherVersions(ctx, "users", req.GetAccounts())
	if err != nil {
		return nil, err
	}
	return &userv1.FindNewerResponse{MasterIds: masters, AccountIds: accounts}, nil
}
