package rpc

import (
	"context"
	"slices"

	"google.golang.org/grpc/metadata"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/auth"
)

// authenticate puts the caller into the context. The access token alone identifies the caller, never a header that
// names a user.
func authenticate(authn Authenticator) around {
	return func(ctx context.Context, c *call, next func(context.Context) error) error {
		if c.refusal != nil {
			return c.refusal
		}
		rule, ok := ruleOf(c.method)
		// Internal methods do not use the user. Ignoring the token also avoids a loop: the check of a session is an
		// internal method, and would check a session first.
		if !ok || rule.policy.GetCaller() == apiv1.Caller_CALLER_SERVICE {
			return next(ctx)
		}
		tokens := metadata.ValueFromIncomingContext(ctx, mdAuthorization)
		switch len(tokens) {
		case 0: // not signed in; authorize decides whether that is allowed
			return next(ctx)
		case 1:
		default: // an attack or a broken proxy; refused for public methods too
			return errManyTokens
		}
		p, err := principal(ctx, authn, tokens[0])
		switch {
		case err == nil:
			c.caller = p
			ctx = auth.WithPrincipal(ctx, p)
		case rule.policy.GetCaller() == apiv1.Caller_CALLER_ANYBODY && (rule.reads || !rule.policy.GetTokenOptional()):
			// On public methods an invalid token counts as no token: an old token in the browser must not hide the
			// catalogue. A change that belongs to whoever is signed in must not be made for somebody else instead.
		default:
			return err
		}
		return next(ctx)
	}
}

// principal checks the value of `authorization`.
func principal(ctx context.Context, authn Authenticator, value string) (auth.Principal, error) {
	token := auth.BearerToken(value)
	if token == "" {
		return auth.Principal{}, errNotBearer
	}
	if authn == nil {
		return auth.Principal{}, errSignIn
	}
	return authn.Authenticate(ctx, token)
}

// authorize admits calls that the policy of the method admits, and no others.
func authorize(ctx context.Context, c *call, next func(context.Context) error) error {
	if isExempt(c.method) {
		return next(ctx)
	}
	policy, ok := Policy(c.method)
	if !ok {
		return errNoSuchMethod
	}
	switch policy.GetCaller() {
	case apiv1.Caller_CALLER_ANYBODY:
		return next(ctx)
	case apiv1.Caller_CALLER_SERVICE:
		// The token of a process of the version before says only that one of ours is calling.
		if c.internal && (c.from == "" || slices.Contains(policy.GetServices(), c.from)) {
			return next(ctx)
		}
		return errInternalOnly
	case apiv1.Caller_CALLER_SIGNED_IN:
		if c.caller.UserID == "" {
			return errSignIn
		}
		if !admits(policy, c.caller) {
			return errRole
		}
		return next(ctx)
	default: // a policy that this program does not know yet
		return errRole
	}
}

// admits reports whether a signed-in caller has a role that the policy asks for. A role in one salon is enough here: the
// service checks in SQL whether it is the salon of the row.
func admits(policy *apiv1.MethodPolicy, caller auth.Principal) bool {
	roles, salonRoles := policy.GetRoles(), policy.GetSalonRoles()
	return len(roles) == 0 && len(salonRoles) == 0 || slices.Contains(roles, caller.Role) ||
		len(caller.Salons(salonRoles...)) > 0
}
