package rpc

import (
	"context"
	"errors"
	"fmt"

	grpcprom "github.com/grpc-ecosystem/go-grpc-middleware/providers/prometheus"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
)

// buckets, in seconds, are fine where cached reads and bookings are.
var buckets = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// metrics counts calls and their codes and measures their time, a method each.
type metrics struct {
	server *grpcprom.ServerMetrics // nil counts nothing
}

// newMetrics registers the collectors, or takes over those that another server in this process has registered.
func newMetrics(reg prometheus.Registerer) (metrics, error) {
	if reg == nil {
		return metrics{}, nil
	}
	m := grpcprom.NewServerMetrics(grpcprom.WithServerHandlingTimeHistogram(grpcprom.WithHistogramBuckets(buckets)))
	if err := reg.Register(m); err != nil {
		var have prometheus.AlreadyRegisteredError
		if !errors.As(err, &have) {
			return metrics{}, fmt.Errorf("rpc: register metrics: %w", err)
		}
		existing, ok := have.ExistingCollector.(*grpcprom.ServerMetrics)
		if !ok {
			return metrics{}, fmt.Errorf("rpc: register metrics: %w", err)
		}
		m = existing
	}
	return metrics{server: m}, nil
}

// counted keeps methods that do not exist out of the labels: callers choose their names, and each would be a new series.
func (m metrics) counted(method string) bool {
	if m.server == nil {
		return false
	}
	_, ok := Policy(method)
	return ok || isExempt(method)
}

func (m metrics) unary() grpc.UnaryServerInterceptor {
	if m.server == nil {
		return func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
			return handler(ctx, req)
		}
	}
	count := m.server.UnaryServerInterceptor()
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		if !m.counted(info.FullMethod) {
			return handler(ctx, req)
		}
		return count(ctx, req, info, handler)
	}
}

func (m metrics) streaming() grpc.StreamServerInterceptor {
	if m.server == nil {
		return func(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
			return handler(srv, ss)
		}
	}
	count := m.server.StreamServerInterceptor()
	return func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		if !m.counted(info.FullMethod) {
			return handler(srv, ss)
		}
		return count(srv, ss, info, handler)
	}
}
