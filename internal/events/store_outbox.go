package events

import (
	"context"
	"fmt"
	"strings"

	"go.opentelemetry.io/otel/propagation"

	"github.com/beauty-salon/platform/internal/postgres"
)

// appendChunk bounds the parameters of one statement (PostgreSQL allows 65,535).
const appendChunk = 1000

// Append writes the events to the outbox in the transaction tx, in the order given, and wakes the relay after the
// commit. The caller must hold a lock on the row of the aggregate, as every change of the aggregate does: events of
// an aggregate are published in the order in which they were appended. An invalid event is a bug of the caller and
// fails the transaction.
func Append(ctx context.Context, tx *postgres.DB, es ...Event) error {
	if len(es) == 0 {
		return nil
	}
	for _, e := range es {
		if err := e.validate(); err != nil {
			return err
		}
		if BroadcastOnly(e.Type) {
			return fmt.Errorf("event type %q is for broadcasts", e.Type)
		}
	}
	traceparent := traceparentOf(ctx)
	for rest := es; len(rest) > 0; {
		n := min(len(rest), appendChunk)
		if err := insertOutbox(ctx, tx, rest[:n], traceparent); err != nil {
			return err
		}
		rest = rest[n:]
	}
	schema := tx.Schema()
	tx.OnCommit(func() { Wake(schema) })
	return nil
}

func insertOutbox(ctx context.Context, tx *postgres.DB, es []Event, traceparent *string) error {
	const row = "(?::uuid, ?, ?::uuid, ?::bigint, ?::timestamptz, ?::jsonb, ?)"
	args := make([]any, 0, 7*len(es))
	for _, e := range es {
		args = append(args, e.ID, e.Type, e.AggregateID, e.AggregateVersion, e.Time, string(e.Body), traceparent)
	}
	sql := "INSERT INTO outbox (event_id, type, aggregate_id, aggregate_version, occurred_at, body, traceparent) VALUES " +
		strings.TrimSuffix(strings.Repeat(row+", ", len(es)), ", ")
	if err := tx.Conn(ctx).Exec(sql, args...).Error; err != nil {
		return fmt.Errorf("append to the outbox: %w", err)
	}
	return nil
}

// traceparentOf returns the trace that ctx belongs to, or nil.
func traceparentOf(ctx context.Context) *string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	if v := carrier.Get(headerTraceparent); v != "" {
		return &v
	}
	return nil
}
