package resilience_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	"github.com/beauty-salon/platform/internal/embedded"
	"github.com/beauty-salon/platform/internal/natstest"
	"github.com/beauty-salon/platform/internal/redistest"
)

// recovery is how long the way of events may take to work again after any fault.
const recovery = 30 * time.Second

// rounds is how often a fault is repeated: many times in `make soak`.
func rounds() int {
	if os.Getenv("SALON_SOAK") != "" {
		return 10
	}
	return 1
}

// site is what copies of the program stand on: servers that the test can break.
type site struct {
	dir, program string
	database     *embedded.Postgres // nil in a site whose database runs elsewhere
	address      string             // of the database, for services
	socket       string             // of the database
	queue        *natstest.Server
	cache        *redistest.Server
	secret       string
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := emptySite(t)
	s.migrate(t)
	s.salon(t, "admin", "create", "--email="+salontest.AdminEmail, "--database-url="+s.database.URL())
	return s
}

// emptySite is a site whose servers have nothing.
func emptySite(t *testing.T) *site {
	t.Helper()
	s := bareSite(t)
	var err error
	s.database, err = embedded.StartPostgres(t.Context(), embedded.PostgresConfig{Dir: filepath.Join(s.dir, "postgres")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.database.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	s.address = s.database.URL()
	address, err := url.Parse(s.address)
	if err != nil {
		t.Fatal(err)
	}
	s.socket = filepath.Join(address.Query().Get("host"), ".s.PGSQL."+address.Query().Get("port"))
	return s
}

// bareSite is a site without a database.
func bareSite(t *testing.T) *site {
	t.Helper()
	program, err := salontest.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return &site{dir: dataDir(t), program: program, queue: natstest.New(t), cache: redistest.New(t), secret: strings.Repeat("5a", 32)}
}

// migrate brings the database up to date, and renews the rights of the services.
func (s *site) migrate(t *testing.T) {
	t.Helper()
	s.salon(t, "migrate", "--database-url="+s.database.AdminURL())
}

// salon runs a command of the program.
func (s *site) salon(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), s.program, args...)
	cmd.Env = append(os.Environ(), "SALON_SECRET_KEY="+s.secret, "SALON_ADMIN_PASSWORD="+salontest.AdminPassword)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("salon %s: %v\n%s", args[0], err, out)
	}
	return string(out)
}

// databaseAt is the address of the database behind a proxy.
func databaseAt(p *proxy) string {
	return "SALON_DATABASE_URL=postgres://" + p.addr() + "/salon?sslmode=disable"
}

// copy starts all services as a process. env may replace the addresses of the servers.
func (s *site) copy(t *testing.T, env ...string) *salontest.System {
	t.Helper()
	return s.copyWith(t, nil, env...)
}

// copyWith is copy with more options.
func (s *site) copyWith(t *testing.T, options []salontest.Option, env ...string) *salontest.System {
	t.Helper()
	script := filepath.Join(s.dir, "serve-"+uuid.NewString())
	// The harness gives flags of `salon dev`; a copy takes everything from the environment.
	if err := os.WriteFile(script, []byte("#!/bin/sh\nexec '"+s.program+"' serve\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return salontest.Start(t, append(options, salontest.WithProgram(script, nil), salontest.WithDataDir(s.dir), salontest.WithEnv(append([]string{
		"SALON_SECRET_KEY=" + s.secret, "SALON_DATABASE_URL=" + s.address, "SALON_NATS_URL=" + s.queue.URL().Reveal(),
		"SALON_REDIS_URL=" + s.cache.URL().Reveal(), "SALON_HTTP_ADDR=127.0.0.1:0", "SALON_GRPC_ADDR=127.0.0.1:0",
		"SALON_INTERNAL_ADDR=127.0.0.1:0", "SALON_ACCESS_LOG_FILE=", "SALON_LIMIT_USER=0", "SALON_LIMIT_ADDRESS=0", "SALON_LIMIT_AUTH=0",
		"SALON_STOP_DELAY=0s",
	}, env...)...))...)
}

// people is a customer and a master, what they book, and what they have to be notified of.
type people struct {
	cast     *salontest.Cast
	starts   *salontest.System // where free times come from
	expected []expectation
}

func newPeople(t *testing.T, s *salontest.System) *people {
	t.Helper()
	cast := s.NewCast(t)
	for _, account := range []*salontest.Account{cast.CustomerA, cast.CustomerB, cast.Master1} {
		account.Pair(t) // signed in before anything breaks, or is backed up
	}
	return &people{cast: cast, starts: s, expected: []expectation{{who: cast.CustomerA}, {who: cast.Master1}}}
}

// book books an appointment at a copy, and repeats that as clients do until it succeeds. Both expect to be notified of it.
func (p *people) book(t *testing.T, at *salontest.System) {
	t.Helper()
	req := salontest.Booking(p.cast.Master1, p.cast.Service, p.starts.NextStart())
	req.RequestId = uuid.NewString()
	token, booked := p.cast.CustomerA.Pair(t).GetAccessToken(), &appointmentv1.Appointment{}
	var err error
	if !salontest.Deadline(recovery, func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		err = attempt(ctx, at.Conn(), token, createAppointment, req, booked)
		return err == nil
	}) {
		t.Fatalf("no booking after %s: %v", recovery, err)
	}
	p.expect(notice{created, booked.GetId()})
}

// expect adds to what both have to be notified of.
func (p *people) expect(what ...notice) {
	for i := range p.expected {
		p.expected[i].what = append(p.expected[i].what, what...)
	}
}

// arrive waits, no longer than the recovery may take, until both are notified of everything.
func (p *people) arrive(t *testing.T, at *salontest.System) {
	t.Helper()
	var missing error
	if !salontest.Deadline(recovery, func() bool { missing = p.missing(t, at); return missing == nil }) {
		t.Fatalf("after %s: %v", recovery, missing)
	}
}

// notifiedOnce checks, once all consumers have handled everything, that both were notified of everything once.
func (p *people) notifiedOnce(t *testing.T, queue *natstest.Server, at *salontest.System) {
	t.Helper()
	settled(t, queue)
	exactlyOnce(t, at.GRPC(), p.expected)
}

func (p *people) missing(t *testing.T, at *salontest.System) error {
	t.Helper()
	for _, e := range p.expected {
		list, err := allNotifications(func(req *notificationv1.ListNotificationsRequest) (*notificationv1.ListNotificationsResponse, error) {
			answer := &notificationv1.ListNotificationsResponse{}
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			return answer, attempt(ctx, at.Conn(), e.who.Pair(t).GetAccessToken(), listNotifications, req, answer)
		})
		if err != nil {
			return err
		}
		got := map[notice]bool{}
		for _, n := range list {
			got[notice{n.GetType(), n.GetAppointmentId()}] = true
		}
		for _, what := range e.what {
			if !got[what] {
				return fmt.Errorf("%s was not notified of %v", e.who.Name, what)
			}
		}
	}
	return nil
}

// superuser connects to a database. The caller closes the connection.
func (s *site) superuser(t *testing.T, database string) *pgx.Conn {
	t.Helper()
	cfg, err := pgx.ParseConfig(s.database.AdminURL())
	if err != nil {
		t.Fatal(err)
	}
	cfg.Database = database
	conn, err := pgx.ConnectConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// maintain runs statements as the superuser, in another database than that of the program.
func (s *site) maintain(t *testing.T, statements ...string) {
	t.Helper()
	conn := s.superuser(t, "postgres")
	defer conn.Close(context.WithoutCancel(t.Context()))
	for _, statement := range statements {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// disconnectAll ends all connections to the program's database and lets nobody connect.
var disconnectAll = []string{
	"ALTER DATABASE salon ALLOW_CONNECTIONS false",
	"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = 'salon'",
}

// backUp copies the database.
func (s *site) backUp(t *testing.T) {
	t.Helper()
	s.maintain(t, append(disconnectAll, "CREATE DATABASE backup TEMPLATE salon", "ALTER DATABASE salon ALLOW_CONNECTIONS true")...)
}

// restore puts the backup in the place of the database.
func (s *site) restore(t *testing.T) {
	t.Helper()
	s.maintain(t, append(disconnectAll, "ALTER DATABASE salon RENAME TO lost", "ALTER DATABASE backup RENAME TO salon",
		"ALTER DATABASE salon ALLOW_CONNECTIONS true", "DROP DATABASE lost")...)
	s.migrate(t) // the rights to connect are not part of the copy
}
