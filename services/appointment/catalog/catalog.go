package catalog

import (
	"context"
	"maps"
	"slices"
	"time"

	"google.golang.org/grpc"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/cache"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/memory"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/service"
	"github.com/beauty-salon/platform/services/appointment/claims"
	"github.com/beauty-salon/platform/services/appointment/people"
	"github.com/beauty-salon/platform/services/appointment/salon"
)

const (
	// memorySize bounds the services whose salon is in memory.
	memorySize = 10_000
	// lockAttempts is how often a change of a service begins again because a master has begun to offer the
	// service meanwhile.
	lockAttempts = 3
)

// Catalog is the root of the package: it implements CatalogService and answers the other packages. It is
// safe for concurrent use.
type Catalog struct {
	appointmentv1.UnimplementedCatalogServiceServer

	deps     service.Deps
	salons   *salon.Salons
	people   *people.People
	store    *Store
	requests *idempotency.Guard
	pages    *pagetoken.Codec
	services *cache.Cache[*appointmentv1.Service]
	salonOf  *memory.Cache[string] // salon ids by service id
}

// New returns the root. It connects to nothing. Offerings of masters who leave are removed from then on.
func New(d service.Deps, salons *salon.Salons, people *people.People) *Catalog {
	c := &Catalog{
		deps:     d,
		salons:   salons,
		people:   people,
		store:    NewStore(d.DB),
		requests: idempotency.New(d.Keys, d.PreviousKeys, d.Now),
		pages:    pagetoken.New(d.Keys),
		salonOf:  memory.New[string](memorySize),
	}
	c.services = cache.New(d.Cache, cache.Options[*appointmentv1.Service]{
		Name: "phased-service",
		New:  func() *appointmentv1.Service { return &appointmentv1.Service{} },
	}, c.loadService, d.Metrics)
	people.OnMasterLeft(c.RemoveOfferingsOf)
	return c
}

// loadService reads what GetService keeps, and its version.
func (c *Catalog) loadService(ctx context.Context, id string) (*appointmentv1.Service, int64, error) {
	found, err := c.store.Service(ctx, id)
	if err != nil {
		return nil, 0, err
	}
	return serviceToProto(found), found.Version, nil
}

// Register adds CatalogService to a server.
func (c *Catalog) Register(r grpc.ServiceRegistrar) { appointmentv1.RegisterCatalogServiceServer(r, c) }

// ServiceNames returns the names of services by id, also of deleted ones. Unknown ids are left out.
func (c *Catalog) ServiceNames(ctx context.Context, ids []string) (map[string]string, error) {
	return c.store.ServiceNames(ctx, ids)
}

// RemoveOfferingsOf deletes the offerings that a master had at an instant, with their events. It takes the
// master's lock. Offerings of a profile that was made again later stay.
func (c *Catalog) RemoveOfferingsOf(ctx context.Context, tx *postgres.DB, masterID string, until time.Time) error {
	if err := claims.Lock(ctx, tx, masterID); err != nil {
		return err
	}
	store := NewStore(tx)
	offerings, err := store.LockOfferingsOf(ctx, masterID, until)
	if err != nil {
		return err
	}
	if err := c.deleteOfferings(ctx, tx, offerings); err != nil {
		return err
	}
	salons := map[string]bool{}
	for _, o := range offerings {
		salons[o.SalonID] = true
	}
	for _, salonID := range slices.Sorted(maps.Keys(salons)) {
		if err := salon.ChangeRules(ctx, tx, salonID); err != nil {
			return err
		}
	}
	return nil
}

// deleteOfferings deletes offerings whose rows are locked, with their events.
func (c *Catalog) deleteOfferings(ctx context.Context, tx *postgres.DB, offerings []Offering) error {
	now := c.deps.Time()
	for _, o := range offerings {
		o.Version++
		o.UpdateTime = now
		if err := NewStore(tx).DeleteOffering(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// changeService runs change on a service of a salon that the caller manages, in a transaction that holds
// the locks of all masters who offer the service and the row of the service. A service that does not
// exist is NOT_FOUND.
func (c *Catalog) changeService(
	ctx context.Context, id string, change func(tx *postgres.DB, s Service) error,
) error {
	known, err := c.store.Service(ctx, id)
	if err != nil {
		return err
	}
	if !auth.Caller(ctx).Manages(known.SalonID) {
		return salon.ErrNotManager
	}
	for range lockAttempts {
		mastersChanged := false
		err = c.deps.DB.InTx(ctx, func(tx *postgres.DB) error {
			store := NewStore(tx)
			masters, err := store.MastersOffering(ctx, id)
			if err != nil {
				return err
			}
			// In a statement of its own: what is read after it is as new as the locks.
			if err := claims.Lock(ctx, tx, masters...); err != nil {
				return err
			}
			s, err := store.Service(ctx, id, postgres.LockForChange)
			if err != nil {
				return err
			}
			// From here on nobody begins to offer the service, because that shares its row.
			now, err := store.MastersOffering(ctx, id)
			if err != nil {
				return err
			}
			mastersChanged = slices.ContainsFunc(now, func(master string) bool { return !slices.Contains(masters, master) })
			if mastersChanged { // the locks that were taken are not those that it needs
				return claims.ErrContention
			}
			return change(tx, s)
		})
		if !mastersChanged {
			break
		}
	}
	return err
}
