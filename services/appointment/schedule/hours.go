package schedule

import (
	"github.com/beauty-salon/platform/services/appointment/civil"
)

// Source is where the hours of a date come from. The names are those of the contract's ScheduleSource without its prefix.
type Source string

// The sources of hours.
const (
	AllDay       Source = "ALL_DAY"
	OpeningHours Source = "OPENING_HOURS"
	Closure      Source = "CLOSURE"
	WorkingHours Source = "WORKING_HOURS"
	Override     Source = "OVERRIDE"
)

// Period is the same hours every week, from a date until a date. A zero date is an open end.
type Period struct {
	From, Until civil.Date
	Week        civil.Week
}

// Dated is the hours of some dates, which replace the weekly ones. An empty Day is closed, or not working.
type Dated struct {
	From, Until civil.Date
	Day         civil.Day
}

// Hours is the hours of a salon or of a master. The dates of the periods do not overlap, and neither do those of the dated hours;
// both are sorted by date.
type Hours struct {
	Periods []Period
	Dated   []Dated
}
