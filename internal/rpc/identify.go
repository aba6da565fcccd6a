package rpc

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/beauty-salon/platform/internal/auth"
)

// identify sets the request id of the call and verifies whether one of our services is calling.
func identify(services *auth.ServiceCredential) around {
	return func(ctx context.Context, c *call, next func(context.Context) error) error {
		if !c.unknown { // a token is for one service, and that is not this one
			c.from, c.internal, c.refusal = peerOf(ctx, services, c.method)
		}
		info := incomingInfo(ctx, c.internal)
		trace.SpanFromContext(ctx).SetAttributes(RequestIDAttribute(info.ID))
		if !c.internal && c.refusal == nil {
			// Our own services sent the id, so they need no header with it. A header would also prevent gRPC from retrying a
			// failed read, because the answer would have begun. SetHeader fails only when headers were sent already.
			_ = grpc.SetHeader(ctx, metadata.Pairs(MDRequestID, info.ID))
		}
		return next(context.WithValue(WithRequestInfo(ctx, info), callKey{}, c))
	}
}

// peerOf returns which of our services is calling, as far as it says so. refusal is why its token is not valid.
func peerOf(ctx context.Context, services *auth.ServiceCredential, method string) (from string, internal bool, refusal error) {
	if isExempt(method) {
		return "", false, nil // such as health checks, which belong to no service and tell nobody's address
	}
	tokens, legacy := metadata.ValueFromIncomingContext(ctx, MDServiceCredential), false
	if len(tokens) == 0 {
		tokens, legacy = metadata.ValueFromIncomingContext(ctx, MDServiceToken), true
	}
	var err error
	switch {
	case len(tokens) == 0:
		return "", false, nil
	case services == nil:
		return "", false, errNoServices
	case len(tokens) > 1:
		err = errors.New("more than one service token")
	case legacy:
		err = services.VerifyLegacy(tokens[0])
	default:
		from, err = services.Verify(tokens[0], serviceOf(method))
	}
	if err != nil {
		return "", false, errServiceToken.WithCause(err)
	}
	return from, true, nil
}
