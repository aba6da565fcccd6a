package notification

import (
	"context"
	"embed"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/service"
	"github.com/beauty-salon/platform/internal/stream"
)

const (
	// pruneEvery is how often old notifications are removed.
	pruneEvery = time.Hour
	// pruneBatch is how many notifications one transaction removes, so that none takes long.
	pruneBatch = 500
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations make the schema of this service.
var Migrations = postgres.EmbeddedMigrations("notifications", migrations)

// Service implements notificationv1.NotificationServiceServer.
type Service struct {
	notificationv1.UnimplementedNotificationServiceServer

	deps      service.Deps
	store     *Store
	directory appointmentv1.DirectoryServiceClient
	owner     userv1.IdentityServiceClient
	pages     *pagetoken.Codec
	streams   *stream.Server[*Notification]
}

// New returns the service. Nothing runs before Run.
func New(d service.Deps) (*Service, error) {
	return &Service{
		deps:      d,
		store:     NewStore(d.DB),
		directory: appointmentv1.NewDirectoryServiceClient(d.Conns.For("appointment")),
		owner:     userv1.NewIdentityServiceClient(d.Conns.For("user")),
		pages:     pagetoken.New(d.Keys),
		streams: stream.New(d, stream.Source[*Notification]{Subjects: []string{inboxChanged}, Changes: changes},
			appointmentv1.ErrorReason_ERROR_REASON_STREAM_TOO_SLOW, appointmentv1.ErrorReason_ERROR_REASON_TICKET_SPENT),
	}, nil
}

// Register registers the service on a server.
func (s *Service) Register(r grpc.ServiceRegistrar) {
	notificationv1.RegisterNotificationServiceServer(r, s)
	notificationv1.RegisterPersonalDataServiceServer(r, &personalDataHandler{Service: s})
}

// Run consumes the events of appointments, waitlists and ratings, gives streams what changes, and removes old notifications, until ctx
// ends. The service has no events of its own that are kept.
func (s *Service) Run(ctx context.Context) error {
	d := s.deps
	g, ctx := errgroup.WithContext(ctx)
	fromRating := func(eventType string, e *ratingv1.RatingEvent) ([]Notice, error) {
		return noticesFromRating(eventType, e), nil
	}
	for _, c := range []events.ConsumerConfig{
		{Name: consumerAppointments, Subjects: []string{"appointment.>"}, HandleBatch: handler(s, noticesFromAppointment)},
		{Name: consumerWaitlist, Subjects: []string{"waitlist.>"}, HandleBatch: handler(s, noticesFromWaitlist)},
		{Name: consumerRatings, Subjects: []string{"rating.>"}, HandleBatch: handler(s, fromRating)},
	} {
		// Each event notifies, also one that arrives after a newer one.
		c.AllVersions = true
		g.Go(func() error { return events.NewConsumer(d.DB, d.Bus, c, d.Log, d.Metrics).Run(ctx) })
	}
	g.Go(func() error {
		d.Every(ctx, pruneEvery, "old notifications were not removed", s.prune)
		return nil
	})
	g.Go(func() error { return s.streams.Run(ctx) })
	return g.Wait()
}

// Ready returns an error while the schema is older than this program.
func (s *Service) Ready(ctx context.Context) error {
	return postgres.CheckSchema(ctx, s.deps.DB, Migrations)
}

// EndStreams ends all streams at once; see [service.Streamer].
func (s *Service) EndStreams() { s.streams.EndStreams() }

// prune removes tickets that have expired, the notifications that were read and are older than Retention, and the unread ones that
// are older than the setting says, batch by batch.
func (s *Service) prune(ctx context.Context) error {
	if err := s.streams.Prune(ctx); err != nil {
		return err
	}
	now := s.deps.Time()
	if err := inBatches(ctx, now.Add(-Retention), s.store.Prune); err != nil || s.deps.KeepUnread == 0 {
		return err
	}
	return inBatches(ctx, now.Add(-s.deps.KeepUnread), s.store.PruneUnread)
}

// inBatches calls prune until it has removed everything that is older than before.
func inBatches(ctx context.Context, before time.Time, prune func(context.Context, time.Time, int) (int, error)) error {
	for {
		n, err := prune(ctx, before, pruneBatch)
		if err != nil || n < pruneBatch {
			return err
		}
	}
}
