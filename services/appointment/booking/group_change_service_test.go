package booking

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/id"
)

// TestResizeSession: a session has at least as many places as are taken, and places beyond the new capacity get lower numbers.
func TestResizeSession(t *testing.T) {
	f := newGroupFixture(t)
	g := f.open(f.noon(2))
	bob := f.guest()
	a := f.mustJoin(f.ann, g)
	f.mustJoin(f.guest(), g)
	c := f.mustJoin(bob, g)
	resize := func(capacity int32) (*appointmentv1.GroupSession, error) {
		return f.calls.ResizeGroupSession(f.As(f.receptionist), &appointmentv1.ResizeGroupSessionRequest{GroupSessionId: g.GetId(), Capacity: capacity})
	}
	_, err := resize(2)
	wantError(t, err, codes.FailedPrecondition, "GROUP_PLACES_TAKEN", "capacity")
	f.cancel(f.ann, a)
	smaller, err := resize(2)
	if err != nil || smaller.GetCapacity() != 2 || smaller.GetPlacesLeft() != 0 {
		t.Errorf("resized %v, %v", smaller, err)
	}
	if got := f.get(bob, c.GetId()).GetGroupPlace(); got != 1 {
		t.Errorf("bob has place %d", got)
	}
	_, err = f.join(f.ann, g)
	wantError(t, err, codes.AlreadyExists, "GROUP_FULL", "group_session_id")
	if _, err := resize(5); err != nil {
		t.Error(err)
	}
	f.mustJoin(f.ann, g)
	_, err = f.calls.ResizeGroupSession(f.As(f.receptionist), &appointmentv1.ResizeGroupSessionRequest{GroupSessionId: g.GetId(), Capacity: 9, Etag: g.GetEtag()})
	wantError(t, err, codes.Aborted, "ETAG_MISMATCH", "")
}

// TestMoveSession: all places move with their session, whatever else their customers have then, and the old time is free.
func TestMoveSession(t *testing.T) {
	f := newGroupFixture(t)
	start, later := f.noon(2), f.noon(3)
	g := f.open(start)
	bob := f.guest()
	a, b := f.mustJoin(f.ann, g), f.mustJoin(bob, g)
	quote := f.places(nobody, start).GetSlots()[0].GetQuote()
	h, err := f.holds().CreateHold(t.Context(), &appointmentv1.CreateHoldRequest{Quote: quote})
	if err != nil {
		t.Fatal(err)
	}
	other := f.staff(first.ID, roleMaster)
	f.offer(other, f.cut)
	busy := f.request(timestamppb.New(later))
	busy.Segments[0].MasterId = new(other.UserID)
	f.create(bob, busy)
	moved, err := f.calls.RescheduleGroupSession(f.As(f.receptionist), &appointmentv1.RescheduleGroupSessionRequest{
		GroupSessionId: g.GetId(), StartTime: timestamppb.New(later), Reason: "The room is being painted.",
	})
	if err != nil {
		t.Fatal(err)
	}
	if !moved.GetStartTime().AsTime().Equal(later) || len(moved.GetPlaces()) != 2 || moved.GetPlacesLeft() != 1 {
		t.Errorf("moved %v", moved)
	}
	for _, of := range []*appointmentv1.Appointment{a, b} {
		if got := f.get(f.receptionist, of.GetId()); !got.GetStartTime().AsTime().Equal(later) || got.GetGroupPlace() == 0 || got.GetGroupSessionId() != g.GetId() {
			t.Errorf("a place is at %v", got)
		}
	}
	if got := f.getHold(nobody, h); got.GetState() != appointmentv1.HoldState_HOLD_STATE_RELEASED {
		t.Errorf("the hold is %v", got.GetState())
	}
	_, err = f.createQuote(f.guest(), quote)
	wantError(t, err, codes.AlreadyExists, "SLOT_UNAVAILABLE", "quote")
	f.book(f.guest(), timestamppb.New(start))
	again, err := f.calls.RescheduleGroupSession(f.As(f.receptionist), &appointmentv1.RescheduleGroupSessionRequest{
		GroupSessionId: g.GetId(), StartTime: timestamppb.New(later),
	})
	if err != nil {
		t.Fatal(err)
	}
	wantMessage(t, again, moved)
	wantClaims(t, f.db)
}

// TestCancelSession: all its appointments are cancelled with the reason, and the master's time is free.
func TestCancelSession(t *testing.T) {
	f := newGroupFixture(t)
	told := f.Listen("cancelled", "appointment.cancelled")
	start := f.noon(2)
	g := f.open(start)
	a := f.mustJoin(f.ann, g)
	f.mustJoin(f.guest(), g)
	_, err := f.calls.CancelGroupSession(f.As(f.ann), &appointmentv1.CancelGroupSessionRequest{GroupSessionId: g.GetId(), Reason: "No."})
	wantError(t, err, codes.PermissionDenied, "PERMISSION_DENIED", "")
	cancelled, err := f.calls.CancelGroupSession(f.As(f.mira), &appointmentv1.CancelGroupSessionRequest{GroupSessionId: g.GetId(), Reason: "Mira is ill."})
	if err != nil {
		t.Fatal(err)
	}
	if cancelled.GetState() != appointmentv1.GroupSessionState_GROUP_SESSION_STATE_CANCELLED || len(cancelled.GetPlaces()) != 0 {
		t.Errorf("cancelled %v", cancelled)
	}
	if got := f.get(f.ann, a.GetId()); got.GetState() != appointmentv1.AppointmentState_APPOINTMENT_STATE_CANCELLED || got.GetCancelReason() != "Mira is ill." || got.GroupPlace != nil {
		t.Errorf("a place is %v", got)
	}
	told.Wait(2)
	_, err = f.join(f.guest(), g)
	wantError(t, err, codes.NotFound, "NOT_FOUND", "")
	_, err = f.calls.GetGroupSession(f.As(f.ann), &appointmentv1.GetGroupSessionRequest{GroupSessionId: g.GetId()})
	wantError(t, err, codes.NotFound, "NOT_FOUND", "")
	f.book(f.ann, timestamppb.New(start))
	wantClaims(t, f.db)
}

// TestMovePlace: a place moves to the session that begins at the new time, whoever gives it, and to nothing else.
func TestMovePlace(t *testing.T) {
	f := newGroupFixture(t)
	nora := f.staff(first.ID, roleMaster)
	f.offer(nora, f.class)
	one, byAnother := f.open(f.noon(2)), f.opening(f.noon(3))
	byAnother.MasterId = nora.UserID
	two, err := f.calls.CreateGroupSession(f.As(f.receptionist), byAnother)
	if err != nil {
		t.Fatal(err)
	}
	a := f.mustJoin(f.ann, one)
	move := func(to time.Time) (*appointmentv1.Appointment, error) {
		return f.appointments.RescheduleAppointment(f.As(f.ann), &appointmentv1.RescheduleAppointmentRequest{AppointmentId: a.GetId(), StartTime: timestamppb.New(to)})
	}
	_, err = move(f.noon(4))
	wantError(t, err, codes.AlreadyExists, "SLOT_UNAVAILABLE", "start_time")
	moved, err := move(f.noon(3))
	if err != nil || moved.GetGroupSessionId() != two.GetId() || moved.GetGroupPlace() != 1 || moved.GetSegments()[0].GetMasterId() != nora.UserID {
		t.Fatalf("moved %v, %v", moved, err)
	}
	if left := f.session(f.ann, one.GetId()).GetPlacesLeft(); left != 3 {
		t.Errorf("%d places are left where it was", left)
	}
	history, err := f.appointments.ListAppointmentHistory(f.As(f.ann), &appointmentv1.ListAppointmentHistoryRequest{AppointmentId: a.GetId()})
	if err != nil {
		t.Fatal(err)
	}
	if last := history.GetChanges()[1]; last.GetGroupSessionBefore() != one.GetId() || last.GetGroupSessionAfter() != two.GetId() {
		t.Errorf("the history says %v", last)
	}
}

// TestListSessions: everybody sees what can be booked, staff see all.
func TestListSessions(t *testing.T) {
	f := newGroupFixture(t)
	one := f.open(f.noon(2))
	full := f.opening(f.noon(3))
	full.Capacity = new(int32(1))
	two, err := f.calls.CreateGroupSession(f.As(f.receptionist), full)
	if err != nil {
		t.Fatal(err)
	}
	f.mustJoin(f.ann, two)
	list := func(req *appointmentv1.ListGroupSessionsRequest, staff bool) []string {
		t.Helper()
		who := nobody
		if staff {
			who = f.receptionist
		}
		req.SalonId = first.ID
		found, err := f.calls.ListGroupSessions(f.As(who), req)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, g := range found.GetGroupSessions() {
			ids = append(ids, g.GetId())
		}
		return ids
	}
	if got := list(&appointmentv1.ListGroupSessionsRequest{}, false); len(got) != 1 || got[0] != one.GetId() {
		t.Errorf("everybody sees %v", got)
	}
	if got := list(&appointmentv1.ListGroupSessionsRequest{}, true); len(got) != 2 || got[1] != two.GetId() {
		t.Errorf("staff see %v", got)
	}
	if got := list(&appointmentv1.ListGroupSessionsRequest{From: two.GetStartTime()}, true); len(got) != 1 || got[0] != two.GetId() {
		t.Errorf("from the second on: %v", got)
	}
	_, err = f.calls.ListGroupSessions(t.Context(), &appointmentv1.ListGroupSessionsRequest{SalonId: id.New()})
	wantError(t, err, codes.NotFound, "NOT_FOUND", "")
}
