package appointment

import (
	"context"
	"embed"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/cache"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/service"
)

// pruneInterval is how often answers that have expired are removed. They are not
// given any more before that.
const pruneInterval = 10 * time.Minute

//go:embed migrations/*.sql
var migrationFiles embed.FS

// Migrations make the schema of this service.
var Migrations = postgres.EmbeddedMigrations("appointments", migrationFiles)

// Service answers for the catalogue and for visits.
type Service struct {
	deps      service.Deps
	store     *Store
	directory *directory
	offers    *offers
	booker    *Booker
	requests  *idempotency.Guard
	pages     *pagetoken.Codec
	services  *cache.Cache[*appointmentv1.Service]
}

// New makes the service. It connects to nothing.
func New(d service.Deps) (*Service, error) {
	store := NewStore(d.DB)
	people := &directory{store: store, identity: userv1.NewIdentityServiceClient(d.Conns.For("user"))}
	s := &Service{
		deps:      d,
		store:     store,
		directory: people,
		offers:    newOffers(store, people),
		booker:    NewBooker(store, 0, 0, d.Metrics),
		requests:  idempotency.New(d.Keys, d.PreviousKeys, d.Now),
		pages:     pagetoken.New(d.Keys),
	}
	s.services = cache.New(d.Cache, cache.Options[*appointmentv1.Service]{
		Name:    "service",
		Version: serviceVersion,
		New:     func() *appointmentv1.Service { return &appointmentv1.Service{} },
	}, s.loadService, d.Metrics)
	s.store.outdated = s.services.Drop
	return s, nil
}

// loadService reads what GetService keeps.
func (s *Service) loadService(ctx context.Context, id string) (*appointmentv1.Service, error) {
	found, err := s.store.SalonService(ctx, id)
	if err != nil {
		return nil, err
	}
	return serviceProto(found), nil
}

// serviceVersion reads a service's version back from its etag.
func serviceVersion(m *appointmentv1.Service) int64 {
	version, err := strconv.ParseInt(m.GetEtag(), 10, 64)
	if err != nil {
		return 0
	}
	return version
}

// Register adds the service's methods to a server.
func (s *Service) Register(r grpc.ServiceRegistrar) {
	appointmentv1.RegisterCatalogServiceServer(r, &catalogHandler{Service: s})
	appointmentv1.RegisterAppointmentServiceServer(r, &appointmentHandler{Service: s})
	appointmentv1.RegisterVisitServiceServer(r, &visitHandler{Service: s})
}

// Run publishes events, hears those of masters and accounts, and removes answers
// that have expired, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return events.NewRelay(s.deps.DB, s.deps.Bus, s.deps.Log, s.deps.Metrics).Run(ctx) })
	for _, c := range s.consumers() {
		g.Go(func() error { return events.NewConsumer(s.deps.DB, s.deps.Bus, c, s.deps.Log, s.deps.Metrics).Run(ctx) })
	}
	g.Go(func() error {
		s.deps.Every(ctx, pruneInterval, "expired answers were not removed", s.prune)
		return nil
	})
	return g.Wait()
}

// Ready tells whether calls can be answered: the database is there and its schema
// is not older than the program.
func (s *Service) Ready(ctx context.Context) error {
	return postgres.CheckSchema(ctx, s.deps.DB, Migrations)
}

// prune removes answers that have expired.
func (s *Service) prune(ctx context.Context) error {
	_, err := idempotency.Prune(ctx, s.deps.DB, s.deps.Time().Add(-idempotency.Retention))
	return err
}
