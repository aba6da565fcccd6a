// Package civil maps between calendars and clocks on the wall, as people use them, and instants.
//
//	date.go      Date, a day without a time zone
//	walltime.go  WallTime, "09:30", and Interval, "09:30 to 17:00"
//	week.go      Week, the intervals of each day of the week
//	instant.go   the mapping to instants in a time zone
//
// A wall time may exist twice on a day, or not at all. One rule maps it to an instant, that of RFC 5545 (section
// 3.3.5) and of "compatible" in Temporal (ECMAScript): of two occurrences the first; in a gap, the time is shifted
// forward by the length of the gap. [time.Date] promises neither.
//
// The package does no I/O, and the current time always comes in. Time zones come from [zoneinfo.Load].
package civil

import "time"

// OffsetMinutes returns the offset from UTC that an instant has in a zone, in minutes, east
// positive.
func OffsetMinutes(t time.Time, zone *time.Location) int32 {
	_, seconds := t.In(zone).Zone()
	return int32(seconds / 60)
}

// IsWholeMinute reports whether an instant has neither seconds nor fractions of one.
func IsWholeMinute(t time.Time) bool { return t.Second() == 0 && t.Nanosecond() == 0 }
