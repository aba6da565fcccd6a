package appointment

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/service"
	"github.com/beauty-salon/platform/services/appointment/availability"
	"github.com/beauty-salon/platform/services/appointment/booking"
	"github.com/beauty-salon/platform/services/appointment/catalog"
	"github.com/beauty-salon/platform/services/appointment/migrations"
	"github.com/beauty-salon/platform/services/appointment/people"
	"github.com/beauty-salon/platform/services/appointment/resource"
	"github.com/beauty-salon/platform/services/appointment/salon"
	"github.com/beauty-salon/platform/services/appointment/schedule"
	"github.com/beauty-salon/platform/services/appointment/series"
	"github.com/beauty-salon/platform/services/appointment/waitlist"
	"github.com/beauty-salon/platform/services/appointment/watch"
)

const (
	// pruneInterval is how often answers that have expired are removed. They are not used before that
	// either.
	pruneInterval = 10 * time.Minute
	// reconcileInterval is how often masters and accounts are read that were never read from their owner.
	reconcileInterval = time.Minute
	// lapseInterval is how often requests are looked for that no salon has confirmed in time, and holds that have expired.
	lapseInterval = 3 * time.Second
	// archiveInterval is how often appointments are looked for that belong into the archive.
	archiveInterval = 10 * time.Minute
	// catchUpRetry is how soon changes of masters and accounts are looked for again after a failure.
	catchUpRetry = 5 * time.Second
)

// Migrations is the schema "appointments".
var Migrations = migrations.Migrations

// Service answers for salons, customers, the catalogue, hours, resources, availability and appointments.
type Service struct {
	deps      service.Deps
	salons    *salon.Salons
	people    *people.People
	catalog   *catalog.Catalog
	resources *resource.Resources
	schedules *schedule.Schedules
	bookings  *booking.Bookings
	series    *series.All
	waitlist  *waitlist.Waitlist
	watch     *watch.Watch
	requests  *idempotency.Guard

	availability *availability.Availability
}

// New makes the service. It connects to nothing.
func New(d service.Deps) (*Service, error) {
	s := &Service{deps: d, requests: idempotency.New(d.Keys, d.PreviousKeys, d.Now)}
	s.salons = salon.New(d)
	s.people = people.New(d, s.salons)
	s.catalog = catalog.New(d, s.salons, s.people)
	s.resources = resource.New(d, s.salons)
	s.schedules = schedule.New(d, s.people)
	s.availability = availability.New(d, s.people, s.catalog)
	s.bookings = booking.New(d, s.people, s.catalog, s.availability)
	s.series = series.New(d, s.bookings)
	s.waitlist = waitlist.New(d, s.people, s.availability, s.bookings)
	s.watch = watch.New(d, s.bookings, s.availability)
	return s, nil
}

// Register adds the service's methods to a server.
func (s *Service) Register(r grpc.ServiceRegistrar) {
	s.salons.Register(r)
	s.people.Register(r)
	s.catalog.Register(r)
	s.resources.Register(r)
	s.schedules.Register(r)
	s.availability.Register(r)
	s.bookings.Register(r)
	s.series.Register(r)
	s.waitlist.Register(r)
	s.watch.Register(r)
	appointmentv1.RegisterDirectoryServiceServer(r, &directoryHandler{Service: s})
	appointmentv1.RegisterPersonalDataServiceServer(r, &personalDataHandler{Service: s})
}

// Run publishes events, consumes those of other services, reads what is missing of masters and accounts, lets
// requests lapse, offers freed times to those who wait, gives streams what changes, and removes answers that have expired, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return events.NewRelay(s.deps.DB, s.deps.Bus, s.deps.Log, s.deps.Metrics).Run(ctx) })
	for _, c := range append(s.people.Consumers(), s.bookings.Consumers()...) {
		g.Go(func() error { return events.NewConsumer(s.deps.DB, s.deps.Bus, c, s.deps.Log, s.deps.Metrics).Run(ctx) })
	}
	g.Go(func() error {
		s.deps.Every(ctx, pruneInterval, "expired answers were not removed", func(ctx context.Context) error {
			return errors.Join(s.requests.PruneExpired(ctx, s.deps.DB), s.bookings.Prune(ctx), s.waitlist.Prune(ctx), s.watch.Prune(ctx))
		})
		return nil
	})
	g.Go(func() error {
		s.deps.Every(ctx, reconcileInterval, "masters or accounts were not read", s.people.Reconcile)
		return nil
	})
	g.Go(func() error {
		s.deps.Every(ctx, lapseInterval, "requests did not lapse", s.bookings.LapseRequests)
		return nil
	})
	g.Go(func() error { return s.watch.Run(ctx) })
	g.Go(func() error {
		s.waitlist.Run(ctx)
		return nil
	})
	g.Go(func() error {
		s.deps.Every(ctx, lapseInterval, "the time of expired holds was not freed", s.bookings.ExpireHolds)
		return nil
	})
	g.Go(func() error {
		s.deps.Every(ctx, archiveInterval, "old appointments were not archived", s.bookings.Archive)
		return nil
	})
	g.Go(func() error {
		s.catchUp(ctx)
		return nil
	})
	return g.Wait()
}

// catchUp looks for changes of masters and accounts now and after every connection to the bus, until ctx ends:
// their events may have been lost.
func (s *Service) catchUp(ctx context.Context) {
	connected := make(chan struct{}, 1)
	s.deps.Bus.OnReconnect(func() {
		select {
		case connected <- struct{}{}:
		default:
		}
	})
	for {
		var retry <-chan time.Time
		if err := s.people.CatchUp(ctx); err != nil && ctx.Err() == nil {
			s.deps.Log.Warn().Err(err).Msg("changed masters or accounts were not read")
			retry = time.After(catchUpRetry)
		}
		select {
		case <-ctx.Done():
			return
		case <-connected:
		case <-retry:
		}
	}
}

// EndStreams ends all streams at once; see [service.Streamer].
func (s *Service) EndStreams() { s.watch.EndStreams() }

// Ready returns nil when calls can be answered: the database is there and its schema is not older than
// the program.
func (s *Service) Ready(ctx context.Context) error {
	return postgres.CheckSchema(ctx, s.deps.DB, Migrations)
}
