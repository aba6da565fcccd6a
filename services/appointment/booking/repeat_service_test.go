package appointment

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

func TestCreateAppointmentAgain(t *testing.T) {
	f := newFixture(t)
	req := f.wish(f.in(time.Hour))
	req.RequestId = f.NewID()
	first, err := f.appointments.CreateAppointment(f.As(f.ann), req)
	if err != nil {
		t.Fatal(err)
	}
	again := func(name string) {
		t.Helper()
		got, err := f.appointments.CreateAppointment(f.As(f.ann), req)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !proto.Equal(got, first) {
			t.Errorf("%s: got %v", name, got)
		}
	}
	again("at once")
	if _, err := f.appointments.CancelAppointment(f.As(f.ann), &appointmentv1.CancelAppointmentRequest{AppointmentId: first.GetId()}); err != nil {
		t.Fatal(err)
	}
	again("after it was cancelled")
	f.Clock.Advance(2 * time.Hour)
	again("after it should have begun")
	if _, err := f.catalog.DeleteService(f.As(f.admin), &appointmentv1.DeleteServiceRequest{ServiceId: f.cut.GetId()}); err != nil {
		t.Fatal(err)
	}
	again("after nobody offers it any more")

	other := proto.CloneOf(req)
	other.Note = "another request"
	_, err = f.appointments.CreateAppointment(f.As(f.ann), other)
	wantError(t, err, codes.AlreadyExists, "REQUEST_ID_REUSED", "")
	_, err = f.appointments.CreateAppointment(f.As(f.mira), req)
	wantError(t, err, codes.FailedPrecondition, "START_IN_PAST", "segments[0].start_time")
	if n := count(t, f.Postgres.DB("appointments"), "appointments"); n != 1 {
		t.Errorf("%d appointments", n)
	}
}

func TestRefusalIsNotRemembered(t *testing.T) {
	f := newFixture(t)
	blocking := f.book(f.mira, f.in(time.Hour))
	req := f.wish(f.in(time.Hour))
	req.RequestId = f.NewID()
	_, err := f.appointments.CreateAppointment(f.As(f.ann), req)
	wantError(t, err, codes.AlreadyExists, "SLOT_UNAVAILABLE", "segments[0].start_time")
	if _, err := f.appointments.CancelAppointment(f.As(f.mira), &appointmentv1.CancelAppointmentRequest{AppointmentId: blocking.GetId()}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.appointments.CreateAppointment(f.As(f.ann), req); err != nil {
		t.Errorf("when the time is free: %v", err)
	}
}

// TestSameRequestAtOnce: of many calls with one request id one books, and the
// others get its answer or are told that it is under way.
func TestSameRequestAtOnce(t *testing.T) {
	f := newFixture(t)
	req := f.wish(f.in(time.Hour))
	req.RequestId = f.NewID()
	var ids sync.Map
	var all sync.WaitGroup
	for range 32 {
		ctx := f.As(f.ann)
		all.Go(func() {
			got, err := f.appointments.CreateAppointment(ctx, req)
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
}

func TestManyCallersOneTime(t *testing.T) {
	f := newFixture(t)
	start := f.in(time.Hour)
	var won atomic.Int32
	var all sync.WaitGroup
	for range 64 {
		ctx := f.As(f.SignIn(apiv1.Role_ROLE_CUSTOMER))
		all.Go(func() {
			_, err := f.appointments.CreateAppointment(ctx, f.wish(start))
			if err == nil {
				won.Add(1)
				return
			}
			wantError(t, err, codes.AlreadyExists, "SLOT_UNAVAILABLE", "segments[0].start_time")
		})
	}
	all.Wait()
	if won.Load() != 1 {
		t.Errorf("%d callers got the time", won.Load())
	}
}

func TestHearsOfMastersAndAccounts(t *testing.T) {
	f := newFixture(t)
	f.book(f.ann, f.in(time.Hour))
	f.Publish("master.deleted", f.mira.UserID, 2, f.Clock.Now(), &userv1.MasterEvent{MasterId: f.mira.UserID, Deleted: true})
	f.Publish("user.disabled", f.ann.UserID, 2, f.Clock.Now(), &userv1.UserEvent{UserId: f.ann.UserID, Disabled: true})
	db := f.Postgres.DB("appointments")
	f.Eventually("the master is deleted here", func() bool {
		return count(t, db, "masters WHERE id = ? AND deleted AND version = 2", f.mira.UserID) == 1
	})
	f.Eventually("the account is disabled here", func() bool {
		return count(t, db, "customers WHERE id = ? AND disabled AND version = 2", f.ann.UserID) == 1
	})
}
