package booking

import (
	"context"
	"fmt"
	"time"

	"github.com/beauty-salon/platform/internal/zoneinfo"
	"github.com/beauty-salon/platform/services/appointment/civil"
)

// recheckPage is how many appointments are read at once.
const recheckPage = 1000

// ChangedTime is an open appointment that would not start at the wall time that was promised: its salon has moved to another
// time zone, or the rules of the zone have changed since. The appointment keeps its instant.
type ChangedTime struct {
	SalonID, AppointmentID string
	// Start is the instant.
	Start time.Time
	// Promised is the start in the zone and with the offset of when it was agreed. Now is the start in the zone that the salon
	// has now.
	Promised, Now time.Time
}

// ChangedTimes calls fn with each ChangedTime that starts at from or later, salon by salon, in the order of the starts. An
// error of fn ends the search and is returned.
func (s *Store) ChangedTimes(ctx context.Context, from time.Time, fn func(ChangedTime) error) error {
	var salons []struct{ ID, TimeZone string }
	err := s.db.Conn(ctx).Raw("SELECT id, time_zone FROM salons WHERE deleted_at IS NULL ORDER BY name, id").Scan(&salons).Error
	if err != nil {
		return fmt.Errorf("list salons: %w", err)
	}
	for _, salon := range salons {
		zone, err := zoneinfo.Load(salon.TimeZone)
		if err != nil {
			return fmt.Errorf("salon %s: %w", salon.ID, err)
		}
		if err := s.changedTimes(ctx, salon.ID, zone, from, fn); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) changedTimes(ctx context.Context, salonID string, zone *time.Location, from time.Time, fn func(ChangedTime) error) error {
	const sql = `SELECT id, start_time, time_zone, utc_offset_minutes FROM appointments
		WHERE salon_id = ? AND (start_time, id) > (?, ?::uuid) AND state IN ('PENDING', 'CONFIRMED')
		ORDER BY start_time, id LIMIT ?`
	start, id := from.Add(-time.Microsecond), "ffffffff-ffff-ffff-ffff-ffffffffffff" // just before from
	for {
		var rows []appointmentRow
		if err := s.db.Conn(ctx).Raw(sql, salonID, start, id, recheckPage).Scan(&rows).Error; err != nil {
			return fmt.Errorf("list times of salon %s: %w", salonID, err)
		}
		for _, r := range rows {
			if civil.OffsetMinutes(r.StartTime, zone) == r.UTCOffsetMinutes {
				continue
			}
			promised := time.FixedZone(r.TimeZone, int(r.UTCOffsetMinutes)*60)
			err := fn(ChangedTime{
				SalonID: salonID, AppointmentID: r.ID, Start: r.StartTime.UTC(),
				Promised: r.StartTime.In(promised), Now: r.StartTime.In(zone),
			})
			if err != nil {
				return err
			}
		}
		if len(rows) < recheckPage {
			return nil
		}
		last := rows[len(rows)-1]
		start, id = last.StartTime, last.ID
	}
}
