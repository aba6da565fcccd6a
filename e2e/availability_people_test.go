package e2e_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// shuffle puts slots into a random order.
func shuffle(slots []*appointmentv1.Slot) {
	rand.Shuffle(len(slots), func(i, j int) { slots[i], slots[j] = slots[j], slots[i] })
}

// availabilityRights are rows of TestAuthorization: anybody may ask when there is time. For an appointment that is to be moved, only
// those who see it may; see TestSearchToMove.
var availabilityRights = []right{
	{searchAvailability, everybody, func(s *stage) proto.Message {
		return &appointmentv1.SearchAvailabilityRequest{Segments: filters(s.Service), StartDate: inDays(300), EndDate: inDays(300)}
	}},
	{explainSlot, everybody, func(s *stage) proto.Message {
		return &appointmentv1.ExplainSlotRequest{Segments: filters(s.Service), StartTime: timestamp(midnight(300))}
	}},
	{checkSlots, everybody, func(s *stage) proto.Message {
		return &appointmentv1.CheckSlotsRequest{Segments: filters(s.Service), StartTimes: stamps(midnight(300))}
	}},
}

// TestWhoseAppointmentsCount: a search knows the appointments of the customer who is signed in, or whom staff name. Only staff learn
// which appointment takes the time.
func TestWhoseAppointmentsCount(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		h := newShop(t, c, "UTC", 2)
		start := midnight(22).Add(11 * time.Hour)
		a := book(t, c, h.customer, salontest.Booking(h.masters[0], h.service, start))
		receptionist, stranger := s.NewReceptionist(t, h.salon), s.NewCustomer(t, "Stranger")
		elsewhere := s.NewReceptionist(t, s.NewSalon(t).GetId())
		explain := func(as salontest.Identity, customerID *string, masters ...string) []*appointmentv1.Block {
			t.Helper()
			segments := filters(h.service)
			segments[0].MasterIds = masters
			return salontest.Do[*appointmentv1.ExplainSlotResponse](t, c, as, explainSlot, &appointmentv1.ExplainSlotRequest{
				Segments: segments, StartTime: timestamp(start), CustomerId: customerID,
			}).GetBlocks()
		}
		taken, customerID := h.masters[0].ID, a.GetCustomerId()
		for _, tt := range []struct {
			name    string
			blocks  []*appointmentv1.Block
			reasons []string
			id      string
		}{
			{"nobody, with any master", explain(nil, nil), nil, ""},
			{"nobody, with the master", explain(nil, nil, taken), []string{"BOOKED"}, ""},
			{"another customer, with any master", explain(stranger, nil), nil, ""},
			{"another customer, with the master", explain(stranger, nil, taken), []string{"BOOKED"}, ""},
			{"the customer, with any master", explain(h.customer, nil), []string{"CUSTOMER_BUSY", "BOOKED"}, ""},
			{"staff of another salon, with the master", explain(elsewhere, nil, taken), []string{"BOOKED"}, ""},
			{"the receptionist, with any master", explain(receptionist, nil), nil, ""},
			{"the receptionist, with the master", explain(receptionist, nil, taken), []string{"BOOKED"}, a.GetId()},
			{"the receptionist, for the customer", explain(receptionist, &customerID), []string{"CUSTOMER_BUSY", "BOOKED"}, a.GetId()},
		} {
			if got := reasonsOf(tt.blocks); !slices.Equal(got, tt.reasons) {
				t.Errorf("%s: %v, want %v", tt.name, got, tt.reasons)
			}
			for _, b := range tt.blocks {
				if b.GetAppointmentId() != tt.id {
					t.Errorf("%s: the appointment %q is shown, want %q", tt.name, b.GetAppointmentId(), tt.id)
				}
			}
		}
		if r := c.Call(t, receptionist, searchAvailability, &appointmentv1.SearchAvailabilityRequest{
			StartDate: inDays(22), EndDate: inDays(22), AppointmentId: new(a.GetId()), CustomerId: new(s.NewCustomerOf(t, h.salon, "Ida").GetId()),
		}); !r.HasField("customer_id") {
			t.Errorf("a move for another customer: %v", r)
		}
		for name, as := range map[string]salontest.Identity{"the stranger": stranger, "nobody": nil, "staff of another salon": elsewhere} {
			r := c.Call(t, as, searchAvailability, &appointmentv1.SearchAvailabilityRequest{
				Segments: filters(h.service), StartDate: inDays(22), EndDate: inDays(22), CustomerId: &customerID,
			})
			if r.Code == codes.OK {
				t.Errorf("%s searches for the customer: %v", name, r)
			}
		}
		h.policy(t, &appointmentv1.UpdateBookingPolicyRequest{AllowCustomerOverlap: new(true)})
		if blocks := explain(h.customer, nil); len(blocks) > 0 {
			t.Errorf("where customers may overlap: %v", blocks)
		}
	})
}

// TestLimitsOfCustomer: the search does not offer what the customer has too many of.
func TestLimitsOfCustomer(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		h := newShop(t, c, "UTC", 1)
		h.policy(t, &appointmentv1.UpdateBookingPolicyRequest{MaxCustomerAppointmentsADay: new(int32(1))})
		h.quoted(t, h.slots(t, inDays(23), inDays(23))[40])
		if left := h.slots(t, inDays(23), inDays(23)); len(left) > 0 {
			t.Errorf("a second appointment on the date is offered at %v", startsOf(left))
		}
		if next := h.slots(t, inDays(24), inDays(24)); len(next) == 0 {
			t.Error("nothing is offered on the next date")
		}
		refused := c.Call(t, h.customer, createAppointment, salontest.Booking(h.masters[0], h.service, midnight(23).Add(20*time.Hour)))
		if got := reasonsOf(notBookable(t, refused).GetBlocks()); !slices.Equal(got, []string{"CUSTOMER_LIMIT"}) {
			t.Errorf("refused with %v for %v", refused, got)
		}
		others := h.find(t, nil, &appointmentv1.SearchAvailabilityRequest{StartDate: inDays(23), EndDate: inDays(23)})
		if len(others.GetSlots()) == 0 {
			t.Errorf("others are offered %v", others)
		}
		other := h.quoted(t, h.slots(t, inDays(24), inDays(24))[40])
		moving := &appointmentv1.SearchAvailabilityRequest{AppointmentId: new(other.GetId()), StartDate: inDays(23), EndDate: inDays(23)}
		if got := h.find(t, h.customer, moving); len(got.GetSlots()) > 0 {
			t.Errorf("a second appointment on the date can be moved there: %v", got)
		}
		c.Call(t, h.customer, rescheduleAppointment, &appointmentv1.RescheduleAppointmentRequest{
			AppointmentId: other.GetId(), StartTime: timestamp(midnight(23).Add(20 * time.Hour)),
		}).Want(t, codes.FailedPrecondition, "NOT_BOOKABLE")
		cancel(t, c, h.customer, other.GetId())
		s.LimitBookings(t, h.salon, 1)
		c.Call(t, h.customer, createAppointment, salontest.Booking(h.masters[0], h.service, midnight(24).Add(20*time.Hour))).
			Want(t, codes.FailedPrecondition, "TOO_MANY_OPEN_APPOINTMENTS")
		if left := h.slots(t, inDays(24), inDays(24)); len(left) > 0 {
			t.Errorf("a second open appointment is offered at %v", startsOf(left))
		}
	})
}

// TestSearchToMove: the time of an appointment that is to be moved is free, for those who may see the appointment.
func TestSearchToMove(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		h := newShop(t, c, "UTC", 1)
		h.work(t, everyDay("09:00", "12:00"))
		start := midnight(24).Add(10 * time.Hour)
		a := book(t, c, h.customer, salontest.Booking(h.masters[0], h.service, start))
		req := &appointmentv1.SearchAvailabilityRequest{AppointmentId: new(a.GetId()), StartDate: inDays(24), EndDate: inDays(24)}
		var want []time.Time
		for at := start.Add(-time.Hour); !at.After(start.Add(time.Hour)); at = at.Add(15 * time.Minute) {
			want = append(want, at)
		}
		for name, as := range map[string]salontest.Identity{"the customer": h.customer, "the master": h.masters[0], "the administrator": s.Admin()} {
			if got := startsOf(h.find(t, as, req).GetSlots()); !slices.EqualFunc(got, want, time.Time.Equal) {
				t.Errorf("%s can move it to %v, want %v", name, got, want)
			}
		}
		if left := startsOf(h.slots(t, inDays(24), inDays(24))); len(left) != 2 { // 09:00 and 11:00
			t.Errorf("beside it, there are %v", left)
		}
		calls := map[string]proto.Message{
			searchAvailability: req,
			explainSlot:        &appointmentv1.ExplainSlotRequest{AppointmentId: new(a.GetId()), StartTime: timestamp(start)},
			checkSlots:         &appointmentv1.CheckSlotsRequest{AppointmentId: new(a.GetId()), StartTimes: stamps(start)},
		}
		stranger := s.NewCustomer(t, "Stranger")
		for method, req := range calls {
			for _, as := range []salontest.Identity{nil, stranger, s.NewManager(t, s.NewSalon(t).GetId())} {
				c.Call(t, as, method, req).Want(t, codes.NotFound, "NOT_FOUND")
			}
		}
		moved := change(t, c, h.customer, rescheduleAppointment,
			&appointmentv1.RescheduleAppointmentRequest{AppointmentId: a.GetId(), StartTime: timestamp(want[2])})
		salontest.Same(t, moved.GetStartTime(), timestamp(want[2]))
		c.Call(t, h.customer, rescheduleAppointment, &appointmentv1.RescheduleAppointmentRequest{
			AppointmentId: a.GetId(), StartTime: timestamp(start.Add(2 * time.Hour)),
		}).Want(t, codes.FailedPrecondition, "NOT_BOOKABLE")
	})
}
