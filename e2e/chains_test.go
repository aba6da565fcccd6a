package e2e_test

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/beauty-salon/platform/e2e/salontest"
	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// TestChain follows an appointment with three segments and two masters: each segment begins when the one before it ends,
// with its master's own price and duration.
func TestChain(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		cast := s.NewCast(t)
		colour := s.NewServiceOf(t, salontest.DefaultSalon, func(r *appointmentv1.CreateServiceRequest) {
			r.DurationMinutes, r.BufferBeforeMinutes, r.BufferAfterMinutes = new(int32(90)), 10, 15
		})
		salontest.Do[*appointmentv1.Offering](t, c, cast.Admin, appointmentv1.CatalogService_PutOffering_FullMethodName,
			&appointmentv1.PutOfferingRequest{
				MasterId: cast.Master2.ID, ServiceId: colour.GetId(), DurationOverrideMinutes: new(int32(75)),
				PriceOverride: &apiv1.Money{CurrencyCode: "EUR", AmountMinor: new(int32(9900))},
			})
		start := s.NextStart()
		made := book(t, c, cast.CustomerA, salontest.Chain(start, salontest.Segment(cast.Master1, cast.Service),
			salontest.Segment(cast.Master2, colour), salontest.Segment(cast.Master1, cast.Service)))
		want := []struct {
			master   *salontest.Account
			service  *appointmentv1.Service
			from, to int // minutes
			price    int32
		}{
			{cast.Master1, cast.Service, 0, 60, 4500},
			{cast.Master2, colour, 60, 135, 9900},
			{cast.Master1, cast.Service, 135, 195, 4500},
		}
		if len(made.GetSegments()) != len(want) || made.GetTotalPrice().GetAmountMinor() != 18900 || made.GetTotalPrice().GetCurrencyCode() != "EUR" {
			t.Fatalf("booked %v", made)
		}
		after := func(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }
		for i, w := range want {
			got := made.GetSegments()[i]
			if got.GetMasterId() != w.master.ID || got.GetMasterName() != w.master.Name || got.GetServiceId() != w.service.GetId() ||
				got.GetServiceName() != w.service.GetName() || !got.GetStartTime().AsTime().Equal(after(w.from)) ||
				!got.GetEndTime().AsTime().Equal(after(w.to)) || got.GetPrice().GetAmountMinor() != w.price {
				t.Errorf("segment %d is %v", i, got)
			}
		}
		if !made.GetStartTime().AsTime().Equal(start) || !made.GetEndTime().AsTime().Equal(after(195)) {
			t.Errorf("booked from %v to %v", made.GetStartTime().AsTime(), made.GetEndTime().AsTime())
		}
		// The buffers are the second master's, and only theirs.
		taken := func(master *salontest.Account, minutes int, want string) {
			t.Helper()
			got := c.Call(t, cast.Admin, createAppointment, salontest.Booking(master, cast.Service, after(minutes))) // staff begin at any minute
			if got.Reason != want {
				t.Errorf("%s after %d minutes: %v, want %q", master.Name, minutes, got, want)
			}
			if got.Code == codes.OK {
				cancel(t, c, cast.Admin, got.Message.(*appointmentv1.Appointment).GetId())
			}
		}
		taken(cast.Master2, -10, "")
		taken(cast.Master2, -9, "SLOT_UNAVAILABLE")
		taken(cast.Master2, 149, "SLOT_UNAVAILABLE")
		taken(cast.Master2, 150, "")
		taken(cast.Master1, 60, "")
		taken(cast.Master1, 76, "SLOT_UNAVAILABLE")
		taken(cast.Master1, 195, "")

		// Both masters see it, and both are notified; so is the customer, once.
		for _, who := range []*salontest.Account{cast.CustomerA, cast.Master1, cast.Master2} {
			read(t, c, who, made.GetId())
			wantNotifications(t, c, who, made.GetId(), "none", "APPOINTMENT_CREATED")
		}
		// It moves as a whole, and is confirmed by one of the masters.
		later := s.NextStart()
		change(t, c, cast.Master2, rescheduleAppointment,
			&appointmentv1.RescheduleAppointmentRequest{AppointmentId: made.GetId(), StartTime: timestamp(later)})
		moved := change(t, c, cast.Master2, confirmAppointment, &appointmentv1.ConfirmAppointmentRequest{AppointmentId: made.GetId()})
		for i, segment := range moved.GetSegments() {
			if got, want := segment.GetStartTime().AsTime().Sub(later), made.GetSegments()[i].GetStartTime().AsTime().Sub(start); got != want {
				t.Errorf("segment %d begins %s after the start, want %s", i, got, want)
			}
		}
		taken(cast.Master2, 60, "")
		cancel(t, c, cast.CustomerA, made.GetId())
		start = later
		taken(cast.Master2, 60, "")
	})
}

// TestChainAllOrNothing: when one of the masters is taken, nothing of the chain is booked, moved or changed.
func TestChainAllOrNothing(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		cast := s.NewCast(t)
		start := s.NextStart()
		book(t, c, cast.CustomerB, salontest.Booking(cast.Master2, cast.Service, start.Add(time.Hour)))
		chain := func(start time.Time) *appointmentv1.CreateAppointmentRequest {
			return salontest.Chain(start, salontest.Segment(cast.Master1, cast.Service), salontest.Segment(cast.Master2, cast.Service))
		}
		refused := c.Call(t, cast.CustomerA, createAppointment, chain(start))
		refused.Want(t, codes.AlreadyExists, "SLOT_UNAVAILABLE")
		if !slices.Equal(refused.Fields, []string{"start_time"}) {
			t.Errorf("the wrong fields are %v", refused.Fields)
		}
		if got := listedIDs(t, c, cast.CustomerA, &appointmentv1.ListAppointmentsRequest{}); len(got) != 0 {
			t.Errorf("the customer has %v", got)
		}
		other := book(t, c, cast.CustomerA, chain(s.NextStart()))
		c.Call(t, cast.CustomerA, rescheduleAppointment,
			&appointmentv1.RescheduleAppointmentRequest{AppointmentId: other.GetId(), StartTime: timestamp(start)}).
			Want(t, codes.AlreadyExists, "SLOT_UNAVAILABLE")
		salontest.Same(t, read(t, c, cast.CustomerA, other.GetId()), other)
		// The first master's time is free.
		book(t, c, cast.CustomerA, salontest.Booking(cast.Master1, cast.Service, start))
	})
}

// TestCustomerOverlap: a customer is in one place at a time in a salon, unless they want it otherwise.
func TestCustomerOverlap(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		cast := s.NewCast(t)
		first := cast.Book(t, cast.CustomerA, cast.Master1)
		start := first.GetStartTime().AsTime()
		second := salontest.Booking(cast.Master2, cast.Service, start.Add(30*time.Minute))
		busy := c.Call(t, cast.CustomerA, createAppointment, second)
		busy.Want(t, codes.AlreadyExists, "CUSTOMER_BUSY")
		if !slices.Equal(busy.Fields, []string{"start_time"}) {
			t.Errorf("the wrong fields are %v", busy.Fields)
		}
		book(t, c, cast.CustomerB, salontest.Booking(cast.Master2, cast.Service, start.Add(-time.Hour))) // others are not concerned
		second.AllowCustomerOverlap = true
		made := book(t, c, cast.CustomerA, second)
		// What was booked on purpose still counts as busy.
		third := c.Call(t, cast.CustomerA, createAppointment, salontest.Booking(cast.Master1, cast.Service, start.Add(time.Hour)))
		third.Want(t, codes.AlreadyExists, "CUSTOMER_BUSY")
		later := book(t, c, cast.CustomerA, salontest.Booking(cast.Master2, cast.Service, s.NextStart()))
		move := &appointmentv1.RescheduleAppointmentRequest{AppointmentId: made.GetId(), StartTime: timestamp(later.GetStartTime().AsTime().Add(-30 * time.Minute))}
		c.Call(t, cast.CustomerA, rescheduleAppointment, move).Want(t, codes.AlreadyExists, "SLOT_UNAVAILABLE")
		move = &appointmentv1.RescheduleAppointmentRequest{AppointmentId: first.GetId(), StartTime: later.GetStartTime()}
		c.Call(t, cast.CustomerA, rescheduleAppointment, move).Want(t, codes.AlreadyExists, "CUSTOMER_BUSY")
		move.AllowCustomerOverlap = true
		change(t, c, cast.CustomerA, rescheduleAppointment, move)
		// Another salon does not know of it.
		elsewhere := s.NewCastOf(t, s.NewSalon(t).GetId())
		book(t, c, cast.CustomerA, salontest.Booking(elsewhere.Master1, elsewhere.Service, later.GetStartTime().AsTime()))
	})
}

// TestOpenAppointmentLimit: a customer may have so many open appointments in a salon. Staff may book more for them.
func TestOpenAppointmentLimit(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		salon := s.NewSalon(t).GetId()
		s.LimitBookings(t, salon, 2)
		cast, receptionist := s.NewCastOf(t, salon), s.NewReceptionist(t, salon)
		limit := func(n int32) {
			salontest.Do[*appointmentv1.BookingPolicy](t, c, s.Admin(), updatePolicy,
				&appointmentv1.UpdateBookingPolicyRequest{SalonId: salon, MaxOpenAppointments: &n})
		}
		tryBook := func(as *salontest.Account, customerID string) *salontest.Result {
			req := salontest.Booking(cast.Master1, cast.Service, s.NextStart())
			if customerID != "" {
				req = forCustomer(req, customerID)
			}
			return c.Call(t, as, createAppointment, req)
		}
		first, second := cast.Book(t, cast.CustomerA, cast.Master1), cast.Book(t, cast.CustomerA, cast.Master2)
		full := func() {
			t.Helper()
			tryBook(cast.CustomerA, "").Want(t, codes.FailedPrecondition, "TOO_MANY_OPEN_APPOINTMENTS")
		}
		full()
		tryBook(cast.CustomerB, "").Want(t, codes.OK, "")
		for _, staff := range []*salontest.Account{receptionist, cast.Master1, cast.Admin} {
			made := tryBook(staff, first.GetCustomerId())
			made.Want(t, codes.OK, "")
			cancel(t, c, staff, made.Message.(*appointmentv1.Appointment).GetId())
		}
		full()
		// What is cancelled or has ended is not open any more.
		cancel(t, c, cast.CustomerA, first.GetId())
		third := tryBook(cast.CustomerA, "")
		third.Want(t, codes.OK, "")
		full()
		s.MoveToPast(t, second.GetId())
		tryBook(cast.CustomerA, "").Want(t, codes.OK, "")
		full()
		limit(3)
		tryBook(cast.CustomerA, "").Want(t, codes.OK, "")
		full()
		limit(0)
		tryBook(cast.CustomerA, "").Want(t, codes.OK, "")
	})
}

// TestNames: an appointment shows the service as it was booked, the master by the name of today, also when they have left.
func TestNames(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		cast := s.NewCast(t)
		made := cast.Book(t, cast.CustomerA, cast.Master1)
		salontest.Do[*appointmentv1.Service](t, c, s.Admin(), appointmentv1.CatalogService_UpdateService_FullMethodName,
			&appointmentv1.UpdateServiceRequest{ServiceId: cast.Service.GetId(), Name: new("Renamed " + salontest.Unique())})
		salontest.Do[*userv1.Master](t, c, cast.Master1, userv1.MasterService_UpdateMaster_FullMethodName,
			&userv1.UpdateMasterRequest{MasterId: cast.Master1.ID, DisplayName: new("Mira Sol")})
		wantMaster := func(name string) {
			t.Helper()
			salontest.Eventually(t, func() error {
				return errorUnless(read(t, c, cast.CustomerA, made.GetId()).GetSegments()[0].GetMasterName() == name, "the master is not %s", name)
			})
		}
		wantMaster("Mira Sol")
		if got := read(t, c, cast.CustomerA, made.GetId()).GetSegments()[0].GetServiceName(); got != cast.Service.GetName() {
			t.Errorf("the service is %q, want %q", got, cast.Service.GetName())
		}
		c.Call(t, s.Admin(), userv1.MasterService_DeleteMaster_FullMethodName, &userv1.DeleteMasterRequest{MasterId: cast.Master1.ID}).
			Want(t, codes.OK, "")
		wantMaster("Mira Sol")
	})
}
