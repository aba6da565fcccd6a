package booking

import (
	"context"
	"fmt"

	"github.com/beauty-salon/platform/internal/postgres"
)

func (s *Store) read(ctx context.Context, keys []Key) ([]*Appointment, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	var rows []appointmentRow
	err := s.db.Conn(ctx).Raw("SELECT "+shownColumns+` FROM unnest(?::uuid[], ?::uuid[]) AS w (salon_id, id)
		JOIN `+EveryAppointment+` a USING (salon_id, id)`+joinCustomer,
		postgres.Column(keys, func(k Key) string { return k.SalonID }),
		postgres.Column(keys, func(k Key) string { return k.ID })).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read appointments: %w", err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	return s.withSegments(ctx, rows)
}
