package resilience_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/pgtest"
)

// poolSize is how many connections the pooler has for each service.
const poolSize = 5

// TestTransactionPooler runs two copies of everything behind a PgBouncer in transaction mode with five connections for each service: what people do
// works, also by many at once, and while the tables are changed.
func TestTransactionPooler(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	pooler := pgtest.StartPooler(t, s.database.AdminURL(), poolSize)
	env := []string{"SALON_DATABASE_URL=" + pooler.URL(), "SALON_DATABASE_POOLED=true"}
	here, there := s.copy(t, env...), s.copy(t, env...)
	flow(t, here.REST())

	cast := there.NewCast(t)
	start := there.NextStart()
	search := salontest.Do[*appointmentv1.SearchAvailabilityResponse](t, there.GRPC(), cast.CustomerA,
		appointmentv1.AvailabilityService_SearchAvailability_FullMethodName, &appointmentv1.SearchAvailabilityRequest{
			Segments:  []*appointmentv1.SegmentFilter{{ServiceId: cast.Service.GetId(), MasterIds: []string{cast.Master1.ID}}},
			StartDate: start.Format(time.DateOnly), EndDate: start.AddDate(0, 0, 1).Format(time.DateOnly),
		})
	if len(search.GetSlots()) == 0 {
		t.Fatal("the search finds nothing")
	}
	booking := salontest.Booking(cast.Master1, cast.Service, search.GetSlots()[0].GetStartTime().AsTime())
	booked := salontest.Do[*appointmentv1.Appointment](t, there.GRPC(), cast.CustomerA, createAppointment, booking)
	moved := salontest.Do[*appointmentv1.Appointment](t, here.REST(), cast.CustomerA, appointmentv1.AppointmentService_RescheduleAppointment_FullMethodName,
		&appointmentv1.RescheduleAppointmentRequest{AppointmentId: booked.GetId(), StartTime: timestamppb.New(there.NextStart())})
	if moved.GetStartTime().AsTime().Equal(booked.GetStartTime().AsTime()) {
		t.Errorf("not moved: %v", moved)
	}
	there.GRPC().Call(t, cast.CustomerB, createAppointment, booking).Want(t, codes.OK, "") // the time is free again

	all := accesses(t, here)
	atOnce(t, here.GRPC(), all, 6)
	db := s.superuser(t, "salon")
	defer db.Close(context.WithoutCancel(t.Context()))
	for i, table := range tables(t, db) {
		if _, err := db.Exec(t.Context(), fmt.Sprintf("ALTER TABLE %s ADD COLUMN added_%d text", table, i)); err != nil {
			t.Error(err)
		}
	}
	atOnce(t, here.REST(), all, 6)
	noOverlap(t, appointmentsOf(t, there.REST(), cast.Master1.ID))

	var roles, most int
	if err := db.QueryRow(t.Context(), `SELECT count(*), max(n) FROM
		(SELECT count(*) AS n FROM pg_stat_activity WHERE usename LIKE 'salon\_%' GROUP BY usename) AS used`).Scan(&roles, &most); err != nil {
		t.Fatal(err)
	}
	if roles != 4 || most > poolSize {
		t.Errorf("%d roles have connections, one of them %d, want 4 with %d at most", roles, most, poolSize)
	}
}
