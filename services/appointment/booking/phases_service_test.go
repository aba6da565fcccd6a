package booking

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// TestWaitPhase: while the colour sets, the master is free for others. The customer is not, and neither is the chair.
func TestWaitPhase(t *testing.T) {
	f := newFixture(t)
	chair := f.newResources("Chair", 1)
	colour := f.newPhased("Colour", phase(workPhase, 30, chair), phase(waitPhase, 60, chair), phase(workPhase, 30))
	f.offer(f.mira, colour)
	start := f.noon(2)
	a := f.create(f.ann, byMaster(start, colour, f.mira))
	if !a.GetEndTime().AsTime().Equal(start.Add(2 * time.Hour)) {
		t.Errorf("ends at %v", a.GetEndTime().AsTime())
	}
	wantMessage(t, &appointmentv1.Segment{Phases: a.GetSegments()[0].GetPhases()}, &appointmentv1.Segment{Phases: colour.GetPhases()})
	after := func(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }
	f.wantClaimsOf(a,
		fmt.Sprintf("CUSTOMER %s", span(start, after(120))),
		fmt.Sprintf("MASTER %s", span(start, after(30))),
		fmt.Sprintf("MASTER %s", span(after(90), after(120))),
		fmt.Sprintf("RESOURCE %s", span(start, after(90))),
	)

	bob := f.SignIn(apiv1.Role_ROLE_CUSTOMER)
	for _, minutes := range []int{0, 15, 45, 75, 105} { // each overlaps with work
		_, err := f.appointments.CreateAppointment(f.As(bob), byMaster(after(minutes), f.cut, f.mira))
		wantError(t, err, codes.AlreadyExists, "SLOT_UNAVAILABLE", "start_time")
		wantNotBookable(t, err, appointmentv1.BlockReason_BLOCK_REASON_BOOKED)
	}
	_, err := f.appointments.CreateAppointment(f.As(f.ann), byMaster(after(30), f.cut, f.mira))
	wantError(t, err, codes.AlreadyExists, "CUSTOMER_BUSY", "start_time")
	f.create(bob, byMaster(after(30), f.cut, f.mira))

	// The chair is taken during the gap too.
	nora := f.staff(first.ID, roleMaster)
	f.offer(nora, colour)
	_, err = f.appointments.CreateAppointment(f.As(f.SignIn(apiv1.Role_ROLE_CUSTOMER)), byMaster(after(60), colour, nora))
	wantError(t, err, codes.AlreadyExists, "SLOT_UNAVAILABLE", "start_time")
	wantNotBookable(t, err, appointmentv1.BlockReason_BLOCK_REASON_RESOURCE)
	f.create(f.SignIn(apiv1.Role_ROLE_CUSTOMER), byMaster(after(90), colour, nora))

	// Moved by half an hour, the first one would meet what is in its gap.
	_, err = f.reschedule(f.ann, a.GetId(), "", timestamp(after(30)))
	wantError(t, err, codes.AlreadyExists, "SLOT_UNAVAILABLE", "start_time")
	moved, err := f.reschedule(f.ann, a.GetId(), "", timestamp(after(24*60)))
	if err != nil {
		t.Fatal(err)
	}
	f.wantClaimsOf(moved,
		fmt.Sprintf("CUSTOMER %s", span(after(24*60), after(26*60))),
		fmt.Sprintf("MASTER %s", span(after(24*60), after(24*60+30))),
		fmt.Sprintf("MASTER %s", span(after(24*60+90), after(26*60))),
		fmt.Sprintf("RESOURCE %s", span(after(24*60), after(24*60+90))),
	)
	if _, err := f.cancel(f.ann, a.GetId(), ""); err != nil {
		t.Fatal(err)
	}
	f.wantClaimsOf(moved)
	wantClaims(t, f.db)
}

// span is a range as [fixture.wantClaimsOf] has it.
func span(from, to time.Time) string {
	return from.UTC().Format("02 15:04") + "-" + to.UTC().Format("02 15:04")
}

// wantClaimsOf compares the claims of an appointment, sorted.
func (f *fixture) wantClaimsOf(a *appointmentv1.Appointment, want ...string) {
	f.t.Helper()
	var got []string
	err := f.db.Conn(f.t.Context()).Raw(`SELECT subject_kind || ' ' || to_char(lower(during) AT TIME ZONE 'UTC', 'DD HH24:MI')
			|| '-' || to_char(upper(during) AT TIME ZONE 'UTC', 'DD HH24:MI')
		FROM claims WHERE appointment_id = ? ORDER BY subject_kind, during`, a.GetId()).Scan(&got).Error
	if err != nil {
		f.t.Fatal(err)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		f.t.Errorf("claims %q, want %q", got, want)
	}
}

// TestTwoChairs: of many bookings at once with five masters, as many succeed as there are chairs.
func TestTwoChairs(t *testing.T) {
	f := newFixture(t)
	elsewhere := f.newProcess()
	chair := f.newResources("Chair", 2)
	colour := f.newPhased("Colour", phase(workPhase, 60, chair))
	masters := []string{f.mira.UserID}
	f.offer(f.mira, colour)
	for range 4 {
		master := f.staff(first.ID, roleMaster)
		f.offer(master, colour)
		masters = append(masters, master.UserID)
	}
	const callers = 20
	for round := range 5 {
		start := f.noon(2 + round)
		var booked atomic.Int32
		var all sync.WaitGroup
		for n := range callers {
			req := anyMaster(start, colour)
			if n%2 == 0 {
				req.Segments[0].MasterId = &masters[n/2%len(masters)]
			}
			call := f.caller(n, elsewhere)
			all.Go(func() {
				_, err := call(req)
				if err == nil {
					booked.Add(1)
					return
				}
				wantError(t, err, codes.AlreadyExists, "SLOT_UNAVAILABLE", "start_time")
				wantNotBookable(t, err, appointmentv1.BlockReason_BLOCK_REASON_RESOURCE, appointmentv1.BlockReason_BLOCK_REASON_BOOKED)
			})
		}
		all.Wait()
		if booked.Load() != 2 {
			t.Errorf("round %d: %d booked, want 2", round, booked.Load())
		}
		if n := count(t, f.db, `(SELECT DISTINCT subject_id FROM claims WHERE subject_kind = 'RESOURCE' AND during @> ?::timestamptz) AS c`, start); n != 2 {
			t.Errorf("round %d: %d chairs are taken", round, n)
		}
	}
	wantClaims(t, f.db)
}
