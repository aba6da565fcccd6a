package catalog

import (
	"context"
	"database/sql/driver"
	"fmt"

	"github.com/beauty-salon/platform/internal/postgres"
)

// phaseColumn is a jsonb column of phases. NULL stands for none.
type phaseColumn []Phase

// Value implements driver.Valuer.
func (c phaseColumn) Value() (driver.Value, error) {
	if len(c) == 0 {
		return nil, nil
	}
	return EncodePhases(c)
}

// Scan implements sql.Scanner.
func (c *phaseColumn) Scan(src any) (err error) {
	var phases []Phase
	switch src := src.(type) {
	case nil:
	case []byte:
		phases, err = DecodePhases(src)
	case string:
		phases, err = DecodePhases([]byte(src))
	default:
		err = fmt.Errorf("phases cannot be read from %T", src)
	}
	*c = phases
	return err
}

// checkKinds returns INVALID_FIELDS unless all kinds of resources that phases need are kinds of the salon. It keeps the kinds
// from being deleted until the transaction ends.
func (s *Store) checkKinds(ctx context.Context, salonID, field string, phases []Phase) error {
	kinds := kindsOf(phases)
	if len(kinds) == 0 {
		return nil
	}
	var known []string
	err := s.db.Conn(ctx).Raw(`
		SELECT id FROM resource_kinds WHERE salon_id = ? AND id = ANY(?) AND deleted_at IS NULL ORDER BY id FOR SHARE`,
		salonID, postgres.Array[string](kinds)).Scan(&known).Error
	if err != nil {
		return fmt.Errorf("read kinds of resources: %w", err)
	}
	return refuseKinds(field, phases, known, "must be a kind of resources of the salon")
}
