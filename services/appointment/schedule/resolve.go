package schedule

import (
	"sort"

	"github.com/beauty-salon/platform/services/appointment/civil"
)

// DateSource is which part of [Hours] has the hours of a date.
type DateSource int

const (
	// NoHours means that no period and no dated hours cover the date. For a salon see [Hours.Opening]; a master follows the salon.
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

// allDay is the hours of a salon that has none.
var allDay = civil.Day{{From: 0, To: 24 * 60}}

// Opening returns when a salon with these hours is open on a date, and where that comes from. Without any weekly hours it is open all day; on
// a date that none of them covers it is closed.
func (h Hours) Opening(d civil.Date) (civil.Day, Source) {
	day, from := h.On(d)
	switch {
	case from == Special:
		return day, Closure
	case from == NoHours && len(h.Periods) == 0:
		return allDay, AllDay
	default:
		return day, OpeningHours
	}
}
