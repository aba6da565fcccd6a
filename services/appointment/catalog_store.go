package appointment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
)

// serviceNameUnique is the index on the names of services that are not deleted.
const serviceNameUnique = "services_name"

// In returns the store within a transaction.
func (s *Store) In(tx *postgres.DB) *Store { return &Store{db: tx, outdated: s.outdated} }

// serviceRow is a row of services.
type serviceRow struct {
	ID                  string
	Name                string
	Description         string
	Category            string
	PriceMinor          int32
	Currency            string
	DurationMinutes     int32
	BufferBeforeMinutes int32
	BufferAfterMinutes  int32
	Active              bool
	Version             int64
	CreateTime          time.Time
	UpdateTime          time.Time
	DeletedAt           *time.Time
}

// TableName implements GORM's Tabler.
func (serviceRow) TableName() string { return "services" }

// serviceColumns are those that an update may write.
var serviceColumns = []any{
	"description", "category", "price_minor", "currency", "duration_minutes", "buffer_before_minutes",
	"buffer_after_minutes", "active", "version", "update_time", "deleted_at",
}

// SalonService returns a service that is not deleted, else NOT_FOUND.
func (s *Store) SalonService(ctx context.Context, id string) (SalonService, error) {
	return s.salonService(ctx, id)
}

func (s *Store) salonService(ctx context.Context, id string, options ...clause.Expression) (SalonService, error) {
	row, err := gorm.G[serviceRow](s.db.Conn(ctx), options...).Where("id = ? AND deleted_at IS NULL", id).Take(ctx)
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return SalonService{}, errNoService
	}
	if err != nil {
		return SalonService{}, fmt.Errorf("read a service: %w", err)
	}
	return row.service(), nil
}

// ServiceFilter says which services to list. Zero values leave a filter out.
type ServiceFilter struct {
	// Category is the one that is wanted.
	Category string
	// Text is part of the name or the description.
	Text string
	// Active are those that can, or cannot, be booked.
	Active *bool
	// After is the place of the last service of the page before; nil: from the first.
	After *ServiceCursor
	// Limit is how many are wanted at most.
	Limit int
}

// ServiceCursor is the place of a service in a list of them. It keeps what the list
// is ordered by, so that an edited or deleted service moves nobody's page.
type ServiceCursor struct {
	// Category, Name and ID are those of the service there. Without a category, the
	// list is ordered by name alone.
	Category string `json:"c,omitempty"`
	Name     string `json:"n"`
	ID       string `json:"i"`
}

// SalonServices returns services by category, name and id.
func (s *Store) SalonServices(ctx context.Context, f ServiceFilter) ([]SalonService, error) {
	q := gorm.G[serviceRow](s.db.Conn(ctx)).Where("deleted_at IS NULL")
	if f.Category != "" {
		q = q.Where("category = ?", f.Category)
	}
	if f.Text != "" {
		pattern := postgres.Containing(f.Text)
		q = q.Where("(name ILIKE ? OR description ILIKE ?)", pattern, pattern)
	}
	if f.Active != nil {
		q = q.Where("active = ?", *f.Active)
	}
	if f.After != nil {
		q = q.Where("(category, name, id) > (?, ?, ?)", f.After.Category, f.After.Name, f.After.ID)
	}
	rows, err := q.Order("category, name, id").Limit(f.Limit).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list services: %w", err)
	}
	services := make([]SalonService, len(rows))
	for i, r := range rows {
		services[i] = r.service()
	}
	return services, nil
}

// CreateSalonService adds a service and its event. A name in use is SERVICE_NAME_TAKEN.
func (s *Store) CreateSalonService(ctx context.Context, service SalonService) error {
	return s.db.InTx(ctx, func(tx *postgres.DB) error {
		row := serviceRowOf(service)
		if err := gorm.G[serviceRow](tx.Conn(ctx)).Create(ctx, &row); err != nil {
			return serviceError(err)
		}
		return appendServiceEvent(ctx, tx, eventServiceCreated, service)
	})
}

// UpdateSalonService runs change on a service that is not deleted, else it is
// NOT_FOUND, and commits what it has done together with the event of it. Nothing
// is written when change leaves everything as it was or returns an error.
func (s *Store) UpdateSalonService(
	ctx context.Context, id string, now time.Time, change func(*SalonService) error,
) (SalonService, error) {
	var service SalonService
	err := s.db.InTx(ctx, func(tx *postgres.DB) error {
		before, err := s.In(tx).salonService(ctx, id, lockForChange)
		if err != nil {
			return err
		}
		service = before
		if err = change(&service); err != nil || service == before {
			return err
		}
		if service.Currency != before.Currency {
			if err = s.In(tx).refuseForeignOverrides(ctx, before); err != nil {
				return err
			}
		}
		service.Version++
		service.UpdateTime = now
		if err = s.In(tx).saveService(ctx, serviceRowOf(service)); err != nil {
			return err
		}
		if err = appendServiceEvent(ctx, tx, eventServiceUpdated, service); err != nil {
			return err
		}
		s.tellOutdated(ctx, service)
		return nil
	})
	return service, err
}

// DeleteSalonService removes a service, and with it the offerings of it, unless
// check objects.
func (s *Store) DeleteSalonService(
	ctx context.Context, id string, now time.Time, check func(SalonService) error,
) error {
	return s.db.InTx(ctx, func(tx *postgres.DB) error {
		service, err := s.In(tx).salonService(ctx, id, lockForChange)
		if err != nil {
			return err
		}
		if err = check(service); err != nil {
			return err
		}
		service.Version++
		service.UpdateTime = now
		row := serviceRowOf(service)
		row.DeletedAt = &now
		if err = s.In(tx).saveService(ctx, row); err != nil {
			return err
		}
		if err = appendServiceEvent(ctx, tx, eventServiceDeleted, service); err != nil {
			return err
		}
		if err = s.In(tx).deleteOfferingsOf(ctx, id, now); err != nil {
			return err
		}
		s.tellOutdated(ctx, service)
		return nil
	})
}

func (s *Store) tellOutdated(ctx context.Context, service SalonService) {
	if s.outdated != nil {
		s.outdated(ctx, service.ID, service.Version)
	}
}

// lockForChange does not keep bookings waiting, whose foreign keys share the row.
var lockForChange = clause.Locking{Strength: "NO KEY UPDATE"}

func (s *Store) saveService(ctx context.Context, row serviceRow) error {
	_, err := gorm.G[serviceRow](s.db.Conn(ctx)).Where("id = ?", row.ID).
		Select("name", serviceColumns...).Updates(ctx, row)
	return serviceError(err)
}

func serviceError(err error) error {
	switch {
	case err == nil:
		return nil
	case postgres.IsUniqueViolation(err, serviceNameUnique):
		return errServiceNameTaken.WithCause(err)
	}
	return fmt.Errorf("write a service: %w", err)
}

func appendServiceEvent(ctx context.Context, tx *postgres.DB, typ string, service SalonService) error {
	event, err := serviceEvent(typ, service)
	if err != nil {
		return err
	}
	return events.Append(ctx, tx, event)
}

func (r serviceRow) service() SalonService {
	return SalonService{
		ID: r.ID, Name: r.Name, Description: r.Description, Category: r.Category,
		PriceMinor: r.PriceMinor, Currency: r.Currency, DurationMinutes: r.DurationMinutes,
		BufferBeforeMinutes: r.BufferBeforeMinutes, BufferAfterMinutes: r.BufferAfterMinutes,
		Active: r.Active, Version: r.Version, CreateTime: r.CreateTime.UTC(), UpdateTime: r.UpdateTime.UTC(),
	}
}

func serviceRowOf(s SalonService) serviceRow {
	return serviceRow{
		ID: s.ID, Name: s.Name, Description: s.Description, Category: s.Category,
		PriceMinor: s.PriceMinor, Currency: s.Currency, DurationMinutes: s.DurationMinutes,
		BufferBeforeMinutes: s.BufferBeforeMinutes, BufferAfterMinutes: s.BufferAfterMinutes,
		Active: s.Active, Version: s.Version, CreateTime: s.CreateTime, UpdateTime: s.UpdateTime,
	}
}
