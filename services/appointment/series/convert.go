package series

import (
	"strings"
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/protoconv"
	"github.com/beauty-salon/platform/internal/zoneinfo"
	"github.com/beauty-salon/platform/services/appointment/booking"
	"github.com/beauty-salon/platform/services/appointment/civil"
)

// statePrefix is the prefix that proto style demands of the values of AppointmentState.
const statePrefix = "APPOINTMENT_STATE_"

func stateToProto(s booking.State) *appointmentv1.AppointmentState {
	return appointmentv1.AppointmentState(appointmentv1.AppointmentState_value[statePrefix+string(s)]).Enum()
}

// toProto shows a series.
func toProto(s *Series) (*appointmentv1.AppointmentSeries, error) {
	zone, err := zoneinfo.Load(s.TimeZone)
	if err != nil {
		return nil, err
	}
	m := &appointmentv1.AppointmentSeries{
		Id: s.ID, SalonId: s.SalonID, CustomerId: s.CustomerID, Segments: s.Segments,
		Recurrence: s.Recurrence, StartDate: s.StartDate, LocalTime: s.LocalTime, TimeZone: s.TimeZone,
	}
	if !s.CreateTime.IsZero() {
		m.CreateTime = protoconv.Timestamp(s.CreateTime)
	}
	for _, d := range s.Dates {
		_, _, start := d.shown()
		o := occurrence(start, zone)
		if d.AppointmentID != "" {
			date, wall := wallOf(start, d.UTCOffsetMinutes)
			o.LocalDate, o.LocalTime, o.UtcOffsetMinutes = date.String(), wall.String(), d.UTCOffsetMinutes
			o.State = stateToProto(d.State)
		}
		o.Position, o.AppointmentId, o.Moved = d.Position, d.AppointmentID, d.Moved()
		m.Occurrences = append(m.Occurrences, o)
	}
	return m, nil
}

// occurrence shows a start in a zone.
func occurrence(start time.Time, zone *time.Location) *appointmentv1.SeriesOccurrence {
	date, wall := civil.Local(start, zone)
	return &appointmentv1.SeriesOccurrence{
		LocalDate: date.String(), LocalTime: wall.String(), StartTime: protoconv.Timestamp(start),
		UtcOffsetMinutes: civil.OffsetMinutes(start, zone),
	}
}

// conflict names a start that is not possible.
func conflict(position int32, start time.Time, zone *time.Location) *appointmentv1.SeriesConflict {
	date, wall := civil.Local(start, zone)
	return &appointmentv1.SeriesConflict{
		Position: position, LocalDate: date.String(), LocalTime: wall.String(), StartTime: protoconv.Timestamp(start),
	}
}

// refused is the error with the appointments whose conflicts it has, and a field that could be another one.
func refused(e *apierr.Error, list []*appointmentv1.SeriesConflict, field, description string) error {
	if field != "" {
		dates := make([]string, len(list))
		for i, c := range list {
			dates[i] = c.GetLocalDate()
		}
		e = e.WithField(field, description+" "+strings.Join(dates, ", "))
	}
	return e.WithDetail(&appointmentv1.SeriesConflicts{Conflicts: list})
}

// refusals names the appointments that the caller cannot change.
func refusals(list []booking.Refusal, positions map[string]int32) error {
	var conflicts []*appointmentv1.SeriesConflict
	for _, r := range list {
		date, wall := wallOf(r.Appointment.Start(), r.Appointment.UTCOffsetMinutes)
		conflicts = append(conflicts, &appointmentv1.SeriesConflict{
			Position: positions[r.Appointment.ID], AppointmentId: r.Appointment.ID,
			LocalDate: date.String(), LocalTime: wall.String(), StartTime: protoconv.Timestamp(r.Appointment.Start()),
			Refusal: appointmentv1.ErrorReason(appointmentv1.ErrorReason_value[apierr.ReasonPrefix+r.Err.ReasonName()]),
		})
	}
	return refused(errRefused, conflicts, "", "")
}
