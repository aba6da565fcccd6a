package booking

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
)

// TestDecline: staff refuse a request, which frees its time; the customer sees that and why.
func TestDecline(t *testing.T) {
	f := newFixture(t)
	published := f.Listen("appointments", "appointment.declined")
	for n, tt := range []struct {
		who   auth.Principal
		actor appointmentv1.Actor
	}{
		{f.mira, appointmentv1.Actor_ACTOR_MASTER}, {f.receptionist, appointmentv1.Actor_ACTOR_RECEPTIONIST},
		{f.manager, appointmentv1.Actor_ACTOR_MANAGER}, {f.admin, appointmentv1.Actor_ACTOR_ADMIN},
	} {
		a := f.book(f.ann, f.in(24*time.Hour))
		if cause := a.GetCancellationCause(); cause != appointmentv1.CancellationCause_CANCELLATION_CAUSE_UNSPECIFIED {
			t.Errorf("a request has the cause %s", cause)
		}
		got, err := f.decline(tt.who, a.GetId(), a.GetEtag())
		if err != nil {
			t.Fatal(err)
		}
		if got.GetState() != appointmentv1.AppointmentState_APPOINTMENT_STATE_CANCELLED || got.GetCancelledBy() != tt.actor ||
			got.GetCancellationCause() != appointmentv1.CancellationCause_CANCELLATION_CAUSE_DECLINED || got.GetCancelReason() != "We are closed." {
			t.Errorf("declined: %v", got)
		}
		seen := f.get(f.ann, a.GetId())
		if seen.GetCancelReason() != "We are closed." || seen.GetCancellationCause() != got.GetCancellationCause() {
			t.Errorf("the customer sees %v", seen)
		}
		history := f.history(f.ann, a.GetId())
		last := history[len(history)-1]
		if last.GetAction() != appointmentv1.AppointmentAction_APPOINTMENT_ACTION_DECLINED || last.GetActor() != tt.actor ||
			last.GetReason() != "We are closed." || last.GetActorName() != "" {
			t.Errorf("history: %v", last)
		}
		if event := published.Wait(n + 1)[n]; event.AggregateID != a.GetId() || event.AggregateVersion != 2 {
			t.Errorf("event %+v", event)
		}
	}
	f.book(f.admin, f.in(24*time.Hour)) // at the time that is free again

	// A cancellation is no refusal, and a request that is declined does not come back.
	a := f.book(f.ann, f.in(48*time.Hour))
	cancelled, err := f.cancel(f.mira, a.GetId(), "")
	if err != nil || cancelled.GetCancellationCause() != appointmentv1.CancellationCause_CANCELLATION_CAUSE_CANCELLED_BY_ACTOR {
		t.Errorf("cancelled: %v, %v", cancelled, err)
	}
	b := f.book(f.ann, f.in(48*time.Hour))
	if _, err := f.decline(f.mira, b.GetId(), ""); err != nil {
		t.Fatal(err)
	}
	wantError(t, onlyError(f.confirm(f.mira, b.GetId(), "")), codes.FailedPrecondition, "ILLEGAL_STATE", "")
	wantError(t, onlyError(f.reschedule(f.ann, b.GetId(), "", f.in(72*time.Hour))), codes.FailedPrecondition, "ILLEGAL_STATE", "")
	wantClaims(t, f.db)
}
