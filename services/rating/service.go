package rating

import (
	"context"
	"embed"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	"github.com/beauty-salon/platform/internal/cache"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/service"
)

const (
	// summaryTTL is how long a summary stays in Redis. A change drops it at once.
	summaryTTL = 10 * time.Minute
	// pruneEvery is how often expired request ids are removed.
	pruneEvery = time.Hour
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations make the schema of this service.
var Migrations = postgres.EmbeddedMigrations("ratings", migrations)

// Service implements ratingv1.RatingServiceServer.
type Service struct {
	ratingv1.UnimplementedRatingServiceServer

	deps      service.Deps
	store     *Store
	directory appointmentv1.DirectoryServiceClient
	summaries *cache.Cache[*ratingv1.RatingSummary]
	guard     *idempotency.Guard
	pages     *pagetoken.Codec
}

// New returns the service. Nothing runs before Run.
func New(d service.Deps) (*Service, error) {
	s := &Service{
		deps:      d,
		store:     NewStore(d.DB),
		directory: appointmentv1.NewDirectoryServiceClient(d.Conns.For("appointment")),
		guard:     idempotency.New(d.Keys, d.PreviousKeys, d.Now),
		pages:     pagetoken.New(d.Keys),
	}
	s.summaries = cache.New(d.Cache, cache.Options[*ratingv1.RatingSummary]{
		Name: "rating-summary",
		TTL:  summaryTTL,
		New:  func() *ratingv1.RatingSummary { return &ratingv1.RatingSummary{} },
	}, s.loadSummary, d.Metrics)
	return s, nil
}

// Register registers the service on a server.
func (s *Service) Register(r grpc.ServiceRegistrar) {
	ratingv1.RegisterRatingServiceServer(r, s)
	ratingv1.RegisterPersonalDataServiceServer(r, &personalDataHandler{Service: s})
}

// Run publishes the service's events, consumes those of appointments and removes expired request ids, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	d := s.deps
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return events.NewRelay(d.DB, d.Bus, d.Log, d.Metrics).Run(ctx) })
	g.Go(func() error {
		return events.NewConsumer(d.DB, d.Bus, events.ConsumerConfig{
			Name: consumerAppointments, Subjects: []string{"appointment.>"}, HandleBatch: s.onAppointments,
		}, d.Log, d.Metrics).Run(ctx)
	})
	g.Go(func() error {
		d.Every(ctx, pruneEvery, "expired request ids were not removed", s.prune)
		return nil
	})
	return g.Wait()
}

// Ready returns an error while the schema is older than this program.
func (s *Service) Ready(ctx context.Context) error {
	return postgres.CheckSchema(ctx, s.deps.DB, Migrations)
}

func (s *Service) prune(ctx context.Context) error {
	_, err := idempotency.Prune(ctx, s.deps.DB, s.deps.Time().Add(-idempotency.Retention))
	return err
}
