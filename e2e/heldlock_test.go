package e2e_test

import (
	"net/http"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// TestHeldLock: while somebody keeps the lock of a master, that master's time cannot be booked. Callers are told so in time,
// nothing changes, and other masters are booked meanwhile.
func TestHeldLock(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		cast := s.NewCast(t)
		before := cast.Book(t, cast.CustomerA, cast.Master1)
		tx, err := s.Database(t).Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), "SELECT pg_advisory_xact_lock(hashtextextended('salon.claims:' || $1, 0))", cast.Master1.ID); err != nil {
			t.Fatal(err)
		}
		book := salontest.Booking(cast.Master1, cast.Service, s.NextStart())
		reschedule := &appointmentv1.RescheduleAppointmentRequest{AppointmentId: before.GetId(), StartTime: timestamppb.New(s.NextStart())}
		for method, req := range map[string]proto.Message{
			createAppointment: book,
			appointmentv1.AppointmentService_RescheduleAppointment_FullMethodName: reschedule,
		} {
			answers := make(chan *salontest.Result, 1)
			go func() { answers <- c.Call(t, cast.CustomerA, method, req) }()
			var refused *salontest.Result
			for refused == nil {
				salontest.Do[*appointmentv1.Appointment](t, c, cast.CustomerB, createAppointment,
					salontest.Booking(cast.Master2, cast.Service, s.NextStart()))
				select {
				case refused = <-answers:
				default:
				}
			}
			if refused.Code != codes.Aborted || refused.Reason != "CONTENTION" || !refused.RetryAfter ||
				refused.Status != 0 && refused.Status != http.StatusConflict {
				t.Errorf("%s: %v, retry after %t; want CONTENTION with a time", method, refused, refused.RetryAfter)
			}
		}
		salontest.Same(t, read(t, c, cast.CustomerA, before.GetId()), before)
		mine := salontest.Do[*appointmentv1.ListAppointmentsResponse](t, c, cast.CustomerA,
			appointmentv1.AppointmentService_ListAppointments_FullMethodName, &appointmentv1.ListAppointmentsRequest{})
		if n := len(mine.GetAppointments()); n != 1 {
			t.Errorf("the customer has %d appointments, want 1", n)
		}
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.Call(t, cast.CustomerA, createAppointment, book).Want(t, codes.OK, "")
	})
}
