package events

import (
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/natstest"
)

func TestConnectBeforeTheServer(t *testing.T) {
	t.Parallel()
	srv := natstest.NewStopped(t)
	reg := prometheus.NewRegistry()
	bus, err := Connect(Config{URL: srv.URL(), Subjects: testSubjects}, testLog(t), reg)
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	if bus.Ready() == nil {
		t.Error("ready without a server")
	}
	if err := bus.Broadcast("session.ended", &userv1.SessionEvent{}); err == nil {
		t.Error("broadcast without a server")
	}
	got := make(chan Event, 1)
	stop, err := bus.Watch("session.>", func(e Event) { got <- e })
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	srv.Start()
	eventually(t, "the bus is ready", func() bool { return bus.Ready() == nil })
	if v := metricValue(bus.metrics.ready); v != 1 {
		t.Errorf("salon_events_ready is %v", v)
	}
	if err := bus.Broadcast("session.ended", &userv1.SessionEvent{UserId: "u"}); err != nil {
		t.Fatal(err)
	}
	e := <-got
	var body userv1.SessionEvent
	if err := e.Decode(&body); err != nil || e.Type != "session.ended" || body.GetUserId() != "u" {
		t.Errorf("watched %+v, %v", e, err)
	}
	srv.Stop()
	eventually(t, "the bus is not ready", func() bool { return bus.Ready() != nil })
	if err := bus.Broadcast("session.ended", &userv1.SessionEvent{}); err == nil {
		t.Error("broadcast without a server")
	}
}

func TestConnectRefusesABadConfiguration(t *testing.T) {
	t.Parallel()
	_, err := Connect(Config{URL: "nats://user:hush%zz@localhost"}, testLog(t), nil)
	if err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("Connect: %v, want an error without the password", err)
	}
}

func TestConnectInProcess(t *testing.T) {
	t.Parallel()
	srv, err := server.NewServer(&server.Options{DontListen: true, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	defer func() { srv.Shutdown(); srv.WaitForShutdown() }()
	bus, err := ConnectInProcess(srv, Config{}, testLog(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	eventually(t, "the bus is ready", func() bool { return bus.Ready() == nil })
}

func TestOnReconnect(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.waitReady()
	var calls atomic.Int32
	b.bus.OnReconnect(func() { calls.Add(1) })
	before := calls.Load() // that of the first connection may still come
	b.nats.Restart()
	eventually(t, "it is called", func() bool { return calls.Load() > before })
}

func TestWatchSeesTheStreamToo(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.waitReady()
	var mu sync.Mutex
	var got []string
	stop, err := b.bus.Watch("appointment.>", func(e Event) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, e.ID)
	})
	if err != nil {
		t.Fatal(err)
	}
	want := someEvents(t, 2, 3)
	b.start(b.relay().Run)
	b.append(want...)
	eventually(t, "all are seen", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return slices.Equal(got, ids(want))
	})
	stop()
	stop()
	b.append(newEvent(t, newID(t), 1))
	b.waitPublished()
	mu.Lock()
	defer mu.Unlock()
	if len(got) != len(want) {
		t.Errorf("%d events, want %d: none after stop", len(got), len(want))
	}
}

func TestBroadcastRefusesSubjectsOfTheStream(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.waitReady()
	for _, typ := range []string{"user.registered", "session", "session.>", ""} {
		if err := b.bus.Broadcast(typ, &userv1.SessionEvent{}); err == nil {
			t.Errorf("broadcast %q", typ)
		}
	}
}

func TestStreamConfiguration(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.waitReady()
	stream, err := b.bus.js.Stream(t.Context(), streamName)
	if err != nil {
		t.Fatal(err)
	}
	got := stream.CachedInfo().Config
	want := jetstream.StreamConfig{
		Subjects:  []string{"salon.>", "appointment.>", "user.>", "master.>", "service.>", "offering.>", "rating.>"},
		Retention: jetstream.LimitsPolicy, Storage: jetstream.FileStorage, Discard: jetstream.DiscardNew,
		Duplicates: time.Hour, MaxAge: 30 * 24 * time.Hour, MaxBytes: -1, MaxMsgs: -1, Replicas: 1,
	}
	if !slices.Equal(got.Subjects, want.Subjects) || got.Retention != want.Retention || got.Storage != want.Storage ||
		got.Discard != want.Discard || got.Duplicates != want.Duplicates || got.MaxAge != want.MaxAge ||
		got.MaxBytes != want.MaxBytes || got.MaxMsgs != want.MaxMsgs || got.Replicas != want.Replicas {
		t.Errorf("stream is %+v, want %+v", got, want)
	}
}

// A process of another version, or an operator, has configured the stream. The stream keeps that configuration and
// gets what is missing.
func TestStreamIsOnlyExtended(t *testing.T) {
	t.Parallel()
	srv := natstest.New(t)
	conn, err := nats.Connect(srv.URL().Reveal())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	before := jetstream.StreamConfig{Name: streamName, Subjects: []string{"user.>", "newer.>"}, MaxBytes: 1 << 20, MaxAge: time.Hour}
	if _, err := js.CreateStream(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second process finds nothing to do
		bus, err := Connect(Config{URL: srv.URL(), Subjects: testSubjects}, testLog(t), nil)
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "the bus is ready", func() bool { return bus.Ready() == nil })
		if !bus.batches.Load() {
			t.Error("the stream takes no batches")
		}
		bus.Close()
		stream, err := js.Stream(t.Context(), streamName)
		if err != nil {
			t.Fatal(err)
		}
		got := stream.CachedInfo().Config
		want := []string{"user.>", "newer.>", "salon.>", "appointment.>", "master.>", "service.>", "offering.>", "rating.>"}
		if !slices.Equal(got.Subjects, want) || got.MaxBytes != before.MaxBytes || got.MaxAge != before.MaxAge {
			t.Errorf("stream is %+v", got)
		}
	}
}

func TestReplicasAreNeverLowered(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		have, want, then int
		changed          bool
	}{{3, 1, 3, false}, {1, 3, 3, true}, {3, 3, 3, false}} {
		got, changed := extended(jetstream.StreamConfig{Replicas: tt.have}, jetstream.StreamConfig{Replicas: tt.want})
		if got.Replicas != tt.then || changed != tt.changed {
			t.Errorf("%d, asked for %d: %d, changed: %v", tt.have, tt.want, got.Replicas, changed)
		}
	}
}

// The server comes back with empty files, or an operator removes the stream: events
// that were published are lost with it, those in the outbox are not.
func TestALostStreamIsMadeAgain(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(*bed){
		"files are gone": func(b *bed) {
			b.nats.Stop()
			if err := os.RemoveAll(b.nats.StoreDir()); err != nil {
				b.t.Fatal(err)
			}
			b.nats.Start()
		},
		"stream is deleted": func(b *bed) {
			if err := b.bus.js.DeleteStream(b.t.Context(), streamName); err != nil {
				b.t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			b.start(b.relay().Run)
			b.start(b.consumer(ConsumerConfig{}).Run)
			first, second := newEvent(t, newID(t), 1), newEvent(t, newID(t), 1)
			b.append(first)
			b.waitEffects("tests-all", 1)
			lose(b)
			b.append(second)
			assertEvents(t, b.waitEffects("tests-all", 2), []Event{first, second})
		})
	}
}

func TestADeletedStreamIsMissedByEachOfItsUsers(t *testing.T) {
	t.Parallel()
	for name, use := range map[string]func(*bed){
		"relay": func(b *bed) {
			b.start(b.relay().Run)
			b.append(newEvent(b.t, newID(b.t), 1))
			b.waitPublished()
		},
		"consumer": func(b *bed) {
			b.start(b.consumer(ConsumerConfig{}).Run)
			eventually(b.t, "the consumer is there again", func() bool {
				_, err := b.bus.js.Consumer(b.t.Context(), streamName, "tests-all")
				return err == nil
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			b.waitReady()
			if err := b.bus.js.DeleteStream(t.Context(), streamName); err != nil {
				t.Fatal(err)
			}
			use(b)
		})
	}
}
