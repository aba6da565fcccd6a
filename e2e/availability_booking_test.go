package e2e_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// TestSummerTimeEnds in New York: the first start of each day around it, and all of them are booked.
func TestSummerTimeEnds(t *testing.T) {
	t.Parallel()
	skipUnlessAhead(t, "2027-11-06", "2027-11-08")
	salontest.Both(t, shared.Get(t), func(t *testing.T, c salontest.Caller) {
		h := newShop(t, c, "America/New_York", 1)
		h.work(t, everyDay("09:00", "17:00"))
		slots := h.find(t, h.customer, &appointmentv1.SearchAvailabilityRequest{
			StartDate: "2027-11-06", EndDate: "2027-11-08", FirstPerDay: true,
		}).GetSlots()
		want := []time.Time{utc(t, "2027-11-06T13:00"), utc(t, "2027-11-07T14:00"), utc(t, "2027-11-08T14:00")}
		if found := startsOf(slots); !slices.EqualFunc(found, want, time.Time.Equal) {
			t.Fatalf("found %v, want %v", found, want)
		}
		for i, slot := range slots {
			a := h.quoted(t, slot)
			if offset := []int32{-240, -300, -300}[i]; a.GetUtcOffsetMinutes() != offset || slot.GetLocalTime() != "09:00" {
				t.Errorf("booked with the offset %d, from %v", a.GetUtcOffsetMinutes(), slot)
			}
		}
	})
}

// TestAllThatIsFoundIsBooked: many starts that do not overlap, taken at random from those that were found, are booked, and each start
// that is found no more has a reason.
func TestAllThatIsFoundIsBooked(t *testing.T) {
	t.Parallel()
	skipUnlessAhead(t, "2027-03-01", "2027-03-28")
	salontest.Both(t, shared.Get(t), func(t *testing.T, c salontest.Caller) {
		h := newShop(t, c, "America/Detroit", 1, lasting(30))
		h.work(t, everyDay("09:00", "20:00"))
		h.policy(t, &appointmentv1.UpdateBookingPolicyRequest{SlotStepMinutes: new(int32(30))})
		slots := append(h.slots(t, "2027-03-01", "2027-03-14"), h.slots(t, "2027-03-15", "2027-03-28")...)
		late := slices.IndexFunc(slots, func(slot *appointmentv1.Slot) bool {
			return slot.GetStartTime().AsTime().Equal(utc(t, "2027-03-22T22:00"))
		})
		if late < 0 || len(slots) != 28*22 {
			t.Fatalf("found %d slots, 18:00 on 22 March at %d", len(slots), late)
		}
		slots[0], slots[late] = slots[late], slots[0]
		shuffle(slots[1:])
		booked := map[time.Time]bool{}
		for _, slot := range slots[:200] {
			h.quoted(t, slot)
			booked[slot.GetStartTime().AsTime()] = true
		}
		left := append(h.slots(t, "2027-03-01", "2027-03-14"), h.slots(t, "2027-03-15", "2027-03-28")...)
		if len(left) != len(slots)-200 {
			t.Errorf("%d slots are left of %d", len(left), len(slots))
		}
		for i, check := range h.check(t, startsOf(slots)) {
			if check.GetBookable() == booked[slots[i].GetStartTime().AsTime()] || check.GetBookable() != (len(check.GetReasons()) == 0) {
				t.Errorf("booked: %t, and now %v", booked[slots[i].GetStartTime().AsTime()], check)
			}
		}
		var between []time.Time // the master is free, and bookings do not start there
		for _, slot := range left[:50] {
			between = append(between, slot.GetStartTime().AsTime().Add(10*time.Minute))
		}
		for i, check := range h.check(t, between) {
			if check.GetBookable() || len(check.GetReasons()) == 0 {
				t.Errorf("between two starts: %v", check)
			}
			if blocks := h.explain(t, h.customer, between[i]); len(blocks) == 0 {
				t.Errorf("nothing speaks against %v", between[i])
			}
		}
	})
}

// TestAnyMaster: two masters are free, and three customers book at once without naming one.
func TestAnyMaster(t *testing.T) {
	t.Parallel()
	salontest.Both(t, shared.Get(t), func(t *testing.T, c salontest.Caller) {
		h := newShop(t, c, "UTC", 2)
		customers := []*salontest.Account{h.customer, h.s.NewCustomer(t, "Second"), h.s.NewCustomer(t, "Third")}
		for _, customer := range customers {
			customer.Pair(t)
		}
		for round := range 10 {
			start := midnight(20 + round).Add(10 * time.Hour)
			results := make([]*salontest.Result, len(customers))
			var wg sync.WaitGroup
			for i, customer := range customers {
				wg.Go(func() {
					results[i] = c.Call(t, customer, createAppointment,
						salontest.Chain(start, &appointmentv1.SegmentInput{ServiceId: h.service.GetId()}))
				})
			}
			wg.Wait()
			var masters []string
			for _, r := range results {
				if r.Code == codes.OK {
					masters = append(masters, r.Message.(*appointmentv1.Appointment).GetSegments()[0].GetMasterId())
				} else {
					r.Want(t, codes.AlreadyExists, "SLOT_UNAVAILABLE")
				}
			}
			if slices.Sort(masters); len(slices.Compact(masters)) != 2 {
				t.Fatalf("round %d: %v", round, results)
			}
		}
	})
}

// TestRepeatedWithAnyMaster: the answer to a repeated call is that of the first one, which takes the time now.
func TestRepeatedWithAnyMaster(t *testing.T) {
	t.Parallel()
	salontest.Both(t, shared.Get(t), func(t *testing.T, c salontest.Caller) {
		h := newShop(t, c, "UTC", 1)
		req := salontest.Chain(midnight(20).Add(10*time.Hour), &appointmentv1.SegmentInput{ServiceId: h.service.GetId()})
		req.RequestId = uuid.NewString()
		first := book(t, c, h.customer, req)
		salontest.Same(t, book(t, c, h.customer, req), first)
		req.AllowCustomerOverlap = true
		c.Call(t, h.customer, createAppointment, req).Want(t, codes.AlreadyExists, "REQUEST_ID_REUSED")
	})
}

// TestQuotes: a quote keeps its price, and is good for what it was made for and nothing else.
func TestQuotes(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	other := salontest.Start(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		h := newShop(t, c, "UTC", 1)
		slot := h.slots(t, inDays(20), inDays(20))[7]
		salontest.Do[proto.Message](t, c, s.Admin(), appointmentv1.CatalogService_UpdateService_FullMethodName,
			&appointmentv1.UpdateServiceRequest{
				ServiceId: h.service.GetId(), Price: &apiv1.Money{CurrencyCode: "EUR", AmountMinor: new(int32(9900))},
			})
		if now := h.slots(t, inDays(20), inDays(20))[7]; now.GetTotalPrice().GetAmountMinor() != 9900 {
			t.Errorf("after the price has changed: %v", now)
		}
		quote := slot.GetQuote()
		call := func(req *appointmentv1.CreateAppointmentRequest) *salontest.Result {
			return c.Call(t, h.customer, createAppointment, req)
		}
		changed := []byte(quote)
		changed[len(changed)/2] ^= 3 // another letter of the alphabet or none
		for name, text := range map[string]string{
			"changed": string(changed), "cut short": quote[:len(quote)-4], "none": "abc", "longer": quote + "AAAA",
		} {
			if got := call(&appointmentv1.CreateAppointmentRequest{Quote: &text}); got.Reason != "QUOTE_INVALID" || !got.HasField("quote") {
				t.Errorf("%s: %v", name, got)
			}
		}
		abroad := newShop(t, other.Callers()[0], "UTC", 1)
		foreign := abroad.slots(t, inDays(20), inDays(20))[0].GetQuote()
		if got := call(&appointmentv1.CreateAppointmentRequest{Quote: &foreign}); got.Reason != "QUOTE_FOREIGN" || !got.HasField("quote") {
			t.Errorf("of another installation: %v", got)
		}
		both := salontest.Booking(h.masters[0], h.service, slot.GetStartTime().AsTime())
		both.Quote = &quote
		if got := call(both); got.Reason != "INVALID_FIELDS" || !got.HasField("quote") {
			t.Errorf("a quote and segments: %v", got)
		}
		if a := h.quoted(t, slot); a.GetTotalPrice().GetAmountMinor() != 4500 {
			t.Errorf("booked at %v", a.GetTotalPrice())
		}
		refused := call(&appointmentv1.CreateAppointmentRequest{Quote: &quote, AllowCustomerOverlap: true})
		refused.Want(t, codes.AlreadyExists, "SLOT_UNAVAILABLE")
	})
}

// TestAlternatives: a booking of a taken time is refused with the next slots, each of which can be booked.
func TestAlternatives(t *testing.T) {
	t.Parallel()
	salontest.Both(t, shared.Get(t), func(t *testing.T, c salontest.Caller) {
		h := newShop(t, c, "UTC", 1)
		h.work(t, everyDay("09:00", "17:00"))
		start := midnight(25).Add(14 * time.Hour)
		taken := h.take(t, start, 60)
		refused := c.Call(t, h.customer, createAppointment, salontest.Booking(h.masters[0], h.service, start))
		refused.Want(t, codes.AlreadyExists, "SLOT_UNAVAILABLE")
		detail := notBookable(t, refused)
		if got := reasonsOf(detail.GetBlocks()); !slices.Equal(got, []string{"BOOKED"}) || detail.GetBlocks()[0].GetAppointmentId() != "" {
			t.Errorf("a customer learns %v", detail.GetBlocks())
		}
		want := []time.Time{start.Add(time.Hour), start.Add(75 * time.Minute), start.Add(90 * time.Minute)}
		if got := startsOf(detail.GetAlternatives()); !slices.EqualFunc(got, want, time.Time.Equal) {
			t.Errorf("the alternatives are %v, want %v", got, want)
		}
		for _, slot := range detail.GetAlternatives() {
			cancel(t, c, h.customer, h.quoted(t, slot).GetId())
		}
		staff := c.Call(t, h.masters[0], createAppointment, salontest.Booking(h.masters[0], h.service, start))
		if blocks := notBookable(t, staff).GetBlocks(); len(blocks) != 1 || blocks[0].GetAppointmentId() != taken.GetId() {
			t.Errorf("the master learns %v", blocks)
		}
	})
}

// TestRulesOfBookings: what customers cannot book, staff can: any minute, and with a reason also outside of hours.
func TestRulesOfBookings(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		h := newShop(t, c, "UTC", 1)
		h.work(t, everyDay("09:00", "17:00"))
		customer := s.NewCustomerOf(t, h.salon, "Ida Keller").GetId()
		receptionist := s.NewReceptionist(t, h.salon)
		odd := salontest.Booking(h.masters[0], h.service, midnight(26).Add(10*time.Hour+7*time.Minute))
		refused := c.Call(t, h.customer, createAppointment, odd)
		refused.Want(t, codes.FailedPrecondition, "NOT_BOOKABLE")
		if got := reasonsOf(notBookable(t, refused).GetBlocks()); !slices.Equal(got, []string{"STEP"}) || !refused.HasField("start_time") {
			t.Errorf("not on the grid: %v %v", refused, got)
		}
		book(t, c, receptionist, forCustomer(odd, customer))

		late := salontest.Booking(h.masters[0], h.service, midnight(26).Add(20*time.Hour))
		for name, as := range map[string]salontest.Identity{"the customer": h.customer, "the receptionist": receptionist} {
			refused := c.Call(t, as, createAppointment, late)
			refused.Want(t, codes.FailedPrecondition, "NOT_BOOKABLE")
			if got := reasonsOf(notBookable(t, refused).GetBlocks()); !slices.Equal(got, []string{"OUTSIDE_HOURS"}) {
				t.Errorf("outside of hours, for %s: %v", name, got)
			}
		}
		late.Override = &appointmentv1.RuleOverride{Reason: "Comes from far away."}
		denied := c.Call(t, h.customer, createAppointment, late)
		denied.Want(t, codes.PermissionDenied, "PERMISSION_DENIED")
		a := book(t, c, receptionist, forCustomer(late, customer))
		var reason, actor string
		row := s.Database(t).QueryRow(t.Context(),
			"SELECT reason, actor FROM appointments.appointment_history WHERE appointment_id = $1 AND version = 1", a.GetId())
		if err := row.Scan(&reason, &actor); err != nil || reason != "Comes from far away." || actor != "RECEPTIONIST" {
			t.Errorf("recorded: %q by %q (%v)", reason, actor, err)
		}
		// Taken time cannot be overridden.
		late.CustomerId = new(s.NewCustomerOf(t, h.salon, "Jan Keller").GetId())
		c.Call(t, receptionist, createAppointment, late).Want(t, codes.AlreadyExists, "SLOT_UNAVAILABLE")
	})
}
