package pgtest

import (
	"context"
	"sync"
	"testing"

	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/secret"
)

// defaultSchema has only the platform's tables.
const defaultSchema = "test"

// Server is a fresh database with one or more migrated schemas in it.
type Server struct {
	t       testing.TB
	cluster *cluster
	name    string
	schemas []string
	mu      *sync.Mutex
	open    map[string]*postgres.DB
}

// New returns a fresh database with the migrations m applied, opened with the role of the first service. Without
// migrations the database has the schema "test" with the platform's tables. It is dropped when the test ends.
func New(t testing.TB, m ...postgres.Migrations) *postgres.DB {
	t.Helper()
	server := NewServer(t, m...)
	return server.DB(server.schemas[0])
}

// NewServer is [New] for tests that need several services' schemas or the
// database's URL.
func NewServer(t testing.TB, m ...postgres.Migrations) Server {
	t.Helper()
	if len(m) == 0 {
		m = []postgres.Migrations{{Service: defaultSchema}}
	}
	c, err := shared()
	if err != nil {
		t.Fatalf("PostgreSQL for the tests: %v", err)
	}
	name, err := c.create(t.Context(), m)
	if err != nil {
		t.Fatalf("create a test database: %v", err)
	}
	t.Cleanup(func() {
		// The test's own context has ended at this point.
		if err := c.drop(context.WithoutCancel(t.Context()), name); err != nil {
			t.Errorf("drop the test database: %v", err)
		}
	})
	server := Server{t: t, cluster: c, name: name, mu: &sync.Mutex{}, open: map[string]*postgres.DB{}}
	for _, set := range m {
		server.schemas = append(server.schemas, set.Service)
	}
	return server
}

// DB returns the database with the role of the service that owns schema. It is opened once and closed when the test
// ends.
func (s Server) DB(schema string) *postgres.DB {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if db, ok := s.open[schema]; ok {
		return db
	}
	db, err := postgres.Open(postgres.Config{URL: secret.Text(s.URL())}, s.Keys(), schema)
	if err != nil {
		s.t.Fatalf("open the test database: %v", err)
	}
	s.t.Cleanup(func() {
		if err := db.Close(); err != nil {
			s.t.Errorf("close the test database: %v", err)
		}
	})
	s.open[schema] = db
	return db
}

// URL is the address of the database without a user, as services are configured.
func (s Server) URL() string { return s.cluster.server.URL(s.name) }

// AdminURL is the address of the database with its administrator.
func (s Server) AdminURL() string { return s.cluster.server.AdminURL(s.name) }

// Keys are the keys from which the passwords of the roles are derived.
func (s Server) Keys() *secret.Keys { return s.cluster.keys }
