// Package dnstest is a DNS server whose names tests set. The program asks it with targets such as dns://127.0.0.1:5353/user.test:9100.
package dnstest

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// Server answers for the names that were set. Other names do not exist.
type Server struct {
	conn net.PacketConn

	mu    sync.Mutex
	names map[string][]netip.Addr
	asked int
}

// Start starts a server on a free port of 127.0.0.1, and stops it at the end of the test.
func Start(t testing.TB) *Server {
	t.Helper()
	conn, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{conn: conn, names: map[string][]netip.Addr{}}
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := s.serve(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("DNS server: %v", err)
		}
	})
	t.Cleanup(func() {
		_ = conn.Close()
		serving.Wait()
	})
	return s
}

// Addr is where the server is.
func (s *Server) Addr() string { return s.conn.LocalAddr().String() }

// Set gives a name other addresses, of IPv4. Without addresses the name does not exist.
func (s *Server) Set(name string, addrs ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names[name] = nil
	for _, a := range addrs {
		s.names[name] = append(s.names[name], netip.MustParseAddr(a))
	}
}

// Asked is how many questions were asked so far.
func (s *Server) Asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

func (s *Server) serve() error {
	buf := make([]byte, 1500)
	for {
		n, from, err := s.conn.ReadFrom(buf)
		if err != nil {
			return err
		}
		var m dnsmessage.Message
		if err := m.Unpack(buf[:n]); err != nil || len(m.Questions) == 0 {
			continue
		}
		s.answer(&m)
		reply, err := m.Pack()
		if err != nil {
			return err
		}
		if _, err := s.conn.WriteTo(reply, from); err != nil {
			return err
		}
	}
}

// answer turns a question into its answer.
func (s *Server) answer(m *dnsmessage.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	q := m.Questions[0]
	addrs := s.names[strings.TrimSuffix(q.Name.String(), ".")]
	m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
	if len(addrs) == 0 {
		m.RCode = dnsmessage.RCodeNameError
	}
	if q.Type != dnsmessage.TypeA {
		return
	}
	for _, a := range addrs {
		m.Answers = append(m.Answers, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
			Body:   &dnsmessage.AResource{A: a.As4()},
		})
	}
}
