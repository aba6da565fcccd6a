package waitlist

import (
	"context"
	"fmt"
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

// due is the condition that all of a line has to be gone through, of waitlist_lines l and salons s, with the interval as a parameter.
const due = "(l.rules_version <> s.rules_version OR l.check_time < clock_timestamp() - make_interval(secs => ?))"

// DueSalons returns the salons whose line has to be gone through: time was freed, somebody has joined, the rules have changed,
// or the last time was long ago.
// Salons where nobody waits are only among them while freed times are left.
func (s *Store) DueSalons(ctx context.Context) ([]string, error) {
	var ids []string
	err := s.db.Conn(ctx).Raw(`SELECT DISTINCT salon_id FROM freed_times
		UNION SELECT salon_id FROM waitlist_entries WHERE state = 'WAITING' AND fresh
		UNION SELECT l.salon_id FROM waitlist_lines l JOIN salons s ON s.id = l.salon_id
		WHERE `+due+` AND EXISTS (SELECT FROM waitlist_entries e WHERE e.salon_id = l.salon_id AND e.state = 'WAITING')`,
		lineInterval.Seconds()).Scan(&ids).Error
	if err != nil {
		return nil, fmt.Errorf("look for waitlists: %w", err)
	}
	return ids, nil
}

// Line is what has happened in a salon since its line was last gone through.
type Line struct {
	// All is whether everything is looked at for all entries, and not only the times that were freed.
	All bool
	// RulesVersion is the version of the salon's rules.
	RulesVersion int64
	// Freed are the freed times, which lie in [From, To).
	Freed    []string
	From, To time.Time
}

// TryLine reads what has happened in a salon; ok is false while another worker goes through its line. Others do not until the transaction ends.
func (s *Store) TryLine(ctx context.Context, salonID string) (l Line, ok bool, err error) {
	err = s.db.Conn(ctx).Raw("SELECT pg_try_advisory_xact_lock(hashtextextended('salon.waitlist:' || ?::text, 0))", salonID).Scan(&ok).Error
	if err != nil || !ok {
		return l, false, err
	}
	var lines []struct {
		RulesVersion int64
		Due          bool
	}
	err = s.db.Conn(ctx).Raw(`SELECT s.rules_version, `+due+` AS due
		FROM salons s JOIN waitlist_lines l ON l.salon_id = s.id WHERE s.id = ?`, lineInterval.Seconds(), salonID).Scan(&lines).Error
	if err != nil {
		return l, false, fmt.Errorf("read when a waitlist was gone through: %w", err)
	}
	if len(lines) > 0 {
		l.All, l.RulesVersion = lines[0].Due, lines[0].RulesVersion
	}
	var freed []struct {
		ID               string
		FromTime, ToTime time.Time
	}
	err = s.db.Conn(ctx).Raw("SELECT id, from_time, to_time FROM freed_times WHERE salon_id = ?", salonID).Scan(&freed).Error
	if err != nil {
		return l, false, fmt.Errorf("read freed times: %w", err)
	}
	for i, f := range freed {
		l.Freed = append(l.Freed, f.ID)
		if i == 0 || f.FromTime.Before(l.From) {
			l.From = f.FromTime
		}
		if i == 0 || f.ToTime.After(l.To) {
			l.To = f.ToTime
		}
	}
	return l, true, nil
}

// waiting returns the entries of a salon that wait, in the order of the line.
func (s *Store) waiting(ctx context.Context, salonID string) ([]*Entry, error) {
	var rows []entryRow
	err := s.db.Conn(ctx).Raw("SELECT "+entryColumns+" FROM waitlist_entries e"+joinCustomer+`
		WHERE e.salon_id = ? AND e.state = 'WAITING' ORDER BY e.turn, e.create_time, e.id`, salonID).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read a waitlist: %w", err)
	}
	return entries(rows)
}

// EndLine notes that the line of a salon, with these entries, was gone through, and makes free for everybody what nobody in it wants. It tells
// those who watch.
func (s *Store) EndLine(ctx context.Context, salonID string, l Line, line []*Entry, now time.Time) error {
	return s.db.InTx(ctx, func(tx *postgres.DB) error {
		if len(l.Freed) > 0 {
			if err := claims.EndKept(ctx, tx, salonID, l.Freed); err != nil {
				return err
			}
			if err := tx.Conn(ctx).Exec("DELETE FROM group_places WHERE salon_id = ? AND freed_id = ANY(?::uuid[])",
				salonID, postgres.Array[string](l.Freed)).Error; err != nil {
				return fmt.Errorf("free the places that were kept: %w", err)
			}
			if err := tx.Conn(ctx).Exec("DELETE FROM freed_times WHERE id = ANY(?::uuid[])", postgres.Array[string](l.Freed)).Error; err != nil {
				return fmt.Errorf("remove freed times: %w", err)
			}
			event, err := events.NewEvent(eventPassed, l.Freed[0], 1, now, &appointmentv1.WaitlistEvent{SalonId: salonID})
			if err != nil {
				return err
			}
			if err := events.Append(ctx, tx, event); err != nil {
				return err
			}
		}
		err := tx.Conn(ctx).Exec(`UPDATE waitlist_entries e SET fresh = false FROM unnest(?::uuid[], ?::bigint[]) AS u (id, version)
			WHERE e.salon_id = ? AND e.id = u.id AND e.version = u.version AND e.fresh`,
			postgres.Column(line, func(e *Entry) string { return e.ID }), postgres.Column(line, func(e *Entry) int64 { return e.Version }), salonID).Error
		if err != nil {
			return fmt.Errorf("note which waitlist entries were looked at: %w", err)
		}
		if !l.All {
			return nil
		}
		err = tx.Conn(ctx).Exec("UPDATE waitlist_lines SET rules_version = ?, check_time = clock_timestamp() WHERE salon_id = ?",
			l.RulesVersion, salonID).Error
		if err != nil {
			return fmt.Errorf("note that a waitlist was gone through: %w", err)
		}
		return nil
	})
}

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
