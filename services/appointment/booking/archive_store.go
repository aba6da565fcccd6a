package booking

import (
	"context"
	"fmt"
	"time"

	"github.com/beauty-salon/platform/internal/postgres"
)

// tables are those that have appointments with what belongs to them.
type tables struct {
	appointments, segments, history, claims string
	archived                                bool
}

// live are the tables that bookings use, archive those of appointments that ended long ago. An appointment is either in these or in those.
// Statements that may concern both address live first: an appointment that is archived meanwhile is then found in the archive.
var (
	live    = tables{"appointments", "segments", "appointment_history", "claims", false}
	archive = tables{"archived_appointments", "archived_segments", "archived_history", "archived_claims", true}
)

// The columns of the tables of appointments, segments and history that queries over live tables and the archive read. Rows move as a whole, so
// both have the same columns in the same order.
const (
	appointmentColumns = "salon_id, id, customer_id, state, start_time, end_time, time_zone, utc_offset_minutes, total_minor, currency, note, " +
		"cancelled_by, cancel_reason, cancellation_cause, timeout_time, lapse_time, complete_time, changed_by, previous_start_time, " +
		"overbooked, fee_minor, fee_rule, fee_waived, series_id, group_session_id, version, create_time, update_time"
	segmentColumns = "salon_id, id, appointment_id, position, service_id, service_name, master_id, start_time, end_time, " +
		"appointment_start_time, buffer_before_minutes, buffer_after_minutes, price_minor, currency, phases, rated"
	historyColumns = "salon_id, appointment_id, version, action, actor, account_id, reason, state_before, state_after, start_before, " +
		"start_after, change_time, overbooked, end_before, end_after, group_session_before, group_session_after"
)

// Every… are the rows of live tables and of the archive, for a query that reads them by the keys of appointments.
const (
	EveryAppointment = "(SELECT " + appointmentColumns + " FROM appointments UNION ALL SELECT " + appointmentColumns + " FROM archived_appointments)"
	EverySegment     = "(SELECT " + segmentColumns + " FROM segments UNION ALL SELECT " + segmentColumns + " FROM archived_segments)"
	EveryHistory     = "(SELECT " + historyColumns + " FROM appointment_history UNION ALL SELECT " + historyColumns + " FROM archived_history)"
)

// leadArchiving takes or extends the lease of archiving for a worker, and reports whether the worker has it.
func (s *Store) leadArchiving(ctx context.Context, worker string) (bool, error) {
	leads := s.db.Conn(ctx).Exec(`UPDATE archiving SET worker_id = ?::uuid, worker_until = clock_timestamp() + make_interval(secs => ?)
		WHERE worker_id = ?::uuid OR worker_until < clock_timestamp()`, worker, archiveLease.Seconds(), worker)
	if leads.Error != nil {
		return false, fmt.Errorf("take the lease of archiving: %w", leads.Error)
	}
	return leads.RowsAffected == 1, nil
}

// leaveArchiving gives the lease back.
func (s *Store) leaveArchiving(ctx context.Context, worker string) error {
	err := s.db.Conn(ctx).Exec("UPDATE archiving SET worker_id = NULL, worker_until = '-infinity' WHERE worker_id = ?::uuid", worker).Error
	if err != nil {
		return fmt.Errorf("give back the lease of archiving: %w", err)
	}
	return nil
}

// salonToArchive returns the first salon after one with appointments that ended before an instant, "" when there is none. The oldest
// appointments of a salon are the first of an index, so those that are archived cost nothing.
func (s *Store) salonToArchive(ctx context.Context, after string, ended time.Time) (string, error) {
	var ids []string
	err := s.db.Conn(ctx).Raw(`SELECT s.id FROM salons s
		WHERE s.id > coalesce(?::uuid, '00000000-0000-0000-0000-000000000000') AND EXISTS (
			SELECT FROM appointments a WHERE a.salon_id = s.id AND a.start_time < ? AND a.end_time < ?)
		ORDER BY s.id LIMIT 1`, postgres.Null(after), ended, ended).Scan(&ids).Error
	if err != nil {
		return "", fmt.Errorf("look for appointments to archive: %w", err)
	}
	if len(ids) == 0 {
		return "", nil
	}
	return ids[0], nil
}

// archive moves at most limit appointments of a salon that ended before an instant, oldest first, and returns how many. Those that somebody
// is changing are left out.
func (s *Store) archive(ctx context.Context, salonID string, ended time.Time, limit int) (int, error) {
	var moved int
	err := s.db.InTx(ctx, func(tx *postgres.DB) error { // which repeats it after a deadlock
		return tx.Conn(ctx).Raw(`WITH old AS MATERIALIZED (
			SELECT salon_id, id FROM appointments WHERE salon_id = ? AND start_time < ? AND end_time < ?
			ORDER BY start_time, id LIMIT ? FOR UPDATE SKIP LOCKED
		)`+moveSQL(live, archive)+"SELECT count(*) FROM old", salonID, ended, ended, limit).Scan(&moved).Error
	})
	if err != nil {
		return 0, fmt.Errorf("archive appointments: %w", err)
	}
	return moved, nil
}

// restore brings an archived appointment back, so that it can be changed. The caller has locked its row.
func (s *Store) restore(ctx context.Context, a *Appointment) error {
	var moved int
	err := s.db.Conn(ctx).Raw("WITH old AS MATERIALIZED (SELECT ?::uuid AS salon_id, ?::uuid AS id)"+moveSQL(archive, live)+
		"SELECT count(*) FROM old", a.SalonID, a.ID).Scan(&moved).Error
	if err != nil {
		return fmt.Errorf("restore an archived appointment: %w", err)
	}
	a.archived = false
	return nil
}

// moveSQL moves the appointments that the subquery old names, with all that belongs to them, in the statement that it is part of. Foreign
// keys are checked at the end of the statement.
func moveSQL(from, to tables) string {
	move := func(name, from, to, key string) string {
		return fmt.Sprintf(`, %[1]s AS (DELETE FROM %[2]s x USING old WHERE x.salon_id = old.salon_id AND x.%[4]s = old.id RETURNING x.*
			), %[1]s_moved AS (INSERT INTO %[3]s SELECT * FROM %[1]s)`, name, from, to, key)
	}
	return move("c", from.claims, to.claims, "appointment_id") + move("h", from.history, to.history, "appointment_id") +
		move("s", from.segments, to.segments, "appointment_id") + move("a", from.appointments, to.appointments, "id") + " "
}
