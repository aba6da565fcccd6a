package user

import (
	"context"
	"fmt"
	"time"
)

// HasSignedIn reports whether the account with a canonical address has signed in from a
// network since a time. It does the same work when there is no such account.
func (s *Store) HasSignedIn(ctx context.Context, email, network string, since time.Time) (bool, error) {
	var known bool
	err := s.db.Conn(ctx).Raw(`
		SELECT EXISTS (
			SELECT 1 FROM sign_in_networks n JOIN users u ON u.id = n.user_id
			WHERE u.email = ? AND n.network = ? AND n.last_used_time > ?)`, email, network, since).Scan(&known).Error
	if err != nil {
		return false, fmt.Errorf("look for earlier sign-ins: %w", err)
	}
	return known, nil
}

// RememberNetwork stores that an account has signed in from a network now, and deletes all
// but the networks used last. The account is locked. An unknown network, "", is not stored.
func (s *Store) RememberNetwork(ctx context.Context, userID, network string, now time.Time) error {
	if network == "" {
		return nil
	}
	// The DELETE does not see the row of the INSERT.
	err := s.db.Conn(ctx).Exec(`
		WITH used AS (
			INSERT INTO sign_in_networks (user_id, network, last_used_time) VALUES (?, ?, ?)
			ON CONFLICT (user_id, network) DO UPDATE SET last_used_time = excluded.last_used_time
		)
		DELETE FROM sign_in_networks WHERE user_id = ? AND network IN (
			SELECT network FROM sign_in_networks WHERE user_id = ? AND network <> ?
			ORDER BY last_used_time DESC, network OFFSET ?)`,
		userID, network, now, userID, userID, network, maxKnownNetworks-1).Error
	if err != nil {
		return fmt.Errorf("remember the network of a sign-in: %w", err)
	}
	return nil
}

// ForgetNetworks deletes the networks of an account.
func (s *Store) ForgetNetworks(ctx context.Context, userID string) error {
	if err := s.db.Conn(ctx).Exec("DELETE FROM sign_in_networks WHERE user_id = ?", userID).Error; err != nil {
		return fmt.Errorf("forget the networks of an account: %w", err)
	}
	return nil
}

// DeleteUnusedNetworks deletes the networks that were last used at a time or before.
func (s *Store) DeleteUnusedNetworks(ctx context.Context, lastUsed time.Time) error {
	if err := s.db.Conn(ctx).Exec("DELETE FROM sign_in_networks WHERE last_used_time <= ?", lastUsed).Error; err != nil {
		return fmt.Errorf("delete unused networks: %w", err)
	}
	return nil
}
