package notification

import (
	"context"
	"embed"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/service"
)

const (
	// pruneEvery is how often old notifications are removed.
	pruneEvery = time.Hour
	// pruneBatch is how many are removed at a time, so that no transaction is long.
	pruneBatch = 500
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations makes the schema of this service.
var Migrations = postgres.EmbeddedMigrations("notifications", migrations)

// Service answers notificationv1.NotificationService.
type Service struct {
	notificationv1.UnimplementedNotificationServiceServer

	deps  service.Deps
	store *Store
	pages *pagetoken.Codec
}

// New makes the service. Nothing runs before Run.
func New(d service.Deps) (*Service, error) {
	return &Service{deps: d, store: NewStore(d.DB), pages: pagetoken.New(d.Keys)}, nil
}

// Register makes the service answer on a server.
func (s *Service) Register(r grpc.ServiceRegistrar) {
	notificationv1.RegisterNotificationServiceServer(r, s)
}

// Run hears the events of appointments and ratings and removes old notifications, until the context ends. It has no
// events of its own to publish.
func (s *Service) Run(ctx context.Context) error {
	d := s.deps
	g, ctx := errgroup.WithContext(ctx)
	for _, c := range []events.ConsumerConfig{
		{Name: consumerAppointments, Subjects: []string{"appointment.>"}, Handle: onAppointment},
		{Name: consumerRatings, Subjects: []string{"rating.>"}, Handle: onRating},
	} {
		// That a visit was moved is worth telling also after it was cancelled.
		c.AllVersions = true
		g.Go(func() error { return events.NewConsumer(d.DB, d.Bus, c, d.Log, d.Metrics).Run(ctx) })
	}
	g.Go(func() error {
		d.Every(ctx, pruneEvery, "old notifications were not removed", s.prune)
		return nil
	})
	return g.Wait()
}

// Ready tells whether the schema is at least as new as this program.
func (s *Service) Ready(ctx context.Context) error {
	return postgres.CheckSchema(ctx, s.deps.DB, Migrations)
}

// prune removes all notifications that were read and are older than Retention, batch by batch.
func (s *Service) prune(ctx context.Context) error {
	before := s.deps.Time().Add(-Retention)
	for {
		n, err := s.store.Prune(ctx, before, pruneBatch)
		if err != nil || n < pruneBatch {
			return err
		}
	}
}
