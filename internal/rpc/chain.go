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

// DefaultTimeout is how long a call may take when nothing else is configured.
const DefaultTimeout = 30 * time.Second

// Authenticator turns a bearer token into the caller. It must be safe for concurrent use, and must return an error of
// code UNAUTHENTICATED for a token that is not valid (any more).
type Authenticator interface {
	// Authenticate returns the caller whom the token belongs to.
	Authenticate(ctx context.Context, bearer string) (auth.Principal, error)
}

// ServerConfig says what a server's chain needs.
type ServerConfig struct {
	// Log takes the access log and the causes of errors. Calls that went well, or failed by the caller's doing, are logged
	// at level debug: the gateway has logged their request already.
	Log zerolog.Logger
	// Auth knows the callers. Nil where nobody can sign in: then only public and internal methods answer.
	Auth Authenticator
	// Services proves that a call comes from one of our services. Nil where none does.
	Services *auth.ServiceCredential
	// Metrics takes the counters and the histogram a method. Several servers may share it; nil counts nothing.
	Metrics prometheus.Registerer
	// Service is the service's name in the log, such as "user".
	Service string
	// MaxTimeout bounds every unary call; 0 means DefaultTimeout.
	MaxTimeout time.Duration
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

// NewInterceptors makes the chain that every call to a service of ours goes through.
func NewInterceptors(cfg ServerConfig) (Interceptors, error) {
	if cfg.MaxTimeout < 0 {
		return Interceptors{}, errors.New("rpc: MaxTimeout is negative")
	}
	if cfg.MaxTimeout == 0 {
		cfg.MaxTimeout = DefaultTimeout
	}
	// The order matters. The OpenTelemetry stats handler is not in the list: gRPC runs it outside of all interceptors,
	// so every line that is logged below can name the trace.
	//
	//  1. request id: everything that follows, the access log first, writes it down. It also finds out whether one of
	//     our services is calling, since only they are believed about the client's address. It refuses nobody yet: that
	//     would escape the log and the metrics.
	//  2. access log: outside of all that can fail, so that every call leaves one line, a panic too.
	//  3. metrics: the same; inside the log only because they are cheaper to lose.
	//  4. error mapping: log and metrics see the code that the caller gets. It keeps the private half for the log.
	//  5. recovery: directly inside of the mapping, which makes the INTERNAL of a panic. Further out, a panic would skip
	//     log, metrics and mapping.
	//  6. deadline: the checks below ask other services and must not hang either.
	//  7. authentication: says who calls.
	//  8. authorization: denies by default. Before validation, so that a stranger learns nothing about the rules of a
	//     method and costs as little as possible.
	//  9. validation: the handler sees only messages that are normalised and keep the contract's rules.
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

// streaming is the same for streams.
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
