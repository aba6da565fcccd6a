package booking

import (
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
)

// moveTo moves an appointment to a start, with other segments.
func (f *fixture) moveTo(
	who auth.Principal, a *appointmentv1.Appointment, start time.Time, segments ...*appointmentv1.SegmentInput,
) (*appointmentv1.Appointment, error) {
	return f.appointments.RescheduleAppointment(f.As(who), &appointmentv1.RescheduleAppointmentRequest{
		AppointmentId: a.GetId(), StartTime: timestamp(start), Segments: segments,
	})
}

func segment(s *appointmentv1.Service, masterID *string) *appointmentv1.SegmentInput {
	return &appointmentv1.SegmentInput{ServiceId: s.GetId(), MasterId: masterID}
}

// TestRescheduleWithAMasterWhoIsGone: an appointment with a master who takes no bookings in the salon any more stays where it is, until
// it is cancelled or somebody else takes over.
func TestRescheduleWithAMasterWhoIsGone(t *testing.T) {
	f := newFixture(t)
	other := newSalon(t, f.db)
	for name, gone := range map[string]*userv1.LookupMasterResponse{
		"disabled":         {SalonId: first.ID, Disabled: true},
		"deleted":          {SalonId: first.ID, Deleted: true},
		"in another salon": {SalonId: other.ID},
	} {
		t.Run(name, func(t *testing.T) {
			master := f.staff(first.ID, roleMaster)
			f.offer(master, f.cut)
			who := f.SignIn(apiv1.Role_ROLE_CUSTOMER)
			req := byMaster(f.noon(2), f.cut, f.mira)
			req.Segments = append(req.Segments, segment(f.cut, &master.UserID))
			a := f.create(who, req)
			gone.MasterId, gone.Version = master.UserID, 2
			f.SetMaster(gone)
			if _, err := f.people.RefreshMaster(t.Context(), master.UserID); err != nil {
				t.Fatal(err)
			}
			for _, caller := range []auth.Principal{who, f.manager} {
				_, err := f.moveTo(caller, a, f.noon(3))
				wantError(t, err, codes.FailedPrecondition, "MASTER_UNAVAILABLE", "segments[1].master_id")
			}
			if got := f.get(who, a.GetId()); !proto.Equal(got.GetStartTime(), a.GetStartTime()) || versionOf(t, got) != 1 {
				t.Errorf("changed: %v", got)
			}
			moved, err := f.moveTo(who, a, f.noon(3), segment(f.cut, &f.mira.UserID), segment(f.cut, &f.mira.UserID))
			if err != nil {
				t.Fatalf("with somebody else: %v", err)
			}
			if got := moved.GetSegments()[1].GetMasterId(); got != f.mira.UserID {
				t.Errorf("now with %s", got)
			}
			if _, err := f.cancel(f.manager, a.GetId(), ""); err != nil {
				t.Errorf("cancel: %v", err)
			}
		})
	}
	wantClaims(t, f.db)
}

// TestBookAMasterWhoIsBack: a master who is enabled again is booked before the event of it has come.
func TestBookAMasterWhoIsBack(t *testing.T) {
	f := newFixture(t)
	f.SetMaster(&userv1.LookupMasterResponse{MasterId: f.mira.UserID, SalonId: first.ID, Disabled: true, Version: 2})
	if _, err := f.people.RefreshMaster(t.Context(), f.mira.UserID); err != nil {
		t.Fatal(err)
	}
	_, err := f.appointments.CreateAppointment(f.As(f.ann), byMaster(f.noon(2), f.cut, f.mira))
	wantError(t, err, codes.FailedPrecondition, "MASTER_UNAVAILABLE", "segments[0].master_id")
	f.SetMaster(&userv1.LookupMasterResponse{MasterId: f.mira.UserID, SalonId: first.ID, Version: 3})
	f.create(f.ann, byMaster(f.noon(2), f.cut, f.mira))
}

// TestMoveToAnotherMaster: a customer may move their appointment to another master, at that master's price.
func TestMoveToAnotherMaster(t *testing.T) {
	f := newFixture(t)
	nora := f.staff(first.ID, roleMaster)
	_, err := f.catalogue.PutOffering(f.As(f.manager), &appointmentv1.PutOfferingRequest{
		MasterId: nora.UserID, ServiceId: f.cut.GetId(), PriceOverride: euros(6000), DurationOverrideMinutes: new(int32(90)),
	})
	if err != nil {
		t.Fatal(err)
	}
	start := f.noon(2)
	a := f.create(f.ann, byMaster(start, f.cut, f.mira))
	if _, err := f.confirm(f.mira, a.GetId(), ""); err != nil {
		t.Fatal(err)
	}
	moved, err := f.moveTo(f.ann, a, start, segment(f.cut, &nora.UserID))
	if err != nil {
		t.Fatal(err)
	}
	s := moved.GetSegments()[0]
	if s.GetMasterId() != nora.UserID || s.GetId() != a.GetSegments()[0].GetId() || !moved.GetEndTime().AsTime().Equal(start.Add(hour+hour/2)) ||
		moved.GetState() != appointmentv1.AppointmentState_APPOINTMENT_STATE_PENDING {
		t.Errorf("moved: %v", moved)
	}
	wantMessage(t, moved.GetTotalPrice(), euros(6000))
	wantMessage(t, f.get(nora, a.GetId()), f.get(f.receptionist, a.GetId()))
	f.create(f.SignIn(apiv1.Role_ROLE_CUSTOMER), byMaster(start, f.cut, f.mira)) // Mira is free now

	// Nora is taken now, and so is Mira: nobody is left.
	bob := f.SignIn(apiv1.Role_ROLE_CUSTOMER)
	b := f.create(bob, byMaster(start.AddDate(0, 0, 1), f.cut, f.mira))
	for _, master := range []*string{&nora.UserID, nil} {
		_, err = f.moveTo(bob, b, start, segment(f.cut, master))
		wantError(t, err, codes.AlreadyExists, "SLOT_UNAVAILABLE", "start_time")
		wantAlternatives(t, wantNotBookable(t, err, appointmentv1.BlockReason_BLOCK_REASON_BOOKED), start)
	}
	idle := f.staff(first.ID, roleMaster)
	_, err = f.moveTo(bob, b, start.Add(2*hour), segment(f.cut, &idle.UserID))
	wantError(t, err, codes.FailedPrecondition, "NOT_OFFERED", "segments[0].service_id")
	_, err = f.moveTo(bob, b, start, segment(f.cut, nil), segment(f.cut, nil))
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELDS", "segments")
	wantClaims(t, f.db)
}

// TestMoveToAnotherService: only staff change what is done.
func TestMoveToAnotherService(t *testing.T) {
	f := newFixture(t)
	colour := f.newPhased("Colour", phase(workPhase, 30), phase(waitPhase, 30), phase(workPhase, 60))
	f.offer(f.mira, colour)
	start := f.noon(2)
	a := f.create(f.ann, byMaster(start, f.cut, f.mira))
	_, err := f.moveTo(f.ann, a, start, segment(colour, &f.mira.UserID))
	wantError(t, err, codes.PermissionDenied, "PERMISSION_DENIED", "segments[0].service_id")
	moved, err := f.moveTo(f.mira, a, start, segment(colour, &f.mira.UserID))
	if err != nil {
		t.Fatal(err)
	}
	s := moved.GetSegments()[0]
	if s.GetServiceId() != colour.GetId() || s.GetServiceName() != "Colour" || !moved.GetEndTime().AsTime().Equal(start.Add(2*hour)) {
		t.Errorf("moved: %v", moved)
	}
	wantMessage(t, moved.GetTotalPrice(), euros(9000))
	wantMessage(t, &appointmentv1.Segment{Phases: s.GetPhases()}, &appointmentv1.Segment{Phases: colour.GetPhases()})
	f.create(f.SignIn(apiv1.Role_ROLE_CUSTOMER), byMaster(start.Add(2*hour), f.cut, f.mira))
	wantClaims(t, f.db)
}

// TestMoveIntoOwnTime: the time of the appointment itself counts as free, also where a master or a chair is chosen.
func TestMoveIntoOwnTime(t *testing.T) {
	f := newFixture(t)
	chair := f.newResources("Chair", 1)
	colour := f.newPhased("Colour", phase(workPhase, 60, chair))
	f.offer(f.mira, colour)
	for name, a := range map[string]*appointmentv1.Appointment{
		"a cut":    f.create(f.ann, byMaster(f.noon(2), f.cut, f.mira)),
		"a colour": f.create(f.ann, byMaster(f.noon(3), colour, f.mira)),
	} {
		start := a.GetStartTime().AsTime()
		for _, minutes := range []int{30, 15, 60, 0} {
			to := start.Add(time.Duration(minutes) * time.Minute)
			moved, err := f.moveTo(f.ann, a, to)
			if err != nil || !moved.GetStartTime().AsTime().Equal(to) {
				t.Errorf("%s by %d minutes: %v, %v", name, minutes, moved.GetStartTime().AsTime(), err)
			}
		}
		again := segment(f.cut, nil)
		again.ServiceId = a.GetSegments()[0].GetServiceId()
		if _, err := f.moveTo(f.ann, a, start.Add(hour/2), again); err != nil {
			t.Errorf("%s with anybody: %v", name, err)
		}
	}
	wantClaims(t, f.db)
}

// TestMoveAfterRulesChanged: a move planned by older rules is planned again by those of now.
func TestMoveAfterRulesChanged(t *testing.T) {
	f := newFixture(t)
	elsewhere := f.newProcess()
	a := f.create(f.ann, byMaster(f.noon(2), f.cut, f.mira)) // the rules are in memory now
	change := func(req *appointmentv1.UpdateBookingPolicyRequest) {
		t.Helper()
		req.SalonId = first.ID
		if _, err := elsewhere.salons.UpdateBookingPolicy(f.principal(f.manager), req); err != nil {
			t.Fatal(err)
		}
	}
	change(&appointmentv1.UpdateBookingPolicyRequest{SlotStepMinutes: new(int32(30))})
	if _, err := f.moveTo(f.ann, a, f.noon(3)); err != nil {
		t.Errorf("moved by older rules that permit it as well: %v", err)
	}
	change(&appointmentv1.UpdateBookingPolicyRequest{HorizonDays: new(int32(5))})
	_, err := f.moveTo(f.ann, a, f.noon(7))
	wantError(t, err, codes.FailedPrecondition, "NOT_BOOKABLE", "start_time")
	wantNotBookable(t, err, appointmentv1.BlockReason_BLOCK_REASON_HORIZON)
	change(&appointmentv1.UpdateBookingPolicyRequest{HorizonDays: new(int32(30))})
	if _, err := f.moveTo(f.ann, a, f.noon(7)); err != nil {
		t.Errorf("refused by older rules: %v", err)
	}
	// A change of the salon's zone moves the next promise.
	exec(t, f.db, "UPDATE salons SET time_zone = 'Asia/Kathmandu', rules_version = rules_version + 1")
	moved, err := f.moveTo(f.ann, a, f.noon(8).Add(hour/4))
	if err != nil || moved.GetTimeZone() != "Asia/Kathmandu" || moved.GetUtcOffsetMinutes() != 345 {
		t.Errorf("promised in %s at %d, %v", moved.GetTimeZone(), moved.GetUtcOffsetMinutes(), err)
	}
}

// TestManyMoveToOneTime: of many appointments that move to one time at once, as many get it as there are masters.
func TestManyMoveToOneTime(t *testing.T) {
	f := newFixture(t)
	elsewhere := f.newProcess()
	f.offer(f.staff(first.ID, roleMaster), f.cut)
	f.offer(f.staff(first.ID, roleMaster), f.cut)
	var list []*appointmentv1.Appointment
	var owners []auth.Principal
	for n := range 8 {
		owners = append(owners, f.SignIn(apiv1.Role_ROLE_CUSTOMER))
		list = append(list, f.create(owners[n], anyMaster(f.noon(2).Add(time.Duration(n)*hour), f.cut)))
	}
	start := f.noon(5)
	moved := make([]string, len(list))
	var all sync.WaitGroup
	for n, a := range list {
		bookings := []*Bookings{f.bookings, elsewhere.bookings}[n%2]
		ctx := f.principal(owners[n])
		all.Go(func() {
			got, err := bookings.RescheduleAppointment(ctx, &appointmentv1.RescheduleAppointmentRequest{
				AppointmentId: a.GetId(), StartTime: timestamp(start), Segments: []*appointmentv1.SegmentInput{segment(f.cut, nil)},
			})
			if err == nil {
				moved[n] = got.GetSegments()[0].GetMasterId()
				return
			}
			wantError(t, err, codes.AlreadyExists, "SLOT_UNAVAILABLE", "start_time")
			wantNotBookable(t, err, appointmentv1.BlockReason_BLOCK_REASON_BOOKED)
		})
	}
	all.Wait()
	slices.Sort(moved)
	won := slices.DeleteFunc(slices.Clone(moved), func(id string) bool { return id == "" })
	if len(won) != 3 || len(slices.Compact(won)) != 3 {
		t.Errorf("moved to %q, want three masters", moved)
	}
	for n, a := range list {
		if got := f.get(owners[n], a.GetId()); !proto.Equal(got.GetStartTime(), a.GetStartTime()) && !got.GetStartTime().AsTime().Equal(start) {
			t.Errorf("appointment %d begins at %v", n, got.GetStartTime().AsTime())
		}
	}
	wantClaims(t, f.db)
}
