package gateway

import (
	"context"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/rpc"
)

// record is what one request adds to the access log and the metrics.
type record struct {
	route  *route // nil until the method is known
	userID string
	reason string // the reason of an error
}

type recordKey struct{}

func recordOf(ctx context.Context) *record {
	rec, _ := ctx.Value(recordKey{}).(*record)
	return rec
}

// recordRoute notes which method a request calls, where a record is kept.
func recordRoute(ctx context.Context, r *route) {
	if rec := recordOf(ctx); rec != nil {
		rec.route = r
	}
}

// metrics are the gateway's own metrics: rate, errors and duration of each route.
type metrics struct {
	duration *prometheus.HistogramVec
	cached   prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "salon_gateway_request_duration_seconds",
			Help:    "Duration of requests at the gateway.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"protocol", "route", "code"}),
		cached: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "salon_gateway_cached_responses_total",
			Help: "Answers that were served from the gateway's memory.",
		}),
	}
	for _, c := range []prometheus.Collector{m.duration, m.cached} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// recorder records the status and the size of an answer for the access log.
type recorder struct {
	http.ResponseWriter
	status  int
	written int64
}

// WriteHeader sends the status.
func (w *recorder) WriteHeader(code int) {
	if w.status == 0 {
		w.status = code
	}
	w.ResponseWriter.WriteHeader(code)
}

// Write sends a part of the body.
func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.written += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// noRoute is the label of all paths and methods that do not exist. Their number is unbounded, so they share one
// label.
const noRoute = "none"

// observe is the outermost handler. It sets the request id, measures the time, logs one line and turns a panic into
// a 500. The recovery is inside the logging, so that a request that panics is logged too.
func (g *Gateway) observe(next func(*recorder, *http.Request)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rw := &recorder{ResponseWriter: w}
		id := r.Header.Get("X-Request-Id")
		if !rpc.ValidRequestID(id) {
			id = rpc.NewRequestID()
		}
		rw.Header()["X-Request-Id"] = []string{id}
		setSecurityHeaders(rw.Header())
		rec := &record{}
		ctx := rpc.WithRequestInfo(r.Context(), rpc.RequestInfo{
			ID: id, ClientIP: clientAddress(r, g.cfg.TrustedProxies), UserAgent: r.UserAgent(),
		})
		ctx, endSpan := g.trace(ctx, r, id)
		r = r.WithContext(context.WithValue(ctx, recordKey{}, rec))
		defer func() {
			if p := recover(); p != nil {
				g.deps.Log.Error().Str("request_id", id).Interface("panic", p).Bytes("stack", debug.Stack()).
					Msg("a request panicked")
				if rw.status == 0 {
					writeError(rw, r, apierr.Internal(nil))
				}
			}
			g.logHTTP(r, rw, rec, id, time.Since(start))
			endSpan(rec.route, rw.status)
		}()
		next(rw, r)
	})
}

func (g *Gateway) logHTTP(r *http.Request, rw *recorder, rec *record, id string, took time.Duration) {
	name := noRoute
	if rec.route != nil {
		name = rec.route.Verb + " " + rec.route.Template
	}
	g.metrics.duration.WithLabelValues("http", name, strconv.Itoa(rw.status)).Observe(took.Seconds())
	e := g.deps.AccessLog.Log().Str("request_id", id).Str("protocol", "http").Str("method", r.Method).
		Str("route", name).Int("status", rw.status).Dur("duration_ms", took).
		Int64("request_bytes", max(r.ContentLength, 0)).Int64("response_bytes", rw.written)
	if rec.route == nil {
		e.Str("path", printable(r.URL.Path))
	}
	if rec.userID != "" {
		e.Str("user_id", rec.userID)
	}
	if rec.reason != "" {
		e.Str("reason", rec.reason)
	}
	logTrace(r.Context(), e)
	e.Str("client_ip", rpc.ClientIP(r.Context())).Send()
}

// observeUnary is observe for unary gRPC calls.
func (g *Gateway) observeUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (
	resp any, err error,
) {
	start := time.Now()
	ctx, id := g.withRPCInfo(ctx)
	_ = grpc.SetHeader(ctx, metadata.Pairs(rpc.MDRequestID, id)) // fails only when headers were sent already
	defer func() {
		err = g.finishRPC(ctx, info.FullMethod, id, start, err, recover())
	}()
	return handler(ctx, req)
}

// observeStream is observe for streams and for calls of methods that do not exist; for those srv is nil.
func (g *Gateway) observeStream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) (
	err error,
) {
	start := time.Now()
	ctx, id := g.withRPCInfo(ss.Context())
	_ = ss.SetHeader(metadata.Pairs(rpc.MDRequestID, id)) // fails only when headers were sent already
	method := info.FullMethod
	if srv == nil {
		method = noRoute
	}
	defer func() {
		err = g.finishRPC(ctx, method, id, start, err, recover())
	}()
	return handler(srv, &streamWithContext{ServerStream: ss, ctx: ctx})
}

type streamWithContext struct {
	grpc.ServerStream
	ctx context.Context
}

// Context returns the stream's context with the request information.
func (s *streamWithContext) Context() context.Context { return s.ctx }

func (g *Gateway) withRPCInfo(ctx context.Context) (context.Context, string) {
	var id string
	if ids := metadata.ValueFromIncomingContext(ctx, rpc.MDRequestID); len(ids) == 1 && rpc.ValidRequestID(ids[0]) {
		id = ids[0]
	} else {
		id = rpc.NewRequestID()
	}
	info := rpc.RequestInfo{ID: id, ClientIP: rpcClientAddress(ctx, g.cfg.TrustedProxies)}
	if agents := metadata.ValueFromIncomingContext(ctx, "user-agent"); len(agents) > 0 {
		info.UserAgent = agents[0]
	}
	if g.cfg.Tracing {
		trace.SpanFromContext(ctx).SetAttributes(rpc.RequestIDAttribute(id))
	} else if parents := metadata.ValueFromIncomingContext(ctx, "traceparent"); len(parents) == 1 {
		ctx = remoteTrace(ctx, parents[0], "")
	}
	return context.WithValue(rpc.WithRequestInfo(ctx, info), recordKey{}, &record{}), id
}

func (g *Gateway) finishRPC(ctx context.Context, method, id string, start time.Time, err error, panicked any) error {
	if panicked != nil {
		g.deps.Log.Error().Str("request_id", id).Interface("panic", panicked).Bytes("stack", debug.Stack()).
			Msg("a call panicked")
		err = apierr.Internal(nil)
	}
	var reason string
	if err != nil {
		e := apierr.From(err).WithRequestID(id)
		reason, err = e.ReasonName(), e.GRPCStatus().Err()
	}
	took := time.Since(start)
	code := status.Code(err)
	g.metrics.duration.WithLabelValues("grpc", method, code.String()).Observe(took.Seconds())
	e := g.deps.AccessLog.Log().Str("request_id", id).Str("protocol", "grpc").Str("route", method).
		Str("code", code.String()).Dur("duration_ms", took)
	if rec := recordOf(ctx); rec != nil && rec.userID != "" {
		e.Str("user_id", rec.userID)
	}
	if reason != "" {
		e.Str("reason", reason)
	}
	logTrace(ctx, e)
	e.Str("client_ip", rpc.ClientIP(ctx)).Send()
	return err
}
