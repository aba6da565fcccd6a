package booking

import (
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
)

// walkIn is a request for services by any master.
func walkIn(services ...*appointmentv1.Service) *appointmentv1.WalkInRequest {
	req := &appointmentv1.WalkInRequest{}
	for _, s := range services {
		req.Segments = append(req.Segments, &appointmentv1.SegmentInput{ServiceId: s.GetId()})
	}
	return req
}

func (f *fixture) mustWalkIn(who auth.Principal, req *appointmentv1.WalkInRequest) *appointmentv1.Appointment {
	f.t.Helper()
	a, err := f.desk.WalkIn(f.As(who), req)
	if err != nil {
		f.t.Fatalf("walk in: %v", err)
	}
	return a
}

// TestWalkIn: it begins now, or when the first master is free; it is confirmed, and its customer is somebody new.
func TestWalkIn(t *testing.T) {
	f := newFixture(t)
	f.setPolicy(&appointmentv1.UpdateBookingPolicyRequest{LeadTimeMinutes: new(int32(300))})
	f.Clock.Set(f.noon(0).Add(90 * time.Second)) // 12:01:30
	now := f.noon(0).Add(2 * time.Minute)
	one := f.mustWalkIn(f.receptionist, walkIn(f.cut))
	if !one.GetStartTime().AsTime().Equal(now) || one.GetState() != appointmentv1.AppointmentState_APPOINTMENT_STATE_CONFIRMED ||
		one.GetCustomer().GetDisplayName() != "Walk-in" || one.GetLapseTime() != nil {
		t.Errorf("the first is %v", one)
	}
	wantMessage(t, f.get(f.receptionist, one.GetId()), one)
	nora := f.staff(first.ID, roleMaster)
	f.offer(nora, f.cut)
	req := walkIn(f.cut)
	req.Guest = &appointmentv1.WalkInGuest{DisplayName: "Ida Keller", Phone: "+4930123456"}
	second := f.mustWalkIn(f.receptionist, req)
	if !second.GetStartTime().AsTime().Equal(now) || second.GetSegments()[0].GetMasterId() != nora.UserID {
		t.Errorf("the second is %v, want it with the master who is free", second)
	}
	found, err := f.customers.ListCustomers(f.As(f.receptionist), &appointmentv1.ListCustomersRequest{Query: "keller"})
	if err != nil || len(found.GetCustomers()) != 1 || found.GetCustomers()[0].GetId() != second.GetCustomerId() ||
		found.GetCustomers()[0].GetPhone() != "+4930123456" {
		t.Errorf("found %v, %v", found, err)
	}
	req = walkIn(f.cut, f.cut)
	req.CustomerId, req.Note = new(f.newCustomer("Otto").GetId()), "In a hurry."
	third := f.mustWalkIn(f.manager, req)
	if !third.GetStartTime().AsTime().Equal(now.Add(hour)) || third.GetCustomerId() != req.GetCustomerId() || third.GetNote() != "In a hurry." {
		t.Errorf("the third is %v, want it in an hour", third)
	}
	wantClaims(t, f.db)
}

// TestWalkInOnTheMinute: a minute that has just begun is now.
func TestWalkInOnTheMinute(t *testing.T) {
	f := newFixture(t)
	f.Clock.Set(f.noon(0))
	req := walkIn(f.cut)
	req.Segments[0].MasterId = new(f.mira.UserID)
	if a := f.mustWalkIn(f.mira, req); !a.GetStartTime().AsTime().Equal(f.noon(0)) {
		t.Errorf("begins at %v", a.GetStartTime().AsTime())
	}
}

// TestWalkInPreview: with validate_only nothing is booked, and what it says is booked afterwards.
func TestWalkInPreview(t *testing.T) {
	f := newFixture(t)
	req := walkIn(f.cut)
	req.ValidateOnly = true
	preview := f.mustWalkIn(f.receptionist, req)
	if count(t, f.db, "appointments") != 0 || count(t, f.db, "customers") != 0 || count(t, f.db, "claims") != 0 {
		t.Error("something was stored")
	}
	req.ValidateOnly = false
	booked := f.mustWalkIn(f.receptionist, req)
	if !proto.Equal(booked.GetStartTime(), preview.GetStartTime()) || booked.GetSegments()[0].GetMasterId() != preview.GetSegments()[0].GetMasterId() {
		t.Errorf("booked %v, but the preview was %v", booked, preview)
	}
}

// TestWalkInWhenNothingIsFree: the answer has the next slots.
func TestWalkInWhenNothingIsFree(t *testing.T) {
	f := newFixture(t)
	f.openDaily("09:00", "18:00")
	f.Clock.Set(f.noon(1).Add(6 * hour)) // closing time
	req := walkIn(f.cut)
	req.RequestId = f.NewID()
	_, err := f.desk.WalkIn(f.As(f.receptionist), req)
	wantError(t, err, codes.AlreadyExists, "SLOT_UNAVAILABLE", "segments")
	wantAlternatives(t, wantNotBookable(t, err, appointmentv1.BlockReason_BLOCK_REASON_CLOSED), f.Clock.Now())
	if count(t, f.db, "customers") != 0 {
		t.Error("a customer was made for nothing")
	}
}

// TestWalkInAgain: a call with the request id of another one has its answer.
func TestWalkInAgain(t *testing.T) {
	f := newFixture(t)
	req := walkIn(f.cut)
	req.RequestId = f.NewID()
	once := f.mustWalkIn(f.receptionist, req)
	f.Clock.Advance(10 * time.Minute)
	wantMessage(t, f.mustWalkIn(f.receptionist, req), once)
	req.Note = "another"
	_, err := f.desk.WalkIn(f.As(f.receptionist), req)
	wantError(t, err, codes.AlreadyExists, "REQUEST_ID_REUSED", "")
	if count(t, f.db, "appointments") != 1 || count(t, f.db, "customers") != 1 {
		t.Error("it was booked twice")
	}
}

// TestWalkInsAtOnce: of several at once, each has a time of its own.
func TestWalkInsAtOnce(t *testing.T) {
	f := newFixture(t)
	f.offer(f.staff(first.ID, roleMaster), f.cut)
	f.Clock.Set(f.noon(0))
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if _, err := f.desk.WalkIn(f.As(f.receptionist), walkIn(f.cut)); err != nil {
				t.Errorf("walk in: %v", err)
			}
		})
	}
	group.Wait()
	if n := count(t, f.db, "appointments WHERE start_time < ?", f.noon(0).Add(4*hour)); n != 8 {
		t.Errorf("%d of 8 are within the four hours that two masters need", n)
	}
	wantClaims(t, f.db)
}

func TestWalkInIsRefused(t *testing.T) {
	f := newFixture(t)
	other := newSalon(t, f.db)
	theirs := f.newService(other.ID, "Theirs", 100)
	for _, tt := range []struct {
		name   string
		as     auth.Principal
		change func(*appointmentv1.WalkInRequest)
		code   codes.Code
		reason string
		field  string
	}{
		{"a customer", f.ann, nil, codes.PermissionDenied, "PERMISSION_DENIED", ""},
		{"staff of another salon", f.staff(other.ID, roleManager), nil, codes.PermissionDenied, "PERMISSION_DENIED", ""},
		{"a master for any master", f.mira, nil, codes.PermissionDenied, "PERMISSION_DENIED", "segments"},
		{"nothing", f.manager, func(r *appointmentv1.WalkInRequest) { r.Segments = nil }, codes.InvalidArgument, "INVALID_FIELDS", "segments"},
		{"another salon", f.manager, func(r *appointmentv1.WalkInRequest) { r.SalonId = &other.ID }, codes.InvalidArgument, "INVALID_FIELDS", "salon_id"},
		{
			"services of two salons", f.manager,
			func(r *appointmentv1.WalkInRequest) { r.Segments = walkIn(f.cut, theirs).GetSegments() },
			codes.InvalidArgument, "INVALID_FIELDS", "segments[1].service_id",
		},
		{"no such service", f.manager, func(r *appointmentv1.WalkInRequest) { r.Segments[0].ServiceId = f.NewID() }, codes.FailedPrecondition, "NOT_OFFERED", "segments[0].service_id"},
		{"no such master", f.manager, func(r *appointmentv1.WalkInRequest) { r.Segments[0].MasterId = new(f.NewID()) }, codes.FailedPrecondition, "MASTER_UNAVAILABLE", "segments[0].master_id"},
		{"no such customer", f.manager, func(r *appointmentv1.WalkInRequest) { r.CustomerId = new(f.NewID()) }, codes.FailedPrecondition, "CUSTOMER_UNAVAILABLE", "customer_id"},
		{
			"a customer and a guest", f.manager, func(r *appointmentv1.WalkInRequest) {
				r.CustomerId, r.Guest = new(f.newCustomer("Ida").GetId()), &appointmentv1.WalkInGuest{}
			}, codes.InvalidArgument, "INVALID_FIELDS", "guest",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req := walkIn(f.cut)
			if tt.change != nil {
				tt.change(req)
			}
			_, err := f.desk.WalkIn(f.As(tt.as), req)
			wantError(t, err, tt.code, tt.reason, tt.field)
		})
	}
	if count(t, f.db, "appointments") != 0 {
		t.Error("something was booked")
	}
}
