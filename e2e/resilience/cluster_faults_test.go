package resilience_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// hangsFor is how long a server hangs or is cut off.
const hangsFor = 5 * time.Second

// victims are servers of one kind. At most one of them is broken at a time.
type victims struct {
	kind     string
	machines func() []*machine
	// killedFor is how long a server that was killed stays away.
	killedFor time.Duration
	// await, when it is not nil, waits until a server may come back, however it was broken.
	await func(context.Context)
	// start starts a server that was killed.
	start func(*testing.T, *machine)
	// whole returns nil when all servers work again, so that one may be broken.
	whole func(context.Context) error
}

// fault is a server that was broken.
type fault struct {
	kind, how  string
	begin, end time.Time // end is when all servers of the kind worked again
}

// hows are the ways to break a server.
var hows = []string{"killed", "stopped", "cut off"}

// chaos breaks servers.
type chaos struct {
	fleet   *fleet
	victims []victims

	mu     sync.Mutex
	busy   map[string]bool // kinds of which a server is broken
	faults []fault
	mends  sync.WaitGroup
}

// strike breaks a server of a kind in some way, and mends it in the background. It returns false when a server of the kind is
// still broken.
func (c *chaos) strike(t *testing.T, v victims, how string) bool {
	t.Helper()
	c.mu.Lock()
	if c.busy[v.kind] {
		c.mu.Unlock()
		return false
	}
	c.busy[v.kind] = true
	c.mu.Unlock()
	machines := v.machines()
	m := machines[rand.IntN(len(machines))]
	f := fault{kind: v.kind, how: how, begin: time.Now()}
	switch how {
	case "killed":
		m.kill(t)
	case "stopped":
		m.hang(t)
	default:
		if !m.cutOff(t) {
			m.hang(t) // the nearest that there is without a network of its own
		}
	}
	t.Logf("%s %s is %s", f.begin.Format(time.TimeOnly), m.name, how)
	c.mends.Go(func() {
		c.mend(t, v, m, how)
		f.end = time.Now()
		c.mu.Lock()
		defer c.mu.Unlock()
		c.faults = append(c.faults, f)
		c.busy[v.kind] = false
	})
	return true
}

// mend brings a server back, and waits until all of its kind work.
func (c *chaos) mend(t *testing.T, v victims, m *machine, how string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 2*time.Minute)
	defer cancel()
	switch {
	case v.await != nil:
		v.await(ctx)
	case how == "killed":
		<-time.After(v.killedFor)
	default:
		<-time.After(hangsFor)
	}
	if how != "killed" {
		m.resume(t)
		m.reconnect(t)
	}
	if m.ended() {
		v.start(t, m)
	}
	for err := v.whole(ctx); err != nil; err = v.whole(ctx) {
		if ctx.Err() != nil {
			t.Errorf("%s was %s and does not work again: %v\n%s", m.name, how, err, m.tail())
			return
		}
		<-time.After(200 * time.Millisecond)
	}
}

// standbyKind is the kind of both PostgreSQL servers: they are never lost together.
const standbyKind = "PostgreSQL standby"

// newChaos lists what can be broken.
func newChaos(f *fleet, o *operator) *chaos {
	c := &chaos{fleet: f, busy: map[string]bool{}}
	for _, service := range fleetServices {
		c.victims = append(c.victims, victims{
			kind: service, killedFor: time.Second, machines: func() []*machine { return f.copies[service] },
			start: func(t *testing.T, m *machine) { f.start(t, service, m) },
			whole: func(ctx context.Context) error { return allReady(ctx, f.copies[service]) },
		})
	}
	c.victims = append(c.victims,
		victims{
			kind: "NATS", killedFor: time.Second, machines: func() []*machine { return f.queue.servers }, start: f.queue.start,
			whole: f.queue.whole,
		},
		victims{
			kind: "Redis", killedFor: hangsFor, machines: func() []*machine { return f.cache.servers }, start: f.cache.start, whole: f.cache.whole,
		},
		victims{
			kind: standbyKind, machines: func() []*machine { return []*machine{f.database.standby()} }, start: f.database.start,
			// It stays away until commits go on without it.
			await: func(ctx context.Context) { until(ctx, o.isDegraded) },
			whole: func(context.Context) error { return o.whole() },
		},
	)
	return c
}

// primary is the PostgreSQL primary, as a victim. The operator promotes the standby, and the former primary becomes a new one.
func (c *chaos) primary(o *operator) victims {
	before := o.promotions()
	promoted := func() bool { return o.promotions() > before }
	return victims{
		kind: standbyKind, machines: func() []*machine { return []*machine{c.fleet.database.primary()} },
		await: func(ctx context.Context) { until(ctx, promoted) },
		start: func(t *testing.T, _ *machine) { c.fleet.database.rejoin(t) },
		whole: func(context.Context) error { return o.whole() },
	}
}

// until waits until something is so, or ctx ends.
func until(ctx context.Context, is func() bool) {
	for !is() && ctx.Err() == nil {
		<-time.After(operatorLook)
	}
}

// allReady returns nil when all copies of a service answer that they are ready.
func allReady(ctx context.Context, copies []*machine) error {
	for _, m := range copies {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+m.addr+":9091/readyz", nil)
		if err == nil {
			var resp *http.Response
			if resp, err = http.DefaultClient.Do(req); err == nil {
				_ = resp.Body.Close()
				if resp.StatusCode != http.StatusOK {
					err = fmt.Errorf("status %d", resp.StatusCode)
				}
			}
		}
		cancel()
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return nil
}

// whole returns nil when all servers have everything that the stream has.
func (c *natsCluster) whole(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second) // a cluster without a leader does not answer at all
	defer cancel()
	conn, err := nats.Connect(c.url(), nats.Timeout(2*time.Second))
	if err != nil {
		return err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	stream, err := js.Stream(ctx, "SALON")
	if err != nil {
		return err
	}
	info, err := stream.Info(ctx)
	if err != nil {
		return err
	}
	return c.current(info)
}

// whole returns nil when one server is the primary and the other one follows it.
func (g *redisGroup) whole(ctx context.Context) error {
	primaries, replicas := 0, 0
	for _, m := range g.servers {
		answer := ask(ctx, m.addr+":6379", "INFO replication")
		if strings.Contains(answer, "role:master") && strings.Contains(answer, "connected_slaves:1") {
			primaries++
		}
		if strings.Contains(answer, "master_link_status:up") {
			replicas++
		}
	}
	if primaries != 1 || replicas != 1 {
		return fmt.Errorf("%d servers are primaries with a replica, %d are replicas", primaries, replicas)
	}
	return nil
}
