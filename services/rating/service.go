package rating

import (
	"context"
	"embed"
	"strconv"
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
	// summaryTTL bounds how long a summary that nobody asks for stays in Redis. Changes drop it at once.
	summaryTTL = 10 * time.Minute
	// pruneEvery is how often request ids that have expired are removed.
	pruneEvery = time.Hour
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations makes the schema of this service.
var Migrations = postgres.EmbeddedMigrations("ratings", migrations)

// Service answers ratingv1.RatingService.
type Service struct {
	ratingv1.UnimplementedRatingServiceServer

	deps      service.Deps
	store     *Store
	visits    appointmentv1.VisitServiceClient
	summaries *cache.Cache[*ratingv1.RatingSummary]
	guard     *idempotency.Guard
	pages     *pagetoken.Codec
}

// New makes the service. Nothing runs before Run.
func New(d service.Deps) (*Service, error) {
	s := &Service{
		deps:   d,
		store:  NewStore(d.DB),
		visits: appointmentv1.NewVisitServiceClient(d.Conns.For("appointment")),
		guard:  idempotency.New(d.Keys, d.PreviousKeys, d.Now),
		pages:  pagetoken.New(d.Keys),
	}
	s.summaries = cache.New(d.Cache, cache.Options[*ratingv1.RatingSummary]{
		Name:    "rating-summary",
		TTL:     summaryTTL,
		Version: summaryVersion,
		New:     func() *ratingv1.RatingSummary { return &ratingv1.RatingSummary{} },
	}, s.loadSummary, d.Metrics)
	return s, nil
}

// summaryVersion reads a summary's version back from its etag.
func summaryVersion(m *ratingv1.RatingSummary) int64 {
	v, err := strconv.ParseInt(m.GetEtag(), 10, 64)
	if err != nil {
		return 0
	}
	return v
}

// Register makes the service answer on a server.
func (s *Service) Register(r grpc.ServiceRegistrar) {
	ratingv1.RegisterRatingServiceServer(r, s)
}

// Run publishes the service's events, hears those of appointments and forgets expired request ids, until the context
// ends.
func (s *Service) Run(ctx context.Context) error {
	d := s.deps
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return events.NewRelay(d.DB, d.Bus, d.Log, d.Metrics).Run(ctx) })
	g.Go(func() error {
		return events.NewConsumer(d.DB, d.Bus, events.ConsumerConfig{
			Name: consumerVisits, Subjects: []string{"appointment.>"}, Handle: s.onAppointment,
		}, d.Log, d.Metrics).Run(ctx)
	})
	g.Go(func() error {
		d.Every(ctx, pruneEvery, "expired request ids were not removed", s.prune)
		return nil
	})
	return g.Wait()
}

// Ready tells whether the schema is at least as new as this program.
func (s *Service) Ready(ctx context.Context) error {
	return postgres.CheckSchema(ctx, s.deps.DB, Migrations)
}

func (s *Service) prune(ctx context.Context) error {
	_, err := idempotency.Prune(ctx, s.deps.DB, s.deps.Time().Add(-idempotency.Retention))
	return err
}
