package schedule

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// booked is a segment of an appointment, with one stretch of work.
func booked(id, master string, segment Span) Booked {
	return Booked{ID: id, Version: 3, Appointment: segment, MasterID: master, Segment: segment, Work: []Span{segment}}
}

func TestFits(t *testing.T) {
	c := &Calendar{
		Zone: location(t, "Europe/Berlin"), Salon: daily(t, "08:00-20:00"),
		Masters: map[string]Hours{"m": daily(t, "09:00-12:00", "13:00-17:00"), "night": daily(t, "00:00-24:00")},
		TimeOff: map[string][]TimeOffEntry{"m": {{Span: span(t, "2027-03-01T15:00Z", "2027-03-01T15:30Z")}}},
	}
	allNight := &Calendar{Zone: c.Zone, Masters: map[string]Hours{"m": daily(t, "00:00-02:00", "20:00-24:00")}}
	// 30 minutes of work, an hour of waiting, half an hour of work
	colour := func(start string) Booked {
		at := instant(t, start)
		b := booked("a", "m", Span{at, at.Add(2 * time.Hour)})
		b.Work = []Span{{at, at.Add(30 * time.Minute)}, {at.Add(90 * time.Minute), at.Add(2 * time.Hour)}}
		return b
	}
	for _, tt := range []struct {
		name string
		c    *Calendar
		b    Booked
		want bool
	}{
		{"the whole stretch", c, booked("a", "m", span(t, "2027-03-01T08:00Z", "2027-03-01T11:00Z")), true},
		{"a minute too early", c, booked("a", "m", span(t, "2027-03-01T07:59Z", "2027-03-01T11:00Z")), false},
		{"a minute too long", c, booked("a", "m", span(t, "2027-03-01T08:00Z", "2027-03-01T11:01Z")), false},
		{"over lunch", c, booked("a", "m", span(t, "2027-03-01T10:00Z", "2027-03-01T13:00Z")), false},
		{"waiting over lunch", c, colour("2027-03-01T10:30Z"), true},
		{"working in the lunch break", c, colour("2027-03-01T10:45Z"), false},
		{"in time off", c, booked("a", "m", span(t, "2027-03-01T15:00Z", "2027-03-01T15:30Z")), false},
		{"waiting in time off", c, colour("2027-03-01T14:00Z"), true},
		{"working until after the end", c, colour("2027-03-01T14:01Z"), false},
		{"the salon is closed", c, booked("a", "night", span(t, "2027-03-01T18:30Z", "2027-03-01T19:30Z")), false},
		{"over midnight", allNight, booked("a", "m", span(t, "2027-03-01T22:30Z", "2027-03-01T23:30Z")), true},
		{"over the end of the night", allNight, booked("a", "m", span(t, "2027-03-01T22:30Z", "2027-03-02T01:30Z")), false},
	} {
		if got := newFitter(tt.c).fits(tt.b); got != tt.want {
			t.Errorf("%s: fits is %t", tt.name, got)
		}
	}
}

func TestConflicts(t *testing.T) {
	zone := location(t, "UTC")
	before := &Calendar{Zone: zone, Salon: daily(t, "09:00-18:00")}
	after := &Calendar{Zone: zone, Salon: daily(t, "09:00-12:00")}
	early, late := span(t, "2027-03-01T10:00Z", "2027-03-01T11:00Z"), span(t, "2027-03-01T13:00Z", "2027-03-01T14:00Z")
	night := span(t, "2027-03-01T20:00Z", "2027-03-01T21:00Z")
	found, more := conflicts(before, after, []Booked{
		booked("1", "m", early), booked("2", "m", late), booked("2", "n", late), booked("2", "m", late),
		booked("3", "m", night), // never fitted
		booked("4", "m", early), booked("4", "n", late),
	})
	var got []string
	for _, c := range found {
		got = append(got, fmt.Sprint(c.ID, " ", c.Version, " ", c.MasterIDs))
	}
	if want := []string{"2 3 [m n]", "4 3 [n]"}; !slices.Equal(got, want) || more {
		t.Errorf("got %q (more: %t), want %q", got, more, want)
	}
	if found, more := conflicts(after, before, []Booked{booked("2", "m", late)}); len(found) > 0 || more {
		t.Errorf("longer hours have the conflicts %v", found)
	}
	for _, n := range []int{maxConflicts, maxConflicts + 1} {
		var all []Booked
		for i := range n {
			all = append(all, booked(fmt.Sprint(i), "m", late), booked(fmt.Sprint(i), "n", late))
		}
		found, more := conflicts(before, after, all)
		if len(found) != maxConflicts || more != (n > maxConflicts) || len(found[maxConflicts-1].MasterIDs) != 2 {
			t.Errorf("of %d, %d are named, more is %t", n, len(found), more)
		}
	}
}
