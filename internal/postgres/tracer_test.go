package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/secret"
)

// Each statement and each pipeline of a trace is a span, without values. Not parallel: the TracerProvider is global.
func TestTracing(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	otel.SetTracerProvider(provider)
	server := pgtest.NewServer(t)
	db, err := postgres.Open(postgres.Config{URL: secret.Text(server.URL()), MaxConns: 2, Tracing: true}, server.Keys(), "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	const value = "hunter2"
	work := func(ctx context.Context) {
		var n int
		if err := db.Conn(ctx).Raw("SELECT count(*) FROM inbox WHERE consumer = ?", value).Scan(&n).Error; err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second one violates the key, and PostgreSQL's message has the value
			err = db.Conn(ctx).Exec("INSERT INTO inbox (consumer, event_id) VALUES (?, '00000000-0000-7000-8000-000000000001')", value).Error
		}
		if !postgres.IsUniqueViolation(err, "") {
			t.Fatal(err)
		}
		if _, err := postgres.Pipeline[struct{ N int }](ctx, db,
			postgres.Statement{SQL: remember, Args: []any{value + " too"}}, postgres.Statement{SQL: "SELECT 1 AS n"}); err != nil {
			t.Fatal(err)
		}
	}
	work(t.Context()) // belongs to no trace
	if n := len(spans.Ended()); n != 0 {
		t.Errorf("%d spans without a trace", n)
	}
	if err := db.Conn(t.Context()).Exec("DELETE FROM inbox").Error; err != nil {
		t.Fatal(err)
	}

	ctx, root := provider.Tracer("test").Start(t.Context(), "root")
	work(ctx)
	root.End()
	var got []string
	for _, s := range spans.Ended() {
		if s.SpanContext().SpanID() == root.SpanContext().SpanID() {
			continue
		}
		if s.Parent().SpanID() != root.SpanContext().SpanID() {
			t.Errorf("%s is not in the trace", s.Name())
		}
		if shown := fmt.Sprint(s.Attributes(), s.Status(), s.Events()); strings.Contains(shown, value) {
			t.Errorf("%s shows a value: %s", s.Name(), shown)
		}
		got = append(got, s.Name()+" "+s.Status().Description)
	}
	if want := "SELECT test |INSERT test |INSERT test SQLSTATE 23505|BATCH test "; strings.Join(got, "|") != want {
		t.Errorf("recorded %q, want %q", strings.Join(got, "|"), want)
	}

	// A statement for several callers is in the trace of one, and refers to the others.
	first, a := provider.Tracer("test").Start(t.Context(), "a")
	second, b := provider.Tracer("test").Start(t.Context(), "b")
	before := len(spans.Ended())
	if err := db.Conn(postgres.WithTraceOf(t.Context(), t.Context(), first, second)).Exec("SELECT 1").Error; err != nil {
		t.Fatal(err)
	}
	ended := spans.Ended()[before:]
	if len(ended) != 1 || ended[0].Parent().SpanID() != a.SpanContext().SpanID() ||
		len(ended[0].Links()) != 1 || ended[0].Links()[0].SpanContext.SpanID() != b.SpanContext().SpanID() {
		t.Errorf("recorded %v for two callers", ended)
	}
}
