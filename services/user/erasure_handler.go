package user

import (
	"context"
	"errors"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/internal/failpoint"
	"github.com/beauty-salon/platform/internal/rpc"
)

// EraseMe erases the caller's account.
func (h *accountHandler) EraseMe(ctx context.Context, req *userv1.EraseMeRequest) (*userv1.Erasure, error) {
	caller := auth.Caller(ctx)
	account, current, err := h.store.Account(ctx, caller.UserID)
	if errors.Is(err, errNoUser) { // since the caller's session was checked
		return h.erasureOf(ctx, caller.UserID)
	}
	if err != nil {
		return nil, err
	}
	ok, _, err := h.verify(ctx, changeCeilings(account.Email, rpc.ClientIP(ctx)), current.Hash, req.GetCurrentPassword())
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, ErrCurrentPasswordWrong
	}
	return h.erase(ctx, caller.UserID, func(_ Account, stored Credential) error {
		if stored.Version != current.Version { // the password was changed meanwhile
			return ErrCurrentPasswordWrong
		}
		return nil
	})
}

// EraseUser erases an account.
func (h *accountHandler) EraseUser(ctx context.Context, req *userv1.EraseUserRequest) (*userv1.Erasure, error) {
	return h.erase(ctx, req.GetUserId(), func(a Account, _ Credential) error {
		return etag.Match(req.GetEtag(), a.Version)
	})
}

// erase erases an account unless check refuses that, and tells the other services. What one of them does not do now, it
// does later.
func (h *accountHandler) erase(ctx context.Context, accountID string, check func(Account, Credential) error) (*userv1.Erasure, error) {
	e, err := h.store.Erase(ctx, accountID, h.deps.Time(), check)
	if err != nil {
		return nil, err
	}
	failpoint.Hit(failpoint.ErasureAfterCommit)
	// The erasure is committed, so a caller who has gone does not stop it.
	detached, cancel := removalContext(ctx)
	defer cancel()
	if err := h.workOn(detached, e.ID); err != nil {
		h.log.Warn().Err(err).Msg("an erasure is not complete yet")
	}
	return h.erasureOf(ctx, accountID)
}

func (h *accountHandler) erasureOf(ctx context.Context, accountID string) (*userv1.Erasure, error) {
	e, err := h.store.ErasureOf(ctx, accountID)
	if err != nil {
		return nil, err
	}
	return erasureToProto(e), nil
}

// GetErasure returns a receipt.
func (h *accountHandler) GetErasure(ctx context.Context, req *userv1.GetErasureRequest) (*userv1.Erasure, error) {
	e, err := h.store.Erasure(ctx, req.GetErasureId())
	if err != nil {
		return nil, err
	}
	return erasureToProto(e), nil
}
