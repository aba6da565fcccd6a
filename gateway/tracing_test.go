package gateway

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"google.golang.org/grpc/metadata"

	"github.com/beauty-salon/platform/internal/rpc"
)

const (
	traceID     = "0af7651916cd43dd8448eb211c80319c"
	traceparent = "00-" + traceID + "-b7ad6b7169203331-01"
)

// TestTraceID: the access log has the client's trace, whether Salon records spans or not, and the span has the request's
// id. Not parallel: the TracerProvider is global.
func TestTraceID(t *testing.T) {
	before := otel.GetTracerProvider()
	t.Cleanup(func() { otel.SetTracerProvider(before) })
	spans := tracetest.NewSpanRecorder()
	otel.SetTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)))
	for _, tracing := range []bool{false, true} {
		var out strings.Builder
		g := newBareGateway(t, Config{Tracing: tracing}, &out)
		r := request(http.MethodGet, "/v1/nothing", "")
		r.Header.Set("Traceparent", traceparent)
		r.Header.Set("X-Request-Id", "my-id")
		g.observe(func(w *recorder, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }).ServeHTTP(httptest.NewRecorder(), r)
		if !strings.Contains(out.String(), `"trace_id":"`+traceID+`"`) {
			t.Errorf("tracing %t: logged %s", tracing, &out)
		}
	}
	ended := spans.Ended()
	if len(ended) != 1 || ended[0].SpanContext().TraceID().String() != traceID ||
		!slices.Contains(ended[0].Attributes(), rpc.RequestIDAttribute("my-id")) {
		t.Errorf("spans: %v", ended)
	}
}

// TestTraceIDOfRPC is the same for gRPC, whose spans gRPC itself begins.
func TestTraceIDOfRPC(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	g := newIdleGateway(t, &out)
	ctx := metadata.AppendToOutgoingContext(t.Context(), "traceparent", traceparent)
	_ = serveGRPC(t, g).Invoke(ctx, "/nothing.v1.Nothing/Do", nil, nil) // refused, which is logged too
	if !strings.Contains(out.String(), `"trace_id":"`+traceID+`"`) {
		t.Errorf("logged %s", &out)
	}
}
