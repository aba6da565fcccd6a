package schedule

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/beauty-salon/platform/services/appointment/civil"
)

// periodJSON is a period in the column periods.
type periodJSON struct {
	From  string      `json:"from,omitempty"`
	Until string      `json:"until,omitempty"`
	Week  [7][]string `json:"week"` // from Sunday on
}

// encodePeriods returns periods as the column has them.
func encodePeriods(periods []Period) (string, error) {
	list := make([]periodJSON, len(periods))
	for i, p := range periods {
		list[i] = periodJSON{From: dateText(p.From), Until: dateText(p.Until)}
		for day, intervals := range p.Week {
			list[i].Week[day] = intervalTexts(intervals)
		}
	}
	text, err := json.Marshal(list)
	return string(text), err
}

// DecodePeriods reads periods as the column has them.
func DecodePeriods(text json.RawMessage) ([]Period, error) {
	var list []periodJSON
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("periods: %w", err)
	}
	periods := make([]Period, len(list))
	for i, p := range list {
		var err error
		if periods[i].From, err = dateOrNone(p.From); err != nil {
			return nil, fmt.Errorf("periods: %w", err)
		}
		if periods[i].Until, err = dateOrNone(p.Until); err != nil {
			return nil, fmt.Errorf("periods: %w", err)
		}
		for day, intervals := range p.Week {
			if periods[i].Week[day], err = decodeDay(intervals); err != nil {
				return nil, fmt.Errorf("periods: %w", err)
			}
		}
	}
	return periods, nil
}

// encodeDay returns the intervals of a day as the column has them.
func encodeDay(day civil.Day) (string, error) {
	text, err := json.Marshal(intervalTexts(day))
	return string(text), err
}

// DecodeDated reads dated hours: their first and last date and the intervals as the column has them.
func DecodeDated(from, until string, intervals json.RawMessage) (Dated, error) {
	var (
		d    Dated
		err  error
		list []string
	)
	if d.From, err = civil.ParseDate(from); err != nil {
		return Dated{}, fmt.Errorf("dated hours: %w", err)
	}
	if d.Until, err = civil.ParseDate(until); err != nil {
		return Dated{}, fmt.Errorf("dated hours: %w", err)
	}
	if err := json.Unmarshal(intervals, &list); err != nil {
		return Dated{}, fmt.Errorf("dated hours: %w", err)
	}
	if d.Day, err = decodeDay(list); err != nil {
		return Dated{}, fmt.Errorf("dated hours: %w", err)
	}
	return d, nil
}

func decodeDay(texts []string) (civil.Day, error) {
	intervals := make([]civil.Interval, len(texts))
	for i, text := range texts {
		from, to, _ := strings.Cut(text, "-")
		var err error
		if intervals[i], err = civil.ParseInterval(from, to); err != nil {
			return nil, err
		}
	}
	day, _, err := civil.NewDay(intervals)
	return day, err
}

func intervalTexts(day civil.Day) []string {
	texts := make([]string, len(day))
	for i, interval := range day {
		texts[i] = interval.String()
	}
	return texts
}

// dateText returns a date, and an empty text for none.
func dateText(d civil.Date) string {
	if d == (civil.Date{}) {
		return ""
	}
	return d.String()
}

// dateOrNone is the reverse of dateText.
func dateOrNone(text string) (civil.Date, error) {
	if text == "" {
		return civil.Date{}, nil
	}
	return civil.ParseDate(text)
}
