package schedule

import (
	"time"

	"github.com/beauty-salon/platform/services/appointment/civil"
)

// SubjectKind is the kind of who or what has hours. The names are those of the columns.
type SubjectKind string

// The kinds of subjects.
const (
	OfSalon  SubjectKind = "SALON"
	OfMaster SubjectKind = "MASTER"
)

// Subject is a salon, or a master in a salon.
type Subject struct {
	// SalonID is the salon. What a master has in one salon does not apply in another one.
	SalonID string
	// ID is the salon's or the master's.
	ID string
	// Kind is which of both.
	Kind SubjectKind
}

// WeeklyEntry is the periods of a subject.
type WeeklyEntry struct {
	Subject
	// Periods are sorted by date; none where nothing is set.
	Periods []Period
	// Version counts the changes. It is 1 for periods that were never set.
	Version int64
}

// DatedEntry is a closure of a salon or an override of a master.
type DatedEntry struct {
	// ID is a UUIDv7.
	ID string
	Subject
	Dated
	// Note is a closure's title or an override's note, or empty.
	Note string
	// CreateTime is when it was made.
	CreateTime time.Time
}

// Kind is why a master is away. The names are those of the contract's TimeOffKind without its prefix.
type Kind string

// breakKind is the kind of a break within the hours of a master.
const breakKind Kind = "BREAK"

// TimeOffEntry is time off of a master.
type TimeOffEntry struct {
	// ID is a UUIDv7.
	ID string
	// SalonID and MasterID are whose it is.
	SalonID, MasterID string
	// Kind is why.
	Kind Kind
	// Span is from when to when. Where From is a date, it is what From and Until were in the zone that the salon had, and only
	// for the order of lists: the present instants are those of In.
	Span
	// From and Until are the first and the last date of time off that was given by dates, else zero.
	From, Until civil.Date
	// Note is for staff, or empty.
	Note string
	// CreateTime is when it was made.
	CreateTime time.Time
}

// byDates reports whether the time off was given by dates.
func (e TimeOffEntry) byDates() bool { return e.From != civil.Date{} }

// In returns when the time off is. That of dates is made anew from the dates at each reading. So it follows the salon when it
// moves to another time zone, and a zone whose rules change, and nothing has to be rewritten.
func (e TimeOffEntry) In(zone *time.Location) Span {
	if !e.byDates() {
		return e.Span
	}
	return Span{e.From.Start(zone), e.Until.End(zone)}
}
