package schedule

import (
	"reflect"
	"testing"
	"time"

	"github.com/beauty-salon/platform/services/appointment/civil"
)

func TestHoursOn(t *testing.T) {
	date := func(month time.Month, day int) civil.Date { return civil.Date{Year: 2027, Month: month, Day: day} }
	week := func(from civil.WallTime) civil.Week {
		var w civil.Week
		for day := range w {
			w[day] = civil.Day{{From: from, To: from + 60}}
		}
		return w
	}
	winter, summer, special := civil.Day{{From: 600, To: 660}}, civil.Day{{From: 480, To: 540}}, civil.Day{{From: 0, To: 1440}}
	hours := Hours{
		Periods: []Period{
			{Until: date(3, 31), Week: week(600)},
			{From: date(5, 1), Until: date(5, 31), Week: week(480)},
			{From: date(7, 1), Week: week(600)},
		},
		Dated: []Dated{
			{From: date(1, 1), Until: date(1, 1)},
			{From: date(5, 10), Until: date(5, 12), Day: special},
			{From: date(6, 1), Until: date(6, 1), Day: special},
		},
	}
	for _, tt := range []struct {
		on     civil.Date
		day    civil.Day
		source DateSource
	}{
		{date(1, 1), nil, Special},
		{date(1, 2), winter, Weekly},
		{date(3, 31), winter, Weekly},
		{date(4, 1), nil, NoHours},
		{date(4, 30), nil, NoHours},
		{date(5, 1), summer, Weekly},
		{date(5, 9), summer, Weekly},
		{date(5, 10), special, Special},
		{date(5, 12), special, Special},
		{date(5, 13), summer, Weekly},
		{date(6, 1), special, Special},
		{date(6, 30), nil, NoHours},
		{date(7, 1), winter, Weekly},
		{civil.Date{Year: 2999, Month: 1, Day: 1}, winter, Weekly},
	} {
		if day, source := hours.On(tt.on); source != tt.source || !reflect.DeepEqual(day, tt.day) {
			t.Errorf("%v: %v from %d, want %v from %d", tt.on, day, source, tt.day, tt.source)
		}
	}
	if day, source := (Hours{}).On(date(1, 1)); day != nil || source != NoHours {
		t.Errorf("without hours: %v from %d", day, source)
	}
}
