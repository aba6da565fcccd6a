package e2e_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

const (
	searchAvailability = appointmentv1.AvailabilityService_SearchAvailability_FullMethodName
	explainSlot        = appointmentv1.AvailabilityService_ExplainSlot_FullMethodName
	checkSlots         = appointmentv1.AvailabilityService_CheckSlots_FullMethodName
)

// shop is a salon that only one test knows, called over one protocol.
type shop struct {
	c        salontest.Caller
	s        *salontest.System
	salon    string
	service  *appointmentv1.Service
	masters  []*salontest.Account // all of them perform the service
	customer *salontest.Account
}

// newShop makes a salon with a service and some masters, open all day. Each change alters the service first.
func newShop(
	t *testing.T, c salontest.Caller, zone string, masters int, changes ...func(*appointmentv1.CreateServiceRequest),
) *shop {
	t.Helper()
	s := c.System()
	h := &shop{c: c, s: s, salon: s.NewSalon(t, func(r *appointmentv1.CreateSalonRequest) { r.TimeZone = zone }).GetId()}
	h.service = s.NewServiceOf(t, h.salon, changes...)
	for i := range masters {
		master := s.NewMasterOf(t, h.salon, []string{"Mira", "Noor", "Olga"}[i])
		s.Offer(t, master, h.service)
		h.masters = append(h.masters, master)
	}
	h.customer = s.NewCustomer(t, "Customer")
	return h
}

// lasting makes a service of so many minutes.
func lasting(minutes int32) func(*appointmentv1.CreateServiceRequest) {
	return func(r *appointmentv1.CreateServiceRequest) { r.DurationMinutes = &minutes }
}

// policy changes the booking policy.
func (h *shop) policy(t *testing.T, req *appointmentv1.UpdateBookingPolicyRequest) {
	t.Helper()
	req.SalonId = h.salon
	salontest.Do[proto.Message](t, h.c, h.s.Admin(), updatePolicy, req)
}

// work gives the first master working hours.
func (h *shop) work(t *testing.T, hours *appointmentv1.WeeklyHours) {
	t.Helper()
	salontest.Do[proto.Message](t, h.c, h.s.Admin(), setWorking,
		&appointmentv1.SetWorkingHoursRequest{MasterId: h.masters[0].ID, Periods: []*appointmentv1.WeeklyHours{hours}})
}

// filters are the segments of a search: services that anybody may do.
func filters(services ...*appointmentv1.Service) []*appointmentv1.SegmentFilter {
	var list []*appointmentv1.SegmentFilter
	for _, service := range services {
		list = append(list, &appointmentv1.SegmentFilter{ServiceId: service.GetId()})
	}
	return list
}

// find searches; without segments, for the shop's service.
func (h *shop) find(
	t *testing.T, as salontest.Identity, req *appointmentv1.SearchAvailabilityRequest,
) *appointmentv1.SearchAvailabilityResponse {
	t.Helper()
	if len(req.GetSegments()) == 0 && req.AppointmentId == nil {
		req.Segments = filters(h.service)
	}
	return salontest.Do[*appointmentv1.SearchAvailabilityResponse](t, h.c, as, searchAvailability, req)
}

// slots finds all slots of the customer between two dates.
func (h *shop) slots(t *testing.T, first, last string) []*appointmentv1.Slot {
	t.Helper()
	answer := h.find(t, h.customer, &appointmentv1.SearchAvailabilityRequest{StartDate: first, EndDate: last, Limit: 500})
	if answer.GetNextPageToken() != "" {
		t.Fatalf("there are more slots from %s to %s than a page has", first, last)
	}
	return answer.GetSlots()
}

// explain returns what speaks against the shop's service at a start.
func (h *shop) explain(t *testing.T, as salontest.Identity, start time.Time) []*appointmentv1.Block {
	t.Helper()
	return salontest.Do[*appointmentv1.ExplainSlotResponse](t, h.c, as, explainSlot,
		&appointmentv1.ExplainSlotRequest{Segments: filters(h.service), StartTime: timestamp(start)}).GetBlocks()
}

// check asks whether the customer can book the shop's service at starts.
func (h *shop) check(t *testing.T, starts []time.Time) []*appointmentv1.SlotCheck {
	t.Helper()
	var checks []*appointmentv1.SlotCheck
	for part := range slices.Chunk(starts, 100) {
		req := &appointmentv1.CheckSlotsRequest{Segments: filters(h.service)}
		for _, start := range part {
			req.StartTimes = append(req.StartTimes, timestamp(start))
		}
		checks = append(checks, salontest.Do[*appointmentv1.CheckSlotsResponse](t, h.c, h.customer, checkSlots, req).GetChecks()...)
	}
	return checks
}

// quoted books a slot as the customer, by its quote.
func (h *shop) quoted(t *testing.T, slot *appointmentv1.Slot) *appointmentv1.Appointment {
	t.Helper()
	a := book(t, h.c, h.customer, &appointmentv1.CreateAppointmentRequest{Quote: new(slot.GetQuote())})
	salontest.Same(t, a.GetStartTime(), slot.GetStartTime())
	salontest.Same(t, a.GetEndTime(), slot.GetEndTime())
	salontest.Same(t, a.GetTotalPrice(), slot.GetTotalPrice())
	if a.GetUtcOffsetMinutes() != slot.GetUtcOffsetMinutes() || len(a.GetSegments()) != len(slot.GetSegments()) {
		t.Fatalf("booked %v, want %v", a, slot)
	}
	for i, segment := range slot.GetSegments() {
		if got := a.GetSegments()[i]; got.GetMasterId() != segment.GetMasterId() || got.GetServiceId() != segment.GetServiceId() {
			t.Errorf("segment %d is %v, want %v", i, got, segment)
		}
	}
	return a
}

// take books a time of the first master with another service, as the administrator.
func (h *shop) take(t *testing.T, start time.Time, minutes int32) *appointmentv1.Appointment {
	t.Helper()
	other := h.s.NewServiceOf(t, h.salon, lasting(minutes))
	h.s.Offer(t, h.masters[0], other)
	return book(t, h.c, h.s.Admin(), salontest.Booking(h.masters[0], other, start))
}

// startsOf are the starts of slots.
func startsOf(slots []*appointmentv1.Slot) []time.Time {
	starts := make([]time.Time, len(slots))
	for i, slot := range slots {
		starts[i] = slot.GetStartTime().AsTime()
	}
	return starts
}

// reasonsOf are the reasons of blocks, each once, without their prefix.
func reasonsOf(blocks []*appointmentv1.Block) []string {
	var list []string
	for _, b := range blocks {
		if name := strings.TrimPrefix(b.GetReason().String(), "BLOCK_REASON_"); !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

// notBookable is the detail of a refused booking.
func notBookable(t *testing.T, refused *salontest.Result) *appointmentv1.NotBookable {
	t.Helper()
	for _, detail := range refused.Details {
		if m, ok := detail.(*appointmentv1.NotBookable); ok {
			return m
		}
	}
	t.Fatalf("%v has the details %v", refused, refused.Details)
	return nil
}

// inDays is a date so many days from now, in UTC.
func inDays(days int) string { return midnight(days).Format(time.DateOnly) }

// midnight begins that date.
func midnight(days int) time.Time {
	return time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, days)
}

// utc reads a time such as "2027-03-14T17:00".
func utc(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02T15:04", text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// skipUnlessAhead skips a test about dates that cannot be booked any more. The program runs on the real clock; package availability
// has the same values with a clock of its own.
func skipUnlessAhead(t *testing.T, first, last string) {
	t.Helper()
	if first <= inDays(1) || last >= inDays(365) {
		t.Skipf("%s to %s cannot be booked today", first, last)
	}
}

// stamps are times as the contract has them.
func stamps(times ...time.Time) []*timestamppb.Timestamp {
	list := make([]*timestamppb.Timestamp, len(times))
	for i, at := range times {
		list[i] = timestamp(at)
	}
	return list
}
