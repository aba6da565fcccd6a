package civil

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// EndOfDay is 24:00, which is legal as an end.
const EndOfDay WallTime = 24 * 60

var (
	// ErrWallTime reports a text that is not a wall time.
	ErrWallTime = errors.New("must be a wall time as HH:MM, 00:00 to 24:00")
	// ErrInterval reports an interval that does not end after its start.
	ErrInterval = errors.New("must end after it starts, on the same day")
	// ErrOverlap reports intervals of which one starts before another has ended.
	ErrOverlap = errors.New("must not overlap with another interval of the day")
)

// WallTime is what a clock on the wall shows: minutes since 00:00, 0 to 1440 ([EndOfDay]).
type WallTime int

// ParseWallTime parses "HH:MM", 00:00 to 24:00. It returns [ErrWallTime] for everything else.
func ParseWallTime(text string) (WallTime, error) {
	if len(text) != 5 || text[2] != ':' {
		return 0, ErrWallTime
	}
	for _, i := range []int{0, 1, 3, 4} {
		if text[i] < '0' || text[i] > '9' {
			return 0, ErrWallTime
		}
	}
	hours, minutes := int(text[0]-'0')*10+int(text[1]-'0'), int(text[3]-'0')*10+int(text[4]-'0')
	w := WallTime(hours*60 + minutes)
	if minutes > 59 || w > EndOfDay {
		return 0, ErrWallTime
	}
	return w, nil
}

// String returns the wall time as HH:MM.
func (w WallTime) String() string { return fmt.Sprintf("%02d:%02d", w/60, w%60) }

// sinceMidnight returns how far the clock has gone since 00:00.
func (w WallTime) sinceMidnight() time.Duration { return time.Duration(w) * time.Minute }

// Interval is a part of a day, from a wall time until just before another one. It does not cross midnight.
type Interval struct{ From, To WallTime }

// ParseInterval parses both ends. It returns [ErrWallTime] or [ErrInterval].
func ParseInterval(from, to string) (Interval, error) {
	f, err := ParseWallTime(from)
	if err != nil {
		return Interval{}, err
	}
	t, err := ParseWallTime(to)
	if err != nil {
		return Interval{}, err
	}
	if t <= f {
		return Interval{}, ErrInterval
	}
	return Interval{f, t}, nil
}

// String returns the interval as HH:MM-HH:MM.
func (i Interval) String() string { return i.From.String() + "-" + i.To.String() }

// Day is the intervals of a day, sorted, without overlaps. Intervals that touch are one.
type Day []Interval

// NewDay returns intervals, in any order, as a Day. It returns [ErrOverlap] with the index of an interval that overlaps
// with another one.
func NewDay(intervals []Interval) (_ Day, index int, err error) {
	order := make([]int, len(intervals))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return int(intervals[a].From - intervals[b].From) })
	var day Day
	for _, i := range order {
		next := intervals[i]
		last := len(day) - 1
		switch {
		case last < 0 || day[last].To < next.From:
			day = append(day, next)
		case day[last].To == next.From:
			day[last].To = next.To
		default:
			return nil, i, ErrOverlap
		}
	}
	return day, 0, nil
}
