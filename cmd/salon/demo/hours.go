package demo

import (
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/zoneinfo"
)

// hoursData is a part of some days of the week, between two wall times.
type hoursData struct {
	days       []appointmentv1.DayOfWeek
	start, end string
}

var (
	weekdays = []appointmentv1.DayOfWeek{
		appointmentv1.DayOfWeek_DAY_OF_WEEK_MONDAY, appointmentv1.DayOfWeek_DAY_OF_WEEK_TUESDAY,
		appointmentv1.DayOfWeek_DAY_OF_WEEK_WEDNESDAY, appointmentv1.DayOfWeek_DAY_OF_WEEK_THURSDAY,
		appointmentv1.DayOfWeek_DAY_OF_WEEK_FRIDAY,
	}
	saturday = []appointmentv1.DayOfWeek{appointmentv1.DayOfWeek_DAY_OF_WEEK_SATURDAY}
)

// awayData is dates on which a salon is closed or a master is away; its days count as those of appointments do.
type awayData struct {
	who       int // an index of salons or of masters
	from, to  int
	title     string
	isTimeOff bool // else it replaces the hours of the dates
}

// When nobody has an appointment: what is closed, and who is away.
var (
	closures = []awayData{{who: berlin, from: 20, to: 20, title: "Day of the whole team"}}
	absences = []awayData{
		{who: mira, from: 12, to: 12, title: "Day off for last Saturday"},
		{who: omar, from: 14, to: 18, title: "Seaside", isTimeOff: true},
	}
)

// The rules by which the salons take bookings; the others are as in every new salon.
const (
	slotStepMinutes = 15
	leadTimeMinutes = 60
	horizonDays     = 180
)

// dateOf returns midnight, in the zone of a salon, of the day that is so many Mondays to Fridays from today.
func dateOf(today time.Time, salon, day int) (time.Time, error) {
	zone, err := zoneinfo.Load(salons[salon].zone)
	if err != nil {
		return time.Time{}, err
	}
	date, step := today.In(zone), 1
	if day < 0 {
		day, step = -day, -1
	}
	for day > 0 {
		date = date.AddDate(0, 0, step)
		if date.Weekday() != time.Saturday && date.Weekday() != time.Sunday {
			day--
		}
	}
	return time.Date(date.Year(), date.Month(), date.Day(), 0, 0, 0, 0, zone), nil
}

// weekly is hours in the form of the contract, without an end.
func weekly(hours []hoursData) []*appointmentv1.WeeklyHours {
	if len(hours) == 0 {
		return nil
	}
	all := &appointmentv1.WeeklyHours{}
	for _, h := range hours {
		all.Intervals = append(all.Intervals, &appointmentv1.WeeklyInterval{
			Days: h.days, Interval: &appointmentv1.WallInterval{Start: h.start, End: h.end},
		})
	}
	return []*appointmentv1.WeeklyHours{all}
}
