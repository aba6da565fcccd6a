package user

import (
	"context"
	"errors"
	"time"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/fold"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/ratelimit"
	"github.com/beauty-salon/platform/internal/rpc"
)

// Login opens a session.
func (h *authHandler) Login(ctx context.Context, req *userv1.LoginRequest) (*userv1.TokenPair, error) {
	email := fold.Email(req.GetEmail())
	account, known, err := h.store.AccountByEmail(ctx, email)
	if err != nil && !errors.Is(err, errNoUser) {
		return nil, err
	}
	if account.Disabled {
		known.Hash = ""
	}
	ok, err := h.verify(ctx, email, known.Hash, req.GetPassword())
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, ErrBadCredentials
	}
	rehashed := ""
	if h.passwords.NeedsRehash(known.Hash) {
		if rehashed, err = h.passwords.Hash(ctx, req.GetPassword()); err != nil {
			return nil, err
		}
	}
	session := NewSession(id.New(), account.ID, rpc.UserAgent(ctx), rpc.ClientIP(ctx), h.deps.Time())
	token := NewRefreshToken()
	err = h.store.inTx(ctx, func(st *Store) error {
		locked, stored, err := st.LockAccount(ctx, account.ID)
		if err != nil {
			return err
		}
		// The account may have been disabled, or its password changed, during the
		// verification. That change ended all sessions; this one would be left.
		if locked.Disabled || stored.Version != known.Version {
			return ErrBadCredentials
		}
		account = locked
		if rehashed != "" {
			if err := st.SetPassword(ctx, account.ID, Credential{Hash: rehashed, Version: stored.Version}); err != nil {
				return err
			}
		}
		return st.CreateSession(ctx, session, token)
	})
	if err != nil {
		return nil, err
	}
	return h.tokenPair(ctx, account, session, token)
}

// verify reports whether a password is that of an account, and counts failures by
// account and address. After five failures in fifteen minutes it returns
// ErrLoginThrottled for every password. An empty hash stands for an account that does not
// exist or is disabled: no password is right, but the work and the count are the same.
func (h *authHandler) verify(ctx context.Context, email, hash, password string) (bool, error) {
	key := email + "\n" + ratelimit.Network(rpc.ClientIP(ctx))
	throttled := func(wait time.Duration) error { return ErrLoginThrottled.WithRetryAfter(max(wait, time.Second)) }
	if wait := h.failures.Blocked(ctx, key); wait > 0 {
		return false, throttled(wait)
	}
	ok := false
	var err error
	if hash == "" {
		err = h.passwords.VerifyNothing(ctx, password)
	} else {
		ok, err = h.passwords.Verify(ctx, hash, password)
	}
	if err != nil {
		return false, err
	}
	// Guesses that ran at the same time may have used up the attempts.
	if !ok {
		if wait := h.failures.Add(ctx, key); wait > 0 {
			return false, throttled(wait)
		}
		return false, nil
	}
	if wait := h.failures.Blocked(ctx, key); wait > 0 {
		return false, throttled(wait)
	}
	h.failures.Reset(ctx, key)
	return true, nil
}
