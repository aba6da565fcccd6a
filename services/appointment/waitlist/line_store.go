package waitlist

import (
	"context"
	"errors"
	"fmt"
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

const (
	// leaseTime is how long a worker has a line unless it says that it still goes through it.
	leaseTime = 10 * time.Second
	// retryPause is how long a line is left alone that could not be gone through.
	retryPause = time.Second
	// linePage is how many lines are looked for at once.
	linePage = 500
)

// nobodys is the condition on a line l that no worker has it.
const nobodys = "(l.worker_until IS NULL OR l.worker_until <= clock_timestamp())"

// due is the condition that all of a line has to be gone through, of waitlist_lines l and salons s, with the interval as a parameter.
const due = "(l.rules_version <> s.rules_version OR l.check_time < clock_timestamp() - make_interval(secs => ?))"

// Urgency orders the lines that have to be gone through.
type Urgency int

// The urgencies: time was freed; somebody has joined; the rules have changed or the last time was long ago.
const (
	Freed Urgency = iota
	Joined
	Routine
	urgencies
)

// DueLine is a line that has to be gone through.
type DueLine struct {
	SalonID string
	Urgency Urgency
}

// DueLines returns the lines that have to be gone through and that nobody goes through: the most urgent first, and of those the ones that
// were left the longest time ago. Lines in which nobody waits are only among them while freed times are left.
func (s *Store) DueLines(ctx context.Context) ([]DueLine, error) {
	var list []DueLine
	err := s.db.Conn(ctx).Raw(`SELECT l.salon_id, d.urgency FROM (
			SELECT salon_id, min(urgency) AS urgency FROM (
				SELECT salon_id, ?::int AS urgency FROM freed_times
				UNION ALL SELECT salon_id, ?::int FROM waitlist_entries WHERE state = 'WAITING' AND fresh
				UNION ALL SELECT l.salon_id, ?::int FROM waitlist_lines l JOIN salons s ON s.id = l.salon_id WHERE `+due+`
					AND EXISTS (SELECT FROM waitlist_entries e WHERE e.salon_id = l.salon_id AND e.state = 'WAITING')
			) AS all_due GROUP BY salon_id
		) AS d JOIN waitlist_lines l USING (salon_id) WHERE `+nobodys+`
		ORDER BY d.urgency, l.worker_until NULLS FIRST, l.salon_id LIMIT ?`, Freed, Joined, Routine, lineInterval.Seconds(), linePage).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("look for waitlists: %w", err)
	}
	return list, nil
}

// Line is a salon's line that a worker goes through, and what has happened in the salon since it was last gone through.
type Line struct {
	SalonID string
	// WorkerID is the worker that has the line.
	WorkerID string
	// All is whether everything is looked at for all entries, and not only the times that were freed.
	All bool
	// RulesVersion is the version of the salon's rules.
	RulesVersion int64
	// Freed are the freed times, which lie in [From, To).
	Freed    []string
	From, To time.Time
}

// errLineLost means that another worker goes through the line.
var errLineLost = errors.New("another worker goes through the line")

// TakeLine gives a line to a new worker for leaseTime; nil while another one has it.
func (s *Store) TakeLine(ctx context.Context, salonID string) (*Line, error) {
	var taken []struct {
		WorkerID     string
		RulesVersion int64
		All          bool
	}
	err := s.db.Conn(ctx).Raw(`UPDATE waitlist_lines l SET worker_id = ?, worker_until = clock_timestamp() + make_interval(secs => ?)
		FROM salons s WHERE s.id = l.salon_id AND l.salon_id = (
			SELECT salon_id FROM waitlist_lines l WHERE salon_id = ? AND `+nobodys+` FOR UPDATE SKIP LOCKED)
		RETURNING l.worker_id, s.rules_version, `+due+` AS "all"`,
		id.New(), leaseTime.Seconds(), salonID, lineInterval.Seconds()).Scan(&taken).Error
	if err != nil {
		return nil, fmt.Errorf("take a waitlist: %w", err)
	}
	if len(taken) == 0 {
		return nil, nil
	}
	l := &Line{SalonID: salonID, WorkerID: taken[0].WorkerID, All: taken[0].All, RulesVersion: taken[0].RulesVersion}
	var freed []struct {
		ID               string
		FromTime, ToTime time.Time
	}
	err = s.db.Conn(ctx).Raw("SELECT id, from_time, to_time FROM freed_times WHERE salon_id = ?", salonID).Scan(&freed).Error
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read freed times: %w", err), s.LeaveLine(ctx, l))
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
	return l, nil
}

// ExtendLine lets a worker keep its line for another leaseTime, and keeps what was freed for the line for another claims.KeepTime.
// errLineLost when another worker has taken it over. It waits for nobody who has a claim or a place.
func (s *Store) ExtendLine(ctx context.Context, l *Line) error {
	return s.db.InTx(ctx, func(tx *postgres.DB) error {
		result := tx.Conn(ctx).Exec("UPDATE waitlist_lines SET worker_until = clock_timestamp() + make_interval(secs => ?) WHERE salon_id = ? AND worker_id = ?",
			leaseTime.Seconds(), l.SalonID, l.WorkerID)
		switch {
		case result.Error != nil:
			return fmt.Errorf("keep a waitlist: %w", result.Error)
		case result.RowsAffected == 0:
			return errLineLost
		case len(l.Freed) == 0:
			return nil
		}
		if err := claims.ExtendKept(ctx, tx, l.SalonID, l.Freed); err != nil {
			return err
		}
		err := tx.Conn(ctx).Exec(`UPDATE group_places p SET expire_time = clock_timestamp() + make_interval(secs => ?) FROM (
				SELECT session_id, number FROM group_places WHERE salon_id = ? AND freed_id = ANY(?::uuid[])
					AND expire_time > clock_timestamp() AND expire_time < clock_timestamp() + make_interval(secs => ?)
				FOR UPDATE SKIP LOCKED
			) AS k WHERE p.salon_id = ? AND p.session_id = k.session_id AND p.number = k.number`,
			claims.KeepTime.Seconds(), l.SalonID, postgres.Array[string](l.Freed), claims.ExtendTime.Seconds(), l.SalonID).Error
		if err != nil {
			return fmt.Errorf("keep freed places: %w", err)
		}
		return nil
	})
}

// checkLine returns errLineLost unless a worker still has its line. Nobody takes the line over until the transaction ends.
func (s *Store) checkLine(ctx context.Context, l *Line) error {
	var has bool
	err := s.db.Conn(ctx).Raw("SELECT worker_id IS NOT DISTINCT FROM ? FROM waitlist_lines WHERE salon_id = ? FOR SHARE", l.WorkerID, l.SalonID).Scan(&has).Error
	if err != nil {
		return fmt.Errorf("check who has a waitlist: %w", err)
	}
	if !has {
		return errLineLost
	}
	return nil
}

// LeaveLine gives up a line that was not gone through to its end. It may be gone through again after retryPause.
func (s *Store) LeaveLine(ctx context.Context, l *Line) error {
	err := s.db.Conn(ctx).Exec(`UPDATE waitlist_lines SET worker_id = NULL, worker_until = clock_timestamp() + make_interval(secs => ?)
		WHERE salon_id = ? AND worker_id = ?`, retryPause.Seconds(), l.SalonID, l.WorkerID).Error
	if err != nil {
		return fmt.Errorf("leave a waitlist: %w", err)
	}
	return nil
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

// EndLine notes that a line was gone through, and makes free for everybody what nobody in it wants. Of the entries, looked need no further
// look, and again are looked at once more. It tells those who watch. errLineLost when another worker has taken the line over.
func (s *Store) EndLine(ctx context.Context, l *Line, looked, again []*Entry, now time.Time) error {
	var pause time.Duration
	if len(again) > 0 {
		pause = retryPause
	}
	return s.db.InTx(ctx, func(tx *postgres.DB) error {
		freed := postgres.Array[string](l.Freed)
		if len(l.Freed) > 0 {
			err := claims.LockSelected(ctx, tx, `SELECT subject_id AS subject FROM claims WHERE salon_id = ? AND appointment_id = ANY(?::uuid[]) AND kept
				UNION SELECT session_id FROM group_places WHERE salon_id = ? AND freed_id = ANY(?::uuid[])`, l.SalonID, freed, l.SalonID, freed)
			if err != nil {
				return err
			}
		}
		result := tx.Conn(ctx).Exec(`UPDATE waitlist_lines SET worker_id = NULL, worker_until = clock_timestamp() + make_interval(secs => ?),
				rules_version = CASE WHEN ? THEN ? ELSE rules_version END, check_time = CASE WHEN ? THEN clock_timestamp() ELSE check_time END
			WHERE salon_id = ? AND worker_id = ?`, pause.Seconds(), l.All, l.RulesVersion, l.All, l.SalonID, l.WorkerID)
		switch {
		case result.Error != nil:
			return fmt.Errorf("note that a waitlist was gone through: %w", result.Error)
		case result.RowsAffected == 0:
			return errLineLost
		}
		err := tx.Conn(ctx).Exec(`UPDATE waitlist_entries e SET fresh = u.fresh FROM (
				SELECT id, version, false AS fresh FROM unnest(?::uuid[], ?::bigint[]) AS u (id, version)
				UNION ALL SELECT id, version, true FROM unnest(?::uuid[], ?::bigint[]) AS u (id, version)
			) AS u WHERE e.salon_id = ? AND e.id = u.id AND e.version = u.version AND e.fresh <> u.fresh`,
			postgres.Column(looked, func(e *Entry) string { return e.ID }), postgres.Column(looked, func(e *Entry) int64 { return e.Version }),
			postgres.Column(again, func(e *Entry) string { return e.ID }), postgres.Column(again, func(e *Entry) int64 { return e.Version }),
			l.SalonID).Error
		if err != nil {
			return fmt.Errorf("note which waitlist entries were looked at: %w", err)
		}
		if len(l.Freed) == 0 {
			return nil
		}
		for _, statement := range []string{
			"DELETE FROM claims WHERE salon_id = ? AND appointment_id = ANY(?::uuid[]) AND kept",
			"DELETE FROM group_places WHERE salon_id = ? AND freed_id = ANY(?::uuid[])",
			"DELETE FROM freed_times WHERE salon_id = ? AND id = ANY(?::uuid[])",
		} {
			if err := tx.Conn(ctx).Exec(statement, l.SalonID, freed).Error; err != nil {
				return fmt.Errorf("free what was kept for a waitlist: %w", err)
			}
		}
		event, err := events.NewEvent(eventPassed, l.Freed[0], 1, now, &appointmentv1.WaitlistEvent{SalonId: l.SalonID})
		if err != nil {
			return err
		}
		return events.Append(ctx, tx, event)
	})
}
