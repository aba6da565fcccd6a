package booking

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/availability"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

// changeable are the columns of appointments that an action may write, after the state.
var changeable = []any{
	"start_time", "end_time", "time_zone", "utc_offset_minutes", "total_minor", "cancelled_by", "cancel_reason", "cancellation_cause",
	"timeout_time", "lapse_time", "complete_time", "changed_by", "previous_start_time", "overbooked", "fee_minor", "fee_rule", "fee_waived", "version", "update_time",
	"group_session_id",
}

// Update runs change on an appointment that the caller may see, else it is NOT_FOUND, and commits what
// change has done together with the entry of the history and the event. Nothing is written when change
// has done nothing or returns an error. When others hold the locks for too long, nothing is changed either
// (CONTENTION).
//
// The locks of the subjects come before the row, as for a booking, and in a statement of their own: what
// is read after it is as new as the locks.
func (s *Store) Update(
	ctx context.Context, id string, visibleTo auth.Principal, change func(*Appointment) error,
) (*Appointment, error) {
	return s.update(ctx, id, visibleTo, nil, func(_ *Store, a *Appointment) error { return change(a) })
}

// move is what an appointment is moved by.
type move struct {
	// rulesVersion is the version of the salon's rules that the plan is made by.
	rulesVersion int64
	// subjects are the ids of those whose time the plan takes.
	subjects []string
	// limited is whether the salon's limits of the appointments on a date apply. dayStart and dayEnd bound the local date of the new
	// start: [dayStart, dayEnd).
	limited          bool
	dayStart, dayEnd time.Time
}

// Move is Update for an appointment that was planned anew. When the time of the plan is not free, the error is SLOT_UNAVAILABLE or
// CUSTOMER_BUSY, when the date is full, it is errFullDay, and when the rules have changed, it is errOutdated.
func (s *Store) Move(
	ctx context.Context, id string, visibleTo auth.Principal, m move, change func(*Appointment) error,
) (*Appointment, error) {
	return s.update(ctx, id, visibleTo, m.subjects, func(t *Store, a *Appointment) error {
		if err := t.checkRules(ctx, a.SalonID, m.rulesVersion); err != nil {
			return err
		}
		if err := change(a); err != nil || a.change == nil || !m.limited {
			return err
		}
		return t.checkDay(ctx, a, m)
	})
}

// checkDay returns errFullDay when the customer or a master of an appointment that is being moved has as many other ones on the new date
// as the salon permits.
func (s *Store) checkDay(ctx context.Context, a *Appointment, m move) error {
	var full bool
	err := s.db.Conn(ctx).Raw(`
		SELECT l.max_customer_appointments_a_day > 0 AND (
				SELECT count(*) FROM (`+availability.CustomerDaySQL("l.id", "@customer", "@from", "@to", "ARRAY[CAST(@id AS uuid)]")+`) AS o
			) >= l.max_customer_appointments_a_day
			OR l.max_master_appointments_a_day > 0 AND @alone AND EXISTS (
				SELECT FROM (`+availability.MasterDaySQL("l.id", "CAST(@masters AS uuid[])", "@from", "@to", "ARRAY[CAST(@id AS uuid)]")+`) AS o
				GROUP BY o.master_id HAVING count(*) >= l.max_master_appointments_a_day)
		FROM salons l WHERE l.id = @salon`,
		sql.Named("salon", a.SalonID), sql.Named("id", a.ID), sql.Named("customer", a.CustomerID), sql.Named("from", m.dayStart), sql.Named("to", m.dayEnd),
		sql.Named("alone", a.GroupSessionID == ""), sql.Named("masters", postgres.Array[string](a.Masters()))).Scan(&full).Error
	if err != nil {
		return fmt.Errorf("count the appointments of a date: %w", err)
	}
	if full {
		return errFullDay
	}
	return nil
}

func (s *Store) update(
	ctx context.Context, id string, visibleTo auth.Principal, also []string, change func(*Store, *Appointment) error,
) (*Appointment, error) {
	var a *Appointment
	err := s.db.InTx(ctx, func(tx *postgres.DB) error {
		t := s.In(tx)
		err := t.lockSubjects(ctx, id, visibleTo, also)
		if err != nil {
			return err
		}
		if a, err = t.appointment(ctx, id, visibleTo, "FOR UPDATE OF a"); err != nil {
			return err
		}
		if err = change(t, a); err != nil || a.change == nil {
			return err
		}
		if err = t.save(ctx, a); err != nil {
			return err
		}
		event, err := appointmentEvent(a)
		if err != nil {
			return err
		}
		return events.Append(ctx, tx, event)
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

// lockSubjects takes the locks of an appointment's masters and customer, and of other subjects.
func (s *Store) lockSubjects(ctx context.Context, id string, visibleTo auth.Principal, also []string) error {
	subjects := func(of tables) string {
		return `SELECT unnest(ARRAY[p.master_id, a.customer_id, a.group_session_id]) AS subject
			FROM ` + of.appointments + " a" + joinCustomer + `
			JOIN ` + of.segments + ` p ON p.salon_id = a.salon_id AND p.appointment_id = a.id
			WHERE a.id = ? AND ? UNION `
	}
	return claims.LockSelected(ctx, s.db, subjects(live)+subjects(archive)+"SELECT unnest(?::uuid[])",
		id, visible(visibleTo, live), id, visible(visibleTo, archive), postgres.Array[string](also))
}

// save writes a changed appointment over its rows.
func (s *Store) save(ctx context.Context, a *Appointment) error {
	if a.archived {
		if err := s.restore(ctx, a); err != nil {
			return err
		}
	}
	err := s.saveRow(ctx, a)
	if err != nil {
		return err
	}
	switch {
	case a.change.Action == Reschedule:
		err = s.move(ctx, a)
	case !a.State.TakesTime():
		err = s.free(ctx, a)
	case a.claims != nil:
		err = s.claim(ctx, a)
	}
	if err != nil {
		return err
	}
	return s.appendHistory(ctx, a)
}

// saveRow writes the row of a changed appointment.
func (s *Store) saveRow(ctx context.Context, a *Appointment) error {
	err := s.db.Conn(ctx).Where("salon_id = ? AND id = ?", a.SalonID, a.ID).
		Select("state", changeable...).Updates(rowOf(a)).Error
	if err != nil {
		return fmt.Errorf("update an appointment: %w", err)
	}
	return nil
}

// claim gives the appointment its new claims instead of the old ones. The caller holds the locks of the subjects.
func (s *Store) claim(ctx context.Context, a *Appointment) error {
	if err := s.free(ctx, a); err != nil {
		return err
	}
	if err := s.take(ctx, a.SalonID, a.ID, a.claims); err != nil || a.GroupSessionID == "" {
		return err
	}
	return s.takePlaceFor(ctx, a)
}

// free frees the time of an appointment, and its place in a group session.
func (s *Store) free(ctx context.Context, a *Appointment) error {
	if err := claims.Delete(ctx, s.db, a.SalonID, a.ID); err != nil || a.GroupSessionID == "" && a.change.SessionBefore == "" {
		return err
	}
	a.GroupPlace = 0
	return s.freePlace(ctx, a.SalonID, a.ID)
}

// take writes the claims of an appointment or a hold that has none, or returns SLOT_UNAVAILABLE or CUSTOMER_BUSY. The caller holds the locks of
// the subjects.
func (s *Store) take(ctx context.Context, salonID, appointmentID string, list []claims.Claim) error {
	taken, err := claims.Conflicts(ctx, s.db, salonID, list)
	switch {
	case err != nil:
		return err
	case taken[claims.Master], taken[claims.Resource]:
		return errSlotUnavailable
	case taken[claims.Customer]:
		return errCustomerBusy
	}
	err = claims.Insert(ctx, s.db, salonID, appointmentID, list)
	if postgres.IsExclusionViolation(err, claims.NoOverlap) {
		return errSlotUnavailable.WithCause(err)
	}
	return err
}

// move gives the segments what they were planned anew, and the appointment its new claims.
func (s *Store) move(ctx context.Context, a *Appointment) error {
	if err := s.saveSegments(ctx, a); err != nil {
		return err
	}
	return s.claim(ctx, a)
}

// saveSegments writes the segments of a changed appointment.
func (s *Store) saveSegments(ctx context.Context, a *Appointment) error {
	err := s.db.Conn(ctx).Exec(`
		UPDATE segments s SET service_id = u.service_id, service_name = u.service_name, master_id = u.master_id,
			start_time = u.start_time, end_time = u.end_time, appointment_start_time = ?,
			buffer_before_minutes = u.buffer_before, buffer_after_minutes = u.buffer_after, price_minor = u.price_minor, phases = u.phases
		FROM unnest(?::uuid[], ?::uuid[], ?::text[], ?::uuid[], ?::timestamptz[], ?::timestamptz[], ?::integer[], ?::integer[], ?::integer[], ?::jsonb[])
			AS u (id, service_id, service_name, master_id, start_time, end_time, buffer_before, buffer_after, price_minor, phases)
		WHERE s.salon_id = ? AND s.id = u.id`,
		a.Start(),
		postgres.Column(a.Segments, func(s Segment) string { return s.ID }),
		postgres.Column(a.Segments, func(s Segment) string { return s.ServiceID }),
		postgres.Column(a.Segments, func(s Segment) string { return s.ServiceName }),
		postgres.Column(a.Segments, func(s Segment) string { return s.MasterID }),
		postgres.Column(a.Segments, func(s Segment) time.Time { return s.Start }),
		postgres.Column(a.Segments, func(s Segment) time.Time { return s.End }),
		postgres.Column(a.Segments, func(s Segment) int32 { return int32(s.BufferBefore.Minutes()) }),
		postgres.Column(a.Segments, func(s Segment) int32 { return int32(s.BufferAfter.Minutes()) }),
		postgres.Column(a.Segments, func(s Segment) int32 { return s.PriceMinor }),
		postgres.Column(a.Segments, func(s Segment) *string { return encodePhases(s.Phases) }),
		a.SalonID,
	).Error
	if err != nil {
		return fmt.Errorf("update segments: %w", err)
	}
	return nil
}

// checkRules returns errOutdated unless a salon's rules have the version that a plan was made by. The caller holds the locks of the masters of
// the plan, so the rules stay.
func (s *Store) checkRules(ctx context.Context, salonID string, planned int64) error {
	version, err := s.rulesVersion(ctx, salonID)
	if err == nil && version != planned {
		err = errOutdated
	}
	return err
}

// rulesVersion is the version of a salon's rules. Whoever holds the locks of the masters of a plan knows that it stays.
func (s *Store) rulesVersion(ctx context.Context, salonID string) (int64, error) {
	var version int64
	err := s.db.Conn(ctx).Raw("SELECT rules_version FROM salons WHERE id = ?", salonID).Scan(&version).Error
	if err != nil {
		return 0, fmt.Errorf("read the version of a salon's rules: %w", err)
	}
	return version, nil
}
