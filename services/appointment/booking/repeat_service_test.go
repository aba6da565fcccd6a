package booking

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/events"
)

func TestCreateAppointmentAgain(t *testing.T) {
	f := newFixture(t)
	req := f.request(f.in(time.Hour))
	req.RequestId = f.NewID()
	once := f.create(f.ann, req)
	again := func(name string) {
		t.Helper()
		got, err := f.appointments.CreateAppointment(f.As(f.ann), req)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		wantMessage(t, got, once)
	}
	again("at once")
	if _, err := f.cancel(f.ann, once.GetId(), ""); err != nil {
		t.Fatal(err)
	}
	again("after it was cancelled")
	f.Clock.Advance(2 * time.Hour)
	again("after it should have begun")
	if _, err := f.catalogue.DeleteService(f.As(f.admin), &appointmentv1.DeleteServiceRequest{ServiceId: f.cut.GetId()}); err != nil {
		t.Fatal(err)
	}
	again("after nobody offers it any more")

	other := proto.CloneOf(req)
	other.Note = "another request"
	_, err := f.appointments.CreateAppointment(f.As(f.ann), other)
	wantError(t, err, codes.AlreadyExists, "REQUEST_ID_REUSED", "")
	_, err = f.appointments.CreateAppointment(f.As(f.mira), req)
	wantError(t, err, codes.FailedPrecondition, "START_IN_PAST", "start_time")
	if n := count(t, f.db, "appointments"); n != 1 {
		t.Errorf("%d appointments", n)
	}
}

// Where the plan depends on what is taken, the appointment that the first call has made stands in the way of the second one.
func TestCreateAppointmentAgainWithAnyMaster(t *testing.T) {
	f := newFixture(t)
	f.offer(f.staff(first.ID, roleMaster), f.cut)
	req := f.request(f.in(time.Hour))
	req.RequestId, req.Segments[0].MasterId = f.NewID(), nil
	once := f.create(f.ann, req)
	wantMessage(t, f.create(f.ann, req), once)

	req.RequestId = f.NewID()
	_, err := f.appointments.CreateAppointment(f.As(f.ann), req)
	wantError(t, err, codes.AlreadyExists, "CUSTOMER_BUSY", "start_time")
}

func TestRefusalIsNotRemembered(t *testing.T) {
	f := newFixture(t)
	blocking := f.book(f.mira, f.in(time.Hour))
	req := f.request(f.in(time.Hour))
	req.RequestId = f.NewID()
	_, err := f.appointments.CreateAppointment(f.As(f.ann), req)
	wantError(t, err, codes.AlreadyExists, "SLOT_UNAVAILABLE", "start_time")
	if _, err := f.cancel(f.mira, blocking.GetId(), ""); err != nil {
		t.Fatal(err)
	}
	if _, err := f.appointments.CreateAppointment(f.As(f.ann), req); err != nil {
		t.Errorf("when the time is free: %v", err)
	}
}

// TestSameRequestAtOnce: of many calls with one request id, to two processes, one books. The others get its
// answer, or are refused because it is under way.
func TestSameRequestAtOnce(t *testing.T) {
	f := newFixture(t)
	elsewhere := f.newProcess()
	req := f.request(f.in(time.Hour))
	req.RequestId = f.NewID()
	var ids sync.Map
	var all sync.WaitGroup
	for n := range 32 {
		ctx := f.As(f.ann)
		call := func() (*appointmentv1.Appointment, error) { return f.appointments.CreateAppointment(ctx, req) }
		if n%2 == 0 {
			call = func() (*appointmentv1.Appointment, error) {
				return elsewhere.bookings.CreateAppointment(auth.WithPrincipal(t.Context(), f.ann), req)
			}
		}
		all.Go(func() {
			got, err := call()
			if err == nil {
				ids.Store(got.GetId(), true)
				return
			}
			wantError(t, err, codes.Aborted, "REQUEST_IN_FLIGHT", "")
		})
	}
	all.Wait()
	n := 0
	ids.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("%d different answers", n)
	}
	if n := count(t, f.db, "customers"); n != 1 {
		t.Errorf("%d customers", n)
	}
}

// TestFirstBookingsOfOneCustomer: an account books for the first time, several times at once, through two
// processes. All of it is for one customer of the salon.
func TestFirstBookingsOfOneCustomer(t *testing.T) {
	f := newFixture(t)
	elsewhere := f.newProcess()
	for range 5 {
		who := f.SignIn(apiv1.Role_ROLE_CUSTOMER)
		f.Clock.Advance(24 * time.Hour)
		var ids sync.Map
		var all sync.WaitGroup
		for n := range 8 {
			ctx := auth.WithPrincipal(t.Context(), who)
			bookings := []*Bookings{f.bookings, elsewhere.bookings}[n%2]
			req := f.request(f.in(time.Duration(2+2*n) * time.Hour))
			all.Go(func() {
				got, err := bookings.CreateAppointment(ctx, req)
				if err != nil {
					t.Errorf("book: %v", err)
					return
				}
				ids.Store(got.GetCustomerId(), true)
			})
		}
		all.Wait()
		n := 0
		ids.Range(func(any, any) bool { n++; return true })
		if n != 1 {
			t.Errorf("appointments of %d customers", n)
		}
		if n := count(t, f.db, "customers WHERE account_id = ?", who.UserID); n != 1 {
			t.Errorf("%d customers of one account", n)
		}
	}
	wantClaims(t, f.db)
}

func TestManyCallersOneTime(t *testing.T) {
	f := newFixture(t)
	start := f.in(time.Hour)
	var won atomic.Int32
	var all sync.WaitGroup
	for range 64 {
		ctx := f.As(f.SignIn(apiv1.Role_ROLE_CUSTOMER))
		all.Go(func() {
			_, err := f.appointments.CreateAppointment(ctx, f.request(start))
			if err == nil {
				won.Add(1)
				return
			}
			wantError(t, err, codes.AlreadyExists, "SLOT_UNAVAILABLE", "start_time")
		})
	}
	all.Wait()
	if won.Load() != 1 {
		t.Errorf("%d callers got the time", won.Load())
	}
	wantClaims(t, f.db)
}

// TestRatedFollowsTheEvents: an appointment is rated when each of its masters is. The customer and
// administrators see it.
func TestRatedFollowsTheEvents(t *testing.T) {
	f := newFixture(t)
	for _, c := range f.bookings.Consumers() {
		f.Go(events.NewConsumer(f.db, f.Bus, c, f.Log, nil).Run)
	}
	nora := f.staff(first.ID, roleMaster)
	f.offer(nora, f.cut)
	req := f.request(f.in(time.Hour))
	req.Segments = append(req.Segments, &appointmentv1.SegmentInput{ServiceId: f.cut.GetId(), MasterId: new(nora.UserID)}, req.Segments[0])
	a := f.create(f.ann, req)
	old := f.book(f.ann, f.in(10*time.Hour))
	rated := func(masterID string, version int64, appointmentID, salonID string) {
		f.Publish("rating.created", masterID, version, f.Clock.Now(), &ratingv1.RatingEvent{
			RatingId: f.NewID(), AppointmentId: appointmentID, MasterId: masterID, SalonId: salonID, Stars: 5,
		})
	}
	rated(f.mira.UserID, 7, a.GetId(), first.ID)
	rated(f.mira.UserID, 6, f.NewID(), first.ID) // of an unknown appointment, and an older version
	f.Eventually("the segments of the first master are rated", func() bool {
		return count(t, f.db, "segments WHERE appointment_id = ? AND rated", a.GetId()) == 2
	})
	if f.get(f.ann, a.GetId()).GetRated() {
		t.Error("rated, although one master is not")
	}
	before := f.get(f.ann, a.GetId()).GetEtag()
	rated(nora.UserID, 1, a.GetId(), first.ID)
	f.Eventually("the appointment is rated", func() bool { return f.get(f.ann, a.GetId()).GetRated() })
	if !f.get(f.admin, a.GetId()).GetRated() {
		t.Error("an administrator does not see it")
	}
	for name, who := range map[string]auth.Principal{"master": f.mira, "receptionist": f.receptionist, "manager": f.manager} {
		if f.get(who, a.GetId()).GetRated() {
			t.Errorf("the %s sees it", name)
		}
	}
	if f.get(f.ann, a.GetId()).GetEtag() == before {
		t.Error("the etag does not follow it")
	}
	// An event from before there were salons.
	rated(f.mira.UserID, 5, old.GetId(), "")
	f.Eventually("the older one is rated", func() bool { return f.get(f.ann, old.GetId()).GetRated() })
}
