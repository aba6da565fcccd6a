package appointment

import (
	"context"
	"fmt"
)

// MasterExists tells whether a master is known here and not deleted, as far as
// this service has heard.
func (s *Store) MasterExists(ctx context.Context, id string) (bool, error) {
	var exists bool
	err := s.db.Conn(ctx).Raw(`SELECT EXISTS (SELECT 1 FROM masters WHERE id = ? AND NOT deleted)`, id).Scan(&exists).Error
	if err != nil {
		return false, fmt.Errorf("look for a master: %w", err)
	}
	return exists, nil
}

// PutMaster notes what the user service says of a master, unless a newer version
// is known.
func (s *Store) PutMaster(ctx context.Context, id string, deleted bool, version int64) error {
	err := s.db.Conn(ctx).Exec(`
		INSERT INTO masters (id, deleted, version) VALUES (?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET deleted = excluded.deleted, version = excluded.version
		WHERE masters.version < excluded.version`, id, deleted, version).Error
	if err != nil {
		return fmt.Errorf("note a master: %w", err)
	}
	return nil
}

// PutCustomer notes what the user service says of an account, unless a newer
// version is known.
func (s *Store) PutCustomer(ctx context.Context, id string, disabled bool, version int64) error {
	err := s.db.Conn(ctx).Exec(`
		INSERT INTO customers (id, disabled, version) VALUES (?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET disabled = excluded.disabled, version = excluded.version
		WHERE customers.version < excluded.version`, id, disabled, version).Error
	if err != nil {
		return fmt.Errorf("note a customer: %w", err)
	}
	return nil
}
