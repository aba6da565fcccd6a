package booking

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/servicetest"
)

// onlyError drops what a call returns besides the error.
func onlyError(_ *appointmentv1.Appointment, err error) error { return err }

// TestWhoMayChange holds what comes of every caller for every method. NOT_FOUND is for those who cannot read
// the appointment, PERMISSION_DENIED for those who can.
func TestWhoMayChange(t *testing.T) {
	f := newFixture(t)
	exec(t, f.db, "UPDATE salons SET max_open_appointments = 0")
	other := newSalon(t, f.db)
	colleague := f.staff(first.ID, roleMaster)
	annAtDesk := f.SignInAs(f.ann.UserID, apiv1.Role_ROLE_CUSTOMER, servicetest.Member(other.ID, roleReceptionist))
	const (
		ok       = ""
		denied   = "PERMISSION_DENIED"
		notFound = "NOT_FOUND"
		nobody   = "UNAUTHENTICATED"
	)
	all := func(outcome string) [7]string {
		return [7]string{outcome, outcome, outcome, outcome, outcome, outcome, outcome}
	}
	// Who does not work in any salon may not call the methods of staff at all.
	stranger := [7]string{notFound, notFound, notFound, denied, denied, denied, denied}
	methods := [7]string{"get", "cancel", "reschedule", "confirm", "complete", "complete early", "mark as missed"}
	hours := time.Hour
	for _, tt := range []struct {
		name string
		as   auth.Principal
		want [7]string
	}{
		{"nobody", auth.Principal{}, all(nobody)},
		{"the customer", f.ann, [7]string{ok, ok, ok, denied, denied, denied, denied}},
		{"the customer, who works in another salon", annAtDesk, [7]string{ok, ok, ok, denied, denied, denied, denied}},
		{"another customer", f.SignIn(apiv1.Role_ROLE_CUSTOMER), stranger},
		{"the master", f.mira, all(ok)},
		{"another master of the salon", colleague, all(notFound)},
		{"a receptionist of the salon", f.receptionist, all(ok)},
		{"a manager of the salon", f.manager, all(ok)},
		{"a master of another salon", f.staff(other.ID, roleMaster), all(notFound)},
		{"the master, who has left for another salon", f.SignInAs(f.mira.UserID, apiv1.Role_ROLE_CUSTOMER, servicetest.Member(other.ID, roleMaster)), all(notFound)},
		{"the master, who has left", f.SignInAs(f.mira.UserID, apiv1.Role_ROLE_CUSTOMER), stranger},
		{"a receptionist of another salon", f.staff(other.ID, roleReceptionist), all(notFound)},
		{"a manager of another salon", f.staff(other.ID, roleManager), all(notFound)},
		{"an administrator", f.admin, all(ok)},
	} {
		for i, method := range methods {
			hours += 2 * time.Hour
			a := f.book(f.ann, f.in(hours))
			if method == "complete" || method == "mark as missed" {
				exec(t, f.db, "UPDATE appointments SET start_time = ? WHERE id = ?", f.Clock.Now().Add(-time.Hour), a.GetId())
				exec(t, f.db, "UPDATE segments SET start_time = ? WHERE appointment_id = ?", f.Clock.Now().Add(-time.Hour), a.GetId())
			}
			if method == "complete early" {
				if _, err := f.confirm(f.mira, a.GetId(), ""); err != nil {
					t.Fatal(err)
				}
			}
			var err error
			switch method {
			case "get":
				_, err = f.appointments.GetAppointment(f.As(tt.as), &appointmentv1.GetAppointmentRequest{AppointmentId: a.GetId()})
			case "cancel":
				_, err = f.cancel(tt.as, a.GetId(), "")
			case "reschedule":
				_, err = f.reschedule(tt.as, a.GetId(), "", f.in(hours+time.Hour))
			case "confirm":
				_, err = f.confirm(tt.as, a.GetId(), "")
			case "complete":
				_, err = f.complete(tt.as, a.GetId(), "")
			case "complete early":
				_, err = f.completeEarly(tt.as, a.GetId(), "")
			case "mark as missed":
				_, err = f.markNoShow(tt.as, a.GetId(), "")
			}
			code := map[string]codes.Code{
				ok: codes.OK, denied: codes.PermissionDenied, notFound: codes.NotFound, nobody: codes.Unauthenticated,
			}[tt.want[i]]
			t.Run(tt.name+" "+method, func(t *testing.T) { wantError(t, err, code, tt.want[i], "") })
		}
	}
}

func TestChangesAreRefused(t *testing.T) {
	f := newFixture(t)
	pending := f.book(f.ann, f.in(10*time.Hour)).GetId()
	own := f.book(f.mira, f.in(12*time.Hour)).GetId()
	cancelled := f.book(f.ann, f.in(16*time.Hour)).GetId()
	if _, err := f.cancel(f.ann, cancelled, ""); err != nil {
		t.Fatal(err)
	}
	soon := f.book(f.ann, f.in(30*time.Minute)).GetId()
	if _, err := f.confirm(f.mira, soon, ""); err != nil {
		t.Fatal(err)
	}
	f.Clock.Advance(time.Hour)
	later := f.in(100 * time.Hour)
	const invalid = "INVALID_FIELDS"
	for _, tt := range []struct {
		name   string
		err    error
		code   codes.Code
		reason string
		field  string
	}{
		{"an unknown appointment", onlyError(f.cancel(f.admin, f.NewID(), "")), codes.NotFound, "NOT_FOUND", ""},
		{"no id", onlyError(f.cancel(f.admin, "../../etc", "")), codes.InvalidArgument, invalid, "appointment_id"},
		{"an older etag", onlyError(f.confirm(f.mira, pending, "9")), codes.Aborted, "ETAG_MISMATCH", ""},
		{"an older etag, and not possible", onlyError(f.complete(f.mira, pending, "9")), codes.Aborted, "ETAG_MISMATCH", ""},
		{"completed, not begun", onlyError(f.complete(f.mira, pending, "")), codes.FailedPrecondition, "ILLEGAL_STATE", ""},
		{"completed early, not confirmed", onlyError(f.completeEarly(f.mira, pending, "")), codes.FailedPrecondition, "ILLEGAL_STATE", ""},
		{"confirmed, but cancelled", onlyError(f.confirm(f.mira, cancelled, "")), codes.FailedPrecondition, "ILLEGAL_STATE", ""},
		{"declined, but cancelled", onlyError(f.decline(f.mira, cancelled, "")), codes.FailedPrecondition, "ILLEGAL_STATE", ""},
		{"declined, but confirmed", onlyError(f.decline(f.mira, soon, "")), codes.FailedPrecondition, "ILLEGAL_STATE", ""},
		{"declined by the customer", onlyError(f.decline(f.ann, pending, "")), codes.PermissionDenied, "PERMISSION_DENIED", ""},
		{"moved, but cancelled", onlyError(f.reschedule(f.ann, cancelled, "", later)), codes.FailedPrecondition, "ILLEGAL_STATE", ""},
		{"missed, not begun", onlyError(f.markNoShow(f.mira, pending, "")), codes.FailedPrecondition, "ILLEGAL_STATE", ""},
		{"cancelled after it began", onlyError(f.cancel(f.ann, soon, "")), codes.FailedPrecondition, "ALREADY_STARTED", ""},
		{"moved after it began", onlyError(f.reschedule(f.ann, soon, "", later)), codes.FailedPrecondition, "ALREADY_STARTED", ""},
		{"moved to the past", onlyError(f.reschedule(f.mira, own, "", f.in(-time.Minute))), codes.FailedPrecondition, "START_IN_PAST", "start_time"},
		{"moved to a second", onlyError(f.reschedule(f.mira, own, "", f.in(time.Hour+time.Second))), codes.InvalidArgument, invalid, "start_time"},
		{"moved to a nanosecond", onlyError(f.reschedule(f.mira, own, "", f.in(time.Hour+time.Nanosecond))), codes.InvalidArgument, invalid, "start_time"},
		{"moved too far", onlyError(f.reschedule(f.mira, own, "", f.in(9000*time.Hour))), codes.InvalidArgument, invalid, "start_time"},
		{"moved without a start", onlyError(f.reschedule(f.mira, own, "", nil)), codes.InvalidArgument, invalid, "start_time"},
		{"moved to another appointment", onlyError(f.reschedule(f.mira, own, "", f.in(9*time.Hour))), codes.AlreadyExists, "SLOT_UNAVAILABLE", "start_time"},
	} {
		t.Run(tt.name, func(t *testing.T) { wantError(t, tt.err, tt.code, tt.reason, tt.field) })
	}
	confirmed := f.book(f.ann, f.in(20*time.Hour)).GetId()
	if _, err := f.confirm(f.mira, confirmed, ""); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"missed":    onlyError(f.markNoShow(f.mira, confirmed, "")),
		"completed": onlyError(f.complete(f.mira, confirmed, "")),
	} {
		t.Run(name+" before it begins", func(t *testing.T) { wantError(t, err, codes.FailedPrecondition, "NOT_STARTED", "") })
	}
	if _, err := f.confirm(f.mira, own, ""); err != nil {
		t.Errorf("the master confirms their own appointment with themself: %v", err)
	}
	if _, err := f.cancel(f.mira, soon, ""); err != nil {
		t.Errorf("the master cancels after it began: %v", err)
	}
}
