package rpc_test

import (
	"slices"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/rs/zerolog"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/polltest"
	"github.com/beauty-salon/platform/internal/rpc"
)

// A call is one trace on both sides, and the access log names it. Not parallel: the TracerProvider is global.
func TestTracing(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	otel.SetTracerProvider(provider)
	otel.SetTextMapPropagator(propagation.TraceContext{})

	for _, remote := range []bool{false, true} {
		log := &logBuffer{}
		cfg := rpc.ServerConfig{Log: zerolog.New(log), Tracing: true}
		c := rpc.NewConns(rpc.ConnsConfig{Tracing: true})
		if remote {
			connectRemote(t, c, serve(t, cfg, (&masters{}).register))
		} else {
			connectLocal(t, c, cfg, (&masters{}).register)
		}
		ctx, root := provider.Tracer("test").Start(t.Context(), "root")
		_, err := userv1.NewMasterServiceClient(c.For("user")).GetMaster(ctx, &userv1.GetMasterRequest{MasterId: someID})
		root.End()
		check(t, err, "")
		want := root.SpanContext().TraceID()
		if line := log.lines(t, 1)[0]; line["trace_id"] != want.String() {
			t.Errorf("remote %v: the log has %v, want %v", remote, line["trace_id"], want)
		}
		polltest.Until(t, "three spans have ended", func() bool {
			n := 0
			for _, s := range spans.Ended() {
				if s.SpanContext().TraceID() == want {
					n++
				}
			}
			return n == 3 // root, client, server
		})
		for _, s := range spans.Ended() {
			if s.SpanContext().TraceID() == want && s.SpanKind() == trace.SpanKindServer {
				if id := log.lines(t, 1)[0]["request_id"]; !slices.Contains(s.Attributes(), rpc.RequestIDAttribute(id.(string))) {
					t.Errorf("remote %v: the server's span has %v, want the request %v", remote, s.Attributes(), id)
				}
			}
		}
	}
}
