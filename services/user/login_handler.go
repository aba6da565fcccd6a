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
	address, now := rpc.ClientIP(ctx), h.deps.Time()
	signedInBefore, err := h.store.HasSignedIn(ctx, email, networkOf(address), now.Add(-knownNetworkLifetime))
	if err != nil {
		return nil, err
	}
	ok, rehash, err := h.verify(ctx, signInCeilings(email, address, signedInBefore), known.Hash, req.GetPassword())
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, ErrBadCredentials
	}
	rehashed := ""
	if rehash {
		if rehashed, err = h.passwords.Hash(ctx, req.GetPassword()); err != nil {
			return nil, err
		}
	}
	session := NewSession(id.New(), account.ID, rpc.UserAgent(ctx), address, now)
	token := NewRefreshToken()
	err = h.store.inTx(ctx, func(st *Store) error {
		locked, stored, err := st.LockAccount(ctx, account.ID)
		if errors.Is(err, errNoUser) { // erased during the verification
			return ErrBadCredentials
		}
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
		if err := st.RememberNetwork(ctx, account.ID, networkOf(address), now); err != nil {
			return err
		}
		return st.CreateSession(ctx, session, token)
	})
	if err != nil {
		return nil, err
	}
	return h.tokenPair(ctx, account, session, token)
}

// verify reports whether a password is that of an account, and counts failures under the
// ceilings. When one of them is reached, it returns ErrLoginThrottled for every password. A
// success resets the first ceiling. rehash means that the password needs a new hash.
//
// An empty hash stands for an account that does not exist or is disabled: no password is
// right, but the work and the count are the same.
func (s *Service) verify(ctx context.Context, ceilings []ratelimit.Ceiling, hash, password string) (ok, rehash bool, err error) {
	throttled := func(wait time.Duration) error { return ErrLoginThrottled.WithRetryAfter(max(wait, time.Second)) }
	if wait := s.failures.Blocked(ctx, ceilings...); wait > 0 {
		return false, false, throttled(wait)
	}
	if hash == "" {
		err = s.passwords.VerifyNothing(ctx, password)
	} else {
		ok, rehash, err = s.passwords.Verify(ctx, hash, password)
	}
	if err != nil {
		return false, false, err
	}
	// Guesses that ran at the same time may have used up the attempts.
	if !ok {
		if wait := s.failures.Add(ctx, ceilings...); wait > 0 {
			return false, false, throttled(wait)
		}
		return false, false, nil
	}
	if wait := s.failures.Blocked(ctx, ceilings...); wait > 0 {
		return false, false, throttled(wait)
	}
	s.failures.Reset(ctx, ceilings[0])
	return true, rehash, nil
}
