package booking

import (
	"context"
	"fmt"

	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

// createSeveral books appointments within the store's transaction, all of them; else the error is a notBookedError, and the
// transaction must end. Each is checked by the statement of Create, which sees those before it. The locks of all come first, at
// once.
func (s *Store) createSeveral(ctx context.Context, list []*creation) error {
	var subjects, ids []string
	for _, c := range list {
		subjects, ids = append(subjects, c.subjects()...), append(ids, c.appointment.ID)
	}
	if err := claims.Lock(ctx, s.db, subjects...); err != nil {
		return err
	}
	for i, c := range list {
		c.laterDate = i > 0 // a series counts once in the limit of open appointments
		if err := s.createOne(ctx, c); err != nil {
			return err
		}
	}
	if err := s.joinSeries(ctx, list[0].appointment, ids); err != nil {
		return err
	}
	s.db.OnCommit(func() { events.Wake(s.db.Schema()) })
	return nil
}

// joinSeries makes appointments part of the series of one of them.
func (s *Store) joinSeries(ctx context.Context, of *Appointment, ids []string) error {
	err := s.db.Conn(ctx).Exec("UPDATE appointments SET series_id = ? WHERE salon_id = ? AND id = ANY (?::uuid[])",
		of.SeriesID, of.SalonID, postgres.Array[string](ids)).Error
	if err != nil {
		return fmt.Errorf("make appointments part of a series: %w", err)
	}
	return nil
}

// updateSeveral is Update for several appointments of one salon: the locks of all come first, at once. What change has changed is
// written after it.
func (s *Store) updateSeveral(
	ctx context.Context, ids []string, visibleTo auth.Principal, also []string, change func(*Store, []*Appointment) error,
) error {
	return s.db.InTx(ctx, func(tx *postgres.DB) error {
		t := s.In(tx)
		err := claims.LockSelected(ctx, tx, `
			SELECT unnest(ARRAY[p.master_id, a.customer_id, a.group_session_id]) AS subject
			FROM appointments a JOIN segments p ON p.salon_id = a.salon_id AND p.appointment_id = a.id
			WHERE a.id = ANY (?::uuid[])
			UNION SELECT unnest(?::uuid[])`, postgres.Array[string](ids), postgres.Array[string](also))
		if err != nil {
			return err
		}
		list := make([]*Appointment, len(ids))
		for i, id := range ids {
			if list[i], err = t.appointment(ctx, id, visibleTo, "FOR UPDATE OF a"); err != nil {
				return err
			}
		}
		if err := change(t, list); err != nil {
			return err
		}
		var happened []events.Event
		for _, a := range list {
			if a.change == nil {
				continue
			}
			if err := t.save(ctx, a); err != nil {
				return err
			}
			event, err := appointmentEvent(a)
			if err != nil {
				return err
			}
			happened = append(happened, event)
		}
		return events.Append(ctx, tx, happened...)
	})
}

// freeSeveral frees the time of those appointments that have changed: one of them may be moved to where another one is now.
func (s *Store) freeSeveral(ctx context.Context, list []*Appointment) error {
	for _, a := range list {
		if a.change == nil {
			continue
		}
		if err := s.free(ctx, a); err != nil {
			return err
		}
	}
	return nil
}
