package booking

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// wantInTheWay checks that an end collides with appointments: the preview names them, and the call is refused.
func (f *fixture) wantInTheWay(a *appointmentv1.Appointment, end time.Time, ids ...string) {
	f.t.Helper()
	req := adjust(a, end)
	req.ValidateOnly = true
	var shown []string
	for _, following := range f.mustAdjust(f.manager, req).GetFollowing() {
		shown = append(shown, following.GetAppointmentId())
	}
	_, err := f.desk.AdjustAppointment(f.As(f.manager), adjust(a, end))
	wantError(f.t, err, codes.AlreadyExists, "SLOT_UNAVAILABLE", "end_time")
	if got := collisionsOf(err); !slices.Equal(got, ids) || !slices.Equal(shown, ids) {
		f.t.Errorf("in the way are %v, in the preview %v, want %v", got, shown, ids)
	}
}

// colours is a service in which the master works for the first and the last 20 of 80 minutes.
func (f *fixture) colours() *appointmentv1.Service {
	f.t.Helper()
	s := f.newPhased("Colour", phase(workPhase, 20), phase(waitPhase, 40), phase(workPhase, 20))
	f.offer(f.mira, s)
	return s
}

// TestAdjustIntoMoreOfANeighbour: an appointment that is beside another one on purpose stays so. More of either collides.
func TestAdjustIntoMoreOfANeighbour(t *testing.T) {
	f := newFixture(t)
	colour, start := f.colours(), f.noon(2)
	a := f.at(start, f.mira)
	req := f.overbooked(start.Add(10 * time.Minute))
	req.Segments = byMaster(start, colour, f.mira).GetSegments()
	over := f.create(f.receptionist, req) // works from 12:10 to 12:30, beside a, and from 13:10 to 13:30
	f.mustAdjust(f.manager, adjust(a, start.Add(70*time.Minute)))
	end := start.Add(75 * time.Minute)
	f.wantInTheWay(a, end, over.GetId())

	move := adjust(a, end)
	move.MoveFollowing = true
	f.mustAdjust(f.manager, move)
	f.wantSpan(a.GetId(), start, end)
	if got := f.get(f.manager, over.GetId()); got.GetOverbooked() || got.GetStartTime().AsTime().Before(end) {
		t.Errorf("what was beside it is %v", got)
	}
	wantClaims(t, f.db)
}

// TestAdjustIntoALaterPhase: what is overbooked in the wait of a neighbour does not grow into its next phase of work.
func TestAdjustIntoALaterPhase(t *testing.T) {
	f := newFixture(t)
	colour, start := f.colours(), f.noon(2)
	req := byMaster(start, colour, f.mira)
	req.CustomerId = new(f.newCustomer("Ida").GetId())
	around := f.create(f.receptionist, req)
	over := f.create(f.receptionist, f.overbooked(start.Add(10*time.Minute))) // until 13:10, over 12:10 to 12:20 and 13:00 to 13:10
	f.mustAdjust(f.manager, adjust(over, start.Add(30*time.Minute)))
	f.wantInTheWay(over, start.Add(70*time.Minute), around.GetId())
	f.mustAdjust(f.manager, adjust(over, start.Add(hour)))
	wantClaims(t, f.db)
}

// TestAdjustOfASharedCustomer: that a customer has two appointments at once is no reason to take the master twice.
func TestAdjustOfASharedCustomer(t *testing.T) {
	f := newFixture(t)
	nora := f.staff(first.ID, roleMaster)
	f.offer(nora, f.cut)
	start := f.noon(2)
	a := f.at(start, f.mira)
	req := byMaster(start.Add(30*time.Minute), f.cut, nora)
	req.Segments = append(req.Segments, byMaster(start, f.cut, f.mira).GetSegments()...) // Mira from 13:30 on
	req.CustomerId, req.AllowCustomerOverlap = new(a.GetCustomerId()), true
	b := f.create(f.receptionist, req)
	end := start.Add(100 * time.Minute)
	f.wantInTheWay(a, end, b.GetId())
	move := adjust(a, end)
	move.MoveFollowing = true
	f.mustAdjust(f.manager, move)
	f.wantSpan(b.GetId(), start.Add(40*time.Minute), start.Add(160*time.Minute))
	wantClaims(t, f.db)
}
