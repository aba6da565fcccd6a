package resilience_test

import (
	"os"
	"testing"
	"time"

	"github.com/beauty-salon/platform/e2e/salontest"
)

// TestNATSCluster kills and stops each of three NATS servers while customers book: events are published and delivered
// again within seconds, each once, in the order of their aggregate.
func TestNATSCluster(t *testing.T) {
	t.Parallel()
	onlyLong(t)
	s := newSite(t)
	queue := newNATSCluster(t, newNetwork(t, s.dir))
	copies := []*salontest.System{
		s.copy(t, "SALON_NATS_URL="+queue.url(), "SALON_NATS_REPLICAS=3"),
		s.copy(t, "SALON_NATS_URL="+queue.url(), "SALON_NATS_REPLICAS=3"),
	}
	l := newWorkload(t, frontOf(t, copies), copies[0], 1)
	p := newPeople(t, copies[0])
	notified := func() time.Duration {
		begin := time.Now()
		p.book(t, copies[0])
		p.arrive(t, copies[1])
		return time.Since(begin)
	}
	l.start(t)
	t.Logf("before anything is broken, a notification takes %s", notified())
	for range rounds() {
		server := queue.leader(t)
		server.kill(t)
		t.Logf("%s, the leader, is killed: a notification takes %s", server.name, notified())
		queue.start(t, server)
		queue.caughtUp(t)
		server = queue.leader(t)
		server.hang(t)
		t.Logf("%s, the leader, hangs: a notification takes %s", server.name, notified())
		server.resume(t)
		queue.caughtUp(t)
	}
	for _, server := range queue.servers[:min(rounds()-1, 3)] { // in `make soak` also those that do not lead
		server.kill(t)
		t.Logf("%s is killed: a notification takes %s", server.name, notified())
		queue.start(t, server)
		queue.caughtUp(t)
		server.hang(t)
		t.Logf("%s hangs: a notification takes %s", server.name, notified())
		server.resume(t)
		queue.caughtUp(t)
	}
	l.end()
	l.check(t, copies[0], queue.url())
}

// onlyLong skips a test outside of `make soak`. TestKillAnything loses a server of each kind in any case.
func onlyLong(t *testing.T) {
	t.Helper()
	if os.Getenv("SALON_SOAK") == "" {
		t.Skip("only in make soak")
	}
}

// frontOf balances over copies that have a gateway.
func frontOf(t *testing.T, copies []*salontest.System) *front {
	t.Helper()
	gateways := map[string]string{}
	for _, c := range copies {
		gateways[c.URL()] = c.InternalURL()
	}
	return newFront(t, gateways)
}

// TestRedisFailover kills and stops the Redis primary while customers book, and Sentinels promote the replica: nobody notices,
// and the program uses the new primary.
func TestRedisFailover(t *testing.T) {
	t.Parallel()
	onlyLong(t)
	s := newSite(t)
	group := newRedisGroup(t, newNetwork(t, s.dir))
	// With limits: they are counted in Redis.
	env := []string{"SALON_REDIS_URL=" + group.url(), "SALON_LIMIT_USER=10000", "SALON_LIMIT_ADDRESS=10000"}
	copies := []*salontest.System{s.copy(t, env...), s.copy(t, env...)}
	l := newWorkload(t, frontOf(t, copies), copies[0], 1)
	l.start(t)
	for range rounds() {
		for _, fault := range []struct {
			name       string
			begin, end func(*machine)
		}{
			{"is killed", func(m *machine) { m.kill(t) }, func(m *machine) { group.start(t, m) }},
			{"hangs", func(m *machine) { m.hang(t) }, func(m *machine) { m.resume(t) }},
		} {
			lost := group.primary(t)
			group.used(t, lost)
			fault.begin(lost)
			began := time.Now()
			promoted := group.promoted(t, lost)
			t.Logf("%s %s: %s is promoted after %s", lost.name, fault.name, promoted.name, time.Since(began))
			group.used(t, promoted)
			t.Logf("%s is used after %s", promoted.name, time.Since(began))
			fault.end(lost)
			group.follows(t, lost)
		}
	}
	l.end()
	l.check(t, copies[0], s.queue.URL().Reveal())
	if failed := l.failures(); len(failed) > 0 {
		t.Errorf("%d calls failed: %+v", len(failed), failed[0])
	}
}

// TestPromotion kills the PostgreSQL primary while customers book, and promotes its synchronous standby: what was acknowledged
// is there, and calls work again within seconds.
func TestPromotion(t *testing.T) {
	t.Parallel()
	onlyLong(t)
	s, pair := newPairSite(t)
	copies := []*salontest.System{s.copy(t), s.copy(t)}
	l := newWorkload(t, frontOf(t, copies), copies[0], 1)
	l.start(t)
	for n := range rounds() {
		l.goesOn(t, time.Minute)
		began, booked := time.Now(), l.count()
		if err := pair.failOver(t); err != nil {
			t.Fatal(err)
		}
		l.goesOn(t, recovery)
		t.Logf("%d: the primary is killed after %d bookings: calls work after %s", n+1, booked, time.Since(began))

		// The machine comes back as the standby, and is lost too.
		pair.join(t)
		l.goesOn(t, time.Minute)
		pair.standby().kill(t)
		began = time.Now()
		pair.degrade(t)
		l.goesOn(t, recovery)
		t.Logf("%d: the standby is killed: calls work after %s", n+1, time.Since(began))
		pair.join(t)
	}
	l.end()
	l.check(t, copies[0], s.queue.URL().Reveal())
}
