package catalog

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm/clause"

	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
)

// nameUnique is the index on the names of services that are not deleted.
const nameUnique = "services_name"

// lockForShare keeps a service from changing while an offering of it is written.
var lockForShare = clause.Locking{Strength: clause.LockingStrengthShare}

// Store reads and writes the tables services and offerings.
type Store struct{ db *postgres.DB }

// NewStore returns the store over a pool or within a transaction.
func NewStore(db *postgres.DB) *Store { return &Store{db: db} }

// serviceRow is a row of services.
type serviceRow struct {
	ID                      string
	SalonID                 string
	Name                    string
	Description             string
	Category                string
	PriceMinor              int32
	Currency                string
	DurationMinutes         int32
	BufferBeforeMinutes     int32
	BufferAfterMinutes      int32
	Active                  bool
	Phases                  phaseColumn `gorm:"type:jsonb"`
	OnlineBookable          bool
	LeadTimeOverrideMinutes *int32
	HorizonOverrideDays     *int32
	SlotStepOverrideMinutes *int32
	Capacity                int32
	SearchText              string
	Version                 int64
	CreateTime              time.Time
	UpdateTime              time.Time
	DeletedAt               *time.Time
}

// TableName implements GORM's Tabler.
func (serviceRow) TableName() string { return "services" }

// serviceColumns are those that an update writes, besides name.
var serviceColumns = []any{
	"description", "category", "price_minor", "currency", "duration_minutes", "buffer_before_minutes",
	"buffer_after_minutes", "active", "phases", "online_bookable", "lead_time_override_minutes", "horizon_override_days",
	"slot_step_override_minutes", "capacity", "search_text", "version", "update_time", "deleted_at",
}

// Service returns a service that is not deleted, else NOT_FOUND.
func (s *Store) Service(ctx context.Context, id string, lock ...clause.Expression) (Service, error) {
	r, err := postgres.One[serviceRow](s.db.Conn(ctx).Clauses(lock...).Where("id = ? AND deleted_at IS NULL", id), errNoService)
	return r.service(), err
}

// ServiceNames returns the names of services by id, also of deleted ones.
func (s *Store) ServiceNames(ctx context.Context, ids []string) (map[string]string, error) {
	var rows []serviceRow
	err := s.db.Conn(ctx).Select("id, name").Where("id = ANY(?)", postgres.Array[string](ids)).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read names of services: %w", err)
	}
	names := make(map[string]string, len(rows))
	for _, r := range rows {
		names[r.ID] = r.Name
	}
	return names, nil
}

// ServiceFilter says which services to list. Zero values leave a filter out.
type ServiceFilter struct {
	// SalonID is the salon.
	SalonID string
	// Category is what the services are listed under.
	Category string
	// Text is a folded part of the name or the description.
	Text string
	// Active selects those that can, or cannot, be booked.
	Active *bool
	// After is the place of the last service of the page before; nil means from the first.
	After *ServiceCursor
	// Limit is how many services are returned at most.
	Limit int
}

// ServiceCursor is the place of a service in a list of services. It keeps what the list is ordered by, so
// that an edited or deleted service moves no page.
type ServiceCursor struct {
	// Category, Name and ID are those of the service. A list without a category is ordered by name alone.
	Category string `json:"c,omitempty"`
	Name     string `json:"n"`
	ID       string `json:"i"`
}

// Services returns services by category, name and id.
func (s *Store) Services(ctx context.Context, f ServiceFilter) ([]Service, error) {
	q := s.db.Conn(ctx).Where("deleted_at IS NULL")
	if f.SalonID != "" {
		q = q.Where("salon_id = ?", f.SalonID)
	}
	if f.Category != "" {
		q = q.Where("category = ?", f.Category)
	}
	if f.Text != "" {
		q = q.Where("search_text LIKE ?", postgres.Containing(f.Text))
	}
	if f.Active != nil {
		q = q.Where("active = ?", *f.Active)
	}
	if f.After != nil {
		q = q.Where("(category, name, id) > (?, ?, ?)", f.After.Category, f.After.Name, f.After.ID)
	}
	var rows []serviceRow
	if err := q.Order("category, name, id").Limit(f.Limit).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("list services: %w", err)
	}
	services := make([]Service, len(rows))
	for i, r := range rows {
		services[i] = r.service()
	}
	return services, nil
}

// CreateService adds a service and its event. A name in use is SERVICE_NAME_TAKEN.
func (s *Store) CreateService(ctx context.Context, service Service) error {
	r := service.row()
	if err := s.db.Conn(ctx).Create(&r).Error; err != nil {
		return serviceError(err)
	}
	return s.appendService(ctx, eventServiceCreated, service)
}

// UpdateService writes a service whose row is locked, and its event. A name in use is
// SERVICE_NAME_TAKEN.
func (s *Store) UpdateService(ctx context.Context, service Service) error {
	if err := s.saveService(ctx, service.row()); err != nil {
		return err
	}
	return s.appendService(ctx, eventServiceUpdated, service)
}

// DeleteService marks a service whose row is locked as deleted, and writes its event.
func (s *Store) DeleteService(ctx context.Context, service Service) error {
	r := service.row()
	r.DeletedAt = &r.UpdateTime
	if err := s.saveService(ctx, r); err != nil {
		return err
	}
	return s.appendService(ctx, eventServiceDeleted, service)
}

func (s *Store) saveService(ctx context.Context, r serviceRow) error {
	return serviceError(s.db.Conn(ctx).Where("id = ?", r.ID).Select("name", serviceColumns...).Updates(r).Error)
}

func (s *Store) appendService(ctx context.Context, typ string, service Service) error {
	event, err := serviceEvent(typ, service)
	if err != nil {
		return err
	}
	return events.Append(ctx, s.db, event)
}

func serviceError(err error) error {
	switch {
	case err == nil:
		return nil
	case postgres.IsUniqueViolation(err, nameUnique):
		return errNameTaken.WithCause(err)
	}
	return fmt.Errorf("write a service: %w", err)
}

func (r serviceRow) service() Service {
	return Service{
		ID: r.ID, SalonID: r.SalonID, Name: r.Name, Description: r.Description, Category: r.Category,
		PriceMinor: r.PriceMinor, Currency: r.Currency, DurationMinutes: r.DurationMinutes,
		BufferBeforeMinutes: r.BufferBeforeMinutes, BufferAfterMinutes: r.BufferAfterMinutes,
		Active: r.Active, Phases: r.Phases, OnlineBookable: r.OnlineBookable,
		LeadTimeOverrideMinutes: r.LeadTimeOverrideMinutes, HorizonOverrideDays: r.HorizonOverrideDays,
		SlotStepOverrideMinutes: r.SlotStepOverrideMinutes, Capacity: r.Capacity,
		Version: r.Version, CreateTime: r.CreateTime.UTC(), UpdateTime: r.UpdateTime.UTC(),
	}
}

func (s Service) row() serviceRow {
	return serviceRow{
		ID: s.ID, SalonID: s.SalonID, Name: s.Name, Description: s.Description, Category: s.Category,
		PriceMinor: s.PriceMinor, Currency: s.Currency, DurationMinutes: s.DurationMinutes,
		BufferBeforeMinutes: s.BufferBeforeMinutes, BufferAfterMinutes: s.BufferAfterMinutes,
		Active: s.Active, Phases: s.Phases, OnlineBookable: s.OnlineBookable,
		LeadTimeOverrideMinutes: s.LeadTimeOverrideMinutes, HorizonOverrideDays: s.HorizonOverrideDays,
		SlotStepOverrideMinutes: s.SlotStepOverrideMinutes, Capacity: s.Capacity, SearchText: s.searchText(),
		Version: s.Version, CreateTime: s.CreateTime, UpdateTime: s.UpdateTime,
	}
}
