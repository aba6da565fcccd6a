package servicetest

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"google.golang.org/grpc"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/cache"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/natstest"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/ratelimit"
	"github.com/beauty-salon/platform/internal/redistest"
	"github.com/beauty-salon/platform/internal/rpc"
	"github.com/beauty-salon/platform/internal/secret"
	"github.com/beauty-salon/platform/internal/service"
)

const (
	// patience is how long Eventually waits. It does not measure speed: the machine may be busy.
	patience = 30 * time.Second
	// pollInterval is how often Eventually checks the condition.
	pollInterval = 5 * time.Millisecond
)

// Platform has everything that services depend on, for one test. All of it ends with the test.
type Platform struct {
	// Clock is the clock of the services.
	Clock *Clock
	// Postgres is the database with the migrated schemas.
	Postgres pgtest.Server
	// NATS and Redis can be stopped and started again.
	NATS  *natstest.Server
	Redis *redistest.Server
	// Bus, Cache, Limits, Conns, Sessions and Keys are in the Deps of every service.
	Bus      *events.Bus
	Cache    *cache.Client
	Limits   *ratelimit.Limiter
	Conns    *rpc.Conns
	Sessions *auth.Sessions
	Keys     *secret.Keys
	// Issuer signs access tokens with the keys that the user service would use.
	Issuer *auth.Issuer
	// Log receives the services' log. It is written to stderr when SALON_TEST_LOG is set, and dropped otherwise.
	Log zerolog.Logger

	t             testing.TB
	server        rpc.ServerConfig
	identity      *identity
	serveIdentity sync.Once
	publisher     sync.Once
}

// New makes a platform whose database has the schemas of these services. Nothing is served and nothing runs yet.
func New(t testing.TB, m ...postgres.Migrations) *Platform {
	t.Helper()
	// A copy: append could otherwise write into the array of the caller.
	all := append(append([]postgres.Migrations(nil), m...), postgres.Migrations{Service: elsewhere})
	p := &Platform{
		t: t, Clock: newClock(), Log: logger(),
		Postgres: pgtest.NewServer(t, all...), NATS: natstest.New(t), Redis: redistest.New(t),
		identity: newIdentity(),
	}
	p.Keys = p.Postgres.Keys()
	p.Issuer = auth.NewIssuer(p.Keys, nil, p.Clock.Now)

	var err error
	p.Bus, err = events.Connect(events.Config{URL: p.NATS.URL(), Subjects: ContractSubjects()}, p.Log, nil)
	p.must(err)
	t.Cleanup(p.Bus.Close)
	p.Cache, err = cache.Open(cache.Config{URL: p.Redis.URL()}, p.Log)
	p.must(err)
	t.Cleanup(func() { p.atEnd("close the cache", p.Cache.Close()) })
	p.Limits = ratelimit.New(p.Cache, p.Log)

	services := []string{elsewhere, "appointment", "notification", "rating", "user"} // any of ours may be calling
	credential := auth.NewServiceCredential(p.Keys, nil, auth.Peers{Own: services, All: services}, p.Clock.Now)
	p.Conns = rpc.NewConns(rpc.ConnsConfig{Services: credential})
	t.Cleanup(func() { p.atEnd("close the connections", p.Conns.Close()) })
	p.Sessions = auth.NewSessions(userv1.NewIdentityServiceClient(p.Conns.For(identityOwner)), p.Bus, p.Clock.Now)
	t.Cleanup(p.Sessions.Close)
	p.server = rpc.ServerConfig{
		Log: p.Log, Auth: auth.NewAuthenticator(auth.NewVerifier(p.Keys, nil, p.Clock.Now), p.Sessions),
		Services: credential,
	}
	// Wait: a server that is stopped while it creates the stream leaves files open.
	p.Eventually("NATS is ready", func() bool { return p.Bus.Ready() == nil })
	return p
}

// Deps returns the dependencies of the service that owns a schema.
func (p *Platform) Deps(schema string) service.Deps {
	p.t.Helper()
	return service.Deps{
		DB: p.Postgres.DB(schema), Bus: p.Bus, Cache: p.Cache, Limits: p.Limits, Conns: p.Conns, Sessions: p.Sessions,
		Keys: p.Keys, Log: p.Log.With().Str("service", schema).Logger(), Metrics: prometheus.NewRegistry(), Now: p.Clock.Now,
	}
}

// Serve connects Conns to handlers of this test under the name of a service, such as "appointment".
func (p *Platform) Serve(name string, register func(grpc.ServiceRegistrar)) {
	p.t.Helper()
	p.must(p.serve(name, register))
}

func (p *Platform) serve(name string, register func(grpc.ServiceRegistrar)) error {
	cfg := p.server
	cfg.Service = name
	return p.Conns.Local(name, cfg, register)
}

// Start serves a service and runs it. The test fails when the service is not ready or when Run returns an error.
func (p *Platform) Start(name string, s service.Service) {
	p.t.Helper()
	p.Serve(name, s.Register)
	p.must(s.Ready(p.t.Context()))
	p.Go(s.Run)
}

// Go runs a function until the end of the test, which fails when the function returns an error. The context of the
// function ends before the platform is closed.
func (p *Platform) Go(run func(ctx context.Context) error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(p.t.Context()))
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	p.t.Cleanup(func() {
		cancel()
		p.atEnd("run", <-done)
	})
}

// Eventually waits until a condition is true. The test fails when the condition does not become true in time. The
// condition is not called concurrently.
func (p *Platform) Eventually(what string, condition func() bool) {
	p.t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	look := time.NewTicker(pollInterval)
	defer look.Stop()
	for !condition() {
		select {
		case <-deadline.C:
			p.t.Fatalf("waited for %v in vain: %s", patience, what)
		case <-p.t.Context().Done():
			p.t.Fatalf("the test ended while it waited: %s", what)
		case <-look.C:
		}
	}
}

func (p *Platform) registerIdentity(r grpc.ServiceRegistrar) {
	userv1.RegisterIdentityServiceServer(r, p.identity)
}

func (p *Platform) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatalf("servicetest: %v", err)
	}
}

func (p *Platform) atEnd(what string, err error) {
	p.t.Helper()
	if err != nil {
		p.t.Errorf("servicetest: %s: %v", what, err)
	}
}

func logger() zerolog.Logger {
	if os.Getenv("SALON_TEST_LOG") == "" {
		return zerolog.Nop()
	}
	return zerolog.New(os.Stderr).With().Timestamp().Logger()
}
