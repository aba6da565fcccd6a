package postgres

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// maxQueryText bounds the text of a statement in a span, in bytes.
const maxQueryText = 4 << 10

// tracer records a span for each statement and each pipeline that belongs to a trace; statements of work in the background, such as
// polls, belong to none. A span has the text of the statement with places for the parameters, never their values, and of an
// error the SQLSTATE only: its message may quote values.
type tracer struct {
	spans  trace.Tracer
	schema string
}

// newTracer returns a tracer that records with the global TracerProvider.
func newTracer(schema string) *tracer {
	return &tracer{spans: otel.Tracer("github.com/beauty-salon/platform/internal/postgres"), schema: schema}
}

// TraceQueryStart implements [pgx.QueryTracer].
func (t *tracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	return t.start(ctx, operation(data.SQL), data.SQL)
}

// TraceQueryEnd implements [pgx.QueryTracer].
func (t *tracer) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	end(ctx, data.Err)
}

// TraceBatchStart implements [pgx.BatchTracer].
func (t *tracer) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return ctx // the texts are not even put together
	}
	texts := make([]string, len(data.Batch.QueuedQueries))
	for i, q := range data.Batch.QueuedQueries {
		texts[i] = q.SQL
	}
	return t.start(ctx, "BATCH", strings.Join(texts, ";\n"), attribute.Int("db.operation.batch.size", len(texts)))
}

// TraceBatchQuery implements [pgx.BatchTracer].
func (t *tracer) TraceBatchQuery(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchQueryData) {
	if data.Err != nil {
		fail(ctx, data.Err)
	}
}

// TraceBatchEnd implements [pgx.BatchTracer].
func (t *tracer) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchEndData) {
	end(ctx, data.Err)
}

// spanKey is the key of a span of start in a context. The span of the context itself may be the caller's.
type spanKey struct{}

func (t *tracer) start(ctx context.Context, operation, text string, more ...attribute.KeyValue) context.Context {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return ctx
	}
	links, _ := ctx.Value(linksKey{}).([]trace.Link)
	ctx, span := t.spans.Start(ctx, operation+" "+t.schema, trace.WithSpanKind(trace.SpanKindClient), trace.WithLinks(links...),
		trace.WithAttributes(attribute.String("db.system.name", "postgresql"), attribute.String("db.namespace", t.schema),
			attribute.String("db.operation.name", operation), attribute.String("db.query.text", text[:min(len(text), maxQueryText)])),
		trace.WithAttributes(more...))
	return context.WithValue(ctx, spanKey{}, span)
}

func end(ctx context.Context, err error) {
	if err != nil {
		fail(ctx, err)
	}
	if span, ok := ctx.Value(spanKey{}).(trace.Span); ok {
		span.End()
	}
}

func fail(ctx context.Context, err error) {
	span, ok := ctx.Value(spanKey{}).(trace.Span)
	if !ok {
		return
	}
	state := SQLState(err)
	if state == "" {
		span.SetStatus(codes.Error, "no answer")
		return
	}
	span.SetAttributes(attribute.String("db.response.status_code", state))
	span.SetStatus(codes.Error, "SQLSTATE "+state)
}

// operation is the first word of a statement, such as "SELECT".
func operation(sql string) string {
	fields := strings.FieldsFunc(sql[:min(len(sql), 100)], func(r rune) bool { return r < 'A' || r > 'Z' && r < 'a' || r > 'z' })
	if len(fields) == 0 {
		return "STATEMENT"
	}
	return strings.ToUpper(fields[0])
}

type linksKey struct{}

// WithTraceOf returns ctx for a statement that does the work of several callers: its span is in the trace of the first one that is
// traced, with links to the others.
func WithTraceOf(ctx context.Context, callers ...context.Context) context.Context {
	var links []trace.Link
	for _, caller := range callers {
		span := trace.SpanFromContext(caller)
		switch {
		case !span.IsRecording():
		case !trace.SpanFromContext(ctx).IsRecording():
			ctx = trace.ContextWithSpan(ctx, span)
		default:
			links = append(links, trace.Link{SpanContext: span.SpanContext()})
		}
	}
	if len(links) == 0 {
		return ctx
	}
	return context.WithValue(ctx, linksKey{}, links)
}
