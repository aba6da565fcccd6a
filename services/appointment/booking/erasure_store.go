package booking

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

// lockSubjectsOf takes the locks of an account, of its customers, and of the masters and group sessions of their appointments that begin after
// an instant, and then the lines of the waitlist of their salons (see package waitlist).
func (s *Store) lockSubjectsOf(ctx context.Context, accountID string, after time.Time) error {
	err := claims.LockSelected(ctx, s.db, `
		SELECT ?::uuid AS subject
		UNION SELECT id FROM customers WHERE account_id = ?
		UNION SELECT unnest(ARRAY[p.master_id, a.group_session_id]) FROM customers c
			JOIN appointments a ON a.salon_id = c.salon_id AND a.customer_id = c.id AND a.start_time > ?
			JOIN segments p ON p.salon_id = a.salon_id AND p.appointment_id = a.id
			WHERE c.account_id = ? AND a.state IN ('PENDING', 'CONFIRMED')
		UNION SELECT x.subject_id FROM holds h JOIN claims x ON x.salon_id = h.salon_id AND x.appointment_id = h.appointment_id
			WHERE h.state = 'ACTIVE' AND (h.account_id = ? OR h.customer_id IN (SELECT id FROM customers WHERE account_id = ?))
		UNION SELECT p.session_id FROM holds h JOIN group_places p ON p.salon_id = h.salon_id AND p.appointment_id = h.appointment_id
			WHERE h.state = 'ACTIVE' AND (h.account_id = ? OR h.customer_id IN (SELECT id FROM customers WHERE account_id = ?))`,
		accountID, accountID, after, accountID, accountID, accountID, accountID, accountID)
	if err != nil {
		return err
	}
	err = s.db.Conn(ctx).Exec(`SELECT FROM waitlist_lines WHERE salon_id IN (SELECT salon_id FROM customers WHERE account_id = ?)
		ORDER BY salon_id FOR UPDATE`, accountID).Error
	if err != nil {
		return fmt.Errorf("lock the waitlists of an account: %w", err)
	}
	return nil
}

// holdsOf returns the ids of the holds that keep time for an account or its customers.
func (s *Store) holdsOf(ctx context.Context, accountID string) ([]string, error) {
	var ids []string
	err := s.db.Conn(ctx).Raw(`SELECT id FROM holds
		WHERE state = 'ACTIVE' AND (account_id = ? OR customer_id IN (SELECT id FROM customers WHERE account_id = ?)) ORDER BY id`,
		accountID, accountID).Scan(&ids).Error
	if err != nil {
		return nil, fmt.Errorf("look for the holds of an account: %w", err)
	}
	return ids, nil
}

// forgetHolder removes an account from the holds that it has made.
func (s *Store) forgetHolder(ctx context.Context, accountID string) error {
	err := s.db.Conn(ctx).Exec("UPDATE holds SET account_id = NULL, holder_id = NULL WHERE account_id = ?", accountID).Error
	if err != nil {
		return fmt.Errorf("remove an account from its holds: %w", err)
	}
	return nil
}

// futureOf returns the ids of the appointments of customers that stand and begin after an instant, in their order.
func (s *Store) futureOf(ctx context.Context, customerIDs []string, after time.Time) ([]string, error) {
	var ids []string
	err := s.db.Conn(ctx).Raw(`
		SELECT a.id FROM customers c JOIN appointments a ON a.salon_id = c.salon_id AND a.customer_id = c.id
		WHERE c.id = ANY(?::uuid[]) AND a.state IN ('PENDING', 'CONFIRMED') AND a.start_time > ? ORDER BY a.start_time, a.id`,
		postgres.Array[string](customerIDs), after).Scan(&ids).Error
	if err != nil {
		return nil, fmt.Errorf("look for future appointments: %w", err)
	}
	return ids, nil
}

// keysOf names the appointments of customers without those with some ids.
func (s *Store) keysOf(ctx context.Context, customerIDs, except []string) ([]Key, error) {
	var keys []Key
	err := s.db.Conn(ctx).Raw(`
		SELECT a.salon_id, a.id FROM customers c JOIN `+EveryAppointment+` a ON a.salon_id = c.salon_id AND a.customer_id = c.id
		WHERE c.id = ANY(?::uuid[]) AND a.id <> ALL(?::uuid[]) ORDER BY a.id`,
		postgres.Array[string](customerIDs), postgres.Array[string](except)).Scan(&keys).Error
	if err != nil {
		return nil, fmt.Errorf("look for the appointments of customers: %w", err)
	}
	return keys, nil
}

// eraseTexts removes the notes of the appointments of customers and the reasons of their changes, and returns of how many
// rows. What was written about a person may name them, whoever has written it.
func (s *Store) eraseTexts(ctx context.Context, customerIDs []string, now time.Time) (int64, error) {
	var changed int64
	for _, in := range []tables{live, archive} {
		for _, statement := range []string{
			`UPDATE ` + in.appointments + ` a SET note = '', cancel_reason = '', version = a.version + 1, update_time = @now
			FROM customers c WHERE c.id = ANY(CAST(@customers AS uuid[])) AND a.salon_id = c.salon_id AND a.customer_id = c.id
				AND (a.note <> '' OR a.cancel_reason <> '')`,
			`UPDATE ` + in.history + ` h SET reason = ''
			FROM customers c JOIN ` + in.appointments + ` a ON a.salon_id = c.salon_id AND a.customer_id = c.id
			WHERE c.id = ANY(CAST(@customers AS uuid[])) AND h.salon_id = a.salon_id AND h.appointment_id = a.id AND h.reason <> ''`,
		} {
			result := s.db.Conn(ctx).Exec(statement, sql.Named("now", now), sql.Named("customers", postgres.Array[string](customerIDs)))
			if result.Error != nil {
				return 0, fmt.Errorf("erase notes and reasons: %w", result.Error)
			}
			changed += result.RowsAffected
		}
	}
	return changed, nil
}
