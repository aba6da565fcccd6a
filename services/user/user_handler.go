package user

import (
	"context"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/internal/fieldmask"
	"github.com/beauty-salon/platform/internal/pagetoken"
)

// userHandler answers salon.user.v1.UserService.
type userHandler struct {
	userv1.UnimplementedUserServiceServer
	*Service
}

// GetMe returns the caller's account.
func (h *userHandler) GetMe(ctx context.Context, _ *userv1.GetMeRequest) (*userv1.User, error) {
	p := auth.Caller(ctx)
	return h.user(ctx, p.UserID)
}

// UpdateMe changes the caller's account.
func (h *userHandler) UpdateMe(ctx context.Context, req *userv1.UpdateMeRequest) (*userv1.User, error) {
	p := auth.Caller(ctx)
	fields, err := fieldmask.Paths(req)
	if err != nil {
		return nil, err
	}
	a, err := h.store.changeAccount(ctx, p.UserID, h.deps.Time(), func() {}, func(a *Account) error {
		if err := etag.Match(req.GetEtag(), a.Version); err != nil {
			return err
		}
		if fields.Has("display_name") {
			a.DisplayName = req.GetDisplayName()
		}
		if fields.Has("phone") {
			a.Phone = req.GetPhone()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return toUser(a), nil
}

// ListUsers lists accounts, newest first.
func (h *userHandler) ListUsers(ctx context.Context, req *userv1.ListUsersRequest) (*userv1.ListUsersResponse, error) {
	size := pagetoken.Size(req.GetPageSize())
	filter := userFilter{query: req.GetQuery(), roles: req.GetRoles(), limit: size + 1}
	if _, err := h.pages.Decode(req, &filter.after); err != nil {
		return nil, err
	}
	rows, err := h.store.accounts(ctx, filter)
	if err != nil {
		return nil, err
	}
	page, more := pagetoken.Cut(rows, size)
	resp := &userv1.ListUsersResponse{Users: convertAll(page, toUser)}
	if more {
		last := page[size-1]
		resp.NextPageToken, err = h.pages.Encode(req, userCursor{CreateTime: last.CreateTime, ID: last.ID})
	}
	return resp, err
}

// GetUser returns an account.
func (h *userHandler) GetUser(ctx context.Context, req *userv1.GetUserRequest) (*userv1.User, error) {
	return h.user(ctx, req.GetUserId())
}

func (h *userHandler) user(ctx context.Context, id string) (*userv1.User, error) {
	a, _, err := h.store.accountByID(ctx, id)
	if err != nil {
		return nil, err
	}
	return toUser(a), nil
}

// SetUserRole gives an account another role.
func (h *userHandler) SetUserRole(ctx context.Context, req *userv1.SetUserRoleRequest) (*userv1.User, error) {
	return h.change(ctx, req.GetUserId(), req.GetEtag(), func(a *Account, s Standing) error {
		return a.SetRole(req.GetRole(), s)
	})
}

// DisableUser locks an account and ends its sessions.
func (h *userHandler) DisableUser(ctx context.Context, req *userv1.DisableUserRequest) (*userv1.User, error) {
	return h.change(ctx, req.GetUserId(), req.GetEtag(), (*Account).Disable)
}

// EnableUser unlocks an account.
func (h *userHandler) EnableUser(ctx context.Context, req *userv1.EnableUserRequest) (*userv1.User, error) {
	return h.change(ctx, req.GetUserId(), req.GetEtag(), func(a *Account, _ Standing) error {
		a.Enable()
		return nil
	})
}

// change applies a rule about roles and locks to an account that has the caller's
// etag. It takes effect at once, for sessions that are open too.
func (h *userHandler) change(ctx context.Context, id, tag string, rule func(*Account, Standing) error) (*userv1.User, error) {
	a, err := h.store.changeStanding(ctx, id, h.deps.Time(), func() { h.ended(id, "") }, func(a *Account, s Standing) error {
		if err := etag.Match(tag, a.Version); err != nil {
			return err
		}
		return rule(a, s)
	})
	if err != nil {
		return nil, err
	}
	return toUser(a), nil
}
