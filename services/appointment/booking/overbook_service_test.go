package booking

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
)

// overbooked is a request of a cut by Mira at a start, for a new customer of the salon, although she is taken.
func (f *fixture) overbooked(start time.Time) *appointmentv1.CreateAppointmentRequest {
	f.t.Helper()
	req := byMaster(start, f.cut, f.mira)
	req.CustomerId = new(f.newCustomer("Ida").GetId())
	req.Overbook = &appointmentv1.Overbooking{Reason: "Only the fringe."}
	return req
}

// tryMove moves an appointment.
func (f *fixture) tryMove(
	who auth.Principal, id string, start time.Time, overbook *appointmentv1.Overbooking,
) (*appointmentv1.Appointment, error) {
	f.t.Helper()
	return f.appointments.RescheduleAppointment(f.As(who), &appointmentv1.RescheduleAppointmentRequest{
		AppointmentId: id, StartTime: timestamp(start), Overbook: overbook,
	})
}

// TestOverbook: staff book what is taken, twice if they want to; customers do not book over it, and the search does not offer it.
func TestOverbook(t *testing.T) {
	f := newFixture(t)
	start := f.noon(2)
	if a := f.create(f.ann, byMaster(start, f.cut, f.mira)); a.GetOverbooked() {
		t.Error("an ordinary appointment is overbooked")
	}
	// It reaches half an hour beyond the first one.
	late := start.Add(30 * time.Minute)
	a := f.create(f.receptionist, f.overbooked(late))
	again := f.create(f.mira, f.overbooked(late))
	for _, a := range []*appointmentv1.Appointment{a, again} {
		if !a.GetOverbooked() || !f.get(f.manager, a.GetId()).GetOverbooked() {
			t.Errorf("not shown as overbooked: %v", a)
		}
		h := f.history(f.manager, a.GetId())
		if !h[0].GetOverbooked() || h[0].GetReason() != "Only the fringe." {
			t.Errorf("the history has %v", h)
		}
	}
	page, err := f.appointments.ListAppointments(f.As(f.manager), &appointmentv1.ListAppointmentsRequest{From: timestamp(late), To: timestamp(late.Add(hour))})
	if err != nil || len(page.GetAppointments()) != 3 {
		t.Fatalf("the list has %v, %v", page, err)
	}
	for i, a := range page.GetAppointments() {
		if a.GetOverbooked() != (i > 0) {
			t.Errorf("the list has %v", a)
		}
	}
	// Its second half is taken by nothing else.
	_, err = f.appointments.CreateAppointment(f.As(f.ann), byMaster(start.Add(hour), f.cut, f.mira))
	wantError(t, err, codes.AlreadyExists, "SLOT_UNAVAILABLE", "start_time")
	for _, slot := range f.search(f.ann, start) {
		if from := slot.GetStartTime().AsTime(); from.Before(start.Add(90*time.Minute)) && from.After(start.Add(-hour)) {
			t.Errorf("the search offers %s, which is overbooked", from)
		}
	}
	ordinary := f.overbooked(start.Add(hour))
	ordinary.Overbook = nil
	_, err = f.appointments.CreateAppointment(f.As(f.manager), ordinary)
	wantError(t, err, codes.AlreadyExists, "SLOT_UNAVAILABLE", "start_time")
	// Where everything is free, there is nothing to overbook.
	if a := f.create(f.manager, f.overbooked(start.Add(4*hour))); a.GetOverbooked() {
		t.Error("overbooked, although it is free")
	}
	wantClaims(t, f.db)
}

// TestOverbookMoves: a move with overbook takes what is taken, one without makes an ordinary appointment.
func TestOverbookMoves(t *testing.T) {
	f := newFixture(t)
	start := f.noon(2)
	f.create(f.ann, byMaster(start, f.cut, f.mira))
	mine := f.create(f.receptionist, f.overbooked(start.Add(3*hour))).GetId()
	_, err := f.tryMove(f.receptionist, mine, start, nil)
	wantError(t, err, codes.AlreadyExists, "SLOT_UNAVAILABLE", "start_time")
	move := func(to time.Time, overbook *appointmentv1.Overbooking, want bool) {
		t.Helper()
		a, err := f.tryMove(f.receptionist, mine, to, overbook)
		if err != nil || a.GetOverbooked() != want || f.get(f.mira, mine).GetOverbooked() != want {
			t.Errorf("moved to %s: %v, %v", to, a, err)
		}
	}
	move(start.Add(10*time.Minute), &appointmentv1.Overbooking{Reason: "She insists."}, true)
	h := f.history(f.mira, mine)
	if last := h[len(h)-1]; !last.GetOverbooked() || last.GetReason() != "She insists." {
		t.Errorf("the history has %v", last)
	}
	_, err = f.tryMove(f.receptionist, mine, start.Add(20*time.Minute), nil)
	wantError(t, err, codes.AlreadyExists, "SLOT_UNAVAILABLE", "start_time")
	// It is confirmed, and keeps its time.
	if a, err := f.confirm(f.mira, mine, ""); err != nil || !a.GetOverbooked() {
		t.Errorf("confirm: %v, %v", a, err)
	}
	move(start.Add(5*hour), nil, false)
	if n := count(t, f.db, "claims WHERE appointment_id = ? AND blocking", mine); n != 2 {
		t.Errorf("%d claims block", n)
	}
	wantClaims(t, f.db)
}

// TestOverbookIsForStaff: nobody else can do it, and it names its master.
func TestOverbookIsForStaff(t *testing.T) {
	f := newFixture(t)
	start := f.noon(2)
	a := f.create(f.ann, byMaster(start, f.cut, f.mira))
	req := byMaster(start, f.cut, f.mira)
	req.Overbook = &appointmentv1.Overbooking{Reason: "I want to."}
	for _, who := range []auth.Principal{f.ann, f.staff(first.ID, roleMaster), f.staff(newSalon(t, f.db).ID, roleManager)} {
		_, err := f.appointments.CreateAppointment(f.As(who), req)
		wantError(t, err, codes.PermissionDenied, "PERMISSION_DENIED", "overbook")
	}
	_, err := f.tryMove(f.ann, a.GetId(), start.Add(hour), req.GetOverbook())
	wantError(t, err, codes.PermissionDenied, "PERMISSION_DENIED", "overbook")
	req = f.overbooked(start)
	req.Segments[0].MasterId = nil
	_, err = f.appointments.CreateAppointment(f.As(f.manager), req)
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELDS", "segments[0].master_id")
	_, err = f.appointments.RescheduleAppointment(f.As(f.manager), &appointmentv1.RescheduleAppointmentRequest{
		AppointmentId: a.GetId(), StartTime: timestamp(start.Add(hour)), Overbook: req.GetOverbook(), Segments: req.GetSegments(),
	})
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELDS", "segments[0].master_id")
	req = f.overbooked(start)
	req.Overbook.Reason = " "
	_, err = f.appointments.CreateAppointment(f.As(f.manager), req)
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELDS", "overbook.reason")
	// Hours, limits and the customer's time are not concerned.
	f.openDaily("09:00", "18:00")
	_, err = f.appointments.CreateAppointment(f.As(f.manager), f.overbooked(start.Add(7*hour)))
	wantError(t, err, codes.FailedPrecondition, "NOT_BOOKABLE", "start_time")
	req = f.overbooked(start)
	req.CustomerId = new(a.GetCustomerId())
	_, err = f.appointments.CreateAppointment(f.As(f.manager), req)
	wantError(t, err, codes.AlreadyExists, "CUSTOMER_BUSY", "start_time")
	if n := count(t, f.db, "appointments"); n != 1 {
		t.Errorf("%d appointments", n)
	}
}

// TestOverbookResources: a resource that is free is taken as always; where none is, the one that is taken for the shortest time.
func TestOverbookResources(t *testing.T) {
	f := newFixture(t)
	chair, nora, odo := f.newResources("Chair", 2), f.staff(first.ID, roleMaster), f.staff(first.ID, roleMaster)
	long := f.newPhased("Long", phase(workPhase, 60, chair))
	short := f.newPhased("Short", phase(workPhase, 20, chair))
	for _, who := range []auth.Principal{f.mira, nora, odo} {
		f.offer(who, long)
		f.offer(who, short)
	}
	start := f.noon(2)
	over := func(s *appointmentv1.Service, who auth.Principal) string {
		t.Helper()
		req := byMaster(start, s, who)
		req.CustomerId, req.Overbook = new(f.newCustomer("Ida").GetId()), &appointmentv1.Overbooking{Reason: "Quick."}
		return f.create(f.manager, req).GetId()
	}
	chairOf := func(id string) (subject string, blocking bool) {
		t.Helper()
		var row struct {
			SubjectID string
			Blocking  bool
		}
		if err := f.db.Conn(t.Context()).Raw("SELECT subject_id, blocking FROM claims WHERE appointment_id = ? AND subject_kind = 'RESOURCE'", id).
			Scan(&row).Error; err != nil {
			t.Fatal(err)
		}
		return row.SubjectID, row.Blocking
	}
	first := f.create(f.ann, byMaster(start, long, f.mira)).GetId()
	second := over(short, f.mira) // Mira is taken, the other chair is free
	firstChair, _ := chairOf(first)
	secondChair, blocking := chairOf(second)
	if secondChair == firstChair || !blocking {
		t.Errorf("of two chairs, the one that is taken: %t", blocking)
	}
	third := over(long, nora) // Nora is free, no chair is
	if c, blocking := chairOf(third); c != secondChair || blocking {
		t.Errorf("chair %s blocking %t, want %s, which is taken for the shortest time", c, blocking, secondChair)
	}
	if !f.get(f.manager, third).GetOverbooked() {
		t.Error("a resource that is overbooked is not shown")
	}
	wantClaims(t, f.db)
}

// TestLapsedOverbooking: a request that lapsed has no time; to confirm it needs the time to be free, and makes it an ordinary appointment.
func TestLapsedOverbooking(t *testing.T) {
	f := newFixture(t)
	start := f.noon(3)
	other := f.create(f.receptionist, f.overbooked(start)).GetId()
	mine := f.create(f.ann, byMaster(start.Add(2*hour), f.cut, f.mira)).GetId()
	if a, err := f.tryMove(f.receptionist, mine, start, &appointmentv1.Overbooking{Reason: "Both."}); err != nil || !a.GetOverbooked() {
		t.Fatalf("move: %v, %v", a, err)
	}
	f.Clock.Advance(25 * hour)
	if err := f.bookings.LapseRequests(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := f.confirm(f.mira, mine, "")
	wantError(t, err, codes.AlreadyExists, "SLOT_UNAVAILABLE", "")
	if _, err := f.cancel(f.mira, other, ""); err != nil {
		t.Fatal(err)
	}
	if a, err := f.confirm(f.mira, mine, ""); err != nil || a.GetOverbooked() {
		t.Errorf("confirm: %v, %v", a, err)
	}
	wantClaims(t, f.db)
}

// TestCustomersAgainstOverbooking: whoever is first, a customer books a time that is free, or none; staff always do.
func TestCustomersAgainstOverbooking(t *testing.T) {
	f := newFixture(t)
	type result struct {
		staff bool
		err   error
	}
	for round := range 10 {
		start := f.noon(2 + round)
		requests := []*appointmentv1.CreateAppointmentRequest{f.overbooked(start), f.overbooked(start.Add(10 * time.Minute))}
		results := make(chan result)
		for _, req := range requests {
			go func() {
				_, err := f.appointments.CreateAppointment(f.As(f.receptionist), req)
				results <- result{true, err}
			}()
		}
		customers := []auth.Principal{f.ann, f.SignIn(f.ann.Role)}
		for _, who := range customers {
			go func() {
				_, err := f.appointments.CreateAppointment(f.As(who), byMaster(start, f.cut, f.mira))
				results <- result{false, err}
			}()
		}
		booked := 0
		for range len(requests) + len(customers) {
			r := <-results
			switch {
			case r.err == nil && !r.staff:
				booked++
			case r.err != nil && (r.staff || status.Code(r.err) != codes.AlreadyExists):
				t.Errorf("staff %t: %v", r.staff, r.err)
			}
		}
		if booked > 1 {
			t.Errorf("%d customers have the same time", booked)
		}
	}
	wantClaims(t, f.db)
}
