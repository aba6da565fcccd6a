package salon

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/memory"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/service"
)

const (
	// memorySize bounds the salons in memory.
	memorySize = 1000
	// memoryTTL is how old a salon in memory can be that another process has changed.
	memoryTTL = 5 * time.Second
)

// Salons is the root of the package: it implements SalonService and answers the other packages. It is
// safe for concurrent use.
type Salons struct {
	appointmentv1.UnimplementedSalonServiceServer

	deps     service.Deps
	store    *Store
	requests *idempotency.Guard
	pages    *pagetoken.Codec
	memory   *memory.Cache[remembered]
}

// remembered is a salon in memory.
type remembered struct {
	salon   Salon
	expires time.Time
}

// New returns the root. It connects to nothing.
func New(d service.Deps) *Salons {
	return &Salons{
		deps:     d,
		store:    NewStore(d.DB),
		requests: idempotency.New(d.Keys, d.PreviousKeys, d.Now),
		pages:    pagetoken.New(d.Keys),
		memory:   memory.New[remembered](memorySize),
	}
}

// Register adds SalonService to a server.
func (s *Salons) Register(r grpc.ServiceRegistrar) { appointmentv1.RegisterSalonServiceServer(r, s) }

// Get returns a salon from memory where possible, else ErrNotFound. The salon may be some seconds
// old: whoever relies on it compares its version in the transaction that writes, and calls Forget
// when it has changed.
func (s *Salons) Get(ctx context.Context, id string) (Salon, error) {
	if hit, ok := s.memory.Get(id); ok && time.Now().Before(hit.expires) {
		return hit.salon, nil
	}
	found, err := s.store.Salon(ctx, id)
	if err != nil {
		return Salon{}, err
	}
	s.memory.Set(id, remembered{salon: found, expires: time.Now().Add(memoryTTL)})
	return found, nil
}

// Forget makes the next Get read the salon from the database.
func (s *Salons) Forget(id string) { s.memory.Delete(id) }

// Share reads a salon and keeps it from changing until tx ends; else it returns ErrNotFound. Whoever
// adds something to a salon shares it first.
func (s *Salons) Share(ctx context.Context, tx *postgres.DB, id string) (Salon, error) {
	return NewStore(tx).Salon(ctx, id, lockForShare)
}

// ForCreate returns the salon that a creating call means: the one with the id salonID or, when that
// is empty, the only salon in which the caller has one of the roles, else the default salon. Without
// roles, those of all staff count. A salon that does not exist is INVALID_FIELDS of field. Whether
// the caller may create anything there is for the caller of ForCreate to check.
func (s *Salons) ForCreate(
	ctx context.Context, caller auth.Principal, salonID, field string, roles ...apiv1.SalonRole,
) (Salon, error) {
	if len(roles) == 0 {
		roles = auth.Staff
	}
	if salonID == "" {
		mine := caller.Salons(roles...)
		if len(mine) != 1 {
			return s.store.Default(ctx)
		}
		salonID = mine[0]
	}
	found, err := s.Get(ctx, salonID)
	if errors.Is(err, ErrNotFound) {
		return Salon{}, apierr.InvalidField(field, "must be a salon")
	}
	return found, err
}

// Snapshot returns what other services keep of a salon, also of a deleted one, and the version that
// it is true of. An empty id means the default salon. A salon that never existed is ErrNotFound.
func (s *Salons) Snapshot(ctx context.Context, id string) (*appointmentv1.SalonEvent, int64, error) {
	var (
		found   Salon
		deleted bool
		err     error
	)
	if id == "" {
		found, err = s.store.Default(ctx)
	} else {
		found, deleted, err = s.store.WithDeleted(ctx, id)
	}
	if err != nil {
		return nil, 0, err
	}
	return toEvent(found, deleted), found.Version, nil
}

// Names returns the names of salons by id, also of deleted ones. Unknown ids are left out.
func (s *Salons) Names(ctx context.Context, ids []string) (map[string]string, error) {
	return s.store.Names(ctx, ids)
}
