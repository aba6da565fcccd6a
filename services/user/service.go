package user

import (
	"context"
	"embed"
	"fmt"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/cache"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/ratelimit"
	"github.com/beauty-salon/platform/internal/service"
)

// pruneInterval is how often expired rows are removed. They have no effect before
// that either.
const pruneInterval = 10 * time.Minute

//go:embed migrations/*.sql
var migrationFiles embed.FS

// Migrations creates the schema "users".
var Migrations = postgres.EmbeddedMigrations("users", migrationFiles)

// Service is the user service.
type Service struct {
	deps      service.Deps
	log       zerolog.Logger
	store     *Store
	passwords *auth.Passwords
	issuer    *auth.Issuer
	failures  *ratelimit.Failures
	requests  *idempotency.Guard
	pages     *pagetoken.Codec
	profiles  *cache.Cache[*userv1.Master]
	directory appointmentv1.DirectoryServiceClient
	// keepers are the clients of the services that keep something of people, by name.
	keepers map[string]personalData
}

// New makes the service. It connects to nothing. Without Bus, the service neither
// publishes nor consumes events. Without Sessions, no process learns at once that a
// session has ended.
func New(d service.Deps) (*Service, error) {
	s := &Service{
		deps:      d,
		log:       d.Log,
		store:     NewStore(d.DB),
		passwords: auth.NewPasswords(auth.PasswordConfig{}),
		issuer:    auth.NewIssuer(d.Keys, d.PreviousKeys, d.Now),
		failures:  d.Limits.Failures("login"),
		requests:  idempotency.New(d.Keys, d.PreviousKeys, d.Now),
		pages:     pagetoken.New(d.Keys),
		directory: appointmentv1.NewDirectoryServiceClient(d.Conns.For("appointment")),
		keepers:   map[string]personalData{},
	}
	for _, k := range keepers {
		s.keepers[k.name] = k.connect(d.Conns.For(k.name))
	}
	s.profiles = cache.New(d.Cache, cache.Options[*userv1.Master]{
		// Values of "master", from before masters belonged to a salon, lack the salon.
		Name: "salon_master",
		New:  func() *userv1.Master { return &userv1.Master{} },
	}, s.loadMaster, d.Metrics)
	s.store.outdated = s.profiles.Drop
	s.store.ended = func(userID string) { s.ended(userID, "") }
	return s, nil
}

// Register adds the service's methods to a server.
func (s *Service) Register(r grpc.ServiceRegistrar) {
	userv1.RegisterAuthServiceServer(r, &authHandler{Service: s})
	userv1.RegisterUserServiceServer(r, &accountHandler{Service: s})
	userv1.RegisterMasterServiceServer(r, &masterHandler{Service: s})
	userv1.RegisterMemberServiceServer(r, &memberHandler{Service: s})
	userv1.RegisterIdentityServiceServer(r, &identityHandler{Service: s})
}

// Run publishes and consumes events, completes erasures and removes expired rows, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	if s.deps.Bus != nil {
		g.Go(func() error {
			return events.NewRelay(s.deps.DB, s.deps.Bus, s.log, s.deps.Metrics).Run(ctx)
		})
		for _, c := range s.consumers() {
			g.Go(func() error {
				return events.NewConsumer(s.deps.DB, s.deps.Bus, c, s.log, s.deps.Metrics).Run(ctx)
			})
		}
	}
	g.Go(func() error {
		s.deps.Every(ctx, pruneInterval, "expired rows stay for now", s.prune)
		return nil
	})
	g.Go(func() error {
		s.deps.Every(ctx, erasureInterval, "erasures are not complete yet", s.continueErasures)
		return nil
	})
	return g.Wait()
}

// Ready returns nil when the service can answer calls: the database is reachable and
// its schema is not older than the program.
func (s *Service) Ready(ctx context.Context) error {
	return postgres.CheckSchema(ctx, s.deps.DB, Migrations)
}

// prune removes what has expired by now.
func (s *Service) prune(ctx context.Context) error {
	now := s.deps.Time()
	if err := s.store.DeleteExpiredSessions(ctx, now); err != nil {
		return err
	}
	if err := s.store.DeleteUnusedNetworks(ctx, now.Add(-knownNetworkLifetime)); err != nil {
		return err
	}
	if err := s.store.DeleteExpiredInvitations(ctx, now); err != nil {
		return err
	}
	if _, err := idempotency.Prune(ctx, s.deps.DB, now.Add(-idempotency.Retention)); err != nil {
		return fmt.Errorf("delete expired request ids: %w", err)
	}
	return nil
}

// ended makes every process forget what it knows of a session. An empty sessionID
// stands for all of the user's sessions; that is also how a change of roles takes
// effect at once.
func (s *Service) ended(userID, sessionID string) {
	if s.deps.Sessions != nil {
		s.deps.Sessions.End(userID, sessionID)
	}
}
