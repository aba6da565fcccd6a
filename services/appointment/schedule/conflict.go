package schedule

import (
	"slices"
	"time"

	"github.com/beauty-salon/platform/services/appointment/civil"
)

// maxConflicts is how many conflicts an answer names.
const maxConflicts = 100

// Booked is a segment of an appointment, or a group session.
type Booked struct {
	// ID is the appointment or the session, Version its version, Appointment from its start to its end.
	ID          string
	Version     int64
	Appointment Span
	// MasterID is the master of the segment, Segment from its start to its end, Work the parts in which the master works.
	MasterID string
	Segment  Span
	Work     []Span
}

// Impact is what does not fit into hours any more.
type Impact struct {
	// Appointments and Sessions are by start, at most maxConflicts of each. Appointments are also the places in sessions, Sessions also those in
	// which nobody has a place.
	Appointments, Sessions []Conflict
	// MoreAppointments and MoreSessions are set when there are more of them.
	MoreAppointments, MoreSessions bool
}

// Conflict is an appointment or a group session that does not fit into hours any more.
type Conflict struct {
	// ID is the appointment or the session, Version its version.
	ID      string
	Version int64
	// Start and End are when it takes place.
	Start, End time.Time
	// MasterIDs are the masters whose segments do not fit any more, in the order of the segments.
	MasterIDs []string
}

// conflicts returns the appointments with a segment that fits into one calendar and not into the other one, in the order of the
// segments, at most maxConflicts of them, and whether there are more. What did not fit before is not the fault of the change.
func conflicts(before, after *Calendar, booked []Booked) (found []Conflict, more bool) {
	fitBefore, fitAfter := newFitter(before), newFitter(after)
	for _, b := range booked {
		if fitAfter.fits(b) || !fitBefore.fits(b) {
			continue
		}
		last := len(found) - 1
		switch {
		case last >= 0 && found[last].ID == b.ID:
			if !slices.Contains(found[last].MasterIDs, b.MasterID) {
				found[last].MasterIDs = append(found[last].MasterIDs, b.MasterID)
			}
		case len(found) == maxConflicts:
			return found, true
		default:
			found = append(found, Conflict{
				ID: b.ID, Version: b.Version, Start: b.Appointment.Start, End: b.Appointment.End,
				MasterIDs: []string{b.MasterID},
			})
		}
	}
	return found, false
}

// fitter knows the days of a calendar that were asked for.
type fitter struct {
	calendar *Calendar
	days     map[masterDate]Day
}

// masterDate is a date of a master.
type masterDate struct {
	masterID string
	date     civil.Date
}

func newFitter(c *Calendar) *fitter { return &fitter{calendar: c, days: map[masterDate]Day{}} }

// fits reports whether the salon is open during a segment and the master can work in the parts that are work. Buffers do not
// count.
func (f *fitter) fits(b Booked) bool {
	salon, master := open(b.Segment, f.calendar.Zone, func(d civil.Date) Day { return f.day(b.MasterID, d) })
	return covers(salon, b.Segment) && !slices.ContainsFunc(b.Work, func(w Span) bool { return !covers(master, w) })
}

func (f *fitter) day(masterID string, d civil.Date) Day {
	key := masterDate{masterID, d}
	day, known := f.days[key]
	if !known {
		day = f.calendar.Day(masterID, d)
		f.days[key] = day
	}
	return day
}
