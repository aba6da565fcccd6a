package salon

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm/clause"

	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
)

// slugUnique is the index on the slugs of salons that are not deleted.
const slugUnique = "salons_slug"

// Locks of a salon's row. Changes take postgres.LockForChange.
var (
	// lockForShare keeps the salon from changing while something that relies on it is written.
	lockForShare = clause.Locking{Strength: clause.LockingStrengthShare}
	// lockForDelete also waits for rows that refer to the salon and are not committed.
	lockForDelete = clause.Locking{Strength: clause.LockingStrengthUpdate}
)

// Store reads and writes the table salons.
type Store struct{ db *postgres.DB }

// NewStore returns the store over a pool or within a transaction.
func NewStore(db *postgres.DB) *Store { return &Store{db: db} }

// row is a row of salons.
type row struct {
	ID          string
	Name        string
	Slug        string
	Description string
	Address     string
	Phone       string
	Email       string
	WebsiteURL  string
	TimeZone    string
	Currency    string
	IsDefault   bool
	SearchText  string
	Version     int64
	CreateTime  time.Time
	UpdateTime  time.Time
	DeletedAt   *time.Time
}

// TableName implements GORM's Tabler.
func (row) TableName() string { return "salons" }

// newRow is a row of salons when it is made.
type newRow struct {
	Salon  row       `gorm:"embedded"`
	Policy PolicyRow `gorm:"embedded"`
}

// TableName implements GORM's Tabler.
func (newRow) TableName() string { return "salons" }

// updated are the columns that an update writes, besides name.
var updated = []any{
	"slug", "description", "address", "phone", "email", "website_url", "time_zone", "currency",
	"is_default", "search_text", "version", "update_time", "deleted_at",
}

// Salon returns a salon that is not deleted, else ErrNotFound.
func (s *Store) Salon(ctx context.Context, id string, lock ...clause.Expression) (Salon, error) {
	r, err := postgres.One[row](s.db.Conn(ctx).Clauses(lock...).Where("id = ? AND deleted_at IS NULL", id), ErrNotFound)
	return r.salon(), err
}

// Default returns the default salon.
func (s *Store) Default(ctx context.Context) (Salon, error) {
	r, err := postgres.One[row](s.db.Conn(ctx).Where("is_default"), ErrNotFound)
	return r.salon(), err
}

// DefaultForChange returns the default salon and keeps others from replacing or changing it until
// the transaction ends.
func (s *Store) DefaultForChange(ctx context.Context) (Salon, error) {
	// Two replacements would wait for each other at the unique index, each with a default salon of
	// its own. The lock comes in a statement of its own, so the next one sees the last replacement.
	err := s.db.Conn(ctx).Exec("SELECT pg_advisory_xact_lock(hashtextextended('salon.default', 0))").Error
	if err != nil {
		return Salon{}, fmt.Errorf("lock the default salon: %w", err)
	}
	r, err := postgres.One[row](s.db.Conn(ctx).Clauses(postgres.LockForChange).Where("is_default"), ErrNotFound)
	return r.salon(), err
}

// WithDeleted returns a salon, also a deleted one, and whether it is deleted; else ErrNotFound.
func (s *Store) WithDeleted(ctx context.Context, id string) (found Salon, deleted bool, err error) {
	r, err := postgres.One[row](s.db.Conn(ctx).Where("id = ?", id), ErrNotFound)
	return r.salon(), r.DeletedAt != nil, err
}

// Names returns the names of salons by id, also of deleted ones.
func (s *Store) Names(ctx context.Context, ids []string) (map[string]string, error) {
	var rows []row
	err := s.db.Conn(ctx).Select("id, name").Where("id = ANY(?)", postgres.Array[string](ids)).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read names of salons: %w", err)
	}
	names := make(map[string]string, len(rows))
	for _, r := range rows {
		names[r.ID] = r.Name
	}
	return names, nil
}

// Cursor is the place of a salon in a list.
type Cursor struct {
	// Name and ID are those of the salon.
	Name string `json:"n"`
	ID   string `json:"i"`
}

// List returns at most limit salons by name and id, after a place. text is a folded part of the
// search text; empty finds all.
func (s *Store) List(ctx context.Context, text string, after *Cursor, limit int) ([]Salon, error) {
	q := s.db.Conn(ctx).Where("deleted_at IS NULL")
	if text != "" {
		q = q.Where("search_text LIKE ?", postgres.Containing(text))
	}
	if after != nil {
		q = q.Where("(name, id) > (?, ?)", after.Name, after.ID)
	}
	var rows []row
	if err := q.Order("name, id").Limit(limit).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("list salons: %w", err)
	}
	salons := make([]Salon, len(rows))
	for i, r := range rows {
		salons[i] = r.salon()
	}
	return salons, nil
}

// HasServices reports whether the salon has services that are not deleted.
func (s *Store) HasServices(ctx context.Context, id string) (bool, error) {
	return s.exists(ctx, "EXISTS (SELECT 1 FROM services WHERE salon_id = ? AND deleted_at IS NULL)", id)
}

// IsEmpty reports whether nothing belongs to the salon: no service or master that is not deleted,
// no customer and no appointment.
func (s *Store) IsEmpty(ctx context.Context, id string) (bool, error) {
	used, err := s.exists(ctx, `EXISTS (SELECT 1 FROM services WHERE salon_id = ? AND deleted_at IS NULL)
		OR EXISTS (SELECT 1 FROM masters WHERE salon_id = ? AND NOT deleted)
		OR EXISTS (SELECT 1 FROM customers WHERE salon_id = ?)
		OR EXISTS (SELECT 1 FROM appointments WHERE salon_id = ?)`, id, id, id, id)
	return !used, err
}

func (s *Store) exists(ctx context.Context, condition string, args ...any) (bool, error) {
	var found bool
	if err := s.db.Conn(ctx).Raw("SELECT "+condition, args...).Scan(&found).Error; err != nil {
		return false, fmt.Errorf("look at what belongs to a salon: %w", err)
	}
	return found, nil
}

// Create adds a salon with a policy, and its event. A slug in use is ErrSlugTaken.
func (s *Store) Create(ctx context.Context, salon Salon, policy Policy) error {
	r := newRow{Salon: salon.row(), Policy: policy.row()}
	if err := s.db.Conn(ctx).Create(&r).Error; err != nil {
		return writeError(err)
	}
	return s.append(ctx, eventCreated, salon)
}

// Update writes a salon whose row is locked, and its event.
func (s *Store) Update(ctx context.Context, salon Salon) error {
	if err := s.save(ctx, salon.row()); err != nil {
		return err
	}
	return s.append(ctx, eventUpdated, salon)
}

// Delete marks a salon whose row is locked as deleted, and writes its event.
func (s *Store) Delete(ctx context.Context, salon Salon) error {
	r := salon.row()
	r.DeletedAt = &r.UpdateTime
	if err := s.save(ctx, r); err != nil {
		return err
	}
	return s.append(ctx, eventDeleted, salon)
}

func (s *Store) save(ctx context.Context, r row) error {
	return writeError(s.db.Conn(ctx).Where("id = ?", r.ID).Select("name", updated...).Updates(r).Error)
}

func (s *Store) append(ctx context.Context, typ string, salon Salon) error {
	event, err := newEvent(typ, salon)
	if err != nil {
		return err
	}
	return events.Append(ctx, s.db, event)
}

func writeError(err error) error {
	switch {
	case err == nil:
		return nil
	case postgres.IsUniqueViolation(err, slugUnique):
		return ErrSlugTaken.WithCause(err)
	}
	return fmt.Errorf("write a salon: %w", err)
}

func (r row) salon() Salon {
	return Salon{
		ID: r.ID, Name: r.Name, Slug: r.Slug, Description: r.Description, Address: r.Address, Phone: r.Phone,
		Email: r.Email, WebsiteURL: r.WebsiteURL, TimeZone: r.TimeZone, Currency: r.Currency,
		IsDefault: r.IsDefault,
		Version:   r.Version, CreateTime: r.CreateTime.UTC(), UpdateTime: r.UpdateTime.UTC(),
	}
}

func (s Salon) row() row {
	return row{
		ID: s.ID, Name: s.Name, Slug: s.Slug, Description: s.Description, Address: s.Address, Phone: s.Phone,
		Email: s.Email, WebsiteURL: s.WebsiteURL, TimeZone: s.TimeZone, Currency: s.Currency,
		IsDefault: s.IsDefault, SearchText: s.searchText(),
		Version: s.Version, CreateTime: s.CreateTime, UpdateTime: s.UpdateTime,
	}
}
