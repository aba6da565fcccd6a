package booking

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/migrations"
)

// partitioned is a fixture whose tables get partitions after it has booked an appointment, which it returns. Servers that are too old are
// left out: `make test-postgresql-18` brings one.
func partitioned(t *testing.T) (*fixture, *appointmentv1.Appointment) {
	t.Helper()
	f := newFixture(t)
	var version int
	if err := f.db.Conn(t.Context()).Raw("SELECT current_setting('server_version_num')::integer").Scan(&version).Error; err != nil {
		t.Fatal(err)
	}
	if version < 180000 {
		t.Skip("needs PostgreSQL 18: make test-postgresql-18")
	}
	a := f.book(f.ann, f.in(24*time.Hour))
	done, err := postgres.Partition(t.Context(), f.Postgres.AdminURL(), migrations.Migrations, migrations.Layout(4))
	if err != nil || !done {
		t.Fatal(done, err)
	}
	return f, a
}

// TestPartitionedBookings: on partitioned tables one of many who want a time gets it, and an appointment is found, searched around,
// moved, cancelled and archived as always.
func TestPartitionedBookings(t *testing.T) {
	f, before := partitioned(t)
	if n := count(t, f.db, "pg_partition_tree('claims') WHERE isleaf"); n != 4 {
		t.Fatalf("claims have %d partitions", n)
	}
	wantMessage(t, f.get(f.ann, before.GetId()), before)

	// Two processes, so that the queue of one does not decide.
	other := f.newProcess()
	start := f.in(48 * time.Hour)
	var won, lost atomic.Int32
	var group sync.WaitGroup
	for i := range 24 {
		who := f.SignIn(apiv1.Role_ROLE_CUSTOMER)
		group.Go(func() {
			bookings := f.bookings
			if i%2 == 1 {
				bookings = other.bookings
			}
			_, err := bookings.CreateAppointment(f.principal(who), f.request(start))
			switch status.Code(postgres.APIError(err)) {
			case codes.OK:
				won.Add(1)
			case codes.AlreadyExists, codes.Aborted, codes.FailedPrecondition:
				lost.Add(1)
			default:
				t.Errorf("book: %v", err)
			}
		})
	}
	group.Wait()
	if won.Load() != 1 || lost.Load() != 23 {
		t.Errorf("%d got the time and %d did not", won.Load(), lost.Load())
	}
	if n := count(t, f.db, "claims WHERE subject_id = ? AND lower(during) = ?", f.mira.UserID, start.AsTime()); n != 1 {
		t.Errorf("%d claims of the time", n)
	}
	f.changePartitioned(before)
}

func (f *fixture) changePartitioned(a *appointmentv1.Appointment) {
	t := f.t
	t.Helper()
	offered := func() bool {
		date := a.GetStartTime().AsTime().Format(time.DateOnly)
		found, err := f.rules.availability.SearchAvailability(f.As(f.ann), &appointmentv1.SearchAvailabilityRequest{
			Segments:  []*appointmentv1.SegmentFilter{{ServiceId: f.cut.GetId(), MasterIds: []string{f.mira.UserID}}},
			StartDate: date, EndDate: date, Limit: 500,
		})
		if err != nil || len(found.GetSlots()) == 0 {
			t.Fatal(found, err)
		}
		return slices.ContainsFunc(found.GetSlots(), func(s *appointmentv1.Slot) bool {
			return s.GetStartTime().AsTime().Equal(a.GetStartTime().AsTime())
		})
	}
	if offered() {
		t.Error("a time that is taken is offered")
	}
	moved, err := f.reschedule(f.ann, a.GetId(), "", f.in(72*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if !offered() {
		t.Error("a time that has become free is not offered")
	}
	if _, err := f.cancel(f.ann, a.GetId(), ""); err != nil {
		t.Fatal(err)
	}
	if n := count(t, f.db, "claims WHERE appointment_id = ?", moved.GetId()); n != 0 {
		t.Errorf("%d claims of a cancelled appointment", n)
	}
	if got := f.history(f.mira, a.GetId()); len(got) != 3 {
		t.Errorf("history %v", got)
	}
	list, err := f.appointments.ListAppointments(f.As(f.receptionist), &appointmentv1.ListAppointmentsRequest{SalonId: new(first.ID)})
	if err != nil || len(list.GetAppointments()) != 2 {
		t.Errorf("list %v, %v", list, err)
	}
	f.Clock.Advance(70 * 24 * time.Hour)
	f.archive(2)
	if got := f.get(f.ann, a.GetId()); got.GetState() != appointmentv1.AppointmentState_APPOINTMENT_STATE_CANCELLED {
		t.Errorf("archived: %v", got)
	}
}
