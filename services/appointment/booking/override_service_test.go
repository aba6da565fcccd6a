package booking

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
)

// TestOverride: staff book and move outside of hours on purpose, and the history says why. Taken time stays taken.
func TestOverride(t *testing.T) {
	f := newFixture(t)
	f.openDaily("09:00", "18:00")
	late := f.noon(2).Add(8 * hour)
	guest := f.newCustomer("Ida").GetId()
	why := &appointmentv1.RuleOverride{Reason: "  Comes from far away. "}
	wantClosed := func(err error) {
		t.Helper()
		wantError(t, err, codes.FailedPrecondition, "NOT_BOOKABLE", "start_time")
		wantAlternatives(t, wantNotBookable(t, err, appointmentv1.BlockReason_BLOCK_REASON_CLOSED), late)
	}
	for n, who := range []auth.Principal{f.mira, f.receptionist, f.manager, f.admin} {
		start := late.AddDate(0, 0, n)
		req := byMaster(start, f.cut, f.mira)
		_, err := f.appointments.CreateAppointment(f.As(who), req)
		wantClosed(err)
		req.Override = why
		a := f.create(who, req)
		if n := count(t, f.db, "appointment_history WHERE appointment_id = ? AND action = 'create' AND reason = 'Comes from far away.'", a.GetId()); n != 1 {
			t.Errorf("%d entries in the history", n)
		}
		again := proto.CloneOf(req)
		again.CustomerId = &guest
		_, err = f.appointments.CreateAppointment(f.As(f.manager), again)
		wantError(t, err, codes.AlreadyExists, "SLOT_UNAVAILABLE", "start_time")

		later := start.Add(2 * hour)
		_, err = f.reschedule(who, a.GetId(), "", timestamp(later))
		wantClosed(err)
		move := &appointmentv1.RescheduleAppointmentRequest{
			AppointmentId: a.GetId(), StartTime: timestamp(later), Override: &appointmentv1.RuleOverride{Reason: "Her train is late."},
		}
		if _, err = f.appointments.RescheduleAppointment(f.As(who), move); err != nil {
			t.Errorf("move: %v", err)
		}
		if n := count(t, f.db, "appointment_history WHERE appointment_id = ? AND action = 'reschedule' AND reason = 'Her train is late.'", a.GetId()); n != 1 {
			t.Errorf("%d entries of the move in the history", n)
		}
	}
	wantClaims(t, f.db)
}

func TestOverrideIsForStaff(t *testing.T) {
	f := newFixture(t)
	other := newSalon(t, f.db)
	a := f.create(f.ann, byMaster(f.noon(2), f.cut, f.mira))
	req := byMaster(f.noon(3), f.cut, f.mira)
	req.Override = &appointmentv1.RuleOverride{Reason: "I want to."}
	for _, who := range []auth.Principal{f.ann, f.staff(first.ID, roleMaster), f.staff(other.ID, roleManager)} {
		_, err := f.appointments.CreateAppointment(f.As(who), req)
		wantError(t, err, codes.PermissionDenied, "PERMISSION_DENIED", "override")
	}
	_, err := f.appointments.RescheduleAppointment(f.As(f.ann), &appointmentv1.RescheduleAppointmentRequest{
		AppointmentId: a.GetId(), StartTime: timestamp(f.noon(3)), Override: req.GetOverride(),
	})
	wantError(t, err, codes.PermissionDenied, "PERMISSION_DENIED", "override")
	req.Override.Reason = ""
	_, err = f.appointments.CreateAppointment(f.As(f.manager), req)
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELDS", "override.reason")
}
