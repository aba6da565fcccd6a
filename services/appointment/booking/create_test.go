package booking

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/services/appointment/catalog"
	"github.com/beauty-salon/platform/services/appointment/people"
	"github.com/beauty-salon/platform/services/appointment/salon"
)

// starts are times at which an appointment may begin, or may not.
var starts = []struct {
	fromNow time.Duration
	want    string // the reason of the error
}{
	{time.Minute, ""},
	{366 * 24 * time.Hour, ""},
	{366*24*time.Hour + time.Minute, "INVALID_FIELDS"},
	{366*24*time.Hour + time.Microsecond, "INVALID_FIELDS"},
	{100 * 365 * 24 * time.Hour, "INVALID_FIELDS"},
	{0, "START_IN_PAST"},
	{-time.Minute, "START_IN_PAST"},
	{-366 * 24 * time.Hour, "START_IN_PAST"},
	{-367 * 24 * time.Hour, "INVALID_FIELDS"},
	{time.Microsecond, "INVALID_FIELDS"},
	{time.Second, "INVALID_FIELDS"},
	{59 * time.Second, "INVALID_FIELDS"},
	{time.Hour + time.Nanosecond, "INVALID_FIELDS"},
	{-time.Second, "INVALID_FIELDS"},
}

func TestCheckStart(t *testing.T) {
	for _, tt := range starts {
		err := checkStart(now.Add(tt.fromNow), now)
		if apierr.ReasonOf(err) != tt.want {
			t.Errorf("%v from now: got %v, want %q", tt.fromNow, err, tt.want)
		}
		if err != nil && fieldOf(err) != "start_time" {
			t.Errorf("%v from now: blames %q", tt.fromNow, fieldOf(err))
		}
	}
	// The clock need not show a whole minute.
	if err := checkStart(at(10, 0), at(9, 59).Add(59*time.Second)); err != nil {
		t.Errorf("a second from now: %v", err)
	}
	// Further away than a duration can be.
	for _, year := range []int{1, 9999} {
		far := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		if err := checkStart(far, now); apierr.ReasonOf(err) != "INVALID_FIELDS" {
			t.Errorf("year %d: got %v", year, err)
		}
	}
}

// offered returns an offering for tests without a database.
func offered(masterID string, price, minutes int32) catalog.Offering {
	return catalog.Offering{
		SalonID: "salon", MasterID: masterID,
		Service: catalog.Service{ID: "cut", SalonID: "salon", Name: "Cut", PriceMinor: price, Currency: "EUR", DurationMinutes: minutes},
	}
}

func TestNewAppointment(t *testing.T) {
	berlin := salon.Salon{ID: "salon", TimeZone: "Europe/Berlin", Currency: "EUR"}
	ownPrice, ownMinutes := int32(7000), int32(30)
	cut, colour := offered("m", 4500, 90), offered("n", 100, 20)
	cut.Service.BufferBeforeMinutes, cut.Service.BufferAfterMinutes = 5, 15
	colour.Service.ID, colour.Service.Name = "colour", "Colour"
	colour.PriceOverrideMinor, colour.DurationOverrideMinutes = &ownPrice, &ownMinutes
	customer := people.Customer{
		ID: "c", AccountID: "ann", Phone: "+4930456",
		Account: people.Account{DisplayName: "Ann", Phone: "+4930123"},
	}
	by := By{Actor: Administrator, AccountID: "admin", Now: now}
	rules, plan := planOf(berlin, customer.ID, at(10, 0), cut, colour, cut)
	a, err := NewAppointment(rules, plan, customer, Pending, "note", "why", true, by)
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{a.ID}
	for i := range a.Segments {
		ids = append(ids, a.Segments[i].ID)
		a.Segments[i].ID = ""
	}
	for i, id := range ids {
		if parsed, err := uuid.Parse(id); err != nil || parsed.Version() != 7 || slices.Contains(ids[:i], id) {
			t.Errorf("id %q is no new UUIDv7", id)
		}
	}
	buffers := Segment{
		ServiceID: "cut", ServiceName: "Cut", MasterID: "m", MasterName: "Master m", PriceMinor: 4500,
		BufferBefore: 5 * time.Minute, BufferAfter: 15 * time.Minute,
	}
	one, three := buffers, buffers
	one.Start, one.End = at(10, 0), at(11, 30)
	three.Start, three.End = at(12, 0), at(13, 30)
	two := Segment{
		ServiceID: "colour", ServiceName: "Colour", MasterID: "n", MasterName: "Master n", PriceMinor: 7000,
		Start: at(11, 30), End: at(12, 0),
	}
	if want := []Segment{one, two, three}; !reflect.DeepEqual(a.Segments, want) {
		t.Errorf("segments %+v\nwant     %+v", a.Segments, want)
	}
	if !a.Start().Equal(at(10, 0)) || !a.End().Equal(at(13, 30)) || a.TotalMinor != 16000 || a.Currency != "EUR" {
		t.Errorf("from %v to %v for %d %s", a.Start(), a.End(), a.TotalMinor, a.Currency)
	}
	if a.State != Pending || a.Version != 1 || a.ChangedBy != Administrator || !a.CreateTime.Equal(now) || !a.UpdateTime.Equal(now) {
		t.Errorf("got %+v", a)
	}
	if a.SalonID != "salon" || a.CustomerID != "c" || a.AccountID != "ann" || a.CustomerName != "Ann" || a.CustomerPhone != "+4930456" ||
		a.Note != "note" || !a.overlap {
		t.Errorf("got %+v", a)
	}
	if a.TimeZone != "Europe/Berlin" || a.UTCOffsetMinutes != 60 {
		t.Errorf("promised in %s at %d minutes", a.TimeZone, a.UTCOffsetMinutes)
	}
	if *a.change != (Change{Action: Create, By: by, Reason: "why"}) {
		t.Errorf("recorded %+v", a.change)
	}
}

// TestOffsets: the offset is that of the start, not of the time of booking.
func TestOffsets(t *testing.T) {
	for _, tt := range []struct {
		zone  string
		start time.Time
		want  int32
	}{
		{"UTC", at(10, 0), 0},
		{"Europe/Berlin", time.Date(2027, 3, 28, 0, 59, 0, 0, time.UTC), 60},
		{"Europe/Berlin", time.Date(2027, 3, 28, 1, 0, 0, 0, time.UTC), 120},
		{"Europe/Berlin", time.Date(2027, 10, 31, 0, 59, 0, 0, time.UTC), 120},
		{"Europe/Berlin", time.Date(2027, 10, 31, 1, 0, 0, 0, time.UTC), 60},
		{"America/New_York", time.Date(2027, 3, 14, 7, 0, 0, 0, time.UTC), -240},
		{"America/St_Johns", at(10, 0), -210},
		{"Asia/Kathmandu", at(10, 0), 345},
		{"Australia/Lord_Howe", at(10, 0), 660},
		{"Pacific/Kiritimati", at(10, 0), 840},
	} {
		rules, plan := planOf(salon.Salon{TimeZone: tt.zone}, "c", tt.start, offered("m", 1, 60))
		a, err := NewAppointment(rules, plan, people.Customer{ID: "c"}, Pending, "", "", false, by(Customer))
		if err != nil || a.UTCOffsetMinutes != tt.want || a.TimeZone != tt.zone {
			t.Errorf("%s at %v: %d in %s, %v, want %d", tt.zone, tt.start, a.UTCOffsetMinutes, a.TimeZone, err, tt.want)
		}
	}
}

// total returns the sum of an appointment's prices.
func total(offerings []catalog.Offering) (int32, error) {
	rules, plan := planOf(first, "c", at(10, 0), offerings...)
	a, err := NewAppointment(rules, plan, people.Customer{ID: "c"}, Pending, "", "", false, by(Customer))
	if err != nil {
		return 0, err
	}
	return a.TotalMinor, nil
}

func TestTotal(t *testing.T) {
	price := func(minor int32) catalog.Offering { return offered("m", minor, 60) }
	tests := []struct {
		name      string
		offerings []catalog.Offering
		want      int32
		field     string
	}{
		{"one", []catalog.Offering{price(4500)}, 4500, ""},
		{"free", []catalog.Offering{price(0)}, 0, ""},
		{"several", []catalog.Offering{price(1), price(2), price(3)}, 6, ""},
		{"as much as fits", []catalog.Offering{price(math.MaxInt32 - 1), price(1)}, math.MaxInt32, ""},
		{"too much", []catalog.Offering{price(math.MaxInt32), price(1)}, 0, "segments"},
		{"wrapping around twice", slices.Repeat([]catalog.Offering{price(math.MaxInt32)}, 5), 0, "segments"},
	}
	for _, tt := range tests {
		got, err := total(tt.offerings)
		if tt.field == "" && (err != nil || got != tt.want) {
			t.Errorf("%s: got %d, %v, want %d", tt.name, got, err, tt.want)
		}
		if tt.field != "" && fieldOf(err) != tt.field {
			t.Errorf("%s: got %v, want a violation of %s", tt.name, err, tt.field)
		}
	}
}

// TestTotalProperties: the sum is exact, or the appointment is refused.
func TestTotalProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prices := rapid.SliceOfN(rapid.Int32Range(0, math.MaxInt32), 1, 8).Draw(t, "prices")
		var want int64
		offerings := make([]catalog.Offering, len(prices))
		for i, p := range prices {
			offerings[i] = offered("m", p, 60)
			want += int64(p)
		}
		got, err := total(offerings)
		if err == nil && int64(got) != want {
			t.Fatalf("%d instead of %d", got, want)
		}
		if (err != nil) != (want > math.MaxInt32) {
			t.Fatalf("sum %d: %v", want, err)
		}
	})
}

// TestAppointmentProperties: however an appointment is booked and moved, its segments follow each other
// without a gap, keep their lengths, and each claim covers its segment and overlaps with no other one.
func TestAppointmentProperties(t *testing.T) {
	minutes := func(t *rapid.T, name string, least, most int) int32 {
		return int32(rapid.IntRange(least, most).Draw(t, name))
	}
	rapid.Check(t, func(t *rapid.T) {
		var offerings []catalog.Offering
		for i := range rapid.IntRange(1, 8).Draw(t, "segments") {
			o := offered(fmt.Sprint("m", rapid.IntRange(0, 2).Draw(t, "master")), minutes(t, "price", 0, 1000), minutes(t, "duration", 5, 720))
			o.Service.ID = fmt.Sprint("s", i)
			o.Service.BufferBeforeMinutes, o.Service.BufferAfterMinutes = minutes(t, "before", 0, 240), minutes(t, "after", 0, 240)
			offerings = append(offerings, o)
		}
		start := now.Add(time.Duration(minutes(t, "start", 1, 366*24*60)) * time.Minute)
		rules, plan := planOf(first, "c", start, offerings...)
		a, err := NewAppointment(rules, plan, people.Customer{ID: "c"}, Pending, "", "", false, by(Customer))
		if err != nil {
			t.Fatal(err)
		}
		to := now.Add(time.Duration(minutes(t, "to", 1, 366*24*60)) * time.Minute)
		before := slices.Clone(a.Segments)
		rules, plan = replanned(a, to)
		if err := a.Reschedule(rules, plan, false, "", by(Customer)); err != nil {
			t.Fatal(err)
		}
		if !a.Start().Equal(to) {
			t.Fatalf("begins at %v, not at %v", a.Start(), to)
		}
		next := to
		list := a.claims
		for i, s := range a.Segments {
			o := offerings[i]
			if !s.Start.Equal(next) || s.End.Sub(s.Start) != time.Duration(o.Minutes())*time.Minute || s.ID != before[i].ID ||
				s.ServiceID != o.Service.ID || s.MasterID != o.MasterID {
				t.Fatalf("segment %d is %+v after one that ends at %v", i, s, next)
			}
			next = s.End
			for _, c := range []int{i, len(a.Segments) + i} {
				if list[c].SegmentID != s.ID || list[c].From.After(s.Start) || list[c].To.Before(s.End) {
					t.Fatalf("claim %+v does not cover segment %+v", list[c], s)
				}
			}
		}
		for i, c := range list {
			if slices.ContainsFunc(list[:i], c.Overlaps) {
				t.Fatalf("claim %d overlaps with an earlier one: %+v", i, list)
			}
		}
	})
}
