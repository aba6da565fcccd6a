package waitlist

import (
	"context"
	"fmt"
	"time"
)

// prunePage is how many entries are removed in one transaction.
const prunePage = 500

// overdue returns entries that wait and whose last date has perhaps passed, at most limit.
func (s *Store) overdue(ctx context.Context, now time.Time, limit int) ([]*Entry, error) {
	var rows []entryRow
	err := s.db.Conn(ctx).Raw("SELECT "+entryColumns+" FROM waitlist_entries e"+joinCustomer+`
		WHERE e.state = 'WAITING' AND e.end_date <= ?::date ORDER BY e.end_date LIMIT ?`, now, limit).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("look for waitlist entries that have passed: %w", err)
	}
	return entries(rows)
}

// lostOffer is an offer that is open although its hold has ended.
type lostOffer struct {
	SalonID, EntryID, HoldID       string
	AccountID                      string
	StartTime, EndTime, ExpireTime time.Time
}

// lostOffers returns offers that are open although their holds have ended, at most limit.
func (s *Store) lostOffers(ctx context.Context, limit int) ([]lostOffer, error) {
	var list []lostOffer
	err := s.db.Conn(ctx).Raw(`
		SELECT o.salon_id, o.entry_id, o.hold_id, coalesce(c.account_id::text, '') AS account_id, o.start_time, o.end_time, o.expire_time
		FROM waitlist_offers o JOIN waitlist_entries e ON e.salon_id = o.salon_id AND e.id = o.entry_id`+joinCustomer+`
		WHERE o.state = 'OPEN' AND NOT EXISTS (SELECT FROM holds h WHERE h.id = o.hold_id AND h.state = 'ACTIVE')
		ORDER BY o.expire_time LIMIT ?`, limit).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("look for offers whose holds have ended: %w", err)
	}
	return list, nil
}

// prune removes the entries that ended before an instant.
func (s *Store) prune(ctx context.Context, before time.Time) error {
	for {
		result := s.db.Conn(ctx).Exec(`DELETE FROM waitlist_entries WHERE id IN (
			SELECT id FROM waitlist_entries WHERE state NOT IN ('WAITING', 'OFFERED') AND update_time < ? ORDER BY update_time LIMIT ?
			FOR UPDATE SKIP LOCKED)`, before, prunePage)
		if result.Error != nil {
			return fmt.Errorf("remove waitlist entries that have ended: %w", result.Error)
		}
		if result.RowsAffected < prunePage {
			return nil
		}
	}
}
