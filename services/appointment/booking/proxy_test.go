package booking

import (
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"testing"

	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/secret"
)

// shortestBatch is shorter than a batch of bookings, in bytes.
const shortestBatch = 500

// proxy is between the program and PostgreSQL, and loses connections as a network does.
type proxy struct {
	t        testing.TB
	listener net.Listener
	server   string // the path of the server's socket

	mu    sync.Mutex
	links []*link
	away  bool
}

// link is one connection through the proxy.
type link struct {
	client net.Conn
	server net.Conn

	mu           sync.Mutex
	holdRequests bool
	holdAnswers  bool
	busy         bool          // since a batch came; the checks of an idle connection are shorter
	held         []byte        // the requests that are held
	ended        chan struct{} // closed when the server has ended the connection
}

// newProxy returns a proxy before a database, and a pool of one connection that goes through it.
func newProxy(t testing.TB, server pgtest.Server, schema string) (*proxy, *postgres.DB) {
	t.Helper()
	at, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	query := at.Query()
	port := query.Get("port")
	if port == "" {
		port = "5432"
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{t: t, listener: listener, server: filepath.Join(query.Get("host"), ".s.PGSQL."+port)}
	var all sync.WaitGroup
	all.Go(func() { p.accept(&all) })
	through := "postgres://" + listener.Addr().String() + at.Path + "?sslmode=disable"
	db, err := postgres.Open(postgres.Config{URL: secret.Text(through), MaxConns: 4}, server.Keys(), schema)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = db.Close()
		_ = listener.Close()
		p.each(func(l *link) { _, _ = l.client.Close(), l.server.Close() })
		all.Wait()
	})
	return p, db
}

func (p *proxy) accept(all *sync.WaitGroup) {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("unix", p.server)
		p.mu.Lock()
		if err != nil || p.away {
			p.mu.Unlock()
			_ = client.Close()
			continue
		}
		l := &link{client: client, server: server, ended: make(chan struct{})}
		p.links = append(p.links, l)
		p.mu.Unlock()
		all.Go(l.requests)
		all.Go(l.answers)
	}
}

// each does something with all connections that there are.
func (p *proxy) each(do func(l *link)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.links {
		do(l)
	}
}

// setAway refuses new connections, or accepts them again.
func (p *proxy) setAway(away bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.away = away
}

// requests copies what the client sends.
func (l *link) requests() {
	buffer := make([]byte, 1<<16)
	for {
		n, err := l.client.Read(buffer)
		l.mu.Lock()
		l.busy = l.busy || n > shortestBatch
		hold := l.busy && l.holdRequests
		if hold {
			l.held = append(l.held, buffer[:n]...)
		} else if n > 0 {
			_, _ = l.server.Write(buffer[:n])
		}
		l.mu.Unlock()
		if err != nil {
			if !hold {
				_ = l.server.Close()
			}
			return
		}
	}
}

// answers copies what the server sends.
func (l *link) answers() {
	defer close(l.ended)
	buffer := make([]byte, 1<<16)
	for {
		n, err := l.server.Read(buffer)
		l.mu.Lock()
		if drop := l.busy && l.holdAnswers; !drop && n > 0 {
			_, _ = l.client.Write(buffer[:n])
		}
		l.mu.Unlock()
		if err != nil {
			_ = l.client.Close()
			return
		}
	}
}

// hold keeps the next batch that comes by one of the connections that there are, or drops its answer.
func (p *proxy) hold(requests, answers bool) {
	p.each(func(l *link) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.holdRequests, l.holdAnswers, l.busy = requests, answers, false
	})
}

// heldBytes is how much is held.
func (p *proxy) heldBytes() (n int) {
	p.each(func(l *link) {
		l.mu.Lock()
		defer l.mu.Unlock()
		n += len(l.held)
	})
	return n
}

// cut closes the connections that there are on the side of the client.
func (p *proxy) cut() { p.each(func(l *link) { _ = l.client.Close() }) }

// deliver sends the server what was held, and waits until the server has done it.
func (p *proxy) deliver() {
	p.each(func(l *link) {
		l.mu.Lock()
		held := l.held
		l.mu.Unlock()
		if len(held) == 0 {
			return
		}
		if _, err := l.server.Write(held); err != nil {
			p.t.Errorf("deliver: %v", err)
		}
		if half, ok := l.server.(*net.UnixConn); ok {
			_ = half.CloseWrite()
		}
		<-l.ended
	})
}
