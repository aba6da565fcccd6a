package resilience_test

import (
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/beauty-salon/platform/e2e/salontest"
)

// TestCopies runs two copies of everything behind a balancer, and restarts, stops and adds copies while clients call. `make soak` does it
// for longer: with the default stop delay, one copy after the other, balancers that probe every second and every five seconds, and
// 7,000 calls for each.
func TestCopies(t *testing.T) {
	t.Parallel()
	soak := os.Getenv("SALON_SOAK") != ""
	delay := 3 * time.Second
	if soak {
		delay = 7 * time.Second // the default
	}
	c := newCluster(t, delay)
	if !soak {
		t.Run("rolling restart", func(t *testing.T) { c.rollTogether(t) })
	} else {
		for _, interval := range []time.Duration{time.Second, 5 * time.Second} {
			t.Run("rolling restart, probes each "+interval.String(), func(t *testing.T) { c.rollEach(t, interval, 7000) })
		}
	}
	t.Run("a new copy", c.newCopy)
	hanging := []string{"appointment"}
	if soak {
		hanging = clusterServices
	}
	for _, name := range hanging {
		t.Run("a copy of "+name+" hangs", func(t *testing.T) { c.hungCopy(t, name) })
	}
}

func (c *cluster) balance(t *testing.T, interval time.Duration) *balancer {
	t.Helper()
	return newBalancer(t, interval, c.nodes["gateway"][0].addr, c.nodes["gateway"][1].addr)
}

func (b *balancer) url() string { return "http://" + b.listener.Addr().String() }

// rollTogether restarts the first copies of everything at the same time, then the second ones.
func (c *cluster) rollTogether(t *testing.T) {
	b := c.balance(t, time.Second)
	tr := startTraffic(t, c, b.url(), 8, 100*time.Millisecond)
	tr.after(t, 50)
	for n := range 2 {
		var together []*node
		for _, copies := range c.nodes {
			together = append(together, copies[n])
		}
		c.restart(t, together...)
		b.awaitAll(t)
	}
	tr.after(t, 50)
	tr.none(t, b)
}

// rollEach restarts one copy after the other, the gateways last, until clients have made so many calls.
func (c *cluster) rollEach(t *testing.T, interval time.Duration, calls int64) {
	b := c.balance(t, interval)
	tr := startTraffic(t, c, b.url(), 8, 100*time.Millisecond)
	for rounds := 0; rounds == 0 || tr.calls.Load() < calls; rounds++ {
		for _, name := range clusterServices {
			for _, node := range []*node{c.nodes[name][0], c.nodes[name][1]} {
				c.restart(t, node)
			}
		}
		for _, node := range []*node{c.nodes["gateway"][0], c.nodes["gateway"][1]} {
			c.restart(t, node)
			b.awaitAll(t)
		}
	}
	tr.none(t, b)
}

// none fails the test when a call has failed.
func (tr *traffic) none(t *testing.T, b *balancer) {
	t.Helper()
	tr.end()
	failed := tr.failures()
	t.Logf("%d of %d calls have failed, the slowest took %s", len(failed), tr.calls.Load(), tr.slowest.Round(time.Millisecond))
	for _, text := range failed[:min(len(failed), 20)] {
		t.Error(text)
	}
	if n := b.refused.Load(); n > 0 {
		t.Errorf("%d connections were refused", n)
	}
}

// newCopy adds a copy to the name of a service.
func (c *cluster) newCopy(t *testing.T) {
	tr := startTraffic(t, c, c.balance(t, time.Second).url(), 8, 100*time.Millisecond)
	added := c.begin("appointment", "127.0.0.4:"+c.ports["appointment"])
	added.awaitReady(t)
	begin := time.Now()
	c.dns.Set("appointment.test", "127.0.0.2", "127.0.0.3", "127.0.0.4")
	salontest.Eventually(t, func() error {
		if added.handled(t) == 0 {
			return fmt.Errorf("the new copy gets no calls")
		}
		return nil
	})
	t.Logf("the new copy got its first call after %s", time.Since(begin).Round(time.Millisecond))
	c.dns.Set("appointment.test", "127.0.0.2", "127.0.0.3")
	salontest.Eventually(t, func() error {
		before := added.handled(t)
		tr.after(t, 60)
		if n := added.handled(t) - before; n > 0 {
			return fmt.Errorf("a copy that was taken out of DNS gets %d of 60 calls", n)
		}
		return nil
	})
	tr.end()
	for _, text := range tr.failures() {
		t.Error(text)
	}
}

// leftWithin is how long a copy that hangs may disturb calls. It is left within five seconds; the machine may have other things to do.
const leftWithin = 20 * time.Second

// hungCopy stops a copy without ending it: its connections stay, and nothing is answered.
func (c *cluster) hungCopy(t *testing.T, name string) {
	tr := startTraffic(t, c, c.balance(t, time.Second).url(), 8, 100*time.Millisecond)
	tr.after(t, 60)
	stopped := c.nodes[name][1]
	begin := time.Now()
	if err := stopped.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	salontest.Deadline(leftWithin+10*time.Second, func() bool {
		return time.Since(begin) > leftWithin/2 && tr.lastBadSince(begin)+10*time.Second < time.Since(begin)
	})
	tr.end()
	failed := tr.failures()
	t.Logf("a call that failed or took more than %s began last %s after the stop; %d of %d have failed, the slowest took %s",
		slowCall, tr.lastBadSince(begin).Round(time.Millisecond), len(failed), tr.calls.Load(), tr.slowest.Round(time.Millisecond))
	for _, text := range failed[:min(len(failed), 5)] {
		t.Log(text)
	}
	if last := tr.lastBadSince(begin); last > leftWithin {
		t.Errorf("calls are disturbed for %s", last)
	}
	if err := stopped.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	again := startTraffic(t, c, c.balance(t, time.Second).url(), 4, 100*time.Millisecond)
	before := stopped.handled(t)
	salontest.Eventually(t, func() error {
		again.after(t, 10)
		if stopped.handled(t) < before+20 { // more than the calls that were on their way to it
			return fmt.Errorf("a copy that works again gets no calls")
		}
		return nil
	})
	again.end()
}
