package rpc

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/postgres"
)

// The errors of the chain itself.
var (
	errNoSuchMethod = apierr.New(codes.Unimplemented, apiv1.ErrorReason_ERROR_REASON_NO_SUCH_METHOD,
		"no such method")
	// errServiceToken is our fault, as when a change of the secret has reached only one of two services. With
	// UNAUTHENTICATED, which would reach the user's client, the client would sign out. With UNAVAILABLE, reads are
	// retried.
	errServiceToken = apierr.New(codes.Unavailable, apiv1.ErrorReason_ERROR_REASON_UNAVAILABLE,
		"a part of the system cannot be reached; try again")
	errNoServices = apierr.New(codes.Unauthenticated, apiv1.ErrorReason_ERROR_REASON_UNAUTHENTICATED,
		"service tokens are not accepted here")
	errManyTokens = apierr.New(codes.InvalidArgument, apiv1.ErrorReason_ERROR_REASON_MALFORMED_REQUEST,
		"more than one authorization header")
	errNotBearer = apierr.New(codes.Unauthenticated, apiv1.ErrorReason_ERROR_REASON_UNAUTHENTICATED,
		"the authorization header must be Bearer and an access token")
	errSignIn = apierr.New(codes.Unauthenticated, apiv1.ErrorReason_ERROR_REASON_UNAUTHENTICATED,
		"an access token is required")
	errRole = apierr.New(codes.PermissionDenied, apiv1.ErrorReason_ERROR_REASON_PERMISSION_DENIED,
		"your role may not do this")
	errInternalOnly = apierr.New(codes.PermissionDenied, apiv1.ErrorReason_ERROR_REASON_PERMISSION_DENIED,
		"only other services may call this")
	errMalformed = apierr.New(codes.InvalidArgument, apiv1.ErrorReason_ERROR_REASON_MALFORMED_REQUEST,
		"the message could not be read")
	errNotConnected = apierr.New(codes.Unavailable, apiv1.ErrorReason_ERROR_REASON_UNAVAILABLE,
		"a part of the system cannot be reached; try again")
)

// mapErrors sends the public part of an error to the caller and keeps the cause for the access log.
func mapErrors(ctx context.Context, c *call, next func(context.Context) error) error {
	err := next(ctx)
	if err == nil {
		return nil
	}
	c.err = apierr.From(postgres.APIError(err))
	if !c.internal { // whoever called one of our services gets the id from that one
		c.err = c.err.WithRequestID(RequestID(ctx))
	}
	return c.err.GRPCStatus().Err()
}

// panicError is the error of a recovered panic.
type panicError struct {
	value any
	stack []byte
}

// Error returns the value of the panic.
func (p *panicError) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// recoverPanics turns a panic into an Internal error.
func recoverPanics(ctx context.Context, _ *call, next func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = apierr.Internal(&panicError{value: p, stack: debug.Stack()})
		}
	}()
	return next(ctx)
}

// limitTime gives every unary call a deadline: the deadline of the caller, but at most the given timeout from now.
// A call whose deadline has passed is not started. Streams end with their caller.
func limitTime(most time.Duration) around {
	return func(ctx context.Context, c *call, next func(context.Context) error) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if c.stream {
			return next(ctx)
		}
		ctx, cancel := context.WithTimeout(ctx, most)
		defer cancel()
		return next(ctx)
	}
}

// unknownMethod answers for methods that no service has. The chain runs before it as for every method.
func unknownMethod(any, grpc.ServerStream) error { return errNoSuchMethod }
