package rpc

import (
	"context"

	grpcprom "github.com/grpc-ecosystem/go-grpc-middleware/providers/prometheus"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"

	"github.com/beauty-salon/platform/internal/metrics"
)

// buckets, in seconds, have a high resolution at the durations of cached reads and of bookings.
var buckets = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// counts records the number, the codes and the durations of calls, for each method.
type counts struct {
	server *grpcprom.ServerMetrics // nil counts nothing
}

// newCounts returns collectors that all servers in this process share.
func newCounts(reg prometheus.Registerer) counts {
	if reg == nil {
		return counts{}
	}
	return counts{server: metrics.Register(reg, grpcprom.NewServerMetrics(
		grpcprom.WithServerHandlingTimeHistogram(grpcprom.WithHistogramBuckets(buckets))))}
}

// counted excludes methods that do not exist: callers choose their names, and each name would be a new series. It excludes probes too,
// of which there are more than calls when little is going on.
func (m counts) counted(method string) bool {
	if m.server == nil {
		return false
	}
	_, ok := Policy(method)
	return ok
}

func (m counts) unary() grpc.UnaryServerInterceptor {
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

func (m counts) streaming() grpc.StreamServerInterceptor {
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
