// Package natstest runs a NATS server with JetStream for a test.
//
// The server is embedded. When the environment variable SALON_TEST_NATS names a nats-server binary, that binary
// runs as a process instead. Either server listens on a free port of the loopback interface and keeps its files in
// the test's folder. A test can stop it and start it again with the same port and files, to simulate an outage.
package natstest

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/beauty-salon/platform/internal/secret"
)

const (
	loopback = "127.0.0.1"
	// startTimeout and stopTimeout are long, because many test binaries run at once.
	startTimeout = 30 * time.Second
	stopTimeout  = 30 * time.Second
)

// backend is one way to run a server.
type backend interface {
	// start returns once the server accepts connections on the port.
	start(port int, dir string) error
	// stop ends the server in an orderly way, after a start.
	stop() error
}

// Server is a NATS server of one test.
type Server struct {
	t    testing.TB
	dir  string
	port int

	mu      sync.Mutex
	running bool
	backend backend
}

// LeakOptions are options of goleak. They ignore the goroutines of a server that is stopped while it creates a
// stream: it opens the files after it has closed all others, and never closes them.
func LeakOptions() []goleak.Option {
	return []goleak.Option{
		goleak.IgnoreAnyFunction("github.com/nats-io/nats-server/v2/server.(*fileStore).flushStreamStateLoop"),
		goleak.IgnoreAnyFunction("github.com/nats-io/nats-server/v2/server.(*msgBlock).flushLoop"),
		goleak.IgnoreAnyFunction("github.com/nats-io/nats-server/v2/server/ats.Register.func1"),
	}
}

// New starts a server, which t.Cleanup stops.
func New(t testing.TB) *Server {
	t.Helper()
	s := NewStopped(t)
	for range 5 { // another process may take the port first
		if s.backend.start(s.port, s.StoreDir()) == nil {
			s.running = true
			return s
		}
		s.port = freePort(t)
	}
	s.Start()
	return s
}

// NewStopped is [New] without the start, for tests of code that must work when the server starts later. The port is
// free at the time of the call.
func NewStopped(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t, dir: t.TempDir(), port: freePort(t), backend: &inProcess{}}
	if bin := os.Getenv("SALON_TEST_NATS"); bin != "" {
		s.backend = &process{binary: bin}
	}
	t.Cleanup(s.Stop)
	return s
}

// URL is the address of the server, also while the server is stopped.
func (s *Server) URL() secret.Text {
	return secret.Text("nats://" + address(s.port))
}

// StoreDir is the folder of the server's files.
func (s *Server) StoreDir() string { return filepath.Join(s.dir, "jetstream") }

// Start starts a stopped server with the content of its files. The test fails if that is not possible.
func (s *Server) Start() {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running {
		return
	}
	if err := s.backend.start(s.port, s.StoreDir()); err != nil {
		s.t.Fatalf("natstest: %v", err)
	}
	s.running = true
}

// Stop stops the server; its files stay.
func (s *Server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running {
		s.running = false
		if err := s.backend.stop(); err != nil {
			s.t.Errorf("natstest: %v", err)
		}
	}
}

// Restart is Stop and Start.
func (s *Server) Restart() {
	s.t.Helper()
	s.Stop()
	s.Start()
}

func address(port int) string { return net.JoinHostPort(loopback, strconv.Itoa(port)) }

func freePort(t testing.TB) int {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address(0))
	if err != nil {
		t.Fatalf("natstest: find a free port: %v", err)
	}
	addr, ok := l.Addr().(*net.TCPAddr)
	if err := l.Close(); err != nil || !ok {
		t.Fatalf("natstest: find a free port: listening on %v: %v", l.Addr(), err)
	}
	return addr.Port
}
