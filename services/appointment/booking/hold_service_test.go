package booking

import (
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/zoneinfo"
)

var nobody auth.Principal

func (f *fixture) holds() appointmentv1.HoldServiceClient {
	return appointmentv1.NewHoldServiceClient(f.Conns.For("appointment"))
}

// hold holds Mira's cut at a start.
func (f *fixture) hold(who auth.Principal, start time.Time) *appointmentv1.Hold {
	f.t.Helper()
	h, err := f.holds().CreateHold(f.As(who), &appointmentv1.CreateHoldRequest{Quote: f.slotAt(who, start).GetQuote()})
	if err != nil {
		f.t.Fatalf("hold: %v", err)
	}
	return h
}

// bookHold books a hold.
func (f *fixture) bookHold(who auth.Principal, h *appointmentv1.Hold, proof string) (*appointmentv1.Appointment, error) {
	return f.appointments.CreateAppointment(f.As(who), &appointmentv1.CreateAppointmentRequest{HoldId: new(h.GetId()), HoldProof: proof})
}

func (f *fixture) getHold(who auth.Principal, h *appointmentv1.Hold) *appointmentv1.Hold {
	f.t.Helper()
	got, err := f.holds().GetHold(f.As(who), &appointmentv1.GetHoldRequest{HoldId: h.GetId()})
	if err != nil {
		f.t.Fatal(err)
	}
	return got
}

// letExpire makes the time of a hold be over, as it would be after a while.
func (f *fixture) letExpire(h *appointmentv1.Hold) {
	f.t.Helper()
	exec(f.t, f.db, "UPDATE claims SET expire_time = now() WHERE appointment_id = (SELECT appointment_id FROM holds WHERE id = ?)", h.GetId())
	exec(f.t, f.db, "UPDATE holds SET expire_time = now() WHERE id = ?", h.GetId())
}

func (f *fixture) offered(who auth.Principal, start time.Time) bool {
	f.t.Helper()
	for _, s := range f.search(who, start) {
		if s.GetStartTime().AsTime().Equal(start) {
			return true
		}
	}
	return false
}

// TestHold: nobody else gets the time of a hold, and whatever the salon's rules become, what was quoted is booked with it.
func TestHold(t *testing.T) {
	f := newFixture(t)
	created := f.Listen("holds", "hold.created")
	booked := f.Listen("booked", "hold.booked")
	f.book(f.ann, f.in(240*time.Hour)) // the salon knows her
	bob := f.SignIn(apiv1.Role_ROLE_CUSTOMER)
	start := f.noon(2)
	h := f.hold(f.ann, start)
	if h.GetState() != appointmentv1.HoldState_HOLD_STATE_ACTIVE || h.GetProof() != "" || h.GetCustomerId() == "" || h.GetAppointmentId() != "" ||
		!h.GetStartTime().AsTime().Equal(start) || h.GetTotalPrice().GetAmountMinor() != 4500 {
		t.Errorf("holds %v", h)
	}
	if left := time.Until(h.GetExpireTime().AsTime()); left > 10*time.Minute || left < 9*time.Minute {
		t.Errorf("it expires in %v", left)
	}
	if f.offered(bob, start) {
		t.Error("the time is offered to somebody else")
	}
	_, err := f.appointments.CreateAppointment(f.As(bob), byMaster(start, f.cut, f.mira))
	wantError(t, err, codes.AlreadyExists, "SLOT_UNAVAILABLE", "start_time")
	_, err = f.holds().GetHold(f.As(bob), &appointmentv1.GetHoldRequest{HoldId: h.GetId()})
	wantError(t, err, codes.NotFound, "NOT_FOUND", "")
	_, err = f.bookHold(bob, h, "")
	wantError(t, err, codes.NotFound, "NOT_FOUND", "")
	wantMessage(t, f.getHold(f.ann, h), h)
	wantMessage(t, f.getHold(f.receptionist, h), h)

	// Closed, dearer, not offered any more, and more lead time.
	_, err = f.catalogue.UpdateService(f.As(f.manager), &appointmentv1.UpdateServiceRequest{ServiceId: f.cut.GetId(), Price: euros(9900), Active: new(false)})
	if err != nil {
		t.Fatal(err)
	}
	f.setPolicy(&appointmentv1.UpdateBookingPolicyRequest{LeadTimeMinutes: new(int32(129600)), MaxCustomerAppointmentsADay: new(int32(1)), MaxOpenAppointments: new(int32(1))})
	f.openDaily("01:00", "02:00")
	a, err := f.bookHold(f.ann, h, "")
	if err != nil {
		t.Fatal(err)
	}
	wantMessage(t, a.GetTotalPrice(), euros(4500))
	if a.GetCustomerId() != h.GetCustomerId() || !a.GetStartTime().AsTime().Equal(start) || a.GetSegments()[0].GetServiceName() != "Cut" {
		t.Errorf("booked %v", a)
	}
	if got := f.getHold(f.ann, h); got.GetState() != appointmentv1.HoldState_HOLD_STATE_BOOKED || got.GetAppointmentId() != a.GetId() {
		t.Errorf("the hold is %v", got)
	}
	_, err = f.bookHold(f.ann, h, "")
	wantError(t, err, codes.FailedPrecondition, "ILLEGAL_STATE", "hold_id")
	_, err = f.holds().ReleaseHold(f.As(f.ann), &appointmentv1.ReleaseHoldRequest{HoldId: h.GetId()})
	wantError(t, err, codes.FailedPrecondition, "ILLEGAL_STATE", "hold_id")
	wantClaims(t, f.db)
	created.Wait(1)
	booked.Wait(1)
}

// TestHoldOfAGuest: whoever is not signed in keeps a proof, and books after signing in.
func TestHoldOfAGuest(t *testing.T) {
	f := newFixture(t)
	start := f.noon(2)
	key := id.New()
	request := &appointmentv1.CreateHoldRequest{Quote: f.slotAt(nobody, start).GetQuote(), RequestId: key}
	h, err := f.holds().CreateHold(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	again, err := f.holds().CreateHold(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	wantMessage(t, again, h)
	if len(h.GetProof()) < 32 || h.GetCustomerId() != "" {
		t.Errorf("holds %v", h)
	}
	if got := f.getHold(f.ann, h); got.GetProof() != "" {
		t.Errorf("the proof is told: %v", got)
	}
	for _, proof := range []string{"", h.GetProof()[1:] + "A", f.bookings.proofs.of(id.New())} {
		_, err := f.holds().ExtendHold(t.Context(), &appointmentv1.ExtendHoldRequest{HoldId: h.GetId(), Proof: proof})
		wantError(t, err, codes.PermissionDenied, "PERMISSION_DENIED", "proof")
		_, err = f.holds().ReleaseHold(f.As(f.ann), &appointmentv1.ReleaseHoldRequest{HoldId: h.GetId(), Proof: proof})
		wantError(t, err, codes.PermissionDenied, "PERMISSION_DENIED", "proof")
		_, err = f.bookHold(f.ann, h, proof)
		wantError(t, err, codes.PermissionDenied, "PERMISSION_DENIED", "hold_proof")
	}
	f.setPolicy(&appointmentv1.UpdateBookingPolicyRequest{HoldMinutes: new(int32(30))})
	longer, err := f.holds().ExtendHold(t.Context(), &appointmentv1.ExtendHoldRequest{HoldId: h.GetId(), Proof: h.GetProof()})
	if err != nil || !longer.GetExtended() || longer.GetExpireTime().AsTime().Before(h.GetExpireTime().AsTime().Add(19*time.Minute)) {
		t.Errorf("extended: %v, %v", longer, err)
	}
	_, err = f.holds().ExtendHold(t.Context(), &appointmentv1.ExtendHoldRequest{HoldId: h.GetId(), Proof: h.GetProof()})
	wantError(t, err, codes.FailedPrecondition, "ILLEGAL_STATE", "hold_id")

	// Ann has something else then, which nobody could know.
	other := f.newService(first.ID, "Brows", 1000)
	tom := f.staff(first.ID, roleMaster)
	f.offer(tom, other)
	f.create(f.ann, byMaster(start, other, tom))
	a, err := f.bookHold(f.ann, h, h.GetProof())
	if err != nil || !a.GetStartTime().AsTime().Equal(start) {
		t.Fatalf("booked %v, %v", a, err)
	}
	wantClaims(t, f.db)
}

// TestHoldThatIsOverbooked: staff who book over a hold on purpose take nothing away from the holder.
func TestHoldThatIsOverbooked(t *testing.T) {
	f := newFixture(t)
	start := f.noon(2)
	h := f.hold(f.ann, start)
	if over := f.create(f.receptionist, f.overbooked(start)); !over.GetOverbooked() {
		t.Errorf("not overbooked: %v", over)
	}
	a, err := f.bookHold(f.ann, h, "")
	if err != nil || !f.get(f.manager, a.GetId()).GetOverbooked() {
		t.Fatalf("booked %v, %v", a, err)
	}
	wantClaims(t, f.db)
}

// TestHoldExpires: a hold that has expired is in nobody's way, whether somebody has tidied up or not.
func TestHoldExpires(t *testing.T) {
	f := newFixture(t)
	expired := f.Listen("expired", "hold.expired")
	bob := f.SignIn(apiv1.Role_ROLE_CUSTOMER)
	start, later := f.noon(2), f.noon(3)
	h, second, moved := f.hold(f.ann, start), f.hold(f.ann, later), f.hold(f.ann, f.noon(4))
	a := f.create(bob, byMaster(f.noon(5), f.cut, f.mira))
	for _, h := range []*appointmentv1.Hold{h, second, moved} {
		f.letExpire(h)
	}
	if !f.offered(bob, start) {
		t.Error("the time is not offered")
	}
	if got := f.getHold(f.ann, h); got.GetState() != appointmentv1.HoldState_HOLD_STATE_EXPIRED {
		t.Errorf("the hold is %v", got)
	}
	_, err := f.bookHold(f.ann, h, "")
	wantError(t, err, codes.FailedPrecondition, "HOLD_EXPIRED", "hold_id")
	_, err = f.holds().ExtendHold(f.As(f.ann), &appointmentv1.ExtendHoldRequest{HoldId: h.GetId()})
	wantError(t, err, codes.FailedPrecondition, "HOLD_EXPIRED", "hold_id")
	f.create(bob, byMaster(start, f.cut, f.mira))
	f.hold(bob, later)
	if _, err := f.reschedule(bob, a.GetId(), "", timestamp(f.noon(4))); err != nil {
		t.Errorf("moved there: %v", err)
	}
	var all sync.WaitGroup
	for _, p := range []process{f.process, f.newProcess(), f.newProcess()} {
		all.Go(func() {
			if err := p.bookings.ExpireHolds(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	expired.Wait(3)
	if released, err := f.holds().ReleaseHold(f.As(f.ann), &appointmentv1.ReleaseHoldRequest{HoldId: h.GetId()}); err != nil ||
		released.GetState() != appointmentv1.HoldState_HOLD_STATE_EXPIRED {
		t.Errorf("released: %v, %v", released, err)
	}
	if n := count(t, f.db, "outbox WHERE type = 'hold.expired'"); n != 3 {
		t.Errorf("told %d times", n)
	}
	if n := count(t, f.db, "claims WHERE expire_time <= now()"); n != 0 {
		t.Errorf("%d claims are left", n)
	}
}

// TestReleaseHold: what is given back is free at once.
func TestReleaseHold(t *testing.T) {
	f := newFixture(t)
	h := f.hold(f.ann, f.noon(2))
	for range 2 {
		got, err := f.holds().ReleaseHold(f.As(f.ann), &appointmentv1.ReleaseHoldRequest{HoldId: h.GetId()})
		if err != nil || got.GetState() != appointmentv1.HoldState_HOLD_STATE_RELEASED {
			t.Fatalf("released: %v, %v", got, err)
		}
	}
	_, err := f.bookHold(f.ann, h, "")
	wantError(t, err, codes.FailedPrecondition, "ILLEGAL_STATE", "hold_id")
	_, err = f.holds().ExtendHold(f.As(f.ann), &appointmentv1.ExtendHoldRequest{HoldId: h.GetId()})
	wantError(t, err, codes.FailedPrecondition, "ILLEGAL_STATE", "hold_id")
	if !f.offered(f.ann, f.noon(2)) || count(t, f.db, "claims") != 0 {
		t.Error("the time is not free")
	}
	_, err = f.holds().ReleaseHold(t.Context(), &appointmentv1.ReleaseHoldRequest{HoldId: id.New()})
	wantError(t, err, codes.NotFound, "NOT_FOUND", "")
}

// TestTooManyHolds: nobody blocks a salon by holding. Staff may hold more.
func TestTooManyHolds(t *testing.T) {
	f := newFixture(t)
	for _, who := range []auth.Principal{f.ann, nobody} {
		var held []*appointmentv1.Hold
		for i := range 3 {
			held = append(held, f.hold(who, f.noon(2).Add(time.Duration(len(held)+i)*hour)))
		}
		slot := f.slotAt(who, f.noon(3))
		_, err := f.holds().CreateHold(f.As(who), &appointmentv1.CreateHoldRequest{Quote: slot.GetQuote()})
		wantError(t, err, codes.ResourceExhausted, "TOO_MANY_HOLDS", "")
		_, err = f.holds().ReleaseHold(f.As(who), &appointmentv1.ReleaseHoldRequest{HoldId: held[0].GetId(), Proof: held[0].GetProof()})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.holds().CreateHold(f.As(who), &appointmentv1.CreateHoldRequest{Quote: slot.GetQuote()}); err != nil {
			t.Errorf("after one is released: %v", err)
		}
		exec(t, f.db, "DELETE FROM claims WHERE expire_time IS NOT NULL")
	}
	for i := range 5 {
		f.hold(f.receptionist, f.noon(4).Add(time.Duration(i)*hour))
	}
	customer := f.newCustomer("Carla")
	req := &appointmentv1.CreateHoldRequest{Quote: f.slotAt(f.receptionist, f.noon(5)).GetQuote(), CustomerId: new(customer.GetId())}
	h, err := f.holds().CreateHold(f.As(f.receptionist), req)
	if err != nil || h.GetCustomerId() != customer.GetId() {
		t.Fatalf("for a customer: %v, %v", h, err)
	}
	a, err := f.bookHold(f.receptionist, h, "")
	if err != nil || a.GetCustomerId() != customer.GetId() {
		t.Errorf("booked %v, %v", a, err)
	}
	req.Quote = f.slotAt(f.ann, f.noon(6)).GetQuote()
	_, err = f.holds().CreateHold(f.As(f.ann), req)
	wantError(t, err, codes.PermissionDenied, "PERMISSION_DENIED", "customer_id")
	_, err = f.holds().CreateHold(t.Context(), req)
	wantError(t, err, codes.PermissionDenied, "PERMISSION_DENIED", "customer_id")
	req.CustomerId = nil
	h, err = f.holds().CreateHold(f.As(f.receptionist), req)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.appointments.CreateAppointment(f.As(f.receptionist), &appointmentv1.CreateAppointmentRequest{
		HoldId: new(h.GetId()), CustomerId: new(customer.GetId()), Quote: new(req.GetQuote()),
	})
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELDS", "hold_id")
}

// TestHoldsCountAsAppointments: what a customer holds counts for the limits of what is booked, moved or searched beside it.
func TestHoldsCountAsAppointments(t *testing.T) {
	f := newFixture(t)
	a := f.book(f.ann, timestamp(f.noon(1))) // the salon knows her
	f.setPolicy(&appointmentv1.UpdateBookingPolicyRequest{MaxOpenAppointments: new(int32(2))})
	h := f.hold(f.ann, f.noon(2))
	other := f.noon(3)
	if f.offered(f.ann, other) {
		t.Error("a third one is offered")
	}
	_, err := f.appointments.CreateAppointment(f.As(f.ann), byMaster(other, f.cut, f.mira))
	wantError(t, err, codes.FailedPrecondition, "TOO_MANY_OPEN_APPOINTMENTS", "")
	f.setPolicy(&appointmentv1.UpdateBookingPolicyRequest{MaxOpenAppointments: new(int32(0)), MaxCustomerAppointmentsADay: new(int32(1))})
	sameDay := f.noon(2).Add(2 * hour)
	if f.offered(f.ann, sameDay) {
		t.Error("a second one of the date is offered")
	}
	_, err = f.appointments.CreateAppointment(f.As(f.ann), byMaster(sameDay, f.cut, f.mira))
	wantFullDay(t, err)
	_, err = f.reschedule(f.ann, a.GetId(), "", timestamp(sameDay))
	wantFullDay(t, err)
	if _, err := f.bookHold(f.ann, h, ""); err != nil {
		t.Errorf("what is held: %v", err)
	}
	if _, err = f.appointments.CreateAppointment(f.As(f.ann), byMaster(other, f.cut, f.mira)); err != nil {
		t.Errorf("on another date: %v", err)
	}
}

// TestHoldUntilItsStart: nobody keeps time that has begun, and extending a hold never makes it end sooner.
func TestHoldUntilItsStart(t *testing.T) {
	f := newFixture(t)
	start := time.Now().UTC().Truncate(time.Minute).Add(4 * time.Minute)
	f.openDaily("00:00", "24:00")
	f.setPolicy(&appointmentv1.UpdateBookingPolicyRequest{HoldMinutes: new(int32(60)), SlotStepMinutes: new(int32(5))})
	zone, err := zoneinfo.Load("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	slots := f.search(f.receptionist, start.In(zone))
	i := slices.IndexFunc(slots, func(s *appointmentv1.Slot) bool { return !s.GetStartTime().AsTime().Before(start) })
	if i < 0 {
		t.Fatalf("nothing is offered from %s on", start)
	}
	soon, err := f.holds().CreateHold(f.As(f.receptionist), &appointmentv1.CreateHoldRequest{Quote: slots[i].GetQuote()})
	if err != nil {
		t.Fatal(err)
	}
	if soon.GetExpireTime().AsTime().After(soon.GetStartTime().AsTime()) {
		t.Errorf("a hold of %s is kept until %s", soon.GetStartTime().AsTime(), soon.GetExpireTime().AsTime())
	}
	later := f.hold(f.ann, f.noon(2))
	f.setPolicy(&appointmentv1.UpdateBookingPolicyRequest{HoldMinutes: new(int32(1))})
	extended, err := f.holds().ExtendHold(f.As(f.ann), &appointmentv1.ExtendHoldRequest{HoldId: later.GetId()})
	if err != nil {
		t.Fatal(err)
	}
	wantMessage(t, extended, later) // it could not be kept longer
}

// TestHoldOfSomebodyRemoved: a hold is not booked with a master or a customer who was removed.
func TestHoldOfSomebodyRemoved(t *testing.T) {
	f := newFixture(t)
	h := f.hold(f.ann, f.noon(2))
	f.SetMaster(&userv1.LookupMasterResponse{MasterId: f.mira.UserID, SalonId: first.ID, Disabled: true, Version: 2})
	if _, err := f.people.RefreshMaster(t.Context(), f.mira.UserID); err != nil {
		t.Fatal(err)
	}
	_, err := f.bookHold(f.ann, h, "")
	wantError(t, err, codes.FailedPrecondition, "MASTER_UNAVAILABLE", "hold_id")
}

// TestHoldOfThePast: a quote whose start has passed cannot be held. A hold is booked until it expires by the clock of the database, also when
// that of the process says that its start has passed.
func TestHoldOfThePast(t *testing.T) {
	f := newFixture(t)
	start := f.Clock.Now().Add(15 * time.Minute)
	f.Clock.Advance(10 * time.Minute)
	first, second := f.slotAt(f.ann, start), f.slotAt(f.ann, start.Add(hour))
	h, err := f.holds().CreateHold(f.As(f.ann), &appointmentv1.CreateHoldRequest{Quote: second.GetQuote()})
	if err != nil {
		t.Fatal(err)
	}
	f.Clock.Set(start)
	_, err = f.holds().CreateHold(f.As(f.ann), &appointmentv1.CreateHoldRequest{Quote: first.GetQuote()})
	wantError(t, err, codes.FailedPrecondition, "START_IN_PAST", "quote")
	f.Clock.Advance(hour + time.Minute)
	if _, err := f.bookHold(f.ann, h, ""); err != nil {
		t.Errorf("a hold whose start has passed: %v", err)
	}
}
