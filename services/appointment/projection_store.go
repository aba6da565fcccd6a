package appointment

import (
	"context"
	"fmt"
)

// MastersBookable tells whether all of these masters can be booked, as far as this
// service has heard.
func (s *Store) MastersBookable(ctx context.Context, ids ...string) (bool, error) {
	var bookable bool
	err := s.db.Conn(ctx).Raw(`
		SELECT NOT EXISTS (
			SELECT 1 FROM unnest(?::uuid[]) AS i (id) LEFT JOIN masters m USING (id)
			WHERE m.id IS NULL OR m.deleted OR m.disabled)`,
		array[string](ids)).Scan(&bookable).Error
	if err != nil {
		return false, fmt.Errorf("look for masters: %w", err)
	}
	return bookable, nil
}

// PutMaster notes what the user service says of a master, unless a newer version
// is known.
func (s *Store) PutMaster(ctx context.Context, id string, deleted, disabled bool, version int64) error {
	err := s.db.Conn(ctx).Exec(`
		INSERT INTO masters (id, deleted, disabled, version) VALUES (?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE
		SET deleted = excluded.deleted, disabled = excluded.disabled, version = excluded.version
		WHERE masters.version < excluded.version`, id, deleted, disabled, version).Error
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
