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
		switch tokens := metadata.ValueFromIncomingContext(ctx, MDServiceToken); {
		case len(tokens) == 0:
		case services == nil:
			c.refusal = errNoServices
		case len(tokens) > 1:
			c.refusal = errServiceToken.WithCause(errors.New("more than one service token"))
		default:
			if err := services.Verify(tokens[0]); err != nil {
				c.refusal = errServiceToken.WithCause(err)
			}
			c.internal = c.refusal == nil
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
