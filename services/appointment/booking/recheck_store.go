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

// ChangedTime is an open appointment whose start clocks do not show any more as it was promised: the rules of the time zone
// have changed since, or the salon has moved to another one. The appointment keeps its instant.
type ChangedTime struct {
	SalonID, AppointmentID string
	// Promised is the start with the offset of when it was agreed, in a location with the name of the zone of then.
	Promised time.Time
	// InZone is the start in the same zone, as the database has it today. It is the zero time when the database has no zone of
	// that name.
	InZone time.Time
	// InSalon is the start in the zone that the salon has today.
	InSalon time.Time
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

func (s *Store) changedTimes(
	ctx context.Context, salonID string, zone *time.Location, from time.Time, fn func(ChangedTime) error,
) error {
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
			if t, changed := r.changedTime(zone); changed {
				t.SalonID = salonID
				if err := fn(t); err != nil {
					return err
				}
			}
		}
		if len(rows) < recheckPage {
			return nil
		}
		last := rows[len(rows)-1]
		start, id = last.StartTime, last.ID
	}
}

// changedTime compares the offset that was promised with those of today, in the zone of the promise and in that of the salon.
func (r appointmentRow) changedTime(salonZone *time.Location) (_ ChangedTime, changed bool) {
	t := ChangedTime{
		AppointmentID: r.ID,
		Promised:      r.StartTime.In(time.FixedZone(r.TimeZone, int(r.UTCOffsetMinutes)*60)),
		InSalon:       r.StartTime.In(salonZone),
	}
	zone, err := zoneinfo.Load(r.TimeZone)
	if err != nil { // the database has no zone of that name any more
		return t, true
	}
	t.InZone = r.StartTime.In(zone)
	inZone, inSalon := civil.OffsetMinutes(r.StartTime, zone), civil.OffsetMinutes(r.StartTime, salonZone)
	return t, inZone != r.UTCOffsetMinutes || inSalon != r.UTCOffsetMinutes
}
