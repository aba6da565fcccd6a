package booking

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/service"
	"github.com/beauty-salon/platform/services/appointment/availability"
	"github.com/beauty-salon/platform/services/appointment/catalog"
	"github.com/beauty-salon/platform/services/appointment/people"
)

// Bookings answers appointmentv1.AppointmentService and appointmentv1.DeskService.
type Bookings struct {
	appointmentv1.UnimplementedAppointmentServiceServer
	appointmentv1.UnimplementedDeskServiceServer

	deps     service.Deps
	store    *Store
	queue    *Queue
	requests *idempotency.Guard
	pages    *pagetoken.Codec
	people   *people.People
	catalog  *catalog.Catalog

	availability *availability.Availability

	proofs     proofs
	addressKey [32]byte
}

// New makes the bookings of a service. It connects to nothing.
func New(
	d service.Deps, people *people.People, catalog *catalog.Catalog, availability *availability.Availability,
) *Bookings {
	store, requests := NewStore(d.DB), idempotency.New(d.Keys, d.PreviousKeys, d.Now)
	b := &Bookings{
		deps:     d,
		store:    store,
		queue:    NewQueue(store, requests, 0, 0, d.Metrics),
		requests: requests,
		pages:    pagetoken.New(d.Keys),
		people:   people,
		catalog:  catalog,

		availability: availability,

		proofs:     newProofs(d.Keys, d.PreviousKeys),
		addressKey: d.Keys.Derive(HoldAddressPurpose),
	}
	availability.FindAppointments(b.movable)
	return b
}

// Register adds the methods to a server.
func (b *Bookings) Register(r grpc.ServiceRegistrar) {
	appointmentv1.RegisterAppointmentServiceServer(r, b)
	appointmentv1.RegisterHoldServiceServer(r, &holds{Bookings: b})
	appointmentv1.RegisterDeskServiceServer(r, b)
	appointmentv1.RegisterGroupServiceServer(r, &groups{Bookings: b})
}

// holdRetention is how long a hold can be read after it has ended. It is longer than the answer of its creation is stored.
const holdRetention = 30 * 24 * time.Hour

// attemptRetention is how long it is remembered that a statement was given up.
const attemptRetention = 24 * time.Hour

// Prune removes what is not needed any more.
func (b *Bookings) Prune(ctx context.Context) error {
	return errors.Join(b.store.PruneAttempts(ctx, time.Now().Add(-attemptRetention)),
		b.store.PruneHolds(ctx, b.deps.Time().Add(-holdRetention)))
}

// Snapshot describes an appointment for other services, with the version that this is true of.
// NOT_FOUND when there is none.
func (b *Bookings) Snapshot(ctx context.Context, id string) (*appointmentv1.AppointmentEvent, int64, error) {
	a, err := b.store.Appointment(ctx, id, auth.Principal{Role: apiv1.Role_ROLE_ADMIN})
	if err != nil {
		return nil, 0, err
	}
	return EventBody(a), a.Version, nil
}
