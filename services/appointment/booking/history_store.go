package booking

import (
	"context"
	"fmt"
	"time"

	"github.com/beauty-salon/platform/internal/postgres"
)

// Entry is an entry of an appointment's history, as it was written.
type Entry struct {
	Change

	// Version is that of the appointment after the change.
	Version int64
	// StateAfter and StartAfter are what the change made.
	StateAfter State
	StartAfter time.Time
	// EndAfter is when the appointment ends since its end was changed; zero for all other actions.
	EndAfter time.Time
	// Overbooked is whether the appointment was overbooked then.
	Overbooked bool
}

// entryRow is a row of appointment_history.
type entryRow struct {
	Version     int64
	Action      Action
	Actor       Actor
	AccountID   *string
	Reason      string
	StateBefore *State
	StateAfter  State
	StartBefore *time.Time
	StartAfter  time.Time
	ChangeTime  time.Time
	Overbooked  bool
	EndBefore   *time.Time
	EndAfter    *time.Time

	GroupSessionBefore, GroupSessionAfter *string
}

// History returns at most limit entries of an appointment's history, oldest first, of the versions after one.
func (s *Store) History(ctx context.Context, a *Appointment, after int64, limit int) ([]Entry, error) {
	var rows []entryRow
	err := s.db.Conn(ctx).Raw(`
		SELECT version, action, actor, account_id, reason, state_before, state_after, start_before, start_after, change_time, overbooked,
			end_before, end_after, group_session_before, group_session_after
		FROM `+EveryHistory+` h WHERE salon_id = ? AND appointment_id = ? AND version > ? ORDER BY version LIMIT ?`,
		a.SalonID, a.ID, after, limit).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read the history of an appointment: %w", err)
	}
	entries := make([]Entry, len(rows))
	for i, r := range rows {
		entries[i] = Entry{
			Change: Change{
				Action: r.Action, Reason: r.Reason, StateBefore: postgres.Value(r.StateBefore), StartBefore: postgres.Time(r.StartBefore),
				EndBefore: postgres.Time(r.EndBefore), SessionBefore: postgres.Value(r.GroupSessionBefore),
				SessionAfter: postgres.Value(r.GroupSessionAfter),
				By:           By{Actor: r.Actor, AccountID: postgres.Value(r.AccountID), Now: r.ChangeTime.UTC()},
			},
			Version: r.Version, StateAfter: r.StateAfter, StartAfter: r.StartAfter.UTC(), Overbooked: r.Overbooked,
			EndAfter: postgres.Time(r.EndAfter),
		}
	}
	return entries, nil
}

// appendHistory writes the entry of the change that was made of an appointment.
func (s *Store) appendHistory(ctx context.Context, a *Appointment) error {
	c := a.change
	var endAfter time.Time
	if !c.EndBefore.IsZero() {
		endAfter = a.End()
	}
	var sessions [2]string // before and after a move
	if c.Action == Reschedule {
		sessions = [2]string{c.SessionBefore, a.GroupSessionID}
	}
	err := s.db.Conn(ctx).Exec(`
		INSERT INTO appointment_history (salon_id, appointment_id, version, action, actor, account_id, reason,
			state_before, state_after, start_before, start_after, change_time, overbooked,
			end_before, end_after, group_session_before, group_session_after)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		a.SalonID, a.ID, a.Version, c.Action, c.By.Actor, postgres.Null(c.By.AccountID), c.Reason,
		c.StateBefore, a.State, c.StartBefore, a.Start(), c.By.Now, a.Overbooked,
		postgres.Null(c.EndBefore), postgres.Null(endAfter), postgres.Null(sessions[0]), postgres.Null(sessions[1])).Error
	if err != nil {
		return fmt.Errorf("append to the history of an appointment: %w", err)
	}
	return nil
}
