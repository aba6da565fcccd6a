package watch

import (
	"context"

	"google.golang.org/grpc"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/service"
	"github.com/beauty-salon/platform/internal/stream"
	"github.com/beauty-salon/platform/services/appointment/availability"
	"github.com/beauty-salon/platform/services/appointment/booking"
)

// Watch answers appointmentv1.WatchService.
type Watch struct {
	appointmentv1.UnimplementedWatchServiceServer

	deps         service.Deps
	streams      *stream.Server[*change]
	rules        *rules
	bookings     *booking.Bookings
	availability *availability.Availability
}

// New makes the streams of a service. It connects to nothing.
func New(d service.Deps, bookings *booking.Bookings, availability *availability.Availability) *Watch {
	w := &Watch{deps: d, bookings: bookings, availability: availability, rules: &rules{db: d.DB, streams: map[string]int{}}}
	w.streams = stream.New(d, stream.Source[*change]{
		Subjects: []string{"salon.>", "appointment.>", "hold.>", "waitlist.>", "group_session.>", "service.>", "offering.>"}, // the events of this service
		Changes:  w.changes,
		Polled:   w.rules.changed,
	}, appointmentv1.ErrorReason_ERROR_REASON_STREAM_TOO_SLOW, appointmentv1.ErrorReason_ERROR_REASON_TICKET_SPENT)
	return w
}

// Register adds the methods to a server.
func (w *Watch) Register(r grpc.ServiceRegistrar) { appointmentv1.RegisterWatchServiceServer(r, w) }

// Run gives streams what changes, until ctx ends. Then all streams end.
func (w *Watch) Run(ctx context.Context) error { return w.streams.Run(ctx) }

// EndStreams ends all streams at once and refuses new ones: the process stops.
func (w *Watch) EndStreams() { w.streams.EndStreams() }

// Prune removes tickets that have expired.
func (w *Watch) Prune(ctx context.Context) error { return w.streams.Prune(ctx) }

// Forget removes the tickets of an account that is erased in tx; its streams end after the commit.
func (w *Watch) Forget(ctx context.Context, tx *postgres.DB, accountID string) error {
	return w.streams.Forget(ctx, tx, accountID)
}

// changes returns what changed between two positions, with the appointments as they are now.
func (w *Watch) changes(
	ctx context.Context, tx *postgres.DB, since, until stream.Position, _ string,
) (found []*stream.Change[*change], complete bool, err error) {
	found, complete, err = readChanges(ctx, tx, since, until)
	if err != nil || !complete {
		return nil, complete, err
	}
	changed := map[booking.Key]*change{}
	var keys []booking.Key
	for _, c := range found {
		if key := c.Value.key; key.ID != "" && key.SalonID != "" {
			changed[key] = c.Value
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return found, true, nil
	}
	appointments, err := w.bookings.ReadIn(ctx, tx, keys)
	for _, a := range appointments {
		changed[booking.Key{SalonID: a.SalonID, ID: a.ID}].appointment = a
	}
	return found, true, err
}
