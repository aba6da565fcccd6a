package rpc

import (
	"time"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc/filters"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/stats"
)

// Limits of all our servers and connections.
const (
	// MaxMessageSize is the largest message in bytes, in both directions. The gateway accepts 1 MiB; messages between
	// services may be larger.
	MaxMessageSize = 4 << 20
	// maxHeaderSize bounds a call's metadata, in bytes. The largest is the access token.
	maxHeaderSize = 64 << 10
	// maxStreams bounds the calls that run at once on one connection.
	maxStreams = 1000
	// connectionTimeout bounds the handshake.
	connectionTimeout = 10 * time.Second
)

// NewServer returns a server with our chain, limits, health and reflection. opts may override the limits. Register
// the services, call CheckPolicies, then Serve.
func NewServer(cfg ServerConfig, opts ...grpc.ServerOption) (*grpc.Server, error) {
	chain, err := NewInterceptors(cfg)
	if err != nil {
		return nil, err
	}
	all := []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(chain.Unary...),
		grpc.ChainStreamInterceptor(chain.Stream...),
		grpc.UnknownServiceHandler(unknownMethod),
		grpc.ForceServerCodecV2(newCodec()),
		grpc.MaxRecvMsgSize(MaxMessageSize),
		grpc.MaxSendMsgSize(MaxMessageSize),
		grpc.MaxHeaderListSize(maxHeaderSize),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.ConnectionTimeout(connectionTimeout),
		// Connections are closed from time to time, so that balancers in between can spread them anew. Clients repeat what was not begun.
		grpc.KeepaliveParams(keepalive.ServerParameters{
			MaxConnectionIdle:     15 * time.Minute,
			MaxConnectionAge:      30 * time.Minute,
			MaxConnectionAgeGrace: time.Minute,
			Time:                  time.Minute,
			Timeout:               20 * time.Second,
		}),
		// Accept probes twice as often as our own clients send them (see dialOptions).
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{
			MinTime:             clientKeepalive / 2,
			PermitWithoutStream: true,
		}),
	}
	if cfg.Tracing {
		all = append(all, grpc.StatsHandler(ServerTracing()))
	}
	s := grpc.NewServer(append(all, opts...)...)
	if cfg.Health == nil {
		cfg.Health = health.NewServer()
	}
	healthv1.RegisterHealthServer(s, cfg.Health)
	reflection.Register(s)
	return s, nil
}

// ServerTracing records a span for each call with the global TracerProvider, except for health checks.
func ServerTracing() stats.Handler {
	return otelgrpc.NewServerHandler(otelgrpc.WithFilter(filters.Not(filters.HealthCheck())))
}

// clientTracing records a span for each call, except for health checks.
func clientTracing() stats.Handler {
	return otelgrpc.NewClientHandler(otelgrpc.WithFilter(filters.Not(filters.HealthCheck())))
}
