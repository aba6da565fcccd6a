package e2e_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// TestSearchOfChain: three services that different masters perform follow each other.
func TestSearchOfChain(t *testing.T) {
	t.Parallel()
	salontest.Both(t, shared.Get(t), func(t *testing.T, c salontest.Caller) {
		h := newShop(t, c, "UTC", 3, lasting(30))
		colour, dry := h.s.NewServiceOf(t, h.salon, lasting(45)), h.s.NewServiceOf(t, h.salon, lasting(20))
		h.s.Offer(t, h.masters[1], colour)
		h.s.Offer(t, h.masters[0], dry)
		h.s.Offer(t, h.masters[2], dry)
		chain := filters(h.service, colour, dry)
		find := func(segments []*appointmentv1.SegmentFilter) *appointmentv1.Slot {
			t.Helper()
			slots := h.find(t, h.customer, &appointmentv1.SearchAvailabilityRequest{
				Segments: segments, StartDate: inDays(20), EndDate: inDays(20), Limit: 1,
			}).GetSlots()
			if len(slots) != 1 {
				t.Fatalf("found %v", slots)
			}
			return slots[0]
		}
		slot := find(chain)
		// Three can cut and two can dry.
		if slot.GetAlternatives() != 5 || slot.GetDurationMinutes() != 95 || slot.GetTotalPrice().GetAmountMinor() != 3*4500 {
			t.Errorf("found %v", slot)
		}
		at := slot.GetStartTime().AsTime()
		for i, want := range []*appointmentv1.Service{h.service, colour, dry} {
			segment := slot.GetSegments()[i]
			end := at.Add(time.Duration(want.GetDurationMinutes()) * time.Minute)
			if segment.GetServiceId() != want.GetId() || segment.GetServiceName() != want.GetName() ||
				!segment.GetStartTime().AsTime().Equal(at) || !segment.GetEndTime().AsTime().Equal(end) {
				t.Errorf("segment %d is %v", i, segment)
			}
			at = end
		}
		if slot.GetSegments()[1].GetMasterId() != h.masters[1].ID || slot.GetSegments()[1].GetMasterName() != "Noor" {
			t.Errorf("Noor alone can colour: %v", slot.GetSegments()[1])
		}
		// Of the masters that are wanted, some cannot do it, which does not matter.
		chain[2].MasterIds = []string{h.masters[1].ID, h.masters[2].ID}
		named := find(chain)
		if named.GetAlternatives() != 2 || named.GetSegments()[2].GetMasterId() != h.masters[2].ID {
			t.Errorf("with a named master: %v", named)
		}
		h.quoted(t, named)
		if again := find(chain); !again.GetStartTime().AsTime().After(named.GetStartTime().AsTime()) {
			t.Errorf("the customer is taken, and can begin at %v", again)
		}
	})
}

// TestSearchByDate: the first slot of each date, days of the week, and parts of the day.
func TestSearchByDate(t *testing.T) {
	t.Parallel()
	salontest.Both(t, shared.Get(t), func(t *testing.T, c salontest.Caller) {
		h := newShop(t, c, "UTC", 1)
		h.work(t, period("", "", weekly("09:00", "17:00", 1, 2, 3, 4, 5)))
		first, last := inDays(10), inDays(71)
		answer := h.find(t, nil, &appointmentv1.SearchAvailabilityRequest{StartDate: first, EndDate: last, FirstPerDay: true})
		if answer.GetNextPageToken() != "" || answer.GetTimeZone() != "UTC" {
			t.Errorf("62 days do not fit on a page: %v", answer.GetNextPageToken())
		}
		var want, found []string
		for day := 10; day <= 71; day++ {
			if w := midnight(day).Weekday(); w != time.Saturday && w != time.Sunday {
				want = append(want, inDays(day)+" 09:00")
			}
		}
		for _, slot := range answer.GetSlots() {
			found = append(found, slot.GetLocalDate()+" "+slot.GetLocalTime())
		}
		if !slices.Equal(found, want) {
			t.Errorf("the first of each date are %q, want %q", found, want)
		}

		slots := h.find(t, nil, &appointmentv1.SearchAvailabilityRequest{
			StartDate: first, EndDate: last, Limit: 500,
			Days:      []appointmentv1.DayOfWeek{appointmentv1.DayOfWeek_DAY_OF_WEEK_SUNDAY, monday},
			PartOfDay: wall("11:30", "12:30"),
		}).GetSlots()
		found, want = nil, nil
		for day := 10; day <= 71; day++ {
			if midnight(day).Weekday() == time.Monday {
				for _, at := range []string{"11:30", "11:45", "12:00", "12:15"} {
					want = append(want, inDays(day)+" "+at)
				}
			}
		}
		for _, slot := range slots {
			found = append(found, slot.GetLocalDate()+" "+slot.GetLocalTime())
		}
		if !slices.Equal(found, want) {
			t.Errorf("late Monday mornings are %q, want %q", found, want)
		}
	})
}

// TestPagesOfSearch: pages follow each other without gaps, also when something is booked meanwhile.
func TestPagesOfSearch(t *testing.T) {
	t.Parallel()
	salontest.Both(t, shared.Get(t), func(t *testing.T, c salontest.Caller) {
		h := newShop(t, c, "Europe/Berlin", 1)
		h.work(t, everyDay("09:00", "15:00"))
		for _, firstPerDay := range []bool{false, true} {
			req := &appointmentv1.SearchAvailabilityRequest{
				StartDate: inDays(40), EndDate: inDays(46), Limit: 500, FirstPerDay: firstPerDay,
			}
			all := startsOf(h.find(t, h.customer, req).GetSlots())
			var walked []time.Time
			for req.Limit = 3; ; {
				page := h.find(t, h.customer, req)
				walked = append(walked, startsOf(page.GetSlots())...)
				if req.PageToken = page.GetNextPageToken(); req.PageToken == "" {
					break
				}
				if len(page.GetSlots()) != 3 {
					t.Fatalf("a page has %d slots", len(page.GetSlots()))
				}
			}
			if len(all) < 7 || !slices.EqualFunc(walked, all, time.Time.Equal) {
				t.Errorf("first per day: %t: walked %v, want %v", firstPerDay, walked, all)
			}
		}
		req := &appointmentv1.SearchAvailabilityRequest{StartDate: inDays(40), EndDate: inDays(40), Limit: 8}
		page := h.find(t, h.customer, req)
		h.quoted(t, page.GetSlots()[7])
		req.PageToken = page.GetNextPageToken()
		next := h.find(t, h.customer, req).GetSlots()
		if want := page.GetSlots()[7].GetEndTime(); len(next) == 0 || !next[0].GetStartTime().AsTime().Equal(want.AsTime()) {
			t.Errorf("after the slot that was booked: %v, want %v", next, want)
		}
	})
}

// TestNothingFound: a search that finds nothing says why.
func TestNothingFound(t *testing.T) {
	t.Parallel()
	salontest.Both(t, shared.Get(t), func(t *testing.T, c salontest.Caller) {
		h := newShop(t, c, "UTC", 1)
		h.work(t, everyDay("09:00", "17:00"))
		unperformed, inactive := h.s.NewServiceOf(t, h.salon), h.s.NewServiceOf(t, h.salon, func(r *appointmentv1.CreateServiceRequest) {
			r.Active = new(false)
		})
		hidden := h.s.NewServiceOf(t, h.salon, func(r *appointmentv1.CreateServiceRequest) { r.OnlineBookable = new(false) })
		h.s.Offer(t, h.masters[0], hidden)
		salontest.Do[proto.Message](t, c, h.s.Admin(), createClosure,
			&appointmentv1.CreateClosureRequest{SalonId: h.salon, StartDate: inDays(51)})
		named := filters(h.service)
		named[0].MasterIds = []string{h.customer.ID}
		for _, tt := range []struct {
			name     string
			segments []*appointmentv1.SegmentFilter
			date     string
			want     string
		}{
			{"nobody performs the service", filters(unperformed), inDays(50), "NOT_PERFORMED"},
			{"inactive", filters(inactive), inDays(50), "INACTIVE"},
			{"not online", filters(hidden), inDays(50), "NOT_ONLINE"},
			{"a master who is none", named, inDays(50), "INACTIVE"},
			{"closed", filters(h.service), inDays(51), "CLOSED"},
			{"yesterday", filters(h.service), inDays(-1), "LEAD_TIME"},
			{"in two years", filters(h.service), inDays(730), "HORIZON"},
		} {
			for name, as := range map[string]salontest.Identity{"nobody": nil, "the customer": h.customer} {
				got := h.find(t, as, &appointmentv1.SearchAvailabilityRequest{Segments: tt.segments, StartDate: tt.date, EndDate: tt.date})
				reasons := make([]string, len(got.GetReasons()))
				for i, reason := range got.GetReasons() {
					reasons[i] = strings.TrimPrefix(reason.String(), "BLOCK_REASON_")
				}
				if len(got.GetSlots()) > 0 || !slices.Contains(reasons, tt.want) {
					t.Errorf("%s, for %s: %v, want %s", tt.name, name, got, tt.want)
				}
			}
		}
		// Staff book also what is not online, masters where they do it.
		theirs := filters(hidden)
		theirs[0].MasterIds = []string{h.masters[0].ID}
		if got := h.find(t, h.masters[0], &appointmentv1.SearchAvailabilityRequest{
			Segments: theirs, StartDate: inDays(50), EndDate: inDays(50),
		}); len(got.GetSlots()) == 0 {
			t.Errorf("for the master: %v", got)
		}
	})
}

// TestLeadTimeOfSearch: the first start is the first of the step after now and the lead time.
func TestLeadTimeOfSearch(t *testing.T) {
	t.Parallel()
	salontest.Both(t, shared.Get(t), func(t *testing.T, c salontest.Caller) {
		h := newShop(t, c, "UTC", 1)
		const lead, step = 7 * 24 * time.Hour, 15 * time.Minute
		h.policy(t, &appointmentv1.UpdateBookingPolicyRequest{LeadTimeMinutes: new(int32(lead / time.Minute))})
		soonest := func() time.Time { return time.Now().Add(lead + step - 1).Truncate(step) }
		before := soonest()
		first := h.slots(t, inDays(6), inDays(8))[0].GetStartTime().AsTime()
		if after := soonest(); first.Before(before) || first.After(after) {
			t.Errorf("the first start is %v, want %v to %v", first, before, after)
		}
		c.Call(t, h.customer, createAppointment, salontest.Booking(h.masters[0], h.service, first.Add(-step))).
			Want(t, codes.FailedPrecondition, "NOT_BOOKABLE")
		if got := reasonsOf(h.explain(t, nil, first.Add(-step))); !slices.Equal(got, []string{"LEAD_TIME"}) {
			t.Errorf("against a start before speaks %v", got)
		}
	})
}
