package user

import (
	"errors"
	"testing"
	"time"

	"go.uber.org/goleak"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/servicetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, servicetest.LeakOptions()...) }

// fakeHash passes for a password's hash where none is verified.
const fakeHash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$c3Vt"

func newStore(t *testing.T) *store {
	t.Helper()
	return &store{db: pgtest.New(t, Migrations)}
}

func TestMigrationsGoDownAndUp(t *testing.T) {
	server := pgtest.NewServer(t, Migrations)
	if err := postgres.Rollback(t.Context(), server.AdminURL(), Migrations); err != nil {
		t.Fatal(err)
	}
	db := server.DB(Migrations.Service)
	if err := postgres.CheckSchema(t.Context(), db, Migrations); !errors.Is(err, postgres.ErrSchemaOutdated) {
		t.Errorf("without tables: %v", err)
	}
	if err := postgres.Migrate(t.Context(), server.AdminURL(), Migrations); err != nil {
		t.Fatal(err)
	}
	addAccount(t, &store{db: db}, "anna@example.com", "Anna", apiv1.Role_ROLE_CUSTOMER, testTime)
}

// addAccount stores an account that was made at a time.
func addAccount(t *testing.T, s *store, email, name string, role apiv1.Role, at time.Time) Account {
	t.Helper()
	id, err := newID()
	if err != nil {
		t.Fatal(err)
	}
	a := NewAccount(id, email, name, "", role, at)
	if err := s.createAccount(t.Context(), a, fakeHash); err != nil {
		t.Fatal(err)
	}
	return a
}

// addMaster stores an account with a profile.
func addMaster(t *testing.T, s *store, email string, p Profile) Master {
	t.Helper()
	a := addAccount(t, s, email, p.DisplayName, apiv1.Role_ROLE_CUSTOMER, testTime)
	m, err := s.createMaster(t.Context(), a.ID, p, testTime, func() {})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// outbox returns the types of the events that were written about an aggregate, with
// their versions.
func outbox(t *testing.T, s *store, aggregateID string) (types []string, versions []int64) {
	t.Helper()
	var rows []struct {
		Type             string
		AggregateVersion int64
	}
	err := s.db.Conn(t.Context()).Raw(
		"SELECT type, aggregate_version FROM outbox WHERE aggregate_id = ? ORDER BY id", aggregateID).Scan(&rows).Error
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		types = append(types, r.Type)
		versions = append(versions, r.AggregateVersion)
	}
	return types, versions
}
