package appointment

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/beauty-salon/platform/internal/apierr"
)

// starts are times at which a visit may, or may not, begin.
var starts = []struct {
	fromNow time.Duration
	want    error
}{
	{time.Microsecond, nil},
	{366 * 24 * time.Hour, nil},
	{366*24*time.Hour + time.Microsecond, apierr.InvalidField("", "")},
	{100 * 365 * 24 * time.Hour, apierr.InvalidField("", "")},
	{0, errStartInPast},
	{-time.Microsecond, errStartInPast},
	{-366 * 24 * time.Hour, errStartInPast},
	{-367 * 24 * time.Hour, apierr.InvalidField("", "")},
}

func TestCheckStart(t *testing.T) {
	for _, tt := range starts {
		err := checkStart("segments[0].start_time", now.Add(tt.fromNow), now)
		if !errors.Is(err, tt.want) {
			t.Errorf("%v from now: got %v, want %v", tt.fromNow, err, tt.want)
		}
		var refused *apierr.Error
		if errors.As(err, &refused) && refused.Fields()[0].GetField() != "segments[0].start_time" {
			t.Errorf("%v from now: blames %v", tt.fromNow, refused.Fields())
		}
	}
	// Further away than a duration can tell.
	for _, year := range []int{1, 9999} {
		far := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		if err := checkStart("start_time", far, now); !errors.Is(err, apierr.InvalidField("", "")) {
			t.Errorf("year %d: got %v", year, err)
		}
	}
}

func TestNewAppointment(t *testing.T) {
	offer := Offer{
		MasterID: "m", ServiceID: "s", ServiceName: "Cut", PriceMinor: 4500, Currency: "EUR",
		Duration: 90 * time.Minute, BufferBefore: 5 * time.Minute, BufferAfter: 15 * time.Minute,
	}
	a, err := NewAppointment("c", "note", Administrator, []Wish{{offer, at(10, 0)}}, now)
	if err != nil {
		t.Fatal(err)
	}
	if a.State != Pending || a.Version != 1 || a.ChangedBy != Administrator || a.TotalMinor != 4500 || a.Currency != "EUR" {
		t.Errorf("got %+v", a)
	}
	if !a.CreateTime.Equal(now) || !a.UpdateTime.Equal(now) {
		t.Errorf("made at %v, changed at %v", a.CreateTime, a.UpdateTime)
	}
	s := a.Segments[0]
	if !s.Start.Equal(at(10, 0)) || !s.End.Equal(at(11, 30)) || !s.ClaimFrom.Equal(at(9, 55)) || !s.ClaimTo.Equal(at(11, 45)) {
		t.Errorf("got %+v", s)
	}
	for _, id := range []string{a.ID, s.ID} {
		if parsed, err := uuid.Parse(id); err != nil || parsed.Version() != 7 {
			t.Errorf("id %q is no UUIDv7", id)
		}
	}
}

func TestTotal(t *testing.T) {
	segment := func(price int32, currency string) Segment { return Segment{PriceMinor: price, Currency: currency} }
	tests := []struct {
		name     string
		segments []Segment
		want     int32
		field    string
	}{
		{"one", []Segment{segment(4500, "EUR")}, 4500, ""},
		{"free", []Segment{segment(0, "EUR")}, 0, ""},
		{"several", []Segment{segment(1, "EUR"), segment(2, "EUR"), segment(3, "EUR")}, 6, ""},
		{"as much as fits", []Segment{segment(math.MaxInt32-1, "JPY"), segment(1, "JPY")}, math.MaxInt32, ""},
		{"too much", []Segment{segment(math.MaxInt32, "JPY"), segment(1, "JPY")}, 0, "segments"},
		{"wrapping around twice", slices.Repeat([]Segment{segment(math.MaxInt32, "JPY")}, 5), 0, "segments"},
		{"two currencies", []Segment{segment(1, "EUR"), segment(1, "USD")}, 0, "segments[1].service_id"},
	}
	for _, tt := range tests {
		got, _, err := total(tt.segments)
		if tt.field == "" && (err != nil || got != tt.want) {
			t.Errorf("%s: got %d, %v, want %d", tt.name, got, err, tt.want)
		}
		if tt.field != "" && fieldOf(err) != tt.field {
			t.Errorf("%s: got %v, want a complaint about %s", tt.name, err, tt.field)
		}
	}
}

// fieldOf is the first field that an error blames.
func fieldOf(err error) string {
	var refused *apierr.Error
	if !errors.As(err, &refused) || len(refused.Fields()) == 0 {
		return ""
	}
	return refused.Fields()[0].GetField()
}

// TestTotalProperties: the sum is exact or refused, never something else.
func TestTotalProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prices := rapid.SliceOfN(rapid.Int32Range(0, math.MaxInt32), 1, 8).Draw(t, "prices")
		var want int64
		segments := make([]Segment, len(prices))
		for i, p := range prices {
			segments[i] = Segment{PriceMinor: p, Currency: "EUR"}
			want += int64(p)
		}
		got, _, err := total(segments)
		if err == nil && int64(got) != want {
			t.Fatalf("%d instead of %d", got, want)
		}
		if (err != nil) != (want > math.MaxInt32) {
			t.Fatalf("sum %d: %v", want, err)
		}
	})
}

// TestVisitProperties: whatever is booked and however it is moved, segments keep
// their lengths and distances, a claim holds its segment, and the visit spans all
// of them.
func TestVisitProperties(t *testing.T) {
	minutes := func(most int) *rapid.Generator[time.Duration] {
		return rapid.Custom(func(t *rapid.T) time.Duration {
			return time.Duration(rapid.IntRange(0, most).Draw(t, "minutes")) * time.Minute
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		var wishes []Wish
		for i := range rapid.IntRange(1, 4).Draw(t, "segments") {
			wishes = append(wishes, Wish{
				Start: at(10, 0).Add(minutes(600).Draw(t, "start")),
				Offer: Offer{
					MasterID: fmt.Sprint("m", i%2), Currency: "EUR",
					PriceMinor:   rapid.Int32Range(0, 1000).Draw(t, "price"),
					Duration:     minutes(715).Draw(t, "duration") + 5*time.Minute,
					BufferBefore: minutes(240).Draw(t, "before"),
					BufferAfter:  minutes(240).Draw(t, "after"),
				},
			})
		}
		a, err := NewAppointment("c", "", Customer, wishes, now)
		if err != nil {
			t.Fatal(err)
		}
		before := slices.Clone(a.Segments)
		start := now.Add(time.Duration(rapid.Int64Range(1, int64(horizon/time.Microsecond)).Draw(t, "to")) * time.Microsecond)
		shift := start.Sub(a.Start())
		if err := a.Reschedule(start, Customer, now); err != nil {
			t.Fatal(err)
		}
		if !a.Start().Equal(start) {
			t.Fatalf("begins at %v, not at %v", a.Start(), start)
		}
		for i, s := range a.Segments {
			o, b := wishes[i].Offer, before[i]
			if !s.Start.Equal(b.Start.Add(shift)) || !s.End.Equal(b.End.Add(shift)) {
				t.Fatalf("segment %d moved from %v to %v, the visit by %v", i, b.Start, s.Start, shift)
			}
			if s.End.Sub(s.Start) != o.Duration || s.Start.Sub(s.ClaimFrom) != o.BufferBefore || s.ClaimTo.Sub(s.End) != o.BufferAfter {
				t.Fatalf("segment %d changed its length: %+v", i, s)
			}
			if s.Start.Before(a.Start()) || s.End.After(a.End()) {
				t.Fatalf("segment %d is outside of the visit", i)
			}
		}
	})
}
