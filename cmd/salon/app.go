package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"

	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/cache"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/lifecycle"
	"github.com/beauty-salon/platform/internal/metrics"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/ratelimit"
	"github.com/beauty-salon/platform/internal/rpc"
	"github.com/beauty-salon/platform/internal/secret"
	"github.com/beauty-salon/platform/internal/service"
	"github.com/beauty-salon/platform/services/user"
)

// connectBus connects to NATS, embedded or not.
type connectBus func(cfg events.Config, log zerolog.Logger, reg prometheus.Registerer) (*events.Bus, error)

// appConfig is the configuration of a process.
type appConfig struct {
	logFlags
	secretFlags
	derivedFlags
	listenFlags
	gatewayFlags
	serverFlags
	remoteFlags
	retentionFlags
	runs             selection
	tracing          bool
	databaseAdminURL secret.Text      // of an administrator, where that is not DatabaseURL
	connectBus       connectBus       // nil: to NATSURL
	now              func() time.Time // nil: the clock
}

// adminURL returns the address of the database for its administrator.
func (c appConfig) adminURL() secret.Text {
	if c.databaseAdminURL != "" {
		return c.databaseAdminURL
	}
	return c.DatabaseURL
}

// check refuses values with which nothing works, before anything is opened.
func (c appConfig) check() error {
	for _, n := range []struct {
		flag  string
		wrong bool
	}{
		{"--request-timeout", c.RequestTimeout <= 0},
		{"--drain-time", c.DrainTime <= 0},
		{"--stop-delay", c.StopDelay < 0},
	} {
		if n.wrong {
			return fmt.Errorf("%s: is too small", n.flag)
		}
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return errors.New("--tls-cert and --tls-key: set both or none")
	}
	return errors.Join(c.serverFlags.check(), c.retentionFlags.check())
}

// printed returns the configuration for the log. Secrets print as "[redacted]".
func (c appConfig) printed() map[string]any {
	return map[string]any{
		"log": c.logFlags, "secrets": c.secretFlags, "derived": c.derivedFlags, "listen": c.listenFlags, "gateway": c.gatewayFlags,
		"servers": c.serverFlags, "remotes": c.remoteFlags, "retention": c.retentionFlags,
		"services": c.runs.services, "withGateway": c.runs.gateway, "tracing": c.tracing,
	}
}

// app is the services of one process and their dependencies. All connections are lazy: a server that is down now is
// used once it is available.
type app struct {
	log      zerolog.Logger
	now      func() time.Time
	registry *prometheus.Registry

	keys, previousKeys *secret.Keys
	bus                *events.Bus
	cache              *cache.Client
	limits             *ratelimit.Limiter
	conns              *rpc.Conns
	reader             *user.SessionReader // nil without services, as sessions
	readerReady        atomic.Bool
	sessions           *auth.Sessions
	verifier           *auth.Verifier
	credential         *auth.ServiceCredential

	tracing     bool
	callTimeout time.Duration // 0: the default

	connecting sync.WaitGroup // the first connections to the databases

	names     []string // of the services that run here
	remotes   []string // of those that run elsewhere
	services  map[string]service.Service
	databases map[string]*postgres.DB // by service

	positions     *cache.Positions // of what accounts have changed, for replicas
	replicaMaxAge time.Duration
	stack         *lifecycle.Stack
}

// newApp opens the connections and makes the services. Everything that newApp opens goes onto the stack, which the caller
// closes, also when newApp fails.
func newApp(ctx context.Context, cfg appConfig, logger zerolog.Logger, stack *lifecycle.Stack) (_ *app, err error) {
	a := &app{
		log: logger, stack: stack, now: cfg.now, registry: metrics.New(version), tracing: cfg.tracing, callTimeout: cfg.RequestTimeout,
		names: cfg.runs.services, services: map[string]service.Service{}, databases: map[string]*postgres.DB{},
	}
	if a.now == nil {
		a.now = time.Now
	}
	if a.keys, a.previousKeys, err = cfg.processKeys(); err != nil {
		return nil, err
	}
	if cfg.connectBus == nil {
		cfg.connectBus = events.Connect
	}
	if a.bus, err = cfg.connectBus(events.Config{
		URL: cfg.NATSURL, Subjects: streamSubjects(), Replicas: cfg.NATSReplicas, KeepDeadLetters: cfg.keepDeadLetters(),
	}, a.log, a.registry); err != nil {
		return nil, err
	}
	stack.Defer("NATS", func() error { a.bus.Close(); return nil })
	if a.cache, err = cache.Open(cache.Config{URL: cfg.RedisURL}, a.log); err != nil {
		return nil, fmt.Errorf("connect to Redis: %w", err)
	}
	stack.Defer("Redis", a.cache.Close)
	a.positions, a.replicaMaxAge = cache.NewPositions(a.cache, cfg.DatabaseReplicaMaxAge), cfg.DatabaseReplicaMaxAge
	a.limits = ratelimit.New(a.cache, a.log)
	a.credential = auth.NewServiceCredential(a.keys, a.previousKeys, cfg.runs.peers(), a.now)
	a.conns = rpc.NewConns(rpc.ConnsConfig{Services: a.credential, Tracing: a.tracing})
	stack.Defer("connections", a.conns.Close)
	a.verifier = auth.NewVerifier(a.keys, a.previousKeys, a.now)
	for _, name := range a.names {
		if err := a.openDatabase(ctx, cfg, name); err != nil {
			return nil, fmt.Errorf("service %s: %w", name, err)
		}
	}
	if len(a.names) > 0 { // the gateway alone checks no sessions
		a.reader = user.NewSessionReader(a.databases[a.names[0]], a.now)
		a.sessions = auth.NewSessions(a.reader, a.bus, a.now)
		stack.Defer("sessions", func() error { a.sessions.Close(); return nil })
	}
	for _, name := range a.names {
		if err := a.addService(cfg, name); err != nil {
			return nil, fmt.Errorf("service %s: %w", name, err)
		}
	}
	if err := a.addRemotes(cfg); err != nil {
		return nil, err
	}
	return a, nil
}

// openDatabase opens the database of a service with the service's own role.
func (a *app) openDatabase(ctx context.Context, cfg appConfig, name string) error {
	d, ok := definition(name)
	if !ok {
		return errors.New("there is no such service")
	}
	db, err := postgres.Open(postgres.Config{
		URL: cfg.DatabaseURL, PreviousKeys: a.previousKeys, MaxConns: cfg.DatabaseMaxConns, Pooled: cfg.DatabasePooled, IsRead: rpc.IsRead, Replicas: a.replicas(cfg),
		Tracing: a.tracing,
	}, a.keys, d.Migrations.Service)
	if err != nil {
		return err
	}
	a.databases[name] = db
	a.stack.Defer("database of "+name, db.Close)
	// PostgreSQL takes tens of milliseconds for a first connection; the other parts are made meanwhile. The check of
	// readiness reports a failure.
	a.connecting.Go(func() { _ = db.Ping(ctx) })
	return errors.Join(metrics.RegisterPool(a.registry, name, db.PoolStats),
		metrics.RegisterPool(a.registry, name+"-reads", db.ReadPoolStats), metrics.RegisterReplicas(a.registry, name, db.ReplicaStates))
}

// addService makes a service and connects the other services of this process to it in memory.
func (a *app) addService(cfg appConfig, name string) error {
	d, _ := definition(name)
	svc, err := d.New(service.Deps{
		DB: a.databases[name], Bus: a.bus, Cache: a.cache, Limits: a.limits, Conns: a.conns, Sessions: a.sessions,
		Keys: a.keys, PreviousKeys: a.previousKeys,
		Log:     a.log.With().Str("service", name).Logger(),
		Metrics: a.registry, MaxStreams: cfg.maxStreams(), KeepUnread: cfg.keepUnread(), ArchiveAfter: cfg.ArchiveAfterMonths, Now: a.now,
	})
	if err != nil {
		return err
	}
	a.services[name] = svc
	return a.conns.Local(name, a.serverConfig(name), svc.Register)
}

// addRemotes connects to the services that do not run here.
func (a *app) addRemotes(cfg appConfig) error {
	for _, name := range serviceNames {
		target := cfg.target(name)
		if _, local := a.services[name]; local || target == "" {
			continue
		}
		if err := a.conns.Remote(name, target); err != nil {
			return fmt.Errorf("target of %s: %w", name, err)
		}
		a.remotes = append(a.remotes, name)
	}
	return nil
}

// serverConfig returns the chain for every call to a service of this process, in memory or over the network.
func (a *app) serverConfig(name string) rpc.ServerConfig {
	var changed func(ctx context.Context, userID string)
	if len(a.names) > 0 && a.databases[a.names[0]].HasReplicas() {
		changed = a.changed
	}
	return rpc.ServerConfig{
		Changed:    changed,
		Log:        a.log, // the chain adds the name
		Auth:       auth.NewAuthenticator(a.verifier, a.sessions),
		Services:   a.credential,
		Metrics:    a.registry,
		Service:    name,
		MaxTimeout: a.callTimeout,
		Tracing:    a.tracing,
	}
}

// rpcServer serves the services of this process to the other processes.
func (a *app) rpcServer(h *health.Server) (*grpc.Server, error) {
	cfg := a.serverConfig("rpc")
	cfg.Health = h
	server, err := rpc.NewServer(cfg)
	if err != nil {
		return nil, err
	}
	for _, name := range a.names {
		a.services[name].Register(server)
	}
	return server, rpc.CheckPolicies(server)
}

// endStreams ends the streams of the services of this process.
func (a *app) endStreams() {
	for _, s := range a.services {
		if s, ok := s.(service.Streamer); ok {
			s.EndStreams()
		}
	}
}
