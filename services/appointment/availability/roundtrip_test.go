package availability

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/secret"
	"github.com/beauty-salon/platform/internal/servicetest"
	"github.com/beauty-salon/platform/services/appointment/catalog"
	"github.com/beauty-salon/platform/services/appointment/migrations"
	"github.com/beauty-salon/platform/services/appointment/people"
	"github.com/beauty-salon/platform/services/appointment/salon"
)

// messages counts what a client of PostgreSQL sends (PostgreSQL documentation, page "Message Formats").
type messages struct {
	mu      sync.Mutex
	pending []byte
	started bool
	// statements are those that are executed. A round trip ends with the request that the server says it is ready.
	statements, roundTrips int
}

func (m *messages) Write(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for m.pending = append(m.pending, p...); ; {
		head := 1 // the type of the message, which the first one lacks
		if !m.started {
			head = 0
		}
		if len(m.pending) < head+4 {
			return len(p), nil
		}
		end := head + int(binary.BigEndian.Uint32(m.pending[head:]))
		if len(m.pending) < end {
			return len(p), nil
		}
		if m.started {
			switch m.pending[0] {
			case 'E':
				m.statements++
			case 'Q':
				m.statements++
				m.roundTrips++
			case 'S':
				m.roundTrips++
			}
		}
		m.started, m.pending = true, m.pending[end:]
	}
}

// take returns what was counted since the last call.
func (m *messages) take() (statements, roundTrips int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	defer func() { m.statements, m.roundTrips = 0, 0 }()
	return m.statements, m.roundTrips
}

// countingDB returns a pool of one connection to a database, and counts what goes through it.
func countingDB(t *testing.T, server pgtest.Server) (*postgres.DB, *messages) {
	t.Helper()
	at, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	port := at.Query().Get("port")
	if port == "" {
		port = "5432"
	}
	socket := filepath.Join(at.Query().Get("host"), ".s.PGSQL."+port)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	counted := &messages{}
	var copies sync.WaitGroup
	copies.Go(func() {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = client.Close() }()
		backend, err := net.Dial("unix", socket)
		if err != nil {
			return
		}
		defer func() { _ = backend.Close() }()
		copies.Go(func() { _, _ = io.Copy(client, backend) })
		_, _ = io.Copy(io.MultiWriter(counted, backend), client) // counts before the server can answer
	})
	through := "postgres://" + listener.Addr().String() + at.Path + "?sslmode=disable"
	db, err := postgres.Open(postgres.Config{URL: secret.Text(through), MaxConns: 1}, server.Keys(), "appointments")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(db.Close(), listener.Close()); err != nil {
			t.Error(err)
		}
		copies.Wait()
	})
	return db, counted
}

// TestSearchIsOneRoundTrip: with the rules in memory, a search sends the database one statement in one round trip, whatever it
// asks for.
func TestSearchIsOneRoundTrip(t *testing.T) {
	p := servicetest.New(t, migrations.Migrations)
	d := p.Deps("appointments")
	service, masters := id.New(), []string{id.New(), id.New()}
	exec := func(sql string, args ...any) {
		t.Helper()
		if err := d.DB.Conn(t.Context()).Exec(sql, args...).Error; err != nil {
			t.Fatal(err)
		}
	}
	exec(`INSERT INTO services (id, salon_id, name, description, category, price_minor, currency, duration_minutes,
		buffer_before_minutes, buffer_after_minutes, active, search_text, version, create_time, update_time)
		VALUES (?, ?, 'Cut', '', 'Hair', 4500, 'EUR', 60, 0, 5, true, 'cut', 1, now(), now())`, service, id.FirstSalon)
	for _, m := range masters {
		exec(`INSERT INTO masters (id, salon_id, display_name, deleted, disabled, version) VALUES (?, ?, 'Mira', false, false, 1)`,
			m, id.FirstSalon)
		exec(`INSERT INTO offerings (master_id, service_id, salon_id, version, create_time, update_time)
			VALUES (?, ?, ?, 1, now(), now())`, m, service, id.FirstSalon)
	}

	db, counted := countingDB(t, p.Postgres)
	d.DB = db
	known := people.New(d, salon.New(d))
	a := New(d, known, catalog.New(d, salon.New(d), known))
	day := func(n int) string { return p.Clock.Now().AddDate(0, 0, n).Format(time.DateOnly) }
	anybody := &appointmentv1.SegmentFilter{ServiceId: service}
	for i, c := range []struct {
		name string
		req  *appointmentv1.SearchAvailabilityRequest
	}{
		{"any master", &appointmentv1.SearchAvailabilityRequest{
			Segments: []*appointmentv1.SegmentFilter{anybody}, StartDate: day(1), EndDate: day(7),
		}},
		{"one master", &appointmentv1.SearchAvailabilityRequest{
			Segments:  []*appointmentv1.SegmentFilter{{ServiceId: service, MasterIds: masters[:1]}},
			StartDate: day(1), EndDate: day(14),
		}},
		{"a chain", &appointmentv1.SearchAvailabilityRequest{
			Segments: []*appointmentv1.SegmentFilter{anybody, anybody, anybody}, StartDate: day(1), EndDate: day(7),
		}},
		{"the first slots of two months", &appointmentv1.SearchAvailabilityRequest{
			Segments: []*appointmentv1.SegmentFilter{anybody}, StartDate: day(1), EndDate: day(62), FirstPerDay: true,
		}},
	} {
		search := func() (statements, roundTrips int) {
			t.Helper()
			answer, err := a.SearchAvailability(t.Context(), c.req)
			if err != nil || len(answer.GetSlots()) == 0 {
				t.Fatalf("%s: %d slots, %v", c.name, len(answer.GetSlots()), err)
			}
			return counted.take()
		}
		// The first search reads the rules, and each statement is parsed at its first use.
		if statements, _ := search(); i == 0 && statements < 3 { // the service, the rules, what is taken
			t.Errorf("the first search: counted only %d statements", statements)
		}
		// A connection that was not used for a second is probed first, as it may be on a busy machine.
		statements, roundTrips := search()
		for range 10 {
			if statements == 1 && roundTrips == 1 {
				break
			}
			statements, roundTrips = search()
		}
		if statements != 1 || roundTrips != 1 {
			t.Errorf("%s: %d statements in %d round trips", c.name, statements, roundTrips)
		}
	}
}
