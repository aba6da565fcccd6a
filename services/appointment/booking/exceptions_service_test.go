package booking

import (
	"testing"

	"google.golang.org/grpc/codes"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// TestExceptionsOfColleagues: a master sets rules aside and overbooks for themselves, and not for a colleague in the same chain.
func TestExceptionsOfColleagues(t *testing.T) {
	f := newFixture(t)
	nora := f.staff(first.ID, roleMaster)
	f.offer(nora, f.cut)
	start := f.noon(2)
	both := func() *appointmentv1.CreateAppointmentRequest {
		req := byMaster(start, f.cut, f.mira)
		req.Segments = append(req.Segments, &appointmentv1.SegmentInput{ServiceId: f.cut.GetId(), MasterId: &nora.UserID})
		return req
	}
	override, overbook := &appointmentv1.RuleOverride{Reason: "It is late."}, &appointmentv1.Overbooking{Reason: "She is fast."}

	req := both()
	req.Override = override
	_, err := f.appointments.CreateAppointment(f.As(f.mira), req)
	wantError(t, err, codes.PermissionDenied, "PERMISSION_DENIED", "override")
	req = both()
	req.Overbook = overbook
	_, err = f.appointments.CreateAppointment(f.As(f.mira), req)
	wantError(t, err, codes.PermissionDenied, "PERMISSION_DENIED", "overbook")

	a := f.create(f.receptionist, both())
	for _, move := range []*appointmentv1.RescheduleAppointmentRequest{{Override: override}, {Overbook: overbook}} {
		move.AppointmentId, move.StartTime = a.GetId(), timestamp(start.Add(hour))
		field := "override"
		if move.GetOverbook() != nil {
			field = "overbook"
		}
		_, err = f.appointments.RescheduleAppointment(f.As(f.mira), move)
		wantError(t, err, codes.PermissionDenied, "PERMISSION_DENIED", field)
	}
	if _, err := f.reschedule(f.mira, a.GetId(), "", timestamp(start.Add(hour))); err != nil {
		t.Errorf("a move by the rules: %v", err)
	}

	req = byMaster(start.Add(hour), f.cut, f.mira)
	req.Overbook = overbook
	if got := f.create(f.mira, req); !got.GetOverbooked() {
		t.Errorf("booked %v, want it overbooked", got)
	}
}
