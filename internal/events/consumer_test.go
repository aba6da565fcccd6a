package events

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"

	"github.com/beauty-salon/platform/internal/postgres"
)

func TestConsumerHandlesEachEventOnceInOrder(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.start(b.relay().Run)
	b.start(b.consumer(ConsumerConfig{}).Run)
	want := someEvents(t, 20, 25)
	for i := 0; i < len(want); i += 100 {
		b.append(want[i : i+100]...)
	}
	got := b.waitEffects("tests-all", len(want))
	b.waitAcknowledged("tests-all")
	assertOnceInOrder(t, got, want)
}

func TestConsumerGetsItsSubjectsOnly(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.start(b.relay().Run)
	b.start(b.consumer(ConsumerConfig{Subjects: []string{"master.*", "appointment.created"}}).Run)
	id := newID(t)
	var want []Event
	for i, typ := range []string{"appointment.cancelled", "rating.created", "master.updated", "appointment.created"} {
		e := newEvent(t, id, int64(i+1))
		e.Type = typ
		b.append(e)
		if i >= 2 {
			want = append(want, e)
		}
	}
	got := b.waitEffects("tests-all", len(want))
	b.waitAcknowledged("tests-all")
	assertEvents(t, got, want)
}

// assertEvents checks the effects by their events, in order.
func assertEvents(t testing.TB, got []effect, want []Event) {
	t.Helper()
	var g []string
	for _, e := range got {
		g = append(g, e.EventID)
	}
	if !slices.Equal(g, ids(want)) {
		t.Errorf("effects of %v, want %v", g, ids(want))
	}
}

// The connection to NATS breaks between the commit and the acknowledgement, so that every event is delivered again.
func TestRedeliveryHasNoSecondEffect(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.waitReady()
	want := someEvents(t, 10, 3)
	for _, e := range want {
		b.publish(e)
	}
	c := b.impatient(ConsumerConfig{})
	var breaks atomic.Int32
	c.afterCommit = func() {
		if breaks.Add(1) <= 2 {
			b.nats.Restart()
		}
	}
	b.start(c.Run)
	b.waitEffects("tests-all", len(want))
	b.waitAcknowledged("tests-all")
	if breaks.Load() < 3 {
		t.Errorf("%d transactions, want a third after two broken ones", breaks.Load())
	}
	assertOnceInOrder(t, b.effects("tests-all"), want)
}

// After the window in which the stream knows its id, an event can be stored twice.
func TestAnEventStoredTwiceHasOneEffect(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.waitReady()
	want := someEvents(t, 3, 2)
	for range 3 {
		for _, e := range want {
			m := e.message("tests", "", 0)
			m.Header.Del(nats.MsgIdHdr)
			if _, err := b.bus.js.PublishMsg(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
	}
	c := b.consumer(ConsumerConfig{AllVersions: true})
	b.start(c.Run)
	b.waitEffects("tests-all", len(want))
	b.waitAcknowledged("tests-all")
	assertOnceInOrder(t, b.effects("tests-all"), want)
	for result, n := range map[string]int{resultHandled: len(want), resultDuplicate: 2 * len(want), resultOlder: 0} {
		if got := metricValue(c.metrics.events.WithLabelValues("tests-all", result)); got != float64(n) {
			t.Errorf("%v events counted as %s, want %d", got, result, n)
		}
	}
}

func TestOlderVersions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		all  bool
		want []int64
	}{
		{"are skipped", false, []int64{2, 5, 6}},
		{"are handled on demand", true, []int64{2, 1, 5, 5, 4, 6}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			b.waitReady()
			b.start(b.consumer(ConsumerConfig{AllVersions: tt.all}).Run)
			id := newID(t)
			for _, v := range []int64{2, 1, 5, 5, 4, 6} {
				b.publish(newEvent(t, id, v))
			}
			b.waitEffects("tests-all", len(tt.want))
			b.waitAcknowledged("tests-all")
			var got []int64
			for _, e := range b.effects("tests-all") {
				got = append(got, e.Version)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("handled versions %v, want %v", got, tt.want)
			}
			if n := b.count("SELECT count(*) FROM inbox"); n != 6 {
				t.Errorf("%d inbox rows, want 6: skipped ones count as handled", n)
			}
		})
	}
}

// A master may have the id of its user: versions count by kind.
func TestKindsOfAggregatesHaveTheirOwnVersions(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.waitReady()
	id := newID(t)
	user, master := newEvent(t, id, 7), newEvent(t, id, 1)
	user.Type, master.Type = "user.registered", "master.created"
	b.publish(user)
	b.publish(master)
	b.start(b.consumer(ConsumerConfig{Subjects: []string{"user.>", "master.>"}}).Run)
	assertEvents(t, b.waitEffects("tests-all", 2), []Event{user, master})
}

func TestConsumersAreIndependent(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.start(b.relay().Run)
	want := someEvents(t, 5, 5)
	for _, name := range []string{"tests-one", "tests-two"} {
		b.start(b.consumer(ConsumerConfig{Name: name}).Run)
	}
	b.append(want...)
	for _, name := range []string{"tests-one", "tests-two"} {
		b.waitEffects(name, len(want))
		b.waitAcknowledged(name)
		assertOnceInOrder(t, b.effects(name), want)
	}
}

func TestProcessesShareAConsumer(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.start(b.relay().Run)
	var mu sync.Mutex
	workers := map[int]int{}
	for i := range 2 {
		c := b.consumer(ConsumerConfig{AllVersions: true, Handle: func(ctx context.Context, tx *postgres.DB, e Event) error {
			mu.Lock()
			workers[i]++
			mu.Unlock()
			return effectOf("tests-all")(ctx, tx, e)
		}})
		c.bus = b.connect(Config{})
		b.start(c.Run)
	}
	want := someEvents(t, 50, 10)
	for i := 0; i < len(want); i += 20 {
		b.append(want[i : i+20]...)
	}
	got := b.waitEffects("tests-all", len(want))
	b.waitAcknowledged("tests-all")
	if len(got) != len(want) {
		t.Errorf("%d effects of %d events", len(got), len(want))
	}
	seen := map[string]bool{}
	for _, e := range got {
		if seen[e.EventID] {
			t.Errorf("event %s had two effects", e.EventID)
		}
		seen[e.EventID] = true
	}
	mu.Lock()
	defer mu.Unlock()
	t.Logf("events by process: %v", workers)
}

// Events that are being delivered when the server stops arrive after newer ones. Versions are then skipped, but
// never the latest, and no event has two effects.
func TestConsumerSurvivesRestartsOfNATS(t *testing.T) {
	t.Parallel()
	for _, all := range []bool{false, true} {
		t.Run(map[bool]string{false: "latest versions", true: "all versions"}[all], func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			b.start(b.relay().Run)
			b.start(b.impatient(ConsumerConfig{AllVersions: all}).Run)
			want := someEvents(t, 30, 10)
			for i := 0; i < len(want); i += 50 {
				b.append(want[i : i+50]...)
				b.nats.Restart()
			}
			eventually(t, "all is handled", func() bool { return b.count("SELECT count(*) FROM inbox") == len(want) })
			b.waitAcknowledged("tests-all")
			seen, latest := map[string]int{}, map[string]int64{}
			for _, e := range b.effects("tests-all") {
				seen[e.EventID]++
				latest[e.AggregateID] = max(latest[e.AggregateID], e.Version)
			}
			for _, e := range want {
				if n := seen[e.ID]; n > 1 || (all && n == 0) {
					t.Errorf("version %d of %s had %d effects", e.AggregateVersion, e.AggregateID, n)
				}
				if latest[e.AggregateID] != 10 {
					t.Errorf("the latest version of %s is %d", e.AggregateID, latest[e.AggregateID])
				}
			}
		})
	}
}

// With a single try for each event, an outage of the database must not use it up.
func TestAnOutageOfTheDatabaseIsNoTry(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.waitReady()
	admin := b.maintenance()
	exec := func(sql string, args ...any) {
		if _, err := admin.Exec(t.Context(), sql, args...); err != nil {
			t.Error(err)
		}
	}
	var handled atomic.Int32
	c := b.consumer(ConsumerConfig{MaxDeliver: 1, Handle: func(ctx context.Context, tx *postgres.DB, e Event) error {
		if handled.Add(1) == 3 {
			exec("ALTER DATABASE " + b.database() + " ALLOW_CONNECTIONS false")
			exec("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1", b.database())
		}
		return effectOf("tests-all")(ctx, tx, e)
	}})
	var interruptions atomic.Int32
	c.log = zerolog.New(io.Discard).Hook(zerolog.HookFunc(func(_ *zerolog.Event, _ zerolog.Level, msg string) {
		if msg == "consumer is interrupted" {
			interruptions.Add(1)
		}
	}))
	b.start(c.Run)
	want := someEvents(t, 5, 4)
	for _, e := range want {
		b.publish(e)
	}
	eventually(t, "the database is away", func() bool { return b.db.Ping(t.Context()) != nil })
	eventually(t, "the consumer has tried a few times", func() bool { return interruptions.Load() >= 3 })
	exec("ALTER DATABASE " + b.database() + " ALLOW_CONNECTIONS true")
	b.waitEffects("tests-all", len(want))
	b.waitAcknowledged("tests-all")
	assertOnceInOrder(t, b.effects("tests-all"), want)
	if n := b.count("SELECT count(*) FROM dead_letters"); n != 0 {
		t.Errorf("%d dead letters after an outage", n)
	}
}

// A connection that breaks while the server keeps running does not count as a try either.
func TestABrokenConnectionIsNoTry(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.waitReady()
	var handled atomic.Int32
	c := b.consumer(ConsumerConfig{MaxDeliver: 1, Handle: func(ctx context.Context, tx *postgres.DB, e Event) error {
		if handled.Add(1) <= 4 {
			b.breakConnection(ctx, tx)
		}
		return effectOf("tests-all")(ctx, tx, e)
	}})
	e := newEvent(t, newID(t), 1)
	b.publish(e)
	b.start(c.Run)
	b.waitEffects("tests-all", 1)
	b.waitAcknowledged("tests-all")
	assertOnceInOrder(t, b.effects("tests-all"), []Event{e})
	if n := b.count("SELECT count(*) FROM dead_letters"); n != 0 {
		t.Errorf("%d dead letters", n)
	}
}

// A failing event delays no other one. Once it succeeds, a consumer that keeps state
// skips it as older, and a consumer of all versions handles it.
func TestAFailureHoldsBackNothing(t *testing.T) {
	t.Parallel()
	for name, all := range map[string]bool{"latest version": false, "all versions": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			b.waitReady()
			slow, other := newID(t), newID(t)
			var repaired atomic.Bool
			b.start(b.consumer(ConsumerConfig{AllVersions: all, MaxDeliver: 1000, Handle: func(ctx context.Context, tx *postgres.DB, e Event) error {
				if e.AggregateID == slow && e.AggregateVersion == 2 && !repaired.Load() {
					return errors.New("not yet")
				}
				return effectOf("tests-all")(ctx, tx, e)
			}}).Run)
			var want []Event
			var failing Event
			for v := int64(1); v <= 6; v++ {
				for _, id := range []string{slow, other} {
					e := newEvent(t, id, v)
					b.publish(e)
					if id == slow && v == 2 {
						failing = e
					} else {
						want = append(want, e)
					}
				}
			}
			assertOnceInOrder(t, b.waitEffects("tests-all", len(want)), want)
			repaired.Store(true)
			n := len(want)
			var late []Event // has its effect after the repair
			if all {
				late = []Event{failing}
			}
			b.waitEffects("tests-all", n+len(late))
			b.waitAcknowledged("tests-all")
			assertEvents(t, b.effects("tests-all")[n:], late)
		})
	}
}

func TestStoppingGivesBackAtOnce(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.waitReady()
	began := make(chan struct{})
	first := b.consumer(ConsumerConfig{Handle: func(ctx context.Context, _ *postgres.DB, _ Event) error {
		close(began)
		<-ctx.Done()
		return ctx.Err()
	}})
	first.ackWait = time.Hour // its transaction's limit too
	e := newEvent(t, newID(t), 1)
	b.publish(e)
	stop := b.start(first.Run)
	<-began
	stop()
	second := b.consumer(ConsumerConfig{})
	second.ackWait = time.Hour
	b.start(second.Run)
	assertEvents(t, b.waitEffects("tests-all", 1), []Event{e})
}

func TestConsumerConfigIsChecked(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	for _, cfg := range []ConsumerConfig{
		{},
		{Name: "x", Subjects: []string{"user.>"}},
		{Name: "x", Handle: effectOf("x")},
		{
			Name: "x", Subjects: []string{"user.>"}, Handle: effectOf("x"),
			HandleBatch: func(context.Context, *postgres.DB, []Event) error { return nil },
		},
	} {
		if err := NewConsumer(b.db, b.bus, cfg, b.log, nil).Run(t.Context()); err == nil {
			t.Errorf("%+v runs", cfg)
		}
	}
}
