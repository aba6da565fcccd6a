package cache

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/redistest"
	"github.com/beauty-salon/platform/internal/secret"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, append(redistest.LeakOptions(), pgtest.LeakOptions()...)...)
}

// number is a value whose version is the same number.
type number = *wrapperspb.Int64Value

// database is what caches load from.
type database struct {
	version atomic.Int64
	loads   atomic.Int32
	mu      sync.Mutex
	err     error
	hold    func(ctx context.Context) // called between reading and returning
}

func newDatabase(version int64) *database {
	d := &database{}
	d.version.Store(version)
	return d
}

func (d *database) load(ctx context.Context, _ string) (number, int64, error) {
	d.loads.Add(1)
	v := d.version.Load()
	d.mu.Lock()
	err, hold := d.err, d.hold
	d.mu.Unlock()
	if hold != nil {
		hold(ctx)
	}
	if err != nil {
		return nil, 0, err
	}
	return wrapperspb.Int64(v), v, nil
}

func (d *database) set(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
}

// patience is more than Redis needs on a machine that is busy with other tests.
const patience = 10 * time.Second

// open returns a client that waits long and recovers quickly.
func open(t testing.TB, url secret.Text) *Client {
	t.Helper()
	c, err := Open(Config{URL: url, Timeout: patience}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	c.rest, c.repairs.every = 5*time.Millisecond, 5*time.Millisecond
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return c
}

// process returns the cache of a process of its own, which shares server (nil: none) and d with the others.
func process(t testing.TB, server *redistest.Server, d *database) *Cache[number] {
	t.Helper()
	var client *Client
	if server != nil {
		client = open(t, server.URL())
	}
	return onClient(client, d, nil)
}

func onClient(client *Client, d *database, reg prometheus.Registerer) *Cache[number] {
	return New(client, Options[number]{
		Name: "number",
		New:  func() number { return &wrapperspb.Int64Value{} },
	}, d.load, reg)
}

// rawClient reads the data in Redis directly.
func rawClient(t testing.TB, server *redistest.Server) *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: server.Addr()})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// cancelled returns a context that has ended.
func cancelled(t testing.TB) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// want fails the test unless the cache answers with a version.
func want(t testing.TB, c *Cache[number], version int64) {
	t.Helper()
	n, err := c.Get(t.Context(), "a")
	if err != nil || n.GetValue() != version {
		t.Fatalf("Get = %v, %v, want %d", n, err, version)
	}
}

// wantLoads fails the test unless the database was read that often.
func wantLoads(t testing.TB, d *database, n int32) {
	t.Helper()
	if got := d.loads.Load(); got != n {
		t.Fatalf("%d loads, want %d", got, n)
	}
}
