package schedule

import "github.com/beauty-salon/platform/services/appointment/civil"

// DateSource is which part of [Hours] the hours of a date come from.
type DateSource int

// The parts of hours.
const (
	// NoHours means that no period and no dated hours cover the date.
	NoHours DateSource = iota
	// Weekly means that a period covers the date.
	Weekly
	// Special means that the date has hours of its own.
	Special
)

// On returns the hours of a date, and where they come from.
func (h Hours) On(d civil.Date) (day civil.Day, source DateSource) {
	for _, dated := range h.Dated {
		if dated.From.Compare(d) <= 0 && d.Compare(dated.Until) <= 0 {
			return dated.Day, Special
		}
	}
	for _, p := range h.Periods {
		if (p.From == civil.Date{} || p.From.Compare(d) <= 0) && (p.Until == civil.Date{} || d.Compare(p.Until) <= 0) {
			return p.Week.On(d), Weekly
		}
	}
	return nil, NoHours
}
