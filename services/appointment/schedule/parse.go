package schedule

import (
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/protoconv"
	"github.com/beauty-salon/platform/services/appointment/civil"
)

const (
	// longestRange is how many days after the first date, or after the start, dated hours and time off end at the latest.
	longestRange = 366
	// longestSchedule is how many dates GetSchedule answers at most.
	longestSchedule = 62
)

// The first and the last date that are instants of a Timestamp in every time zone.
var (
	firstDate = civil.Date{Year: 1, Month: time.January, Day: 2}
	lastDate  = civil.Date{Year: 9999, Month: time.December, Day: 30}
)

// parsePeriods returns periods sorted by their first date. It returns INVALID_FIELDS for dates and intervals that do not exist or
// overlap.
func parsePeriods(list []*appointmentv1.WeeklyHours) ([]Period, error) {
	periods := make([]Period, len(list))
	for i, p := range list {
		field := fmt.Sprintf("periods[%d]", i)
		var err error
		if periods[i].From, err = parseDate(field+".valid_from", p.GetValidFrom()); err != nil {
			return nil, err
		}
		if periods[i].Until, err = parseDate(field+".valid_until", p.GetValidUntil()); err != nil {
			return nil, err
		}
		if until := periods[i].Until; until != (civil.Date{}) && until.Compare(periods[i].From) < 0 {
			return nil, apierr.InvalidField(field+".valid_until", "must not be before valid_from")
		}
		if periods[i].Week, err = parseWeek(field, p.GetIntervals()); err != nil {
			return nil, err
		}
	}
	if err := checkDatesOfPeriods(periods); err != nil {
		return nil, err
	}
	slices.SortFunc(periods, func(a, b Period) int { return a.From.Compare(b.From) })
	return periods, nil
}

// checkDatesOfPeriods returns INVALID_FIELDS when the dates of two periods overlap.
func checkDatesOfPeriods(periods []Period) error {
	order := make([]int, len(periods))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return periods[a].From.Compare(periods[b].From) })
	for n, i := range order[min(1, len(order)):] {
		if before := periods[order[n]].Until; before == (civil.Date{}) || periods[i].From.Compare(before) <= 0 {
			return apierr.InvalidField(fmt.Sprintf("periods[%d].valid_from", i),
				fmt.Sprintf("must be after valid_until of periods[%d]", order[n]))
		}
	}
	return nil
}

func parseWeek(field string, list []*appointmentv1.WeeklyInterval) (civil.Week, error) {
	var (
		days    [7][]civil.Interval
		indexes [7][]int // of the intervals in the list
		week    civil.Week
	)
	for i, weekly := range list {
		interval, err := parseInterval(fmt.Sprintf("%s.intervals[%d].interval", field, i), weekly.GetInterval())
		if err != nil {
			return civil.Week{}, err
		}
		for _, day := range weekly.GetDays() {
			weekday := int(day) % 7 // the contract's Sunday is 7
			days[weekday] = append(days[weekday], interval)
			indexes[weekday] = append(indexes[weekday], i)
		}
	}
	for weekday, intervals := range days {
		day, at, err := civil.NewDay(intervals)
		if err != nil {
			return civil.Week{}, invalid(fmt.Sprintf("%s.intervals[%d].interval.start", field, indexes[weekday][at]), err)
		}
		week[weekday] = day
	}
	return week, nil
}

// parseDated returns the hours of a range of dates. Without a last date, it is the first.
func parseDated(start, end string, list []*appointmentv1.WallInterval) (Dated, error) {
	var (
		d   Dated
		err error
	)
	if d.From, d.Until, err = parseRange(start, end); err != nil {
		return Dated{}, err
	}
	intervals := make([]civil.Interval, len(list))
	for i, interval := range list {
		if intervals[i], err = parseInterval(fmt.Sprintf("intervals[%d]", i), interval); err != nil {
			return Dated{}, err
		}
	}
	day, at, err := civil.NewDay(intervals)
	if err != nil {
		return Dated{}, invalid(fmt.Sprintf("intervals[%d].start", at), err)
	}
	d.Day = day
	return d, nil
}

// parseRange returns the dates of start_date and end_date, which is the first date when it is empty.
func parseRange(start, end string) (first, last civil.Date, err error) {
	if first, err = parseDate("start_date", start); err != nil {
		return first, last, err
	}
	if last, err = parseDate("end_date", end); err != nil {
		return first, last, err
	}
	switch {
	case last == civil.Date{}:
		last = first
	case last.Compare(first) < 0:
		err = apierr.InvalidField("end_date", "must not be before start_date")
	case first.DaysUntil(last) > longestRange:
		err = apierr.InvalidField("end_date", fmt.Sprintf("must be at most %d days after start_date", longestRange))
	}
	return first, last, err
}

func parseInterval(field string, i *appointmentv1.WallInterval) (civil.Interval, error) {
	from, err := civil.ParseWallTime(i.GetStart())
	if err != nil {
		return civil.Interval{}, invalid(field+".start", err)
	}
	to, err := civil.ParseWallTime(i.GetEnd())
	if err != nil {
		return civil.Interval{}, invalid(field+".end", err)
	}
	if to <= from {
		return civil.Interval{}, invalid(field+".end", civil.ErrInterval)
	}
	return civil.Interval{From: from, To: to}, nil
}

// parseDate returns a date, and no date for an empty text.
func parseDate(field, text string) (civil.Date, error) {
	d, err := dateOrNone(text)
	if err != nil {
		return civil.Date{}, invalid(field, err)
	}
	return d, nil
}

// parseSchedule returns the dates of which a schedule is wanted.
func parseSchedule(req *appointmentv1.GetScheduleRequest) (first, last civil.Date, err error) {
	if first, last, err = parseRange(req.GetStartDate(), req.GetEndDate()); err != nil {
		return first, last, err
	}
	if first.DaysUntil(last) >= longestSchedule {
		return first, last, apierr.InvalidField("end_date", fmt.Sprintf("must be at most %d days after start_date", longestSchedule-1))
	}
	return first, last, checkInstants(first, last)
}

// checkInstants returns INVALID_FIELDS for dates whose first or last instant may be none of a Timestamp.
func checkInstants(first, last civil.Date) error {
	const text = "must be between 0001-01-02 and 9999-12-30"
	if first.Compare(firstDate) < 0 || first.Compare(lastDate) > 0 {
		return apierr.InvalidField("start_date", text)
	}
	if last.Compare(lastDate) > 0 {
		return apierr.InvalidField("end_date", text)
	}
	return nil
}

// parseTimeOff returns the time off of a request: a range of instants, or dates.
func parseTimeOff(req *appointmentv1.CreateTimeOffRequest) (off Span, first, last civil.Date, err error) {
	byTimes := req.GetStartTime() != nil || req.GetEndTime() != nil
	byDates := req.GetStartDate() != "" || req.GetEndDate() != ""
	switch {
	case byTimes && byDates:
		err = apierr.InvalidField("start_date", "must be empty when start_time or end_time is given").
			WithField("start_time", "must be absent when start_date or end_date is given")
	case byTimes:
		off, err = parseTimes(req.GetStartTime(), req.GetEndTime())
	case req.GetStartDate() == "" && byDates:
		err = apierr.InvalidField("start_date", "must be given together with end_date")
	case byDates:
		if first, last, err = parseRange(req.GetStartDate(), req.GetEndDate()); err == nil {
			err = checkInstants(first, last)
		}
	default:
		err = apierr.InvalidField("start_time", "must be given, with end_time, unless start_date is")
	}
	return off, first, last, err
}

func parseTimes(start, end *timestamppb.Timestamp) (Span, error) {
	from, err := parseMinute("start_time", start)
	if err != nil {
		return Span{}, err
	}
	to, err := parseMinute("end_time", end)
	if err != nil {
		return Span{}, err
	}
	switch {
	case !from.Before(to):
		return Span{}, apierr.InvalidField("end_time", "must be after start_time")
	case to.Sub(from) > longestRange*24*time.Hour:
		return Span{}, apierr.InvalidField("end_time", fmt.Sprintf("must be at most %d days after start_time", longestRange))
	}
	return Span{from, to}, nil
}

func parseMinute(field string, t *timestamppb.Timestamp) (time.Time, error) {
	if t == nil {
		return time.Time{}, apierr.InvalidField(field, "must be given: start_time and end_time belong together")
	}
	if _, err := protoconv.Time(field, t); err != nil {
		return time.Time{}, err
	}
	if !civil.IsWholeMinute(t.AsTime()) {
		return time.Time{}, apierr.InvalidField(field, "must be a whole minute")
	}
	return t.AsTime(), nil
}

// invalid is INVALID_FIELDS of a field that package civil refuses.
func invalid(field string, err error) error {
	return apierr.InvalidField(field, err.Error()).WithCause(err)
}
