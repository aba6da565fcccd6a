package resource

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm/clause"

	"github.com/beauty-salon/platform/internal/postgres"
)

// nameUnique is the index on the names of resources that are not deleted.
const nameUnique = "resources_name"

// row is a row of resources.
type row struct {
	SalonID    string
	ID         string
	KindID     string
	Name       string
	Active     bool
	Version    int64
	CreateTime time.Time
	UpdateTime time.Time
	DeletedAt  *time.Time
}

// TableName implements GORM's Tabler.
func (row) TableName() string { return "resources" }

// Resource returns a resource that is not deleted, else NOT_FOUND.
func (s *Store) Resource(ctx context.Context, id string, lock ...clause.Expression) (Resource, error) {
	r, err := postgres.One[row](s.db.Conn(ctx).Clauses(lock...).Where("id = ? AND deleted_at IS NULL", id), errNoResource)
	return r.resource(), err
}

// Filter says which resources to list.
type Filter struct {
	// SalonID is the salon, KindID the kind; empty for all kinds.
	SalonID, KindID string
	// After is the place of the last resource of the page before; nil means from the first.
	After *Cursor
	// Limit is how many resources are returned at most.
	Limit int
}

// Cursor is the place of a resource in a list.
type Cursor struct {
	// KindName is the name of the kind; Name and ID are those of the resource.
	KindName string `json:"k"`
	Name     string `json:"n"`
	ID       string `json:"i"`
}

// Listed is a resource in a list.
type Listed struct {
	Resource
	// KindName is the name of the kind.
	KindName string
}

// List returns resources by the name of their kind, their name and id.
func (s *Store) List(ctx context.Context, f Filter) ([]Listed, error) {
	where, args := "r.salon_id = ? AND r.deleted_at IS NULL", []any{f.SalonID}
	if f.KindID != "" {
		where, args = where+" AND r.kind_id = ?", append(args, f.KindID)
	}
	if f.After != nil {
		where, args = where+" AND (k.name, r.name, r.id) > (?, ?, ?)", append(args, f.After.KindName, f.After.Name, f.After.ID)
	}
	var rows []struct {
		Resource row `gorm:"embedded"`
		KindName string
	}
	err := s.db.Conn(ctx).Raw(`
		SELECT r.*, k.name AS kind_name FROM resources r JOIN resource_kinds k ON k.salon_id = r.salon_id AND k.id = r.kind_id
		WHERE `+where+` ORDER BY k.name, r.name, r.id LIMIT ?`, append(args, f.Limit)...).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list resources: %w", err)
	}
	list := make([]Listed, len(rows))
	for i, r := range rows {
		list[i] = Listed{Resource: r.Resource.resource(), KindName: r.KindName}
	}
	return list, nil
}

// Create adds a resource whose kind is shared. A name in use is NAME_TAKEN.
func (s *Store) Create(ctx context.Context, resource Resource) error {
	r := resource.row()
	return writeError(s.db.Conn(ctx).Create(&r).Error)
}

// Update writes a resource whose row is locked. A name in use is NAME_TAKEN.
func (s *Store) Update(ctx context.Context, resource Resource) error {
	return s.save(ctx, resource.row())
}

// Delete marks a resource whose row is locked as deleted.
func (s *Store) Delete(ctx context.Context, resource Resource) error {
	r := resource.row()
	r.DeletedAt = &r.UpdateTime
	return s.save(ctx, r)
}

func (s *Store) save(ctx context.Context, r row) error {
	return writeError(s.db.Conn(ctx).Where("salon_id = ? AND id = ?", r.SalonID, r.ID).
		Select("name", "active", "version", "update_time", "deleted_at").Updates(r).Error)
}

func writeError(err error) error {
	switch {
	case err == nil:
		return nil
	case postgres.IsUniqueViolation(err, nameUnique):
		return errNameTaken.WithCause(err)
	}
	return fmt.Errorf("write a resource: %w", err)
}

func (r row) resource() Resource {
	return Resource{
		ID: r.ID, SalonID: r.SalonID, KindID: r.KindID, Name: r.Name, Active: r.Active,
		Version: r.Version, CreateTime: r.CreateTime.UTC(), UpdateTime: r.UpdateTime.UTC(),
	}
}

func (r Resource) row() row {
	return row{
		SalonID: r.SalonID, ID: r.ID, KindID: r.KindID, Name: r.Name, Active: r.Active,
		Version: r.Version, CreateTime: r.CreateTime, UpdateTime: r.UpdateTime,
	}
}
