package gateway

import (
	"context"
	"net/http"
	"strings"

	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/beauty-salon/platform/internal/rpc"
)

// trace begins the span of a REST request and returns a function that ends it. Pages and probes have no span. For
// gRPC the server records the span.
func (g *Gateway) trace(ctx context.Context, r *http.Request, id string) (context.Context, func(*route, int)) {
	ctx = remoteTrace(ctx, r.Header.Get("Traceparent"), r.Header.Get("Tracestate"))
	if !g.cfg.Tracing || !strings.HasPrefix(r.URL.Path, "/v1/") {
		return ctx, func(*route, int) {}
	}
	ctx, span := otel.Tracer("github.com/beauty-salon/platform/gateway").Start(ctx, r.Method,
		trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(attribute.String("http.request.method", r.Method), rpc.RequestIDAttribute(id)))
	return ctx, func(found *route, status int) {
		if found != nil { // the route is known only now
			span.SetName(found.Verb + " " + found.Template)
			span.SetAttributes(attribute.String("http.route", found.Template))
		}
		span.SetAttributes(attribute.Int("http.response.status_code", status))
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// remoteTrace adds the trace of the client (W3C Trace Context), so that the access log has its id even when Salon
// records no spans.
func remoteTrace(ctx context.Context, parent, state string) context.Context {
	if parent == "" {
		return ctx
	}
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": parent, "tracestate": state})
}

// logTrace adds the id of the trace to an access line.
func logTrace(ctx context.Context, e *zerolog.Event) {
	if span := trace.SpanContextFromContext(ctx); span.HasTraceID() {
		e.Stringer("trace_id", span.TraceID())
	}
}
