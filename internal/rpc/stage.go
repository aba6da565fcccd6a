package rpc

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
)

// call is the state of one call in the chain. The request id stage makes it. It belongs to the goroutine that runs
// the chain.
type call struct {
	method   string
	stream   bool
	unknown  bool           // the server does not have the method
	internal bool           // the service token is valid
	from     string         // the service that calls; "" when it is of the version before, or none
	refusal  error          // why the service token is not valid
	caller   auth.Principal // the zero value when not signed in
	err      *apierr.Error  // the error of the call, with its cause
	request  any            // unary calls only
	response any
}

type callKey struct{}

func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// layer is one interceptor, for unary calls and for streams.
type layer interface {
	unary() grpc.UnaryServerInterceptor
	streaming() grpc.StreamServerInterceptor
}

// around runs once a call. It calls next at most once.
type around func(ctx context.Context, c *call, next func(context.Context) error) error

// stage is a layer that treats unary calls and streams in the same way.
type stage struct {
	// around runs once a call.
	around around
	// message runs on each message from the caller before the handler sees it. It may change the message.
	message func(ctx context.Context, m proto.Message) error
}

// unary makes the interceptor for unary calls.
func (s stage) unary() grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		if s.message != nil {
			if m, ok := req.(proto.Message); ok {
				if err := s.message(ctx, m); err != nil {
					return nil, err
				}
			}
		}
		if s.around == nil {
			return handler(ctx, req)
		}
		c := callOf(ctx)
		if c == nil {
			c = &call{method: info.FullMethod, request: req}
		}
		var resp any
		err := s.around(ctx, c, func(ctx context.Context) (err error) {
			resp, err = handler(ctx, req)
			c.response = resp
			return err
		})
		if err != nil {
			return nil, err
		}
		return resp, nil
	}
}

// streaming makes the interceptor for streams.
func (s stage) streaming() grpc.StreamServerInterceptor {
	return func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		ctx := ss.Context()
		if s.around == nil {
			return handler(srv, &stream{ServerStream: ss, ctx: ctx, message: s.message})
		}
		c := callOf(ctx)
		if c == nil {
			c = &call{method: info.FullMethod, stream: true, unknown: srv == nil}
		}
		return s.around(ctx, c, func(ctx context.Context) error {
			return handler(srv, &stream{ServerStream: ss, ctx: ctx, message: s.message})
		})
	}
}

// stream has the context of the stage and passes messages through it.
type stream struct {
	grpc.ServerStream
	ctx     context.Context
	message func(ctx context.Context, m proto.Message) error
}

// Context returns the context as the stage made it.
func (s *stream) Context() context.Context { return s.ctx }

// RecvMsg passes a received message to the stage.
func (s *stream) RecvMsg(m any) error {
	if err := s.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	if pm, ok := m.(proto.Message); ok && s.message != nil {
		return s.message(s.ctx, pm)
	}
	return nil
}
