package resilience_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	// probeEvery and probeTimeout are those of the load balancer; it needs two failed probes to leave a gateway out.
	probeEvery   = 500 * time.Millisecond
	probeTimeout = 1500 * time.Millisecond
)

// front is a load balancer before several gateways, as far as a client notices one: it probes them, leaves out those
// that do not answer, and sends to another one what broke off or could not be delivered. All calls of these tests may be
// sent twice: reads, changes with an Idempotency-Key, and actions that lead to a state.
type front struct {
	client   *http.Client
	gateways []*frontGateway
	next     atomic.Int64
	resent   atomic.Int64 // calls that went to another gateway too
}

// frontGateway is a gateway as the load balancer sees it.
type frontGateway struct {
	url string

	mu   sync.Mutex
	down bool
	lost chan struct{} // closed when the gateway is left out
}

// newFront starts to probe the gateways: pairs of the addresses of REST and of the probes.
func newFront(t *testing.T, gateways map[string]string) *front {
	t.Helper()
	f := &front{client: &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: 100, IdleConnTimeout: 2 * time.Second,
		DialContext: (&net.Dialer{Timeout: time.Second}).DialContext,
	}}}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var probing sync.WaitGroup
	t.Cleanup(func() { stop(); probing.Wait(); f.client.CloseIdleConnections() })
	for url, probes := range gateways {
		g := &frontGateway{url: url, lost: make(chan struct{})}
		f.gateways = append(f.gateways, g)
		probing.Go(func() { f.watch(ctx, g, probes) })
	}
	return f
}

// watch probes a gateway until the end of the test.
func (f *front) watch(ctx context.Context, g *frontGateway, probes string) {
	failed := 0
	for ctx.Err() == nil {
		if f.probe(ctx, probes) {
			failed = 0
		} else {
			failed++
		}
		g.mu.Lock()
		if down := failed >= 2; down != g.down {
			g.down = down
			if down {
				close(g.lost)
			} else {
				g.lost = make(chan struct{})
			}
		}
		g.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-time.After(probeEvery):
		}
	}
}

func (f *front) probe(ctx context.Context, probes string) bool {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, probes+"/readyz", nil)
	if err != nil {
		return false
	}
	resp, err := f.client.Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// pick is the next gateway that is not left out, other than the one that was tried; a gateway that is left out, when there is no
// other.
func (f *front) pick(tried *frontGateway) (*frontGateway, <-chan struct{}) {
	var last *frontGateway
	for range f.gateways {
		g := f.gateways[int(f.next.Add(1))%len(f.gateways)]
		g.mu.Lock()
		down, lost := g.down, g.lost
		g.mu.Unlock()
		if !down && g != tried {
			return g, lost
		}
		if g != tried {
			last = g
		}
	}
	if last == nil {
		last = f.gateways[0]
	}
	return last, nil
}

// answer is what a client gets.
type answer struct {
	status     int
	retryAfter bool
	reason     string
	body       []byte
}

// errNoGateway means that no gateway took a call.
var errNoGateway = errors.New("no gateway")

// call makes a call. The error means that no gateway has answered.
func (f *front) call(ctx context.Context, verb, path, token, key string, body []byte) (a answer, err error) {
	var tried *frontGateway
	for try := range 3 {
		if try > 0 {
			f.resent.Add(1)
		}
		g, lost := f.pick(tried)
		tried = g
		if a, err = f.once(ctx, g.url, lost, verb, path, token, key, body); err == nil || ctx.Err() != nil {
			return a, err
		}
	}
	return a, errors.Join(errNoGateway, err)
}

// once makes a call at one gateway, and gives up when the gateway is lost.
func (f *front) once(ctx context.Context, url string, lost <-chan struct{}, verb, path, token, key string, body []byte) (a answer, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-ctx.Done():
		case <-lost:
			cancel()
		}
	}()
	req, err := http.NewRequestWithContext(ctx, verb, url+path, bytes.NewReader(body))
	if err != nil {
		return a, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	if len(body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := f.client.Do(req)
	if err != nil {
		return a, err
	}
	defer resp.Body.Close()
	if a.body, err = io.ReadAll(resp.Body); err != nil {
		return a, err
	}
	a.status, a.retryAfter = resp.StatusCode, resp.Header.Get("Retry-After") != ""
	if a.status >= http.StatusBadRequest {
		var problem struct{ Reason string }
		_ = json.Unmarshal(a.body, &problem) // without one the reason stays empty
		a.reason = problem.Reason
	}
	return a, nil
}
