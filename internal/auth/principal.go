package auth

import (
	"context"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
)

// Principal is a signed-in caller.
type Principal struct {
	// UserID is the account's id, a UUID.
	UserID string
	// Role is what the account may do, as of the last check of the session.
	Role apiv1.Role
	// SessionID is the session that the call belongs to, a UUID.
	SessionID string
}

// IsAdmin tells whether the caller runs the salon.
func (p Principal) IsAdmin() bool { return p.Role == apiv1.Role_ROLE_ADMIN }

// IsMaster tells whether the caller performs services. Whoever did so once, and has no profile any more, does not.
func (p Principal) IsMaster() bool { return p.Role == apiv1.Role_ROLE_MASTER }

type principalKey struct{}

// WithPrincipal returns a context that carries the caller. Only the authentication interceptor calls it.
func WithPrincipal(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// Caller returns the caller of a method whose policy admits only those who are signed in; elsewhere it may be nobody,
// who has no id and no role.
func Caller(ctx context.Context) Principal {
	p, _ := FromContext(ctx)
	return p
}

// FromContext returns the caller, and false when nobody is signed in.
func FromContext(ctx context.Context) (Principal, bool) {
	p, ok := ctx.Value(principalKey{}).(Principal)
	return p, ok
}
