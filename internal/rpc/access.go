package rpc

import (
	"context"
	"slices"
	"strings"

	"google.golang.org/grpc/metadata"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/auth"
)

// authenticate puts the caller into the context. Who calls follows from the access token alone, never from a header that
// names somebody.
func authenticate(authn Authenticator) around {
	return func(ctx context.Context, c *call, next func(context.Context) error) error {
		if c.refusal != nil {
			return errServiceToken.WithCause(c.refusal)
		}
		policy, ok := Policy(c.method)
		// Internal methods do not look at the user. Leaving their tokens alone also keeps the check of a session, which is
		// such a method, from checking a session first.
		if !ok || policy.GetAccess() == apiv1.Access_ACCESS_INTERNAL {
			return next(ctx)
		}
		p, found, err := principal(ctx, authn)
		switch {
		case err == nil && found:
			c.caller = p
			ctx = auth.WithPrincipal(ctx, p)
		case err == nil, errIsAnonymous(err, policy):
			// Nobody is signed in; authorize knows whether that will do.
		default:
			return err
		}
		return next(ctx)
	}
}

// errIsAnonymous tells whether a token that cannot be believed means the same as none. On public methods it does: an old
// token in the browser must not hide the catalogue. Two tokens are an attack or a broken proxy on any method.
func errIsAnonymous(err error, policy *apiv1.MethodPolicy) bool {
	return policy.GetAccess() == apiv1.Access_ACCESS_PUBLIC && err != error(errManyTokens)
}

// principal reads and checks the access token, if there is one.
func principal(ctx context.Context, authn Authenticator) (p auth.Principal, found bool, err error) {
	values := metadata.ValueFromIncomingContext(ctx, mdAuthorization)
	switch len(values) {
	case 0:
		return auth.Principal{}, false, nil
	case 1:
	default:
		return auth.Principal{}, false, errManyTokens
	}
	scheme, token, ok := strings.Cut(values[0], " ")
	if !ok || !strings.EqualFold(scheme, "bearer") || token == "" || strings.ContainsAny(token, " ,") {
		return auth.Principal{}, false, errNotBearer
	}
	if authn == nil {
		return auth.Principal{}, false, errSignIn
	}
	p, err = authn.Authenticate(ctx, token)
	return p, err == nil, err
}

// authorize lets a call through that the contract admits, and no other.
func authorize(ctx context.Context, c *call, next func(context.Context) error) error {
	if isExempt(c.method) {
		return next(ctx)
	}
	policy, ok := Policy(c.method)
	if !ok {
		return errNoSuchMethod
	}
	switch policy.GetAccess() {
	case apiv1.Access_ACCESS_PUBLIC:
		return next(ctx)
	case apiv1.Access_ACCESS_INTERNAL:
		if c.internal {
			return next(ctx)
		}
		return errInternalOnly
	case apiv1.Access_ACCESS_SIGNED_IN:
		if c.caller.UserID == "" {
			return errSignIn
		}
		if roles := policy.GetRoles(); len(roles) > 0 && !slices.Contains(roles, c.caller.Role) {
			return errRole
		}
		return next(ctx)
	default: // a kind of access that this program does not know yet
		return errRole
	}
}
