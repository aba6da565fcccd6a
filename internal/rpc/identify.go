package rpc

import (
	"context"
	"errors"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/beauty-salon/platform/internal/auth"
)

// FromService tells whether the call that ctx belongs to comes from one of our own services.
func FromService(ctx context.Context) bool {
	c := callOf(ctx)
	return c != nil && c.internal
}

// identify gives the call its id and finds out whether one of our services is calling.
func identify(services *auth.ServiceCredential) around {
	return func(ctx context.Context, c *call, next func(context.Context) error) error {
		switch tokens := metadata.ValueFromIncomingContext(ctx, MDServiceToken); {
		case len(tokens) == 0:
		case len(tokens) > 1:
			c.refusal = errors.New("more than one service token")
		case services == nil:
			c.refusal = errors.New("service tokens are not accepted here")
		default:
			c.refusal = services.Verify(tokens[0])
			c.internal = c.refusal == nil
		}
		info := incomingInfo(ctx, c.internal)
		if !c.internal {
			// Our own services know the id: it is theirs. A header would also keep their clients from trying a failed read
			// again, since an answer has begun with it. It only fails when headers were sent already.
			_ = grpc.SetHeader(ctx, metadata.Pairs(MDRequestID, info.ID))
		}
		return next(context.WithValue(WithRequestInfo(ctx, info), callKey{}, c))
	}
}
