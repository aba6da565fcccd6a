package resilience_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/beauty-salon/platform/e2e/salontest"
)

// balancer forwards connections to those of its backends whose last probe said yes, in turn. It knows nothing of what it forwards. A
// connection to a backend that refuses it is lost.
type balancer struct {
	listener net.Listener
	backends []*backend
	next     atomic.Uint32
	ctx      context.Context //nolint:containedctx // ends with the test, for everything that the balancer does
	working  sync.WaitGroup
	refused  atomic.Int32 // connections for which there was no backend, or whose backend refused them
}

type backend struct {
	addr string
	up   atomic.Bool
}

// newBalancer balances between addresses, which it probes once in each interval.
func newBalancer(t *testing.T, interval time.Duration, addrs ...string) *balancer {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	b := &balancer{listener: l, ctx: ctx}
	for _, addr := range addrs {
		b.backends = append(b.backends, &backend{addr: addr})
	}
	b.working.Go(b.accept)
	for _, to := range b.backends {
		b.working.Go(func() { b.probe(to, interval) })
	}
	t.Cleanup(func() {
		cancel()
		_ = l.Close()
		b.working.Wait()
	})
	b.awaitAll(t)
	return b
}

// awaitAll waits until all backends are up.
func (b *balancer) awaitAll(t *testing.T) {
	t.Helper()
	salontest.Eventually(t, func() error {
		for _, to := range b.backends {
			if !to.up.Load() {
				return fmt.Errorf("%s is down", to.addr)
			}
		}
		return nil
	})
}

// probe asks a backend whether it is ready, on a connection of its own each time.
func (b *balancer) probe(to *backend, interval time.Duration) {
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for tick := time.NewTicker(interval); ; {
		up := false
		if req, err := http.NewRequestWithContext(b.ctx, http.MethodGet, "http://"+to.addr+"/readyz", nil); err == nil {
			if resp, err := client.Do(req); err == nil {
				_ = resp.Body.Close()
				up = resp.StatusCode == http.StatusOK
			}
		}
		to.up.Store(up)
		select {
		case <-b.ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
	}
}

func (b *balancer) accept() {
	for {
		conn, err := b.listener.Accept()
		if err != nil {
			return // closed
		}
		b.working.Go(func() { b.forward(conn) })
	}
}

func (b *balancer) forward(near net.Conn) {
	defer func() { _ = near.Close() }()
	far, err := b.dial()
	if err != nil {
		b.refused.Add(1)
		return
	}
	defer func() { _ = far.Close() }()
	defer context.AfterFunc(b.ctx, func() {
		_ = near.Close()
		_ = far.Close()
	})()
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
		both.Go(func() {
			_, _ = io.Copy(way[0], way[1])
			if half, ok := way[0].(interface{ CloseWrite() error }); ok {
				_ = half.CloseWrite()
			}
		})
	}
	both.Wait()
}

// dial connects to the next backend that is up.
func (b *balancer) dial() (net.Conn, error) {
	turn := int(b.next.Add(1))
	for i := range b.backends {
		if to := b.backends[(turn+i)%len(b.backends)]; to.up.Load() {
			return (&net.Dialer{Timeout: time.Second}).DialContext(b.ctx, "tcp", to.addr)
		}
	}
	return nil, errors.New("no backend is up")
}
