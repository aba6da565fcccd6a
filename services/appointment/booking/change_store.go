package booking

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/claims"
	"github.com/beauty-salon/platform/services/appointment/people"
)

// changeable are the columns of appointments that an action may write, after the state.
var changeable = []any{
	"start_time", "end_time", "utc_offset_minutes", "cancelled_by", "cancel_reason", "complete_time", "changed_by",
	"previous_start_time", "version", "update_time",
}

// Update runs change on an appointment that the caller may see, else it is NOT_FOUND, and commits what
// change has done together with the entry of the history and the event. Nothing is written when change
// has done nothing or returns an error. When the appointment moves, its masters must take bookings
// (MASTER_UNAVAILABLE) and be free (SLOT_UNAVAILABLE), and so must the customer (CUSTOMER_BUSY). When others
// hold the locks for too long, nothing is changed either (CONTENTION).
//
// The locks of the subjects come before the row, as for a booking, and in a statement of their own: what
// is read after it is as new as the locks.
func (s *Store) Update(
	ctx context.Context, id string, visibleTo auth.Principal, change func(*Appointment) error,
) (*Appointment, error) {
	var a *Appointment
	err := s.db.InTx(ctx, func(tx *postgres.DB) error {
		t := s.In(tx)
		err := t.lockSubjects(ctx, id, visibleTo)
		if err != nil {
			return err
		}
		if a, err = t.appointment(ctx, id, visibleTo, "FOR UPDATE OF a"); err != nil {
			return err
		}
		if err = change(a); err != nil || a.change == nil {
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

// lockSubjects takes the locks of an appointment's masters and customer, which never change.
func (s *Store) lockSubjects(ctx context.Context, id string, visibleTo auth.Principal) error {
	return claims.LockSelected(ctx, s.db, `
		SELECT unnest(ARRAY[p.master_id, a.customer_id]) AS subject
		FROM appointments a`+joinCustomer+`
		JOIN segments p ON p.salon_id = a.salon_id AND p.appointment_id = a.id
		WHERE a.id = ? AND ?`, id, visible(visibleTo))
}

// save writes a changed appointment over its rows.
func (s *Store) save(ctx context.Context, a *Appointment) error {
	_, err := gorm.G[appointmentRow](s.db.Conn(ctx)).Where("salon_id = ? AND id = ?", a.SalonID, a.ID).
		Select("state", changeable...).Updates(ctx, rowOf(a))
	if err != nil {
		return fmt.Errorf("update an appointment: %w", err)
	}
	switch {
	case a.change.Action == Reschedule:
		err = s.move(ctx, a)
	case !a.State.TakesTime():
		err = claims.Delete(ctx, s.db, a.SalonID, a.ID)
	}
	if err != nil {
		return err
	}
	return s.appendHistory(ctx, a)
}

// move gives the segments their new times and the appointment its new claims.
func (s *Store) move(ctx context.Context, a *Appointment) error {
	if err := s.checkMasters(ctx, a); err != nil {
		return err
	}
	if err := claims.Delete(ctx, s.db, a.SalonID, a.ID); err != nil {
		return err
	}
	list := a.Claims()
	taken, err := claims.Conflicts(ctx, s.db, a.SalonID, list)
	switch {
	case err != nil:
		return err
	case taken[claims.Master]:
		return errSlotUnavailable
	case taken[claims.Customer]:
		return errCustomerBusy
	}
	err = s.db.Conn(ctx).Exec(`
		UPDATE segments s SET start_time = u.start_time, end_time = u.end_time, appointment_start_time = ?
		FROM unnest(?::uuid[], ?::timestamptz[], ?::timestamptz[]) AS u (id, start_time, end_time)
		WHERE s.salon_id = ? AND s.id = u.id`,
		a.Start(),
		postgres.Column(a.Segments, func(s Segment) string { return s.ID }),
		postgres.Column(a.Segments, func(s Segment) time.Time { return s.Start }),
		postgres.Column(a.Segments, func(s Segment) time.Time { return s.End }),
		a.SalonID,
	).Error
	if err != nil {
		return fmt.Errorf("update segments: %w", err)
	}
	err = claims.Insert(ctx, s.db, a.SalonID, a.ID, list)
	if postgres.IsExclusionViolation(err, claims.NoOverlap) {
		return errSlotUnavailable.WithCause(err)
	}
	return err
}

// checkMasters returns MASTER_UNAVAILABLE unless all masters take bookings in the salon.
func (s *Store) checkMasters(ctx context.Context, a *Appointment) error {
	var all bool
	err := s.db.Conn(ctx).Raw(`
		SELECT NOT EXISTS (
			SELECT 1 FROM unnest(?::uuid[]) AS i (id) JOIN masters m USING (id)
			WHERE m.deleted OR m.disabled OR m.salon_id <> ?)`,
		postgres.Array[string](a.Masters()), a.SalonID).Scan(&all).Error
	if err != nil {
		return fmt.Errorf("read masters: %w", err)
	}
	if !all {
		return people.ErrMasterUnavailable
	}
	return nil
}

// appendHistory writes the entry of the change.
func (s *Store) appendHistory(ctx context.Context, a *Appointment) error {
	c := a.change
	err := s.db.Conn(ctx).Exec(`
		INSERT INTO appointment_history (salon_id, appointment_id, version, action, actor, account_id, reason,
			state_before, state_after, start_before, start_after, change_time)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		a.SalonID, a.ID, a.Version, c.Action, c.By.Actor, postgres.Null(c.By.AccountID), c.Reason,
		c.StateBefore, a.State, c.StartBefore, a.Start(), c.By.Now).Error
	if err != nil {
		return fmt.Errorf("append to the history of an appointment: %w", err)
	}
	return nil
}
