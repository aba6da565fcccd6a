package resource

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm/clause"

	"github.com/beauty-salon/platform/internal/postgres"
)

// kindNameUnique is the index on the names of kinds that are not deleted.
const kindNameUnique = "resource_kinds_name"

// lockForShare keeps a kind from being deleted while something that refers to it is written.
var lockForShare = clause.Locking{Strength: clause.LockingStrengthShare}

// Store reads and writes the tables resource_kinds and resources, and the rows of resources in times_off.
type Store struct{ db *postgres.DB }

// NewStore returns the store over a pool or within a transaction.
func NewStore(db *postgres.DB) *Store { return &Store{db: db} }

// kindRow is a row of resource_kinds.
type kindRow struct {
	SalonID    string
	ID         string
	Name       string
	CreateTime time.Time
	DeletedAt  *time.Time
}

// TableName implements GORM's Tabler.
func (kindRow) TableName() string { return "resource_kinds" }

// Kinds returns the kinds of a salon by name.
func (s *Store) Kinds(ctx context.Context, salonID string) ([]Kind, error) {
	var rows []kindRow
	err := s.db.Conn(ctx).Where("salon_id = ? AND deleted_at IS NULL", salonID).Order("name, id").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list kinds of resources: %w", err)
	}
	kinds := make([]Kind, len(rows))
	for i, r := range rows {
		kinds[i] = r.kind()
	}
	return kinds, nil
}

// Kind returns a kind that is not deleted, else NOT_FOUND.
func (s *Store) Kind(ctx context.Context, id string, lock ...clause.Expression) (Kind, error) {
	r, err := postgres.One[kindRow](s.db.Conn(ctx).Clauses(lock...).Where("id = ? AND deleted_at IS NULL", id), errNoKind)
	return r.kind(), err
}

// ShareKind keeps a kind of a salon from being deleted until the transaction ends. A kind that the salon does not have is
// INVALID_FIELDS.
func (s *Store) ShareKind(ctx context.Context, salonID, id string) error {
	_, err := postgres.One[kindRow](s.db.Conn(ctx).Clauses(lockForShare).
		Where("salon_id = ? AND id = ? AND deleted_at IS NULL", salonID, id), errOtherKind)
	return err
}

// CountKinds counts the kinds of a salon.
func (s *Store) CountKinds(ctx context.Context, salonID string) (int64, error) {
	var n int64
	err := s.db.Conn(ctx).Model(&kindRow{}).Where("salon_id = ? AND deleted_at IS NULL", salonID).Count(&n).Error
	if err != nil {
		return 0, fmt.Errorf("count kinds of resources: %w", err)
	}
	return n, nil
}

// KindInUse reports whether a kind has resources, or a service or an offering needs it.
func (s *Store) KindInUse(ctx context.Context, k Kind) (bool, error) {
	phase := `jsonb_build_array(jsonb_build_object('kinds', jsonb_build_array(?::text)))`
	var used bool
	err := s.db.Conn(ctx).Raw(`
		SELECT EXISTS (SELECT 1 FROM resources WHERE salon_id = ? AND kind_id = ? AND deleted_at IS NULL)
			OR EXISTS (SELECT 1 FROM services WHERE salon_id = ? AND deleted_at IS NULL AND phases @> `+phase+`)
			OR EXISTS (SELECT 1 FROM offerings WHERE salon_id = ? AND deleted_at IS NULL AND phases_override @> `+phase+`)`,
		k.SalonID, k.ID, k.SalonID, k.ID, k.SalonID, k.ID).Scan(&used).Error
	if err != nil {
		return false, fmt.Errorf("look for uses of a kind of resources: %w", err)
	}
	return used, nil
}

// CreateKind adds a kind. A name in use is NAME_TAKEN.
func (s *Store) CreateKind(ctx context.Context, k Kind) error {
	r := kindRow{SalonID: k.SalonID, ID: k.ID, Name: k.Name, CreateTime: k.CreateTime}
	err := s.db.Conn(ctx).Create(&r).Error
	switch {
	case err == nil:
		return nil
	case postgres.IsUniqueViolation(err, kindNameUnique):
		return errKindNameTaken.WithCause(err)
	}
	return fmt.Errorf("write a kind of resources: %w", err)
}

// DeleteKind marks a kind whose row is locked as deleted.
func (s *Store) DeleteKind(ctx context.Context, k Kind, now time.Time) error {
	err := s.db.Conn(ctx).Model(&kindRow{}).Where("salon_id = ? AND id = ?", k.SalonID, k.ID).Update("deleted_at", now).Error
	if err != nil {
		return fmt.Errorf("delete a kind of resources: %w", err)
	}
	return nil
}

func (r kindRow) kind() Kind {
	return Kind{ID: r.ID, SalonID: r.SalonID, Name: r.Name, CreateTime: r.CreateTime.UTC()}
}
