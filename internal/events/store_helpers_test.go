package events

import (
	"context"
	"errors"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/natstest"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, slices.Concat(pgtest.LeakOptions(), natstest.LeakOptions())...)
}

// testSubjects are what the stream of the tests keeps.
var testSubjects = []string{"salon", "appointment", "user", "master", "service", "offering", "rating"}

// patience is how long a test waits for what must happen.
const patience = 2 * time.Minute

// migrations add a table that shows an effect that happened twice.
var migrations = postgres.Migrations{Service: "tests", FS: fstest.MapFS{
	"0001_effects.sql": {Data: []byte(`-- +goose Up
CREATE TABLE effects (
    id           bigint GENERATED ALWAYS AS IDENTITY,
    consumer     text   NOT NULL,
    event_id     uuid   NOT NULL,
    aggregate_id uuid   NOT NULL,
    version      bigint NOT NULL
);
-- +goose Down
DROP TABLE effects;
`)},
}}

// bed is a database, a NATS server and a connection to each.
type bed struct {
	t    testing.TB
	log  zerolog.Logger
	pg   pgtest.Server
	db   *postgres.DB
	nats *natstest.Server
	bus  *Bus
}

func newBed(t testing.TB) *bed {
	t.Helper()
	b := &bed{t: t, log: testLog(t), pg: pgtest.NewServer(t, migrations), nats: natstest.New(t)}
	b.db = b.pg.DB(migrations.Service)
	b.bus = b.connect(Config{})
	return b
}

// testLog writes what goes wrong while SALON_TEST_LOG is set.
func testLog(t testing.TB) zerolog.Logger {
	if os.Getenv("SALON_TEST_LOG") == "" {
		return zerolog.Nop()
	}
	return zerolog.New(zerolog.ConsoleWriter{Out: os.Stderr, TimeFormat: "05.000"}).With().Timestamp().Str("test", t.Name()).Logger()
}

func (b *bed) connect(cfg Config) *Bus {
	b.t.Helper()
	cfg.URL, cfg.Subjects = b.nats.URL(), testSubjects
	bus, err := Connect(cfg, b.log, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(bus.Close)
	return bus
}

func (b *bed) waitReady() {
	b.t.Helper()
	eventually(b.t, "the bus is ready", func() bool { return b.bus.Ready() == nil })
}

// start runs fn until the returned function is called or the test ends.
func (b *bed) start(fn func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(b.t.Context()))
	var done sync.WaitGroup
	done.Go(func() {
		if err := fn(ctx); err != nil {
			b.t.Errorf("Run: %v", err)
		}
	})
	stop = func() { cancel(); done.Wait() }
	b.t.Cleanup(stop)
	return stop
}

func (b *bed) relay() *Relay { return NewRelay(b.db, b.bus, b.log, nil) }

// consumer writes to effects unless the configuration has a handler.
func (b *bed) consumer(cfg ConsumerConfig) *Consumer {
	if cfg.Name == "" {
		cfg.Name = "tests-all"
	}
	if cfg.Subjects == nil {
		cfg.Subjects = []string{"appointment.>"}
	}
	if cfg.Handle == nil && cfg.HandleBatch == nil {
		cfg.Handle = effectOf(cfg.Name)
	}
	if cfg.Backoff == nil {
		cfg.Backoff = []time.Duration{20 * time.Millisecond}
	}
	return NewConsumer(b.db, b.bus, cfg, b.log, nil)
}

// impatient is a consumer that soon gets again what it has not acknowledged. On a
// busy machine its transactions may end too early, so it tries often.
func (b *bed) impatient(cfg ConsumerConfig) *Consumer {
	cfg.MaxDeliver = 1000
	c := b.consumer(cfg)
	c.ackWait = 2 * time.Second
	return c
}

func effectOf(consumer string) Handler {
	return func(ctx context.Context, tx *postgres.DB, e Event) error {
		return tx.Conn(ctx).Exec("INSERT INTO effects (consumer, event_id, aggregate_id, version) VALUES (?, ?, ?, ?)",
			consumer, e.ID, e.AggregateID, e.AggregateVersion).Error
	}
}

func (b *bed) append(es ...Event) {
	b.t.Helper()
	err := b.db.InTx(b.t.Context(), func(tx *postgres.DB) error { return Append(b.t.Context(), tx, es...) })
	if err != nil {
		b.t.Fatal(err)
	}
}

// publish puts the event into the stream without a relay.
func (b *bed) publish(e Event) {
	b.t.Helper()
	if _, err := b.bus.js.PublishMsg(b.t.Context(), e.message("tests", "", 0)); err != nil {
		b.t.Fatal(err)
	}
}

type effect struct {
	EventID, AggregateID string
	Version              int64
}

// query scans the result of a query. On a busy machine it may take long to connect,
// and some tests end connections: that is not what they test.
func (b *bed) query(dest any, sql string, args ...any) {
	b.t.Helper()
	eventually(b.t, "the database answers", func() bool {
		err := b.db.Conn(b.t.Context()).Raw(sql, args...).Scan(dest).Error
		if err != nil && !unavailable(err) {
			b.t.Fatal(err)
		}
		return err == nil
	})
}

// effects returns what the consumer did, in that order.
func (b *bed) effects(consumer string) (es []effect) {
	b.t.Helper()
	b.query(&es, "SELECT event_id, aggregate_id, version FROM effects WHERE consumer = ? ORDER BY id", consumer)
	return es
}

func (b *bed) waitEffects(consumer string, n int) []effect {
	b.t.Helper()
	var got []effect
	eventually(b.t, "all effects", func() bool { got = b.effects(consumer); return len(got) >= n })
	return got
}

// count runs a query for one number.
func (b *bed) count(sql string, args ...any) (n int) {
	b.t.Helper()
	b.query(&n, sql, args...)
	return n
}

func (b *bed) waitPublished() {
	b.t.Helper()
	eventually(b.t, "the outbox is published", func() bool {
		return b.count("SELECT count(*) FROM outbox WHERE published_at IS NULL") == 0
	})
}

// stored returns the events in the stream, in its order.
func (b *bed) stored() []Event {
	b.t.Helper()
	stream, err := b.bus.js.Stream(b.t.Context(), streamName)
	if err != nil {
		b.t.Fatal(err)
	}
	info := stream.CachedInfo().State
	var es []Event
	for seq := info.FirstSeq; seq <= info.LastSeq && info.Msgs > 0; seq++ {
		raw, err := stream.GetMsg(b.t.Context(), seq)
		if errors.Is(err, jetstream.ErrMsgNotFound) { // removed
			continue
		}
		if err != nil {
			b.t.Fatal(err)
		}
		e, err := parse(raw.Subject, raw.Header, raw.Data)
		if err != nil {
			b.t.Fatal(err)
		}
		es = append(es, e)
	}
	return es
}

// waitAcknowledged waits until the durable has nothing left to do.
func (b *bed) waitAcknowledged(name string) {
	b.t.Helper()
	eventually(b.t, "everything is acknowledged", func() bool {
		durable, err := b.bus.js.Consumer(b.t.Context(), streamName, name)
		if err != nil {
			return false
		}
		info := durable.CachedInfo()
		return info.NumPending == 0 && info.NumAckPending == 0
	})
}

// adminConn is a connection of the administrator.
func (b *bed) adminConn() *pgx.Conn {
	b.t.Helper()
	conn, err := pgx.Connect(b.t.Context(), b.pg.AdminURL())
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { b.closeConn(conn) })
	return conn
}

// maintenance is a connection of the administrator to another database.
func (b *bed) maintenance() *pgx.Conn {
	b.t.Helper()
	cfg, err := pgx.ParseConfig(b.pg.AdminURL())
	if err != nil {
		b.t.Fatal(err)
	}
	cfg.Database = "postgres"
	conn, err := pgx.ConnectConfig(b.t.Context(), cfg)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { b.closeConn(conn) })
	return conn
}

// breakConnection ends the connection of the transaction.
func (b *bed) breakConnection(ctx context.Context, tx *postgres.DB) {
	var pid int
	if err := tx.Conn(ctx).Raw("SELECT pg_backend_pid()").Scan(&pid).Error; err != nil {
		b.t.Error(err)
	}
	b.admin("SELECT pg_terminate_backend($1, 5000)", pid)
}

// admin runs a statement as the administrator.
func (b *bed) admin(sql string, args ...any) {
	b.t.Helper()
	conn := b.adminConn()
	if _, err := conn.Exec(b.t.Context(), sql, args...); err != nil {
		b.t.Fatal(err)
	}
	b.closeConn(conn)
}

func (b *bed) closeConn(conn *pgx.Conn) {
	if err := conn.Close(context.WithoutCancel(b.t.Context())); err != nil {
		b.t.Error(err)
	}
}

// database is the name of the test's database.
func (b *bed) database() string {
	u, err := url.Parse(b.pg.URL())
	if err != nil {
		b.t.Fatal(err)
	}
	return strings.TrimPrefix(u.Path, "/")
}

// newEvent is an event of an appointment.
func newEvent(t testing.TB, aggregate string, version int64) Event {
	t.Helper()
	e, err := NewEvent("appointment.created", aggregate, version, time.Now(),
		&appointmentv1.AppointmentEvent{AppointmentId: aggregate})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func newID(t testing.TB) string {
	t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	return id.String()
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("after %v still not: %s", patience, what)
		}
	}
}

// assertOnceInOrder checks that every event had one effect, in the order of its
// aggregate.
func assertOnceInOrder(t testing.TB, got []effect, want []Event) {
	t.Helper()
	seen := map[string]int{}
	version := map[string]int64{}
	for _, e := range got {
		seen[e.EventID]++
		if e.Version <= version[e.AggregateID] {
			t.Errorf("aggregate %s: version %d came after %d", e.AggregateID, e.Version, version[e.AggregateID])
		}
		version[e.AggregateID] = e.Version
	}
	for _, e := range want {
		if seen[e.ID] != 1 {
			t.Errorf("event %s (aggregate %s version %d) had %d effects", e.ID, e.AggregateID, e.AggregateVersion, seen[e.ID])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d effects of %d events", len(got), len(want))
	}
}

// metricValue is the value of a gauge or a counter.
func metricValue(metric prometheus.Collector) float64 { return testutil.ToFloat64(metric) }
