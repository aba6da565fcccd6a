package schedule

import (
	"sort"

	"github.com/beauty-salon/platform/services/appointment/civil"
)

// DateSource is which part of [Hours] has the hours of a date.
type DateSource int

const (
	// NoHours means that no period and no dated hours cover the date. A salon without any periods is then open all day, one with
	// periods is closed; a master follows the salon.
	NoHours DateSource = iota
	// Weekly means that a period covers the date.
	Weekly
	// Special means that the date has hours of its own.
	Special
)

// On returns the hours of a date, and where they come from. Dated hours replace weekly ones, also when they are empty.
func (h Hours) On(d civil.Date) (civil.Day, DateSource) {
	i := sort.Search(len(h.Dated), func(i int) bool { return h.Dated[i].Until.Compare(d) >= 0 })
	if i < len(h.Dated) && h.Dated[i].From.Compare(d) <= 0 {
		return h.Dated[i].Day, Special
	}
	open := civil.Date{}
	i = sort.Search(len(h.Periods), func(i int) bool { return h.Periods[i].Until == open || h.Periods[i].Until.Compare(d) >= 0 })
	if i < len(h.Periods) && (h.Periods[i].From == open || h.Periods[i].From.Compare(d) <= 0) {
		return h.Periods[i].Week.On(d), Weekly
	}
	return nil, NoHours
}
