package user

import (
	"context"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/internal/fieldmask"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/postgres"
)

// accountHandler implements salon.user.v1.UserService.
type accountHandler struct {
	userv1.UnimplementedUserServiceServer
	*Service
}

// GetMe returns the caller's account.
func (h *accountHandler) GetMe(ctx context.Context, _ *userv1.GetMeRequest) (*userv1.User, error) {
	return h.userByID(ctx, auth.Caller(ctx).UserID)
}

// UpdateMe changes the caller's account.
func (h *accountHandler) UpdateMe(ctx context.Context, req *userv1.UpdateMeRequest) (*userv1.User, error) {
	fields, err := fieldmask.Paths(req)
	if err != nil {
		return nil, err
	}
	a, err := h.store.UpdateAccount(ctx, auth.Caller(ctx).UserID, h.deps.Time(), func(a *Account) error {
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
	return h.user(ctx, a)
}

// ListUsers lists accounts, newest first.
func (h *accountHandler) ListUsers(ctx context.Context, req *userv1.ListUsersRequest) (*userv1.ListUsersResponse, error) {
	var memberships map[string][]auth.Membership
	fetch := func(after *accountCursor, limit int) ([]Account, error) {
		f := accountFilter{query: req.GetQuery(), roles: req.GetRoles(), after: after, limit: limit}
		return postgres.Recent(ctx, h.deps.DB, func(ctx context.Context, db *postgres.DB) ([]Account, error) {
			store := h.store.In(db)
			rows, err := store.Accounts(ctx, f)
			if err != nil {
				return nil, err
			}
			memberships, err = store.Memberships(ctx, postgres.Column(rows, func(a Account) string { return a.ID })...)
			return rows, err
		})
	}
	users, next, err := pagetoken.List(h.pages, req, fetch,
		func(a Account) accountCursor { return accountCursor{CreateTime: a.CreateTime, ID: a.ID} },
		func(a Account) *userv1.User { return userToProto(a, memberships[a.ID]) })
	if err != nil {
		return nil, err
	}
	return &userv1.ListUsersResponse{Users: users, NextPageToken: next}, nil
}

// GetUser returns an account.
func (h *accountHandler) GetUser(ctx context.Context, req *userv1.GetUserRequest) (*userv1.User, error) {
	return h.userByID(ctx, req.GetUserId())
}

// SetUserRole gives an account another role.
func (h *accountHandler) SetUserRole(ctx context.Context, req *userv1.SetUserRoleRequest) (*userv1.User, error) {
	a, err := h.store.UpdateStanding(ctx, req.GetUserId(), h.deps.Time(), func(a *Account, otherAdmins int64) error {
		if err := etag.Match(req.GetEtag(), a.Version); err != nil {
			return err
		}
		return a.SetRole(req.GetRole(), otherAdmins)
	})
	if err != nil {
		return nil, err
	}
	return h.user(ctx, a)
}

// DisableUser locks an account, ends its sessions and stops new bookings by and with
// the account.
func (h *accountHandler) DisableUser(ctx context.Context, req *userv1.DisableUserRequest) (*userv1.User, error) {
	a, err := h.store.UpdateStanding(ctx, req.GetUserId(), h.deps.Time(), func(a *Account, otherAdmins int64) error {
		// The call may repeat one that was answered with UNAVAILABLE. The etag is from
		// before that call then.
		if a.Disabled {
			return nil
		}
		if err := etag.Match(req.GetEtag(), a.Version); err != nil {
			return err
		}
		return a.Disable(otherAdmins)
	})
	if err != nil {
		return nil, err
	}
	if err := h.refreshAccount(ctx, a.ID); err != nil {
		return nil, err
	}
	return h.user(ctx, a)
}

// EnableUser unlocks an account.
func (h *accountHandler) EnableUser(ctx context.Context, req *userv1.EnableUserRequest) (*userv1.User, error) {
	a, err := h.store.UpdateStanding(ctx, req.GetUserId(), h.deps.Time(), func(a *Account, _ int64) error {
		if err := etag.Match(req.GetEtag(), a.Version); err != nil {
			return err
		}
		a.Enable()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return h.user(ctx, a)
}

func (h *accountHandler) userByID(ctx context.Context, id string) (*userv1.User, error) {
	a, _, err := h.store.Account(ctx, id)
	if err != nil {
		return nil, err
	}
	return h.user(ctx, a)
}

// user returns an account with its memberships.
func (s *Service) user(ctx context.Context, a Account) (*userv1.User, error) {
	memberships, err := s.store.Memberships(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	return userToProto(a, memberships[a.ID]), nil
}
