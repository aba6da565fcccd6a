package user

import (
	"context"
	"embed"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

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

const (
	// loginFailures may happen for one account from one address within
	// loginWindow; the next attempt is refused.
	loginFailures = 5
	loginWindow   = 15 * time.Minute

	// pruneInterval is how often expired rows are removed. They are refused before.
	pruneInterval = 10 * time.Minute
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// Migrations is the schema "users".
var Migrations = postgres.EmbeddedMigrations("users", migrationFiles)

// Service answers for accounts, sessions and masters.
type Service struct {
	deps      service.Deps
	log       zerolog.Logger
	store     *store
	passwords *auth.Passwords
	issuer    *auth.Issuer
	failures  *ratelimit.Failures
	requests  *idempotency.Guard
	pages     *pagetoken.Codec
	profiles  *cache.Cache[*userv1.Master]
}

// New makes the service. It connects to nothing. Without Bus it neither tells nor
// hears events; without Sessions nobody is told that a session has ended.
func New(d service.Deps) (*Service, error) {
	s := &Service{
		deps:      d,
		log:       d.Log,
		store:     &store{db: d.DB},
		passwords: auth.NewPasswords(auth.PasswordConfig{}),
		issuer:    auth.NewIssuer(d.Keys, d.PreviousKeys, d.Now),
		failures:  d.Limits.Failures("login", loginFailures, loginWindow),
		requests:  idempotency.New(d.Keys, d.PreviousKeys, d.Now),
		pages:     pagetoken.New(d.Keys),
	}
	s.profiles = cache.New(d.Cache, cache.Options[*userv1.Master]{
		Name:    "master",
		Version: masterRevision,
		New:     func() *userv1.Master { return &userv1.Master{} },
	}, s.loadMaster, d.Metrics)
	s.store.outdated = s.profiles.Drop
	return s, nil
}

// Register adds the service's methods to a server.
func (s *Service) Register(r grpc.ServiceRegistrar) {
	userv1.RegisterAuthServiceServer(r, &authHandler{Service: s})
	userv1.RegisterUserServiceServer(r, &userHandler{Service: s})
	userv1.RegisterMasterServiceServer(r, &masterHandler{Service: s})
	userv1.RegisterIdentityServiceServer(r, &identityHandler{Service: s})
}

// Run publishes events, hears those of others and removes what has expired, until
// ctx ends.
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
	return g.Wait()
}

// Ready tells whether calls can be answered: the database is there and its schema
// is not older than the program.
func (s *Service) Ready(ctx context.Context) error {
	return postgres.CheckSchema(ctx, s.deps.DB, Migrations)
}

// prune removes what has expired by now.
func (s *Service) prune(ctx context.Context) error {
	now := s.deps.Time()
	if err := s.store.deleteExpired(ctx, now); err != nil {
		return err
	}
	if _, err := idempotency.Prune(ctx, s.deps.DB, now.Add(-idempotency.Retention)); err != nil {
		return fmt.Errorf("prune request ids: %w", err)
	}
	return nil
}

// ended tells every process that a session has ended; "" stands for all of the
// user's, and for a change of role.
func (s *Service) ended(userID, sessionID string) {
	if s.deps.Sessions != nil {
		s.deps.Sessions.End(userID, sessionID)
	}
}

func newID() (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("new id: %w", err)
	}
	return id.String(), nil
}
