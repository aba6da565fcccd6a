package people

import (
	"context"
	"fmt"
	"time"
)

// eraseCustomers removes the account, and all that staff have written down, from the customers of an account.
func (s *Store) eraseCustomers(ctx context.Context, accountID, name, searchText string, now time.Time) ([]string, error) {
	var ids []string
	err := s.db.Conn(ctx).Raw(`
		UPDATE customers SET account_id = NULL, display_name = ?, phone = '', email = '', notes = '', search_text = ?,
			version = version + 1, update_time = ?, erase_time = ?
		WHERE account_id = ? RETURNING id`, name, searchText, now, now, accountID).Scan(&ids).Error
	if err != nil {
		return nil, fmt.Errorf("erase customers: %w", err)
	}
	return ids, nil
}
