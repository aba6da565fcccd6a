package postgres_test

import (
	"io"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"testing"

	"github.com/beauty-salon/platform/internal/pgtest"
)

// proxy is a network between a pool and the server's socket that can be disturbed.
type proxy struct {
	url      string // of the database, through the proxy
	server   string // the socket
	listener net.Listener

	mu      sync.Mutex
	links   []*link
	running sync.WaitGroup
}

// link is one connection through the proxy.
type link struct {
	client, server net.Conn

	mu     sync.Mutex
	frozen bool
	cut    bool
}

func newProxy(t *testing.T, server pgtest.Server) *proxy {
	t.Helper()
	at, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	query := at.Query()
	p := &proxy{server: filepath.Join(query.Get("host"), ".s.PGSQL."+query.Get("port")), listener: listener}
	p.url = "postgres://" + listener.Addr().String() + at.Path + "?sslmode=disable"
	p.running.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("unix", p.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		l := &link{client: client, server: server}
		p.mu.Lock()
		p.links = append(p.links, l)
		p.mu.Unlock()
		p.running.Go(l.requests)
		p.running.Go(l.answers)
	}
}

func (p *proxy) close() {
	_ = p.listener.Close()
	p.each(func(l *link) { l.close() })
	p.running.Wait()
}

func (p *proxy) each(fn func(*link)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.links {
		fn(l)
	}
}

// count is how many connections there were.
func (p *proxy) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.links)
}

// freeze makes all connections of now forward nothing any more, and close nothing: as when a machine vanishes.
func (p *proxy) freeze() { p.each(func(l *link) { l.set(&l.frozen) }) }

// cut makes each connection of now break at its next use, after the request has reached the server.
func (p *proxy) cut() { p.each(func(l *link) { l.set(&l.cut) }) }

func (l *link) set(flag *bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	*flag = true
}

func (l *link) state() (frozen, cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.frozen, l.cut
}

func (l *link) close() {
	_ = l.client.Close()
	_ = l.server.Close()
}

// requests forwards what the client sends.
func (l *link) requests() {
	buffer := make([]byte, 1<<16)
	for {
		n, err := l.client.Read(buffer)
		if err != nil {
			_ = l.server.Close()
			return
		}
		frozen, cut := l.state()
		if frozen {
			_, _ = io.Copy(io.Discard, l.client) // until the client gives up
			return
		}
		if _, err := l.server.Write(buffer[:n]); err != nil {
			return
		}
		if cut {
			_ = l.client.Close() // the server carries out what it got
			return
		}
	}
}

// answers forwards what the server sends.
func (l *link) answers() {
	buffer := make([]byte, 1<<16)
	for {
		n, err := l.server.Read(buffer)
		if err != nil {
			if frozen, _ := l.state(); !frozen {
				_ = l.client.Close()
			}
			return
		}
		if frozen, cut := l.state(); frozen || cut {
			continue
		}
		if _, err := l.client.Write(buffer[:n]); err != nil {
			return
		}
	}
}
