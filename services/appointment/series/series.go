package series

import (
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/services/appointment/booking"
	"github.com/beauty-salon/platform/services/appointment/civil"
)

// Series is appointments that repeat.
type Series struct {
	// ID is a UUIDv7.
	ID string
	// SalonID and CustomerID are those of all appointments.
	SalonID, CustomerID string
	// Recurrence, StartDate, LocalTime and TimeZone are what was asked for.
	Recurrence, StartDate, LocalTime, TimeZone string
	// Segments are what was booked.
	Segments []*appointmentv1.SeriesSegment
	// CreateTime is when it was booked.
	CreateTime time.Time
	// Dates are in the order of the rule.
	Dates []Date
}

// Date is a date of a series and the appointment on it.
type Date struct {
	// Position is the place in the series, from 1.
	Position int32
	// Occurrence is where the series has put the appointment.
	Occurrence
	// AppointmentID is the appointment; empty: none is booked. What follows is the appointment's.
	AppointmentID string
	State         booking.State
	Begins        time.Time
	// UTCOffsetMinutes is the offset of the start in its zone.
	UTCOffsetMinutes int32
}

// Moved reports whether the appointment was moved by itself.
func (d Date) Moved() bool { return d.AppointmentID != "" && !d.Begins.Equal(d.Start) }

// shown are the date and the wall time of the appointment, or where one would have been.
func (d Date) shown() (civil.Date, civil.WallTime, time.Time) {
	if d.AppointmentID == "" {
		return d.Date, d.Wall, d.Start
	}
	date, wall := wallOf(d.Begins, d.UTCOffsetMinutes)
	return date, wall, d.Begins
}

// wallOf is what clocks with an offset from UTC show.
func wallOf(t time.Time, offsetMinutes int32) (civil.Date, civil.WallTime) {
	shown := t.UTC().Add(time.Duration(offsetMinutes) * time.Minute)
	return civil.Date{Year: shown.Year(), Month: shown.Month(), Day: shown.Day()}, civil.WallTime(shown.Hour()*60 + shown.Minute())
}

// from are the dates with appointments that a change is about: that of an appointment and those after it in the series; or those
// whose appointments are on a date or later; or all. INVALID_FIELDS when the appointment is not of the series, or the date is
// none.
func (s *Series) from(appointmentID, date *string) ([]Date, error) {
	first := int32(0)
	var earliest civil.Date
	switch {
	case appointmentID != nil:
		for _, d := range s.Dates {
			if d.AppointmentID == *appointmentID {
				first = d.Position
			}
		}
		if first == 0 {
			return nil, apierr.InvalidField("from_appointment_id", "must be an appointment of the series")
		}
	case date != nil:
		var err error
		if earliest, err = civil.ParseDate(*date); err != nil {
			return nil, apierr.InvalidField("from_date", err.Error())
		}
	}
	var list []Date
	for _, d := range s.Dates {
		if on, _, _ := d.shown(); d.AppointmentID != "" && d.Position >= first && (date == nil || on.Compare(earliest) >= 0) {
			list = append(list, d)
		}
	}
	return list, nil
}
