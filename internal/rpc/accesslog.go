package rpc

import (
	"context"
	"errors"
	"time"

	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// accessLog writes one line for each call: the caller, the method, the result and the duration, never the content.
// The cause of an error is on the same line.
func accessLog(cfg ServerConfig) around {
	log := cfg.Log.With().Str("service", cfg.Service).Logger()
	return func(ctx context.Context, c *call, next func(context.Context) error) error {
		start := time.Now()
		err := next(ctx)
		code := status.Code(err)
		if err == nil && isExempt(c.method) { // probes: some each second
			return nil
		}
		level := levelOf(code)
		if c.refusal != nil && cfg.Services != nil { // the secret keys of two services differ
			level = zerolog.ErrorLevel
		}
		line := log.WithLevel(level)
		if !line.Enabled() {
			return err
		}
		info := Info(ctx)
		line.Str("request_id", info.ID).
			Str("method", printable(c.method)).
			Str("code", code.String()).
			Dur("duration_ms", time.Since(start)).
			Bool("internal", c.internal)
		if span := trace.SpanContextFromContext(ctx); span.HasTraceID() {
			line.Stringer("trace_id", span.TraceID())
		}
		if c.caller.UserID != "" {
			line.Str("user_id", c.caller.UserID)
		}
		if info.ClientIP != "" {
			line.Str("client_ip", info.ClientIP)
		}
		size(line, "request_bytes", c.request)
		size(line, "response_bytes", c.response)
		privateHalf(line, c)
		line.Msg("call")
		return err
	}
}

// levelOf returns error for faults of ours, and debug for everything that a caller can cause.
func levelOf(code codes.Code) zerolog.Level {
	switch code {
	case codes.Internal, codes.Unknown, codes.DataLoss:
		return zerolog.ErrorLevel
	case codes.Unavailable, codes.DeadlineExceeded:
		return zerolog.WarnLevel
	default:
		return zerolog.DebugLevel
	}
}

func size(line *zerolog.Event, key string, message any) {
	if m, ok := message.(proto.Message); ok {
		line.Int(key, proto.Size(m))
	}
}

func privateHalf(line *zerolog.Event, c *call) {
	if c.err == nil {
		return
	}
	line.Str("reason", c.err.ReasonName())
	if c.err.Cause() != nil {
		line.AnErr("error", c.err.Cause())
	}
	if p, ok := errors.AsType[*panicError](c.err); ok {
		line.Bytes("stack", p.stack)
	}
}
