package booking

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
)

// groupFixture is the service with a class for three that Mira gives.
type groupFixture struct {
	*fixture

	class *appointmentv1.Service
	calls appointmentv1.GroupServiceClient
}

func newGroupFixture(t *testing.T) *groupFixture {
	t.Helper()
	f := newFixture(t)
	g := &groupFixture{f, f.newService(first.ID, "Class", 2000), appointmentv1.NewGroupServiceClient(f.Conns.For("appointment"))}
	if _, err := f.catalogue.UpdateService(f.As(f.admin), &appointmentv1.UpdateServiceRequest{ServiceId: g.class.GetId(), Capacity: new(int32(3))}); err != nil {
		t.Fatal(err)
	}
	f.offer(f.mira, g.class)
	return g
}

func (f *groupFixture) opening(start time.Time) *appointmentv1.CreateGroupSessionRequest {
	return &appointmentv1.CreateGroupSessionRequest{
		ServiceId: f.class.GetId(), MasterId: f.mira.UserID, StartTime: timestamppb.New(start), RequestId: id.New(),
	}
}

func (f *groupFixture) open(start time.Time) *appointmentv1.GroupSession {
	f.t.Helper()
	g, err := f.calls.CreateGroupSession(f.As(f.receptionist), f.opening(start))
	if err != nil {
		f.t.Fatalf("open a session: %v", err)
	}
	return g
}

func (f *groupFixture) session(who auth.Principal, sessionID string) *appointmentv1.GroupSession {
	f.t.Helper()
	g, err := f.calls.GetGroupSession(f.As(who), &appointmentv1.GetGroupSessionRequest{GroupSessionId: sessionID})
	if err != nil {
		f.t.Fatal(err)
	}
	return g
}

func (f *groupFixture) join(who auth.Principal, g *appointmentv1.GroupSession) (*appointmentv1.Appointment, error) {
	return f.appointments.CreateAppointment(f.As(who), &appointmentv1.CreateAppointmentRequest{GroupSessionId: new(g.GetId()), RequestId: id.New()})
}

func (f *groupFixture) mustJoin(who auth.Principal, g *appointmentv1.GroupSession) *appointmentv1.Appointment {
	f.t.Helper()
	a, err := f.join(who, g)
	if err != nil {
		f.t.Fatalf("join: %v", err)
	}
	return a
}

func (f *groupFixture) cancel(who auth.Principal, a *appointmentv1.Appointment) {
	f.t.Helper()
	if _, err := f.appointments.CancelAppointment(f.As(who), &appointmentv1.CancelAppointmentRequest{AppointmentId: a.GetId()}); err != nil {
		f.t.Fatal(err)
	}
}

// places are the slots of the class on the date of an instant.
func (f *groupFixture) places(who auth.Principal, day time.Time) *appointmentv1.SearchAvailabilityResponse {
	f.t.Helper()
	date := day.Format(time.DateOnly)
	found, err := f.rules.availability.SearchAvailability(f.As(who), &appointmentv1.SearchAvailabilityRequest{
		Segments: []*appointmentv1.SegmentFilter{{ServiceId: f.class.GetId()}}, StartDate: date, EndDate: date,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return found
}

func (f *groupFixture) guest() auth.Principal { return f.SignIn(apiv1.Role_ROLE_CUSTOMER) }

// TestGroupSession: a session takes the master's time once, and its places are appointments of the price and time that the search offers.
func TestGroupSession(t *testing.T) {
	f := newGroupFixture(t)
	start := f.noon(2)
	request := f.opening(start)
	g, err := f.calls.CreateGroupSession(f.As(f.mira), request)
	if err != nil {
		t.Fatal(err)
	}
	again, err := f.calls.CreateGroupSession(f.As(f.mira), request)
	if err != nil {
		t.Fatal(err)
	}
	wantMessage(t, again, g)
	if g.GetCapacity() != 3 || g.GetPlacesLeft() != 3 || g.GetPrice().GetAmountMinor() != 2000 || !g.GetEndTime().AsTime().Equal(start.Add(time.Hour)) {
		t.Errorf("opened %v", g)
	}
	_, err = f.calls.CreateGroupSession(f.As(f.mira), f.opening(start.Add(30*time.Minute)))
	wantError(t, err, codes.AlreadyExists, "SLOT_UNAVAILABLE", "start_time")
	_, err = f.appointments.CreateAppointment(f.As(f.ann), f.request(timestamppb.New(start)))
	wantError(t, err, codes.AlreadyExists, "SLOT_UNAVAILABLE", "start_time")

	slot := f.places(nobody, start).GetSlots()
	if len(slot) != 1 || slot[0].GetGroupSessionId() != g.GetId() || slot[0].GetPlacesLeft() != 3 {
		t.Fatalf("offers %v", slot)
	}
	a, err := f.createQuote(f.ann, slot[0].GetQuote())
	if err != nil {
		t.Fatal(err)
	}
	if a.GetGroupSessionId() != g.GetId() || a.GetGroupPlace() != 1 || !a.GetStartTime().AsTime().Equal(start) || a.GetTotalPrice().GetAmountMinor() != 2000 {
		t.Errorf("booked %v", a)
	}
	wantMessage(t, f.get(f.ann, a.GetId()), a)
	_, err = f.join(f.ann, g)
	wantError(t, err, codes.AlreadyExists, "CUSTOMER_BUSY", "group_session_id")
	_, err = f.appointments.CreateAppointment(f.As(f.ann), &appointmentv1.CreateAppointmentRequest{GroupSessionId: new(g.GetId()), AllowCustomerOverlap: true})
	wantError(t, err, codes.AlreadyExists, "CUSTOMER_BUSY", "customer_id")

	bob, cid := f.guest(), f.guest()
	f.mustJoin(bob, g)
	c := f.mustJoin(cid, g)
	_, err = f.join(f.guest(), g)
	wantError(t, err, codes.AlreadyExists, "GROUP_FULL", "group_session_id")
	found := f.places(nobody, start)
	if len(found.GetSlots()) != 0 || !slices.Equal(found.GetReasons(), []appointmentv1.BlockReason{appointmentv1.BlockReason_BLOCK_REASON_GROUP_FULL}) {
		t.Errorf("a full session is offered: %v", found)
	}
	explained, err := f.rules.availability.ExplainSlot(t.Context(), &appointmentv1.ExplainSlotRequest{
		Segments: []*appointmentv1.SegmentFilter{{ServiceId: f.class.GetId()}}, StartTime: timestamppb.New(start),
	})
	if err != nil || len(explained.GetBlocks()) != 1 || explained.GetBlocks()[0].GetReason() != appointmentv1.BlockReason_BLOCK_REASON_GROUP_FULL {
		t.Errorf("explains %v, %v", explained, err)
	}

	f.cancel(bob, f.byCustomer(bob, g))
	if left := f.session(f.receptionist, g.GetId()); left.GetPlacesLeft() != 1 || len(left.GetPlaces()) != 2 {
		t.Errorf("after a cancellation: %v", left)
	}
	if shown := f.session(nobody, g.GetId()); len(shown.GetPlaces()) > 0 || shown.GetPlacesLeft() != 1 {
		t.Errorf("strangers see %v", shown)
	}
	if d := f.mustJoin(f.guest(), g); d.GetGroupPlace() != 2 {
		t.Errorf("the free place has number 2, got %d", d.GetGroupPlace())
	}
	if got := f.get(cid, c.GetId()).GetGroupPlace(); got != 3 {
		t.Errorf("a place keeps its number: %d", got)
	}
	wantClaims(t, f.db)
}

// byCustomer is the appointment of an account in a session.
func (f *groupFixture) byCustomer(who auth.Principal, g *appointmentv1.GroupSession) *appointmentv1.Appointment {
	f.t.Helper()
	list, err := f.appointments.ListAppointments(f.As(who), &appointmentv1.ListAppointmentsRequest{})
	if err != nil {
		f.t.Fatal(err)
	}
	for _, a := range list.GetAppointments() {
		if a.GetGroupSessionId() == g.GetId() {
			return a
		}
	}
	f.t.Fatal("nobody's appointment")
	return nil
}

// TestGroupOnly: a service for several customers is booked in no other way.
func TestGroupOnly(t *testing.T) {
	f := newGroupFixture(t)
	start := f.noon(2)
	segment := func(s *appointmentv1.Service) *appointmentv1.SegmentInput {
		return &appointmentv1.SegmentInput{ServiceId: s.GetId(), MasterId: new(f.mira.UserID)}
	}
	book := func(segments ...*appointmentv1.SegmentInput) error {
		_, err := f.appointments.CreateAppointment(f.As(f.ann), &appointmentv1.CreateAppointmentRequest{StartTime: timestamppb.New(start), Segments: segments})
		return err
	}
	wantError(t, book(segment(f.class)), codes.AlreadyExists, "SLOT_UNAVAILABLE", "start_time")
	wantError(t, book(segment(f.cut), segment(f.class)), codes.FailedPrecondition, "NOT_OFFERED", "segments[1].service_id")
	_, err := f.desk.WalkIn(f.As(f.receptionist), &appointmentv1.WalkInRequest{Segments: []*appointmentv1.SegmentInput{segment(f.class)}})
	wantError(t, err, codes.FailedPrecondition, "NOT_OFFERED", "segments[0].service_id")
	date := start.Format(time.DateOnly)
	_, err = f.rules.availability.SearchAvailability(t.Context(), &appointmentv1.SearchAvailabilityRequest{
		Segments:  []*appointmentv1.SegmentFilter{{ServiceId: f.cut.GetId()}, {ServiceId: f.class.GetId()}},
		StartDate: date, EndDate: date,
	})
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELDS", "segments[1].service_id")
	plain := f.opening(start)
	plain.ServiceId = f.cut.GetId()
	_, err = f.calls.CreateGroupSession(f.As(f.receptionist), plain)
	wantError(t, err, codes.FailedPrecondition, "NOT_OFFERED", "service_id")
	_, err = f.calls.CreateGroupSession(f.As(f.staff(first.ID, roleMaster)), f.opening(start))
	wantError(t, err, codes.PermissionDenied, "PERMISSION_DENIED", "")

	g := f.open(start)
	if err := book(segment(f.class)); err != nil {
		t.Errorf("by the start of a session: %v", err)
	}
	a := f.mustJoin(f.guest(), g)
	_, err = f.desk.AdjustAppointment(f.As(f.receptionist), &appointmentv1.AdjustAppointmentRequest{
		AppointmentId: a.GetId(), EndTime: timestamppb.New(start.Add(2 * time.Hour)),
	})
	wantError(t, err, codes.FailedPrecondition, "ILLEGAL_STATE", "appointment_id")

	before := f.at(start.Add(-2*time.Hour), f.mira)
	longer := adjust(before, start.Add(30*time.Minute))
	longer.MoveFollowing = true
	_, err = f.desk.AdjustAppointment(f.As(f.receptionist), longer)
	wantError(t, err, codes.AlreadyExists, "SLOT_UNAVAILABLE", "end_time")
	if !strings.Contains(status.Convert(err).Message(), "a group session or a hold is in the way") {
		t.Error(err)
	}
}

// TestLastPlace: of any number of customers who want the last place, one gets it.
func TestLastPlace(t *testing.T) {
	f := newGroupFixture(t)
	g := f.open(f.noon(2))
	f.mustJoin(f.guest(), g)
	f.mustJoin(f.guest(), g)
	var won, full atomic.Int32
	var all sync.WaitGroup
	for range 64 {
		who := f.guest()
		all.Go(func() {
			_, err := f.join(who, g)
			switch {
			case err == nil:
				won.Add(1)
			case status.Code(err) == codes.AlreadyExists:
				full.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 || full.Load() != 63 {
		t.Errorf("%d have got the last place, %d were refused", won.Load(), full.Load())
	}
}

// TestPlaceStorm: bookings, cancellations and holds at once never take more places than there are, and all are free in the end.
func TestPlaceStorm(t *testing.T) {
	f := newGroupFixture(t)
	start := f.noon(2)
	g := f.open(start)
	quote := f.places(nobody, start).GetSlots()[0].GetQuote()
	var all sync.WaitGroup
	for n := range 12 {
		who := f.guest()
		all.Go(func() {
			for range 6 {
				var a *appointmentv1.Appointment
				var err error
				if n%3 == 0 {
					var h *appointmentv1.Hold
					if h, err = f.holds().CreateHold(f.As(who), &appointmentv1.CreateHoldRequest{Quote: quote}); err == nil {
						a, err = f.bookHold(who, h, "")
						if err != nil {
							t.Errorf("what was held was not booked: %v", err)
						}
					}
				} else {
					a, err = f.join(who, g)
				}
				if err != nil {
					if apierr.ReasonOf(err) == "CONTENTION" { // the others were faster each time
						continue
					}
					if status.Code(err) != codes.AlreadyExists {
						t.Error(err)
					}
					continue
				}
				if n := count(t, f.db, "group_places WHERE session_id = ?", g.GetId()); n > 3 {
					t.Errorf("%d places are taken", n)
				}
				f.cancel(who, a)
			}
		})
	}
	all.Wait()
	if left := f.session(f.receptionist, g.GetId()); left.GetPlacesLeft() != 3 {
		t.Errorf("in the end: %v", left)
	}
	wantClaims(t, f.db)
}

// TestHeldPlace: a hold keeps a place until it expires or is released, and the place is free then, also when nobody has tidied up.
func TestHeldPlace(t *testing.T) {
	f := newGroupFixture(t)
	start := f.noon(2)
	request := f.opening(start)
	request.Capacity = new(int32(1))
	g, err := f.calls.CreateGroupSession(f.As(f.receptionist), request)
	if err != nil {
		t.Fatal(err)
	}
	hold := func() *appointmentv1.Hold {
		h, err := f.holds().CreateHold(f.As(f.ann), &appointmentv1.CreateHoldRequest{Quote: f.places(f.ann, start).GetSlots()[0].GetQuote()})
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	h := hold()
	_, err = f.join(f.guest(), g)
	wantError(t, err, codes.AlreadyExists, "GROUP_FULL", "group_session_id")
	if _, err := f.holds().ReleaseHold(f.As(f.ann), &appointmentv1.ReleaseHoldRequest{HoldId: h.GetId()}); err != nil {
		t.Fatal(err)
	}
	h = hold()
	f.letExpire(h)
	exec(t, f.db, "UPDATE group_places SET expire_time = now()")
	bob := f.guest()
	a := f.mustJoin(bob, g)
	f.cancel(bob, a)
	h = hold()
	if _, err := f.bookHold(f.ann, h, ""); err != nil {
		t.Error(err)
	}
	if taken := f.session(f.receptionist, g.GetId()).GetPlaces(); len(taken) != 1 || taken[0].GetAppointmentId() == "" {
		t.Errorf("taken are %v", taken)
	}
}

// TestSessionOnce: calls at once with one request id open one session, and none of them is refused because of the others.
func TestSessionOnce(t *testing.T) {
	f := newGroupFixture(t)
	for day := range 6 {
		first := f.opening(f.noon(2 + day))
		ids := make([]string, 24)
		var all sync.WaitGroup
		for i := range ids {
			req := proto.CloneOf(first)
			all.Go(func() {
				g, err := f.calls.CreateGroupSession(f.As(f.mira), req)
				if ids[i] = g.GetId(); err != nil && status.Code(err) != codes.Aborted { // the first is still under way
					t.Error(err)
				}
			})
		}
		all.Wait()
		slices.Sort(ids)
		if ids = slices.Compact(slices.DeleteFunc(ids, func(id string) bool { return id == "" })); len(ids) != 1 {
			t.Errorf("opened %v", ids)
		}
	}
}

// TestListOfBookableSessions: what nobody can book is listed for staff only.
func TestListOfBookableSessions(t *testing.T) {
	f := newGroupFixture(t)
	f.open(f.noon(2))
	wantListed := func(who auth.Principal, want int) {
		t.Helper()
		list, err := f.calls.ListGroupSessions(f.As(who), &appointmentv1.ListGroupSessionsRequest{SalonId: first.ID})
		if err != nil || len(list.GetGroupSessions()) != want {
			t.Errorf("%d sessions, %v, want %d", len(list.GetGroupSessions()), err, want)
		}
	}
	wantListed(f.ann, 1)
	_, err := f.catalogue.DeleteOffering(f.As(f.admin), &appointmentv1.DeleteOfferingRequest{MasterId: f.mira.UserID, ServiceId: f.class.GetId()})
	if err != nil {
		t.Fatal(err)
	}
	wantListed(f.ann, 0)
	wantListed(f.receptionist, 1)
	f.offer(f.mira, f.class)
	wantListed(f.ann, 1)
	if _, err := f.catalogue.DeleteService(f.As(f.admin), &appointmentv1.DeleteServiceRequest{ServiceId: f.class.GetId()}); err != nil {
		t.Fatal(err)
	}
	wantListed(f.ann, 0)
	wantListed(f.receptionist, 1)
}
