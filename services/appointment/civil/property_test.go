package civil

import (
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/beauty-salon/platform/internal/zoneinfo"
)

// change is an instant at which a zone gets another offset.
type change struct {
	zone *time.Location
	at   time.Time
}

// changes are those of all zones from 2020 to 2030.
var changes = sync.OnceValue(func() (all []change) {
	const day = 24 * time.Hour
	for _, name := range zoneinfo.Names() {
		zone, err := zoneinfo.Load(name)
		if err != nil {
			panic(err)
		}
		t := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
		for offset := offsetAt(t, zone); t.Year() < 2031; t = t.Add(day) {
			next := offsetAt(t.Add(day), zone)
			if next != offset {
				all = append(all, change{zone, transition(t, t.Add(day), zone)})
			}
			offset = next
		}
	}
	return all
})

// The mapping relies on that no zone changes its offset twice within three windows.
func TestChangesAreRare(t *testing.T) {
	all := changes()
	if len(all) < 3000 {
		t.Errorf("saw only %d changes", len(all))
	}
	for i, c := range all[1:] {
		if before := all[i]; before.zone == c.zone && c.at.Sub(before.at) <= 3*window {
			t.Errorf("%s changes at %s and at %s", c.zone, before.at, c.at)
		}
	}
}

// Each instant is one of the occurrences of what clocks show then, and is it once; nothing else is among them. So no instant
// is lost, and none comes twice.
func TestEveryInstantHasOneWallTime(t *testing.T) {
	for _, c := range changes() {
		for minute := -180; minute <= 180; minute += 15 {
			wantWallTime(t, c.at.Add(time.Duration(minute)*time.Minute), c.zone)
		}
		wantWallTime(t, c.at.Add(-time.Minute), c.zone)
	}
	// Between changes, at all hours and minutes.
	for _, name := range zoneinfo.Names() {
		zone := load(t, name)
		for at := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2031; at = at.Add((5*24*60 + 61) * time.Minute) {
			wantWallTime(t, at, zone)
		}
	}
}

func wantWallTime(t *testing.T, instant time.Time, zone *time.Location) {
	t.Helper()
	shown := instant.In(zone)
	d, w := dateOf(shown), WallTime(shown.Hour()*60+shown.Minute())
	matches := 0
	occurrences := d.Occurrences(w, zone)
	for i, o := range occurrences {
		if o.Equal(instant) {
			matches++
		}
		if dateOf(o) != d || o.Hour()*60+o.Minute() != int(w) {
			t.Errorf("%s: %s %s occurs at %s", zone, d, w, o)
		}
		if i > 0 && !o.After(occurrences[i-1]) {
			t.Errorf("%s: occurrences of %s %s are not in order: %v", zone, d, w, occurrences)
		}
	}
	if matches != 1 {
		t.Errorf("%s: %s is %d of the occurrences of %s %s", zone, instant.UTC(), matches, d, w)
	}
	if got := d.At(w, zone); !got.Equal(occurrences[0]) {
		t.Errorf("%s: %s %s is at %s, and occurs first at %s", zone, d, w, got, occurrences[0])
	}
}

// Each day ends when the next one starts, the days go forward, and each instant is in the day that Local names.
func TestDaysPartitionTime(t *testing.T) {
	for _, c := range changes() {
		first := dateOf(c.at.In(c.zone)).AddDays(-2)
		for i := range 4 {
			wantDay(t, first.AddDays(i), c.zone)
		}
	}
	for _, name := range zoneinfo.Names() {
		for d := (Date{2020, time.January, 1}); d.Year < 2031; d = d.AddDays(5) {
			wantDay(t, d, load(t, name))
		}
	}
}

func wantDay(t *testing.T, d Date, zone *time.Location) {
	t.Helper()
	start, end := d.Start(zone), d.End(zone)
	if hours := end.Sub(start).Hours(); hours < 21 || hours > 27 {
		t.Errorf("%s: %s has %v hours", zone, d, hours)
	}
	for _, at := range []struct {
		instant time.Time
		date    Date
	}{{start, d}, {start.Add(-time.Second), d.AddDays(-1)}, {end.Add(-time.Second), d}, {end, d.AddDays(1)}} {
		if got, _ := Local(at.instant, zone); got != at.date {
			t.Errorf("%s: %s is on %s, want %s", zone, at.instant.UTC(), got, at.date)
		}
	}
	if from, to := (Interval{0, EndOfDay}).On(d, zone); !from.Equal(start) || !to.Equal(end) {
		t.Errorf("%s: 00:00 to 24:00 of %s is %s to %s, want %s to %s", zone, d, from, to, start, end)
	}
}

// The mapping agrees with a search over all minutes around the wall time.
func TestAtAgreesWithSearch(t *testing.T) {
	names := zoneinfo.Names()
	rapid.Check(t, func(t *rapid.T) {
		zone := load(t, rapid.SampledFrom(names).Draw(t, "zone"))
		d := dateOf(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 4017).Draw(t, "day")))
		// Most transitions are at night; half of the days are moved to one.
		if rapid.Bool().Draw(t, "transition") {
			for i := range 200 {
				if later := d.AddDays(i); later.End(zone).Sub(later.Start(zone)) != 24*time.Hour {
					d = later
					break
				}
			}
		}
		w := WallTime(rapid.IntRange(0, 1439).Draw(t, "wall"))
		naive := d.utc().Add(time.Duration(w) * time.Minute)
		var shown []time.Time
		offsetBefore := 0
		for m := -27 * 60; m <= 27*60; m++ {
			instant := naive.Add(time.Duration(m) * time.Minute)
			_, offset := instant.In(zone).Zone()
			switch at := instant.Add(time.Duration(offset) * time.Second); {
			case at.Equal(naive):
				shown = append(shown, instant)
			case at.Before(naive):
				offsetBefore = offset
			}
		}
		want := naive.Add(-time.Duration(offsetBefore) * time.Second)
		if len(shown) > 0 {
			want = shown[0]
		}
		if got := d.At(w, zone); !got.Equal(want) {
			t.Fatalf("%s %s %s: %s, want %s", zone, d, w, got.UTC(), want.UTC())
		}
		if got := d.Occurrences(w, zone); len(got) != len(shown) {
			t.Fatalf("%s %s %s: occurs at %v, want %v", zone, d, w, got, shown)
		}
	})
}
