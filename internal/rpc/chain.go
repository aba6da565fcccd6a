package rpc

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"

	"github.com/beauty-salon/platform/internal/auth"
)

// DefaultTimeout bounds a call when nothing else is configured.
const DefaultTimeout = 30 * time.Second

// Authenticator returns the caller of a bearer token. It must be safe for concurrent use, and must return an error
// of code UNAUTHENTICATED for a token that is not valid.
type Authenticator interface {
	// Authenticate returns the caller whom the token identifies.
	Authenticate(ctx context.Context, bearer string) (auth.Principal, error)
}

// ServerConfig describes the chain of a server.
type ServerConfig struct {
	// Log receives the access log and the causes of errors. Calls that succeeded, or failed because of the caller, are
	// logged at level debug: the gateway has logged their request already.
	Log zerolog.Logger
	// Auth authenticates callers. With nil, only public and internal methods answer.
	Auth Authenticator
	// Services verifies that a call comes from one of our services. With nil, no call does.
	Services *auth.ServiceCredential
	// Metrics receives the counters and the histogram of each method. Several servers may share it; nil counts
	// nothing.
	Metrics prometheus.Registerer
	// Service is the service's name in the log, such as "user".
	Service string
	// MaxTimeout bounds every unary call; 0 means DefaultTimeout.
	MaxTimeout time.Duration
	// Changed is called, before the answer, after each call of somebody who is signed in that may have changed something. It may be nil.
	Changed func(ctx context.Context, userID string)
	// Tracing records OpenTelemetry spans with the global TracerProvider.
	Tracing bool
	// Health is served as grpc.health.v1.Health by NewServer; nil means one that is always SERVING.
	Health *health.Server
}

// Interceptors is the chain, outermost first.
type Interceptors struct {
	// Unary is for unary calls.
	Unary []grpc.UnaryServerInterceptor
	// Stream is for streams.
	Stream []grpc.StreamServerInterceptor
}

// NewInterceptors makes the chain for every call to a service.
func NewInterceptors(cfg ServerConfig) (Interceptors, error) {
	if cfg.MaxTimeout < 0 {
		return Interceptors{}, errors.New("rpc: MaxTimeout is negative")
	}
	if cfg.MaxTimeout == 0 {
		cfg.MaxTimeout = DefaultTimeout
	}
	// The order matters. The OpenTelemetry stats handler is not in the list: gRPC runs it outside of all interceptors,
	// so every stage can log the trace.
	//
	//  1. request id: all later stages log it. The stage also verifies whether one of our services is calling, because
	//     only they may report the client's address. It refuses no call yet: such a call would miss the log and the
	//     metrics.
	//  2. access log: outside of all stages that can fail, so that every call, even one that panics, logs one line.
	//  3. metrics: for the same reason. They are inside the log because losing a count is less bad than losing a line.
	//  4. error mapping: log and metrics see the code that the caller gets. The cause is kept for the log.
	//  5. recovery: directly inside of the mapping, which turns a panic into INTERNAL. Further out, a panic would skip
	//     log, metrics and mapping.
	//  6. deadline: it also bounds the checks below, which call other services.
	//  7. authentication: identifies the caller.
	//  8. authorization: denies by default. It is before validation, so that a call without permission reveals nothing
	//     about the rules of a method and costs little.
	//  9. validation: the handler sees only messages that are normalised and follow the contract's rules.
	// 10. changes, where there is Changed: what the handler did is recorded before the caller knows, so that the next call sees it.
	layers := []layer{
		stage{around: identify(cfg.Services)},
		stage{around: accessLog(cfg)},
		newCounts(cfg.Metrics),
		stage{around: mapErrors},
		stage{around: recoverPanics},
		stage{around: limitTime(cfg.MaxTimeout)},
		stage{around: authenticate(cfg.Auth)},
		stage{around: authorize},
		stage{message: checkMessage},
	}
	if cfg.Changed != nil {
		layers = append(layers, stage{around: afterChanges(cfg.Changed)})
	}
	var chain Interceptors
	for _, l := range layers {
		chain.Unary = append(chain.Unary, l.unary())
		chain.Stream = append(chain.Stream, l.streaming())
	}
	return chain, nil
}

// unary chains the interceptors into one, for servers that take only one.
func (i Interceptors) unary() grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		return nextUnary(i.Unary, info, handler)(ctx, req)
	}
}

func nextUnary(rest []grpc.UnaryServerInterceptor, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) grpc.UnaryHandler {
	if len(rest) == 0 {
		return handler
	}
	return func(ctx context.Context, req any) (any, error) {
		return rest[0](ctx, req, info, nextUnary(rest[1:], info, handler))
	}
}

// streaming is unary for streams.
func (i Interceptors) streaming() grpc.StreamServerInterceptor {
	return func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		return nextStream(i.Stream, info, handler)(srv, ss)
	}
}

func nextStream(rest []grpc.StreamServerInterceptor, info *grpc.StreamServerInfo, handler grpc.StreamHandler) grpc.StreamHandler {
	if len(rest) == 0 {
		return handler
	}
	return func(srv any, ss grpc.ServerStream) error {
		return rest[0](srv, ss, info, nextStream(rest[1:], info, handler))
	}
}
