package user

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// FindSalon returns what is known of a salon, deleted ones too, and nil for one that is
// not known. An empty id stands for the default salon. While the default salon changes,
// two salons or none may be known as the default; FindSalon returns nil then.
func (s *Store) FindSalon(ctx context.Context, id string) (*Salon, error) {
	condition, args := "id = ?", []any{id}
	if id == "" {
		condition, args = "is_default AND NOT deleted", nil
	}
	var rows []Salon
	err := s.db.Conn(ctx).Raw("SELECT id, deleted, is_default, version FROM salons WHERE "+condition+" LIMIT 2", args...).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("find a salon: %w", err)
	}
	if len(rows) != 1 {
		return nil, nil
	}
	return &rows[0], nil
}

// PutSalon stores what is known of a salon, unless a newer version is known.
func (s *Store) PutSalon(ctx context.Context, v Salon) error {
	err := s.db.Conn(ctx).Exec(`
		INSERT INTO salons AS known (id, deleted, is_default, version)
		VALUES (?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE
		SET deleted = excluded.deleted, is_default = excluded.is_default, version = excluded.version
		WHERE known.version <= excluded.version`, v.ID, v.Deleted, v.IsDefault, v.Version).Error
	if err != nil {
		return fmt.Errorf("store a salon: %w", err)
	}
	return nil
}

// lockSalon keeps a salon from being deleted until the transaction ends. It returns
// NOT_FOUND for one that is deleted or not known.
func (s *Store) lockSalon(ctx context.Context, id string) error {
	var rows []string
	err := s.db.Conn(ctx).Raw("SELECT id FROM salons WHERE id = ? AND NOT deleted FOR SHARE", id).Scan(&rows).Error
	switch {
	case err != nil:
		return fmt.Errorf("lock a salon: %w", err)
	case len(rows) == 0:
		return errNoSalon
	}
	return nil
}

// EndSalon deletes the members and the invitations of a salon that is stored as
// deleted. It runs in a transaction: the row of the salon is locked by the change, so
// that nobody becomes a member meanwhile.
func (s *Store) EndSalon(ctx context.Context, id string, now time.Time) error {
	var userIDs []string
	err := s.db.Conn(ctx).Raw("SELECT user_id FROM memberships WHERE salon_id = ? ORDER BY user_id", id).Scan(&userIDs).Error
	if err != nil {
		return fmt.Errorf("list the members of a salon: %w", err)
	}
	for _, userID := range userIDs {
		_, err := s.UpdateMember(ctx, id, userID, nil, now, func(Member) error { return nil })
		if err != nil && !errors.Is(err, errNoMember) {
			return err
		}
	}
	if err := s.db.Conn(ctx).Exec("DELETE FROM invitations WHERE salon_id = ?", id).Error; err != nil {
		return fmt.Errorf("delete the invitations of a salon: %w", err)
	}
	return nil
}
