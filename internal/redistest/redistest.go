// Package redistest gives a test a Redis of its own that the test can stop and start.
//
// By default this is miniredis in the test's process. When SALON_TEST_REDIS names the binary of a redis-server,
// that binary runs on a free port of the loopback interface instead.
package redistest

import (
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"go.uber.org/goleak"

	"github.com/beauty-salon/platform/internal/secret"
)

// Server is a Redis that runs until the end of the test.
type Server struct {
	t      testing.TB
	addr   string
	mini   *miniredis.Miniredis
	binary string
	cmd    *exec.Cmd
	done   chan struct{}
}

// LeakOptions are options of goleak. They ignore the client's attempt to reach a stopped server: it sleeps for a
// second between tries and only then notices that its pool was closed.
func LeakOptions() []goleak.Option {
	return []goleak.Option{
		goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"),
	}
}

// New starts a Redis.
func New(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t, binary: os.Getenv("SALON_TEST_REDIS")}
	if s.binary == "" {
		s.mini = miniredis.NewMiniRedis()
		s.Start()
	} else {
		s.startOnFreePort()
	}
	t.Cleanup(s.Stop)
	return s
}

// URL is the address of the server, also while the server is stopped.
func (s *Server) URL() secret.Text { return secret.Text("redis://" + s.addr) }

// Addr is host:port of URL.
func (s *Server) Addr() string { return s.addr }

// Real reports whether the server is a redis-server, which has its own clock and loses its data when it is stopped.
func (s *Server) Real() bool { return s.mini == nil }

// FastForward advances the time: entries expire, and the clock of miniredis moves. It skips the test on a
// redis-server.
func (s *Server) FastForward(d time.Duration) {
	s.t.Helper()
	if s.Real() {
		s.t.Skip("a real Redis cannot be put forward")
	}
	s.mini.FastForward(d)
}

// SetTime sets the clock of miniredis. It skips the test on a redis-server.
func (s *Server) SetTime(now time.Time) {
	s.t.Helper()
	if s.Real() {
		s.t.Skip("the clock of a real Redis cannot be set")
	}
	s.mini.SetTime(now)
}

// Stop stops the server: connections break and new ones are refused.
func (s *Server) Stop() {
	if s.mini != nil {
		s.mini.Close()
		return
	}
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	<-s.done
	s.cmd = nil
}

// Start brings the server back on the same address after Stop.
func (s *Server) Start() {
	s.t.Helper()
	if s.mini == nil {
		if !s.start() {
			s.t.Fatalf("redis-server did not start on %s", s.addr)
		}
		return
	}
	start := s.mini.Restart
	if s.addr == "" {
		start = s.mini.Start
	}
	if err := start(); err != nil {
		s.t.Fatalf("start miniredis: %v", err)
	}
	s.addr = s.mini.Addr()
}

// startOnFreePort tries again when another process takes the port first.
func (s *Server) startOnFreePort() {
	s.t.Helper()
	for range 5 {
		l, err := new(net.ListenConfig).Listen(s.t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			s.t.Fatalf("find a free port: %v", err)
		}
		s.addr = l.Addr().String()
		_ = l.Close()
		if s.start() {
			return
		}
	}
	s.t.Fatal("redis-server did not start")
}

// start runs the binary and waits until it answers. It returns false when the binary has ended.
func (s *Server) start() bool {
	s.t.Helper()
	host, port, _ := net.SplitHostPort(s.addr)
	// Not the test's context: Cleanup ends the process, also when the test has failed.
	cmd := exec.CommandContext(context.WithoutCancel(s.t.Context()), s.binary,
		"--bind", host, "--port", port, "--save", "", "--appendonly", "no", "--daemonize", "no")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		s.t.Fatalf("start %s: %v", s.binary, err)
	}
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	s.cmd, s.done = cmd, done
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	deadline := time.After(10 * time.Second)
	for {
		select {
		case <-done:
			return false
		case <-deadline:
			s.t.Fatalf("%s does not answer on %s", s.binary, s.addr)
		case <-poll.C:
			if s.answers() {
				return true
			}
		}
	}
}

// answers reports whether the server answers a PING. The Redis client belongs to the packages under test.
func (s *Server) answers() bool {
	conn, err := new(net.Dialer).DialContext(s.t.Context(), "tcp", s.addr)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	reply := make([]byte, len("+PONG"))
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	_, err = io.ReadFull(conn, reply)
	return err == nil && string(reply) == "+PONG"
}

// Hanging returns the URL of a listener that accepts connections and never answers.
func Hanging(t testing.TB) secret.Text {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		var conns []net.Conn
		for {
			conn, err := l.Accept()
			if err != nil {
				break
			}
			conns = append(conns, conn)
		}
		for _, conn := range conns {
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return secret.Text("redis://" + l.Addr().String())
}
