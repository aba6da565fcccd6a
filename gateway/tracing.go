package gateway

import (
	"context"
	"net/http"
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// trace begins the span of a REST request and returns a function that ends it. Pages and probes have no span. For
// gRPC the server records the span.
func (g *Gateway) trace(ctx context.Context, r *http.Request) (context.Context, func(*route, int)) {
	if !g.cfg.Tracing || !strings.HasPrefix(r.URL.Path, "/v1/") {
		return ctx, func(*route, int) {}
	}
	ctx = otel.GetTextMapPropagator().Extract(ctx, propagation.HeaderCarrier(r.Header))
	ctx, span := otel.Tracer("github.com/beauty-salon/platform/gateway").Start(ctx, r.Method,
		trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attribute.String("http.request.method", r.Method)))
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
