package events

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/beauty-salon/platform/internal/postgres"
)

// someEvents returns n events of each of some aggregates, ordered by version.
func someEvents(t testing.TB, aggregates, n int) []Event {
	t.Helper()
	ids := make([]string, aggregates)
	for i := range ids {
		ids[i] = newID(t)
	}
	var es []Event
	for v := range n {
		for _, id := range ids {
			es = append(es, newEvent(t, id, int64(v+1)))
		}
	}
	return es
}

func ids(es []Event) []string {
	var s []string
	for _, e := range es {
		s = append(s, e.ID)
	}
	return s
}

func TestRelayPublishesInOrder(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	want := someEvents(t, 5, 20)
	b.append(want[:40]...)
	b.start(b.relay().Run)
	b.append(want[40:]...)
	b.waitPublished()
	got := b.stored()
	if !slices.Equal(ids(got), ids(want)) {
		t.Errorf("the stream has %v, want %v", ids(got), ids(want))
	}
	first := got[0]
	if !first.Time.Equal(want[0].Time) || first.AggregateVersion != 1 || first.AggregateID != want[0].AggregateID || first.Type != want[0].Type {
		t.Errorf("published %+v, want %+v", first, want[0])
	}
}

func TestAppendCommitsWithItsTransaction(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	woken, stop := awaken(b.db.Schema())
	defer stop()
	refused := errors.New("refused")
	err := b.db.InTx(t.Context(), func(tx *postgres.DB) error {
		if err := Append(t.Context(), tx, newEvent(t, newID(t), 1)); err != nil {
			return err
		}
		return refused
	})
	if !errors.Is(err, refused) {
		t.Fatalf("InTx: %v", err)
	}
	if n := b.count("SELECT count(*) FROM outbox"); n != 0 {
		t.Errorf("%d rows of a transaction that was rolled back", n)
	}
	// Other tests may wake relays of a schema of the same name, so that only the
	// positive case can be checked.
	b.append(newEvent(t, newID(t), 1))
	select {
	case <-woken:
	default:
		t.Error("the commit did not wake the relay")
	}
}

func TestAppendRefusesWhatCannotBePublished(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	for name, change := range map[string]func(*Event){
		"no subject of the stream": func(e *Event) { e.Type = "session.ended" },
		"malformed type":           func(e *Event) { e.Type = "appointment.*" },
		"one token":                func(e *Event) { e.Type = "appointment" },
		"no id":                    func(e *Event) { e.ID = "" },
		"no aggregate":             func(e *Event) { e.AggregateID = "x" },
		"no version":               func(e *Event) { e.AggregateVersion = 0 },
		"no JSON":                  func(e *Event) { e.Body = []byte("{") },
		"too large":                func(e *Event) { e.Body = []byte(`"` + strings.Repeat("x", maxBody) + `"`) },
	} {
		t.Run(name, func(t *testing.T) {
			e := newEvent(t, newID(t), 1)
			change(&e)
			err := b.db.InTx(t.Context(), func(tx *postgres.DB) error { return Append(t.Context(), tx, e) })
			if err == nil {
				t.Error("appended")
			}
		})
	}
}

func TestRelaySurvivesAnOutageOfNATS(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.start(b.relay().Run)
	want := someEvents(t, 3, 10)
	b.append(want[:15]...)
	b.waitPublished()
	b.nats.Stop()
	b.append(want[15:]...)
	eventually(t, "the outage is noticed", func() bool { return b.bus.Ready() != nil })
	if n := b.count("SELECT count(*) FROM outbox WHERE published_at IS NULL"); n != 15 {
		t.Errorf("%d rows wait during the outage, want 15", n)
	}
	b.nats.Start()
	b.waitPublished()
	if got := b.stored(); !slices.Equal(ids(got), ids(want)) {
		t.Errorf("the stream has %d events, want all %d in order", len(got), len(want))
	}
}

// The relay ends after the stream has confirmed and before the rows are marked.
func TestRelayDoesNotDoubleAfterACrash(t *testing.T) {
	t.Parallel()
	for name, aggregates := range map[string]int{"one by one": 4, "as a batch": 2 * batchFrom} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			want := someEvents(t, aggregates, 3)
			b.append(want...)
			r := b.relay()
			var crashes atomic.Int32
			r.afterPublish = func() {
				if crashes.Add(1) <= 2 {
					b.takeLease()
				}
			}
			b.start(r.Run)
			b.waitPublished()
			if n := crashes.Load(); n < 3 {
				t.Fatalf("published in %d rounds, want a third one after two crashes", n)
			}
			if got := b.stored(); !slices.Equal(ids(got), ids(want)) {
				t.Errorf("the stream has %d events, want %d", len(got), len(want))
			}
		})
	}
}

func TestBatchesAreAllOrNothing(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.waitReady()
	if !b.bus.batches.Load() {
		t.Fatal("the stream takes no batches")
	}
	es := someEvents(t, 3, 2)
	publish := func(es ...Event) error {
		var ms []*nats.Msg
		for _, e := range es {
			ms = append(ms, e.message("tests", "", 0))
		}
		_, err := b.bus.publishBatch(t.Context(), ms)
		return err
	}
	if err := publish(es[:3]...); err != nil {
		t.Fatal(err)
	}
	if err := publish(es[3], es[0], es[4]); err == nil {
		t.Error("a batch with an event that is stored already is taken")
	}
	large := es[4]
	large.Body = make([]byte, 2<<20)
	if err := publish(es[3], large, es[5]); err == nil {
		t.Error("a batch with an event that is too large is taken")
	}
	if err := publish(es[3:]...); err != nil {
		t.Fatal(err)
	}
	if got := ids(b.stored()); !slices.Equal(got, ids(es)) {
		t.Errorf("the stream has %v, want %v", got, ids(es))
	}
}

// takeLease takes the lease from its holder, as another relay does after the lease has ended.
func (b *bed) takeLease() {
	b.admin("UPDATE tests.relay SET holder = NULL, term = term + 1, beat = beat + 1")
}

func TestOneRelayOfASchemaIsActive(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.waitReady()
	var active, most, taken atomic.Int32
	start := func() (relay *Relay, stop func()) {
		r := b.relay()
		var published atomic.Bool
		r.beforePublish = func() {
			most.Store(max(most.Load(), active.Add(1)))
			if !published.Swap(true) {
				taken.Add(1)
			}
		}
		r.afterPublish = func() { active.Add(-1) }
		return r, b.start(r.Run)
	}
	type running struct {
		relay *Relay
		stop  func()
	}
	var relays []running
	for range 3 {
		r, stop := start()
		relays = append(relays, running{r, stop})
	}
	want := someEvents(t, 10, 40)
	for i := 0; i < len(want); i += 50 {
		b.append(want[i : i+50]...)
		if i%100 != 0 {
			continue
		}
		b.waitPublished()
		i := slices.IndexFunc(relays, func(r running) bool { return metricValue(r.relay.metrics.leader) == 1 })
		relays[i].stop() // another one takes over
		relays[i].relay, relays[i].stop = start()
	}
	b.waitPublished()
	if most.Load() != 1 || taken.Load() < 3 {
		t.Errorf("%d relays published at the same time, %d in all", most.Load(), taken.Load())
	}
	if got := b.stored(); !slices.Equal(ids(got), ids(want)) {
		t.Errorf("the stream has %d events, want all %d in order", len(got), len(want))
	}
}

// A later event of an aggregate must not overtake one that the stream refuses, and
// other aggregates must not wait.
func TestRelayHoldsBackWhatFollowsARefusedEvent(t *testing.T) {
	t.Parallel()
	for name, others := range map[string]int{"one by one": 1, "as a batch": batchFrom} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			b.waitReady()
			cfg := b.bus.streamConfig()
			cfg.MaxMsgSize = 1000
			if _, err := b.bus.js.UpdateStream(t.Context(), cfg); err != nil {
				t.Fatal(err)
			}
			stuck := newID(t)
			large := newEvent(t, stuck, 1)
			large.Body = []byte(`{"appointmentId":"` + strings.Repeat("x", 2000) + `"}`)
			second := newEvent(t, stuck, 2)
			free := someEvents(t, others, 2)
			b.append(slices.Concat([]Event{large}, free[:others], []Event{second}, free[others:])...)
			b.start(b.relay().Run)
			eventually(t, "the others are published", func() bool { return len(b.stored()) >= len(free) })
			if got := b.stored(); !slices.Equal(ids(got), ids(free)) {
				t.Errorf("the stream has %v, want %v", ids(got), ids(free))
			}
			if _, err := b.bus.js.UpdateStream(t.Context(), b.bus.streamConfig()); err != nil {
				t.Fatal(err)
			}
			b.waitPublished()
			if got := ids(b.stored()); !slices.Equal(got[len(free):], []string{large.ID, second.ID}) {
				t.Errorf("afterwards %v was published, want version 1 before 2", got[len(free):])
			}
		})
	}
}

func TestAFullStreamLosesNothing(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.waitReady()
	limit := func(bytes int64) {
		cfg := b.bus.streamConfig()
		cfg.MaxBytes = bytes
		if _, err := b.bus.js.UpdateStream(t.Context(), cfg); err != nil {
			t.Fatal(err)
		}
	}
	limit(4096)
	want := someEvents(t, 50, 1)
	b.append(want...)
	stop := b.start(b.relay().Run)
	eventually(t, "the stream is full", func() bool { return len(b.stored()) > 2 })
	stop()
	if n := b.count("SELECT count(*) FROM outbox WHERE published_at IS NULL"); n == 0 {
		t.Error("everything is marked as published in a stream that is too small for it")
	}
	limit(-1)
	b.start(b.relay().Run)
	b.waitPublished()
	if got := b.stored(); len(got) != len(want) {
		t.Errorf("the stream has %d events, want %d", len(got), len(want))
	}
}

func TestRelayPrunesAndMeasures(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	want := someEvents(t, 4, 1)
	b.append(want...)
	age := func(e Event, column, interval string) {
		sql := "UPDATE outbox SET " + column + " = now() - interval '" + interval + "' WHERE event_id = ?"
		if err := b.db.Conn(t.Context()).Exec(sql, e.ID).Error; err != nil {
			t.Fatal(err)
		}
	}
	age(want[0], "published_at", "32 days")
	age(want[1], "published_at", "30 days")
	age(want[2], "occurred_at", "1 hour")
	b.nats.Stop()
	eventually(t, "NATS is away", func() bool { return b.bus.Ready() != nil })
	reg := prometheus.NewRegistry()
	r := NewRelay(b.db, b.bus, b.log, reg)
	b.start(r.Run)
	eventually(t, "the old row is gone", func() bool { return b.count("SELECT count(*) FROM outbox") == 3 })
	eventually(t, "the lag is measured", func() bool { return metricValue(r.metrics.unpublished) == 2 })
	if oldest := metricValue(r.metrics.oldest); oldest < time.Hour.Seconds() {
		t.Errorf("the oldest event waits for %v s", oldest)
	}
	// A second relay of the process shares the metrics.
	NewRelay(b.db, b.bus, b.log, reg)
}

func TestRelayPrunesAndMeasuresUnderALastingBacklog(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.waitReady()
	old := newEvent(t, newID(t), 1)
	b.append(old, newEvent(t, newID(t), 1))
	sql := "UPDATE outbox SET published_at = now() - interval '32 days' WHERE event_id = ?"
	if err := b.db.Conn(t.Context()).Exec(sql, old.ID).Error; err != nil {
		t.Fatal(err)
	}
	r := b.relay()
	r.beforePublish = func() { b.append(newEvent(t, newID(t), 1)) } // one more whenever one is published
	stop := b.start(r.Run)
	eventually(t, "the old row is gone", func() bool {
		return b.count("SELECT count(*) FROM outbox WHERE event_id = ?", old.ID) == 0
	})
	if metricValue(r.metrics.unpublished) == 0 {
		t.Error("the backlog is not measured")
	}
	stop()
}

func TestRelayPropagatesTheTrace(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	ctx, want := traced(t.Context())
	e := newEvent(t, newID(t), 1)
	if err := b.db.InTx(ctx, func(tx *postgres.DB) error { return Append(ctx, tx, e) }); err != nil {
		t.Fatal(err)
	}
	b.start(b.relay().Run)
	got := make(chan string, 1)
	c := b.consumer(ConsumerConfig{Handle: func(ctx context.Context, _ *postgres.DB, _ Event) error {
		got <- traceID(ctx)
		return nil
	}})
	b.start(c.Run)
	if id := <-got; id != want {
		t.Errorf("handled in trace %q, want %q", id, want)
	}
}
