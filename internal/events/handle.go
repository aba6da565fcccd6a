package events

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/beauty-salon/platform/internal/postgres"
)

// transactionTimeout ends a transaction well before the server delivers its events again.
func (c *Consumer) transactionTimeout() time.Duration { return c.ackWait / 2 }

// handle applies the events in one transaction, in their order, and returns the result of each.
func (c *Consumer) handle(ctx context.Context, ds []*delivery) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.transactionTimeout())
	defer cancel()
	begin := time.Now()
	defer func() { c.metrics.batch.Observe(time.Since(begin).Seconds()) }()
	var results []string
	err := c.db.InTx(ctx, func(tx *postgres.DB) (err error) {
		results, err = c.handleIn(ctx, tx, ds)
		return err
	})
	return results, err
}

func (c *Consumer) handleIn(ctx context.Context, tx *postgres.DB, ds []*delivery) ([]string, error) {
	es := make([]Event, len(ds))
	for i, d := range ds {
		es[i] = d.event
	}
	fresh, err := insertInbox(ctx, tx, c.cfg.Name, es)
	if err != nil {
		return nil, err
	}
	results := make([]string, 0, len(ds))
	for len(ds) > 0 {
		n := len(ds)
		if !c.cfg.AllVersions {
			n = distinctAggregates(ds)
		}
		newer, err := c.newer(ctx, tx, es[:n], fresh)
		if err != nil {
			return nil, err
		}
		var handled []*delivery
		for _, d := range ds[:n] {
			switch {
			case !fresh[d.event.ID]:
				results = append(results, resultDuplicate)
				continue
			case !newer[d.event.ID]:
				results = append(results, resultOlder)
			default:
				handled = append(handled, d)
				results = append(results, resultHandled)
			}
			delete(fresh, d.event.ID) // the stream may hold an event twice
		}
		if err := c.call(ctx, tx, handled); err != nil {
			return nil, err
		}
		ds, es = ds[n:], es[n:]
	}
	return results, nil
}

// newer returns the ids of the fresh events that no newer event of their aggregate supersedes. Unless all versions are handled, the events
// belong to different aggregates.
func (c *Consumer) newer(ctx context.Context, tx *postgres.DB, es []Event, fresh map[string]bool) (map[string]bool, error) {
	if c.cfg.AllVersions {
		return fresh, nil
	}
	var asked []Event
	for _, e := range es {
		if fresh[e.ID] {
			asked = append(asked, e)
		}
	}
	if len(asked) == 0 {
		return nil, nil
	}
	return raiseVersions(ctx, tx, c.cfg.Name, asked)
}

// distinctAggregates returns the length of the longest prefix of ds in which no aggregate occurs twice.
func distinctAggregates(ds []*delivery) int {
	seen := make(map[string]bool, len(ds))
	for i, d := range ds {
		key := d.aggregate()
		if seen[key] {
			return i
		}
		seen[key] = true
	}
	return len(ds)
}

// call runs the handler, once for all deliveries if it can.
func (c *Consumer) call(ctx context.Context, tx *postgres.DB, ds []*delivery) error {
	if c.cfg.HandleBatch != nil {
		if len(ds) == 0 {
			return nil
		}
		es := make([]Event, len(ds))
		for i, d := range ds {
			es[i] = d.event
		}
		return c.traced(ctx, ds, func(ctx context.Context) error { return c.cfg.HandleBatch(ctx, tx, es) })
	}
	for _, d := range ds {
		err := c.traced(ctx, []*delivery{d}, func(ctx context.Context) error { return c.cfg.Handle(ctx, tx, d.event) })
		if err != nil {
			return err
		}
	}
	return nil
}

// traced runs handle with a span for each delivery, in the trace in which its event was appended. Statements of several deliveries are in one of
// these traces, with links to the others.
func (c *Consumer) traced(ctx context.Context, ds []*delivery, handle func(context.Context) error) (err error) {
	tracer := otel.Tracer("github.com/beauty-salon/platform/internal/events")
	contexts := make([]context.Context, len(ds))
	for i, d := range ds {
		of := ctx
		if d.traceparent != "" {
			of = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{headerTraceparent: d.traceparent})
		}
		contexts[i], _ = tracer.Start(of, c.cfg.Name+" "+d.event.Type, trace.WithSpanKind(trace.SpanKindConsumer))
	}
	defer func() {
		if v := recover(); v != nil {
			c.log.Error().Func(func(line *zerolog.Event) {
				if len(ds) == 1 { // else each is tried again alone, which tells
					line.Str("event", ds[0].event.ID).Str("type", ds[0].event.Type)
				}
			}).Int("events", len(ds)).Any("panic", v).Bytes("stack", debug.Stack()).Msg("event handler panicked")
			err = fmt.Errorf("panic: %v", v)
		}
		for _, of := range contexts {
			span := trace.SpanFromContext(of)
			if err != nil {
				span.SetStatus(codes.Error, "handler failed")
			}
			span.End()
		}
	}()
	return handle(postgres.WithTraceOf(contexts[0], contexts[1:]...))
}
