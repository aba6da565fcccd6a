// Package civil holds what Salon knows of wall time: time zones, offsets, whole minutes. It does
// no I/O, and the current time always comes in.
package civil

import (
	"errors"
	"strings"
	"time"
	_ "time/tzdata" // zones do not depend on what is installed
)

// ErrZone reports a name that is not that of an IANA time zone.
var ErrZone = errors.New("not an IANA time zone")

// LoadZone returns the time zone with an IANA name such as "Europe/Berlin". It returns ErrZone
// for other names, also for those that only Go knows ("", "Local").
func LoadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" || strings.TrimSpace(name) != name {
		return nil, ErrZone
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, ErrZone
	}
	return zone, nil
}

// OffsetMinutes returns the offset from UTC that an instant has in a zone, in minutes, east
// positive.
func OffsetMinutes(t time.Time, zone *time.Location) int32 {
	_, seconds := t.In(zone).Zone()
	return int32(seconds / 60)
}

// IsWholeMinute reports whether an instant has neither seconds nor fractions of one.
func IsWholeMinute(t time.Time) bool { return t.Second() == 0 && t.Nanosecond() == 0 }
