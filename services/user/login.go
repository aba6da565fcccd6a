package user

import (
	"context"
	"errors"
	"net/netip"
	"time"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/rpc"
)

// Login opens a session.
func (h *authHandler) Login(ctx context.Context, req *userv1.LoginRequest) (*userv1.TokenPair, error) {
	email := CanonicalEmail(req.GetEmail())
	account, known, err := h.store.accountByEmail(ctx, email)
	if err != nil && !errors.Is(err, errNoUser) {
		return nil, err
	}
	if account.Disabled {
		known.hash = ""
	}
	ok, err := h.verify(ctx, email, known.hash, req.GetPassword())
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, ErrBadCredentials
	}
	rehashed := ""
	if h.passwords.NeedsRehash(known.hash) {
		if rehashed, err = h.passwords.Hash(ctx, req.GetPassword()); err != nil {
			return nil, err
		}
	}
	id, err := newID()
	if err != nil {
		return nil, err
	}
	session := NewSession(id, account.ID, rpc.UserAgent(ctx), rpc.ClientIP(ctx), h.deps.Time())
	token := NewRefreshToken()
	err = h.deps.DB.InTx(ctx, func(tx *postgres.DB) error {
		st := h.store.in(tx)
		locked, stored, err := st.lockAccount(ctx, account.ID)
		if err != nil {
			return err
		}
		// The account may have been locked, or its password changed, while this one
		// was verified; the session would outlive the change that ended all others.
		if locked.Disabled || stored.version != known.version {
			return ErrBadCredentials
		}
		account = locked
		if rehashed != "" {
			if err := st.setPassword(ctx, account.ID, credential{hash: rehashed, version: stored.version}); err != nil {
				return err
			}
		}
		return st.createSession(ctx, session, token)
	})
	if err != nil {
		return nil, err
	}
	return h.tokenPair(account, session, token)
}

// verify checks a password of an account, and counts failures by account and
// address: after five in fifteen minutes it returns ErrLoginThrottled, whatever
// the password. An empty hash stands for an account that does not exist or is
// locked: no password is right, but the work and the count are the same.
func (h *authHandler) verify(ctx context.Context, email, hash, password string) (bool, error) {
	key := email + "\n" + network(rpc.ClientIP(ctx))
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

// network is what failures are counted by: an IPv4 address, or the /64 that an IPv6
// address is from, since each household has at least that many (RFC 6177).
func network(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return ip
	}
	if addr = addr.Unmap(); addr.Is4() {
		return addr.String()
	}
	prefix, err := addr.Prefix(64)
	if err != nil {
		return ip
	}
	return prefix.String()
}
