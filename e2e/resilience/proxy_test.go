package resilience_test

import (
	"context"
	"net"
	"sync"
	"testing"
)

// proxy forwards connections, until it stops to do so without closing them: to both sides the other one has vanished.
type proxy struct {
	listener net.Listener
	network  string
	target   string

	mu    sync.Mutex
	away  bool // new connections do not forward either
	links map[*link]struct{}
}

// link is a forwarded connection. Whoever holds its lock stops the flow.
type link struct {
	near, far net.Conn
	flow      sync.Mutex
	stopped   bool // under the lock of the proxy
}

// newProxy forwards to an address until the end of the test.
func newProxy(t *testing.T, network, target string) *proxy {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: listener, network: network, target: target, links: map[*link]struct{}{}}
	var accepting sync.WaitGroup
	accepting.Go(func() { p.accept(context.WithoutCancel(t.Context())) })
	t.Cleanup(func() {
		_ = listener.Close()
		accepting.Wait()
		p.back()
		p.drop()
	})
	return p
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

func (p *proxy) accept(ctx context.Context) {
	for {
		near, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		far, err := (&net.Dialer{}).DialContext(ctx, p.network, p.target)
		if err != nil {
			_ = near.Close()
			continue
		}
		l := &link{near: near, far: far}
		p.mu.Lock()
		p.links[l] = struct{}{}
		if p.away {
			l.stop()
		}
		p.mu.Unlock()
		go p.forward(l, far, near)
		go p.forward(l, near, far)
	}
}

// forward copies in one direction until either side ends.
func (p *proxy) forward(l *link, to, from net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		l.flow.Lock()
		if n > 0 && err == nil {
			_, err = to.Write(buf[:n])
		}
		l.flow.Unlock()
		if err != nil {
			_ = l.near.Close()
			_ = l.far.Close()
			return
		}
	}
}

func (l *link) stop() {
	if !l.stopped {
		l.stopped = true
		l.flow.Lock()
	}
}

// hang stops all connections that there are. New ones work.
func (p *proxy) hang() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		l.stop()
	}
}

// vanish stops all connections, and those that will be made.
func (p *proxy) vanish() {
	p.mu.Lock()
	p.away = true
	p.mu.Unlock()
	p.hang()
}

// back lets everything flow again.
func (p *proxy) back() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.away = false
	for l := range p.links {
		if l.stopped {
			l.stopped = false
			l.flow.Unlock()
		}
	}
}

// drop closes all connections.
func (p *proxy) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		_ = l.near.Close()
		_ = l.far.Close()
		delete(p.links, l)
		if l.stopped {
			l.stopped = false
			l.flow.Unlock()
		}
	}
}
