package auth

import (
	"context"
	"errors"
)

// Authenticator returns the caller of a bearer token. It is safe for concurrent use.
type Authenticator struct {
	verifier *Verifier
	sessions *Sessions
}

// NewAuthenticator returns an authenticator that requires both a valid token and an open session.
func NewAuthenticator(v *Verifier, s *Sessions) *Authenticator {
	return &Authenticator{verifier: v, sessions: s}
}

// Authenticate returns the caller of an access token, with the current role of the account. Errors are those of
// [Verifier.Verify] and [Sessions.Check].
func (a *Authenticator) Authenticate(ctx context.Context, bearer string) (Principal, error) {
	claims, err := a.verifier.Verify(bearer)
	if err != nil {
		return Principal{}, err
	}
	p, err := a.sessions.Check(ctx, claims.SessionID)
	if err != nil {
		return Principal{}, err
	}
	if p.UserID != claims.UserID {
		return Principal{}, errToken.WithCause(errors.New("the session is another user's"))
	}
	p.TokenTime = claims.TokenTime
	return p, nil
}
