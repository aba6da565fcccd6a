package series

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/teambition/rrule-go"

	"github.com/beauty-salon/platform/services/appointment/civil"
)

// mostOccurrences is how many appointments a series has at most.
const mostOccurrences = 52

// untilDate and untilInstant are the forms of UNTIL.
const untilDate, untilInstant = "20060102", "20060102T150405Z"

// Recurrence says on which dates a series repeats. It is a part of the RRULE of RFC 5545: weekly on days of the week, or monthly
// on days of the month or on days of the week by their position, every n weeks or months, a number of times or until a date.
type Recurrence struct {
	option rrule.ROption
	// until is the last instant of UNTIL with a time. UNTIL with a date only is in the option.
	until time.Time
}

// Occurrence is a date of a series.
type Occurrence struct {
	// Date and Wall are what the rule says, in the zone of the salon.
	Date civil.Date
	Wall civil.WallTime
	// Start is the instant of that.
	Start time.Time
}

// partError is the error of a part of a rule.
func partError(part, format string, args ...any) error {
	return fmt.Errorf(part+" "+format, args...)
}

// ParseRecurrence reads a rule, such as "FREQ=WEEKLY;BYDAY=TU;COUNT=10". The error is public and begins with the part that is
// wrong.
func ParseRecurrence(text string) (Recurrence, error) {
	var r Recurrence
	parts := map[string]string{}
	for part := range strings.SplitSeq(text, ";") {
		name, value, ok := strings.Cut(part, "=")
		switch _, twice := parts[name]; {
		case !ok || name == "":
			return r, fmt.Errorf("%q must have the form NAME=VALUE", part)
		case !slices.Contains([]string{"FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "COUNT", "UNTIL"}, name):
			return r, fmt.Errorf("%q is not supported; FREQ, INTERVAL, BYDAY, BYMONTHDAY, COUNT and UNTIL are", name)
		case twice:
			return r, partError(name, "must be there once")
		}
		parts[name] = value
	}
	switch parts["FREQ"] {
	case "WEEKLY":
		r.option.Freq = rrule.WEEKLY
	case "MONTHLY":
		r.option.Freq = rrule.MONTHLY
	default:
		return r, partError("FREQ", "must be WEEKLY or MONTHLY")
	}
	for _, parse := range []func(map[string]string) error{r.parseInterval, r.parseDays, r.parseMonthDays, r.parseEnd} {
		if err := parse(parts); err != nil {
			return r, err
		}
	}
	return r, nil
}

func (r *Recurrence) parseInterval(parts map[string]string) (err error) {
	r.option.Interval = 1
	if text, ok := parts["INTERVAL"]; ok {
		r.option.Interval, err = number("INTERVAL", text, 1, mostOccurrences)
	}
	return err
}

var weekdays = map[string]rrule.Weekday{
	"MO": rrule.MO, "TU": rrule.TU, "WE": rrule.WE, "TH": rrule.TH, "FR": rrule.FR, "SA": rrule.SA, "SU": rrule.SU,
}

func (r *Recurrence) parseDays(parts map[string]string) error {
	text, ok := parts["BYDAY"]
	if !ok {
		return nil
	}
	monthly := r.option.Freq == rrule.MONTHLY
	for day := range strings.SplitSeq(text, ",") {
		cut := max(len(day)-2, 0)
		weekday, known := weekdays[day[cut:]]
		position := 0
		if known && cut > 0 {
			var err error
			if position, err = strconv.Atoi(day[:cut]); err != nil || position == 0 {
				known = false
			}
		}
		switch {
		case !known || position < -5 || position > 5:
			return partError("BYDAY", "must be a list such as MO,WE, or monthly such as 1MO or -1FR, from -5 to 5")
		case monthly && position == 0:
			return partError("BYDAY", "must have a position where FREQ is MONTHLY, such as 1%s or -1%s", day[cut:], day[cut:])
		case !monthly && position != 0:
			return partError("BYDAY", "must not have a position where FREQ is WEEKLY")
		}
		r.option.Byweekday = append(r.option.Byweekday, weekday.Nth(position))
	}
	return nil
}

func (r *Recurrence) parseMonthDays(parts map[string]string) error {
	text, ok := parts["BYMONTHDAY"]
	switch {
	case !ok:
		return nil
	case r.option.Freq != rrule.MONTHLY:
		return partError("BYMONTHDAY", "must be absent unless FREQ is MONTHLY")
	case len(r.option.Byweekday) > 0:
		return partError("BYMONTHDAY", "must be absent where BYDAY is present")
	}
	for day := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(day)
		if err != nil || n == 0 || n < -31 || n > 31 {
			return partError("BYMONTHDAY", "must be days from 1 to 31, or from the last one of the month, -1, to -31")
		}
		r.option.Bymonthday = append(r.option.Bymonthday, n)
	}
	return nil
}

func (r *Recurrence) parseEnd(parts map[string]string) (err error) {
	count, counted := parts["COUNT"]
	until, ends := parts["UNTIL"]
	switch {
	case counted && ends:
		return partError("UNTIL", "must be absent where COUNT is present")
	case counted:
		r.option.Count, err = number("COUNT", count, 1, mostOccurrences)
		return err
	case !ends:
		return partError("COUNT", "must be present, or else UNTIL")
	}
	if r.option.Until, err = time.Parse(untilDate, until); err == nil {
		return nil
	}
	if r.until, err = time.Parse(untilInstant, until); err != nil {
		return partError("UNTIL", "must be a date as YYYYMMDD, or an instant as YYYYMMDDTHHMMSSZ")
	}
	return nil
}

func number(part, text string, least, most int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, partError(part, "must be a number from %d to %d", least, most)
	}
	return n, nil
}

// ErrNoDate means that a rule has no date from the first one on.
var ErrNoDate = errors.New("must have a date from start_date on")

// Occurrences are the dates of the rule from first on, at a wall time in a zone. Without BYDAY and BYMONTHDAY, the rule repeats
// first itself. A month without the day is left out. The dates come from the calendar alone; each becomes an instant by itself,
// by the rule of [civil.Date.At]. The error is public.
func (r Recurrence) Occurrences(first civil.Date, wall civil.WallTime, zone *time.Location) ([]Occurrence, error) {
	option := r.option
	option.Dtstart = time.Date(first.Year, first.Month, first.Day, 0, 0, 0, 0, time.UTC) // a calendar without zone
	if !r.until.IsZero() {
		last, _ := civil.Local(r.until, zone)
		option.Until = time.Date(last.Year, last.Month, last.Day, 0, 0, 0, 0, time.UTC)
	}
	rule, err := rrule.NewRRule(option)
	if err != nil {
		return nil, err
	}
	var list []Occurrence
	next := rule.Iterator()
	for t, ok := next(); ok; t, ok = next() {
		o := Occurrence{Date: civil.Date{Year: t.Year(), Month: t.Month(), Day: t.Day()}, Wall: wall}
		o.Start = o.Date.At(wall, zone).UTC()
		if !r.until.IsZero() && o.Start.After(r.until) {
			break
		}
		if len(list) == mostOccurrences {
			return nil, partError("UNTIL", "must be earlier: a series has at most %d appointments", mostOccurrences)
		}
		list = append(list, o)
	}
	if len(list) == 0 {
		return nil, ErrNoDate
	}
	return list, nil
}
