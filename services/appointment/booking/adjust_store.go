package booking

import (
	"context"
	"fmt"
	"time"

	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

// AppointmentsOf returns those of some appointments of a salon that exist, by start, whoever asks.
func (s *Store) AppointmentsOf(ctx context.Context, salonID string, ids []string) ([]*Appointment, error) {
	return s.appointmentsWhere(ctx, "a.salon_id = ? AND a.id = ANY(?::uuid[])", salonID, postgres.Array[string](ids))
}

// Following returns the pending and confirmed appointments of the salon of an appointment, apart from it, that begin after from and
// before to, by start.
func (s *Store) Following(ctx context.Context, a *Appointment, from, to time.Time) ([]*Appointment, error) {
	return s.appointmentsWhere(ctx,
		"a.salon_id = ? AND a.start_time > ? AND a.start_time < ? AND a.id <> ? AND a.state IN ('PENDING', 'CONFIRMED') AND a.group_session_id IS NULL", a.SalonID, from, to, a.ID)
}

func (s *Store) appointmentsWhere(ctx context.Context, condition string, args ...any) ([]*Appointment, error) {
	var rows []appointmentRow
	err := s.db.Conn(ctx).Raw("SELECT "+shownColumns+" FROM appointments a"+joinCustomer+
		"WHERE "+condition+" ORDER BY a.start_time, a.id", args...).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read appointments: %w", err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	return s.withSegments(ctx, rows)
}

// Adjust changes the end of an appointment and moves others, in one transaction: all, or nothing. change is called for the appointment, with
// no follower, and for each that moves. Each gets an entry of its history and its event. errOutdated when one of them or the rules have
// changed since they were planned, errSlotUnavailable when somebody has taken the time.
func (s *Store) Adjust(
	ctx context.Context, visibleTo auth.Principal, a *Appointment, p *adjustment, change func(*Appointment, follower) error,
) (*Appointment, error) {
	list := append([]follower{{}}, p.moves...)
	ids, versions, subjects := []string{a.ID}, []int64{a.Version}, a.kinds()
	for _, f := range p.moves {
		ids, versions = append(ids, f.ID), append(versions, f.Version)
		subjects = append(subjects, subjectsOf(f.plan)...)
	}
	var adjusted *Appointment
	err := s.db.InTx(ctx, func(tx *postgres.DB) error {
		t := s.In(tx)
		err := claims.LockSelected(ctx, tx, `
			SELECT unnest(ARRAY[p.master_id, a.customer_id]) AS subject
			FROM appointments a JOIN segments p ON p.salon_id = a.salon_id AND p.appointment_id = a.id
			WHERE a.salon_id = ? AND a.id = ANY(?::uuid[])
			UNION SELECT unnest(?::uuid[])`, a.SalonID, postgres.Array[string](ids), postgres.Array[string](subjects))
		if err != nil {
			return err
		}
		if err := t.checkRules(ctx, a.SalonID, p.rules.Version); err != nil {
			return err
		}
		changed := make([]*Appointment, len(ids))
		for i, id := range ids {
			if changed[i], err = t.appointment(ctx, id, visibleTo, "FOR UPDATE OF a"); err != nil {
				return err
			}
			if changed[i].Version != versions[i] {
				return errOutdated
			}
			if err := change(changed[i], list[i]); err != nil {
				return err
			}
		}
		adjusted = changed[0]
		return t.saveAdjusted(ctx, changed, p, ids)
	})
	return adjusted, err
}

// saveAdjusted writes an appointment that was adjusted, the first of list, and those that have moved.
func (s *Store) saveAdjusted(ctx context.Context, list []*Appointment, p *adjustment, ids []string) error {
	salonID := list[0].SalonID
	var moved []claims.Claim
	for _, a := range list[1:] {
		for _, c := range a.claims {
			if c.Kind != claims.Customer || c.Blocking {
				moved = append(moved, c)
			}
		}
	}
	collides, err := p.collidesWith(ctx, s.db, salonID, ids...)
	if err != nil {
		return err
	}
	taken, err := claims.Overlapping(ctx, s.db, salonID, moved, ids...)
	if err != nil {
		return err
	}
	if len(collides) > 0 || len(taken) > 0 {
		return errSlotUnavailable
	}
	for _, a := range list {
		if err := claims.Delete(ctx, s.db, salonID, a.ID); err != nil {
			return err
		}
	}
	for _, a := range list {
		if err := s.saveRow(ctx, a); err != nil {
			return err
		}
		if err := s.saveSegments(ctx, a); err != nil {
			return err
		}
		err := claims.Insert(ctx, s.db, salonID, a.ID, a.claims)
		if postgres.IsExclusionViolation(err, claims.NoOverlap) {
			return errSlotUnavailable
		}
		if err != nil {
			return err
		}
		if err := s.appendHistory(ctx, a); err != nil {
			return err
		}
		event, err := appointmentEvent(a)
		if err != nil {
			return err
		}
		if err := events.Append(ctx, s.db, event); err != nil {
			return err
		}
	}
	return nil
}
