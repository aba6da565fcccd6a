package user

import (
	"errors"
	"io/fs"
	"reflect"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/pressly/goose/v3"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/encoding/protojson"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/servicetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, servicetest.LeakOptions()...) }

// fakeHash is a password's hash for tests that verify no password.
const fakeHash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$c3Vt"

func newStore(t *testing.T) *Store {
	t.Helper()
	return NewStore(pgtest.New(t, Migrations))
}

func TestMigrationsGoDownAndUp(t *testing.T) {
	server := pgtest.NewServer(t, Migrations)
	addMaster(t, NewStore(server.DB(Migrations.Service)), "mira@example.com", testProfile())
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
	addAccount(t, NewStore(db), "anna@example.com", "Anna", apiv1.Role_ROLE_CUSTOMER, testTime)
}

// migrationsUntil returns the service's migrations up to a number, as older programs have
// them.
func migrationsUntil(t *testing.T, last int64) postgres.Migrations {
	t.Helper()
	files := fstest.MapFS{}
	names, err := fs.Glob(Migrations.FS, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		number, err := goose.NumericComponent(name)
		if err != nil {
			t.Fatal(err)
		}
		if number <= last {
			content, err := fs.ReadFile(Migrations.FS, name)
			if err != nil {
				t.Fatal(err)
			}
			files[name] = &fstest.MapFile{Data: content}
		}
	}
	return postgres.Migrations{Service: Migrations.Service, FS: files}
}

// Of the refresh tokens from before, those that were used are known as used.
func TestMigrationOfRefreshTokens(t *testing.T) {
	server := pgtest.NewServer(t, migrationsUntil(t, 5))
	db := server.DB(Migrations.Service)
	userID, sessionID := id.New(), id.New()
	for _, insert := range []struct {
		sql  string
		args []any
	}{
		{`INSERT INTO users
			(id, email, display_name, role, password_hash, password_version, search_text, version, create_time, update_time)
			VALUES (?, ?, 'Anna', 'CUSTOMER', ?, 1, 'anna', 1, ?, ?)`,
			[]any{userID, "anna@example.com", fakeHash, testTime, testTime}},
		{`INSERT INTO sessions
			(id, user_id, user_agent, ip_address, generation, rotate_time, create_time, last_used_time, expire_time)
			VALUES (?, ?, '', '', 2, ?, ?, ?, ?)`,
			[]any{sessionID, userID, testTime, testTime, testTime, testTime.Add(time.Hour)}},
		{`INSERT INTO refresh_tokens (session_id, hash, generation, create_time, expire_time) VALUES (?, ?, 1, ?, ?), (?, ?, 2, ?, ?)`,
			[]any{
				sessionID, HashRefreshToken("used"), testTime, testTime.Add(time.Hour),
				sessionID, HashRefreshToken("newest"), testTime, testTime.Add(time.Hour),
			}},
	} {
		if err := db.Conn(t.Context()).Exec(insert.sql, insert.args...).Error; err != nil {
			t.Fatal(err)
		}
	}
	if err := postgres.Migrate(t.Context(), server.AdminURL(), Migrations); err != nil {
		t.Fatal(err)
	}
	s, late := NewStore(db), testTime.Add(RefreshGrace+time.Second)
	for _, use := range []struct {
		token  string
		at     time.Time
		reused bool
	}{{"used", testTime.Add(RefreshGrace), false}, {"newest", late, false}, {"used", late, true}} {
		out, err := s.RefreshSession(t.Context(), use.token, NewRefreshToken(), use.at)
		if err != nil || out.Reused != use.reused {
			t.Errorf("%q: ended %v, %v; want %v", use.token, out.Reused, err, use.reused)
		}
	}
}

// The role MASTER becomes a membership of the first salon.
func TestMigrationOfMasters(t *testing.T) {
	server := pgtest.NewServer(t, migrationsUntil(t, 2))
	db := server.DB(Migrations.Service)
	const (
		mira  = "019a0000-0000-7000-8000-000000000001" // a master
		dora  = "019a0000-0000-7000-8000-000000000002" // a disabled master
		admin = "019a0000-0000-7000-8000-000000000003" // an administrator with a profile
		gone  = "019a0000-0000-7000-8000-000000000004" // a customer with a deleted profile
		anna  = "019a0000-0000-7000-8000-000000000005" // a customer
	)
	for _, u := range []struct {
		id, role          string
		disabled, profile bool
		deleted           bool
	}{
		{mira, "MASTER", false, true, false},
		{dora, "MASTER", true, true, false},
		{admin, "ADMIN", false, true, false},
		{gone, "CUSTOMER", false, true, true},
		{anna, "CUSTOMER", false, false, false},
	} {
		err := db.Conn(t.Context()).Exec(`INSERT INTO users
			(id, email, display_name, role, password_hash, password_version, disabled, search_text, version, create_time, update_time)
			VALUES (?, ? || '@example.com', 'Name', ?, ?, 1, ?, 'name', 5, ?, ?)`,
			u.id, u.id, u.role, fakeHash, u.disabled, testTime, testTime).Error
		if err == nil && u.profile {
			err = db.Conn(t.Context()).Exec(`INSERT INTO masters
				(id, display_name, search_text, specialty_keys, deleted, disabled, version, create_time, update_time)
				VALUES (?, 'Name', 'name', '[]', ?, ?, 7, ?, ?)`, u.id, u.deleted, u.disabled, testTime, testTime).Error
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := postgres.Migrate(t.Context(), server.AdminURL(), Migrations); err != nil {
		t.Fatal(err)
	}
	s := NewStore(db)
	memberships, err := s.Memberships(t.Context(), mira, dora, admin, gone, anna)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		id              string
		role            apiv1.Role
		master          bool
		version         int64
		types           []string
		masterVersion   int64 // 0 without a profile
		profileVersions []int64
	}{
		{mira, apiv1.Role_ROLE_CUSTOMER, true, 6, []string{eventRoleChanged, eventMasterUpdated}, 8, []int64{6, 8}},
		{dora, apiv1.Role_ROLE_CUSTOMER, true, 6, []string{eventRoleChanged, eventMasterUpdated}, 8, []int64{6, 8}},
		{admin, apiv1.Role_ROLE_ADMIN, true, 6, []string{eventMasterUpdated}, 8, []int64{8}},
		{gone, apiv1.Role_ROLE_CUSTOMER, false, 5, nil, 7, nil},
		{anna, apiv1.Role_ROLE_CUSTOMER, false, 5, nil, 0, nil},
	} {
		a, _, err := s.Account(t.Context(), want.id)
		if err != nil || a.Role != want.role || a.Version != want.version || a.EmailVerified {
			t.Errorf("account %+v, %v; want %+v", a, err, want)
		}
		var roles []auth.Membership
		if want.master {
			roles = []auth.Membership{{SalonID: id.FirstSalon, Roles: []apiv1.SalonRole{apiv1.SalonRole_SALON_ROLE_MASTER}}}
		}
		if got := memberships[want.id]; !reflect.DeepEqual(got, roles) {
			t.Errorf("memberships of %s: %v, want %v", want.id, got, roles)
		}
		m, err := s.Master(t.Context(), want.id)
		if want.masterVersion == 0 {
			if !errors.Is(err, errNoMaster) {
				t.Errorf("a customer's profile: %v", err)
			}
		} else if err != nil || m.SalonID != id.FirstSalon || m.Version != want.masterVersion {
			t.Errorf("master %+v, %v; want %+v", m, err, want)
		}
		types, versions := outbox(t, s, want.id)
		if !slices.Equal(types, want.types) || !slices.Equal(versions, want.profileVersions) {
			t.Errorf("events of %s: %v at %v, want %+v", want.id, types, versions, want)
		}
	}
	// What the migration wrote is what the program reads.
	var bodies []string
	if err := db.Conn(t.Context()).Raw("SELECT body FROM outbox WHERE aggregate_id = ? ORDER BY id", dora).Scan(&bodies).Error; err != nil {
		t.Fatal(err)
	}
	var user userv1.UserEvent
	var master userv1.MasterEvent
	if err := protojson.Unmarshal([]byte(bodies[0]), &user); err != nil || user.GetUserId() != dora ||
		user.GetRole() != apiv1.Role_ROLE_CUSTOMER || !user.GetDisabled() {
		t.Errorf("event %v, %v", &user, err)
	}
	if err := protojson.Unmarshal([]byte(bodies[1]), &master); err != nil || master.GetMasterId() != dora ||
		master.GetSalonId() != id.FirstSalon || !master.GetDisabled() || master.GetDeleted() {
		t.Errorf("event %v, %v", &master, err)
	}
}

// addAccount stores an account that was made at a time.
func addAccount(t *testing.T, s *Store, email, name string, role apiv1.Role, at time.Time) Account {
	t.Helper()
	a := NewAccount(id.New(), email, name, "", role, at)
	if err := s.CreateAccount(t.Context(), a, fakeHash); err != nil {
		t.Fatal(err)
	}
	return a
}

// addMaster stores an account with a profile in the first salon.
func addMaster(t *testing.T, s *Store, email string, p Profile) Master {
	t.Helper()
	a := addAccount(t, s, email, p.DisplayName, apiv1.Role_ROLE_CUSTOMER, testTime)
	m, err := s.CreateMaster(t.Context(), a.ID, id.FirstSalon, p, false, testTime)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// outbox returns the types of the events that were written about an aggregate, with
// their versions.
func outbox(t *testing.T, s *Store, aggregateID string) (types []string, versions []int64) {
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

// waitForLock waits until a connection to the database waits for a lock.
func waitForLock(t *testing.T, s *Store) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		var waiting int
		// s is not the store of a transaction, in which statistics would stay the same.
		err := s.db.Conn(t.Context()).Raw(
			"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&waiting).Error
		if err != nil {
			t.Fatal(err)
		}
		if waiting > 0 {
			return
		}
		select {
		case <-deadline:
			t.Fatal("no connection waits for a lock")
		case <-tick.C:
		}
	}
}
