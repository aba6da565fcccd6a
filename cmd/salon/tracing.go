package main

import (
	"context"
	"fmt"
	"os"

	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/beauty-salon/platform/internal/lifecycle"
)

// startTracing records spans and sends them to the collector that OpenTelemetry's own variables name. Without such a
// variable nothing is recorded. The last spans are sent when the stack is closed.
func startTracing(ctx context.Context, cfg *appConfig, stack *lifecycle.Stack, log zerolog.Logger) error {
	if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "" {
		return nil
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return fmt.Errorf("tracing: %w", err)
	}
	// The environment comes last, so that OTEL_SERVICE_NAME wins.
	about, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithHost(), resource.WithAttributes(
		attribute.String("service.name", "salon"), attribute.String("service.version", version)), resource.WithFromEnv())
	if err != nil {
		return fmt.Errorf("tracing: %w", err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about))
	otel.SetTracerProvider(provider)
	otel.SetTextMapPropagator(propagation.TraceContext{})
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn().Err(err).Msg("spans were lost") }))
	cfg.tracing = true
	stack.Push(lifecycle.Part{Name: "tracing", StopTimeout: stopTime, Stop: func(ctx context.Context) error {
		if err := provider.Shutdown(ctx); err != nil {
			log.Warn().Err(err).Msg("spans were lost") // a collector that is away does not make the stop fail
		}
		return nil
	}})
	return nil
}
