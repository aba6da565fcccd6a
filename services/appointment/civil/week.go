package civil

import "time"

// Week is the intervals of each day of a week, by [time.Weekday].
type Week [7]Day

// On returns the intervals of a date.
func (w Week) On(d Date) Day { return w[d.Weekday()] }

// IsEmpty reports whether no day has an interval.
func (w Week) IsEmpty() bool {
	for day := time.Sunday; day <= time.Saturday; day++ {
		if len(w[day]) > 0 {
			return false
		}
	}
	return true
}
