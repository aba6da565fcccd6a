package e2e_test

import (
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// TestUpperCaseOwner: one's own id is one's own in upper case too.
func TestUpperCaseOwner(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		cast := s.NewCast(t)
		upper := strings.ToUpper
		service, manager := s.NewService(t), s.NewManager(t, salontest.DefaultSalon)
		offering := salontest.Do[*appointmentv1.Offering](t, c, manager, appointmentv1.CatalogService_PutOffering_FullMethodName,
			&appointmentv1.PutOfferingRequest{MasterId: upper(cast.Master1.ID), ServiceId: upper(service.GetId())})
		if offering.GetMasterId() != cast.Master1.ID || offering.GetServiceId() != service.GetId() {
			t.Errorf("offered %v", offering)
		}
		first := cast.Book(t, cast.CustomerA, cast.Master2)
		row := first.GetCustomerId() // the salon's, not the account
		booking := salontest.Booking(cast.Master1, service, s.NextStart())
		booking.CustomerId = new(upper(row))
		segment := booking.GetSegments()[0]
		segment.MasterId, segment.ServiceId = new(upper(segment.GetMasterId())), upper(segment.GetServiceId())
		appointment := salontest.Do[*appointmentv1.Appointment](t, c, cast.Master1,
			appointmentv1.AppointmentService_CreateAppointment_FullMethodName, booking)
		if got := appointment.GetSegments()[0]; appointment.GetCustomerId() != row || got.GetMasterId() != cast.Master1.ID ||
			got.GetServiceId() != service.GetId() {
			t.Errorf("booked %v", appointment)
		}
		// A customer who names themselves does not book for another.
		own := salontest.Booking(cast.Master2, cast.Service, s.NextStart())
		own.CustomerId = new(upper(row))
		second := salontest.Do[*appointmentv1.Appointment](t, c, cast.CustomerA,
			appointmentv1.AppointmentService_CreateAppointment_FullMethodName, own)

		list := func(as salontest.Identity, req *appointmentv1.ListAppointmentsRequest, want ...*appointmentv1.Appointment) {
			t.Helper()
			got := salontest.Do[*appointmentv1.ListAppointmentsResponse](t, c, as,
				appointmentv1.AppointmentService_ListAppointments_FullMethodName, req)
			for _, list := range [][]*appointmentv1.Appointment{got.GetAppointments(), want} {
				for i, a := range list {
					list[i] = salontest.ForAll(a)
				}
			}
			salontest.Same(t, got, &appointmentv1.ListAppointmentsResponse{Appointments: want})
		}
		list(cast.CustomerA, &appointmentv1.ListAppointmentsRequest{CustomerId: new(upper(row))}, first, appointment, second)
		list(cast.Master1, &appointmentv1.ListAppointmentsRequest{MasterId: new(upper(cast.Master1.ID))}, appointment)
		salontest.Same(t, salontest.ForAll(salontest.Do[*appointmentv1.Appointment](t, c, cast.CustomerA,
			appointmentv1.AppointmentService_GetAppointment_FullMethodName,
			&appointmentv1.GetAppointmentRequest{AppointmentId: upper(appointment.GetId())})), salontest.ForAll(appointment))
	})
}

// TestFormerMaster: who is no master any more has no access to the appointments that they were to perform. The ones that they
// booked themselves stay theirs.
func TestFormerMaster(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		cast := people(t)
		former := s.NewMaster(t, "Former Master")
		s.Offer(t, former, cast.Service)
		appointment := cast.Book(t, cast.CustomerA, former)
		own := cast.Book(t, former, cast.Master2)
		c.Call(t, cast.Admin, userv1.MasterService_DeleteMaster_FullMethodName, &userv1.DeleteMasterRequest{MasterId: former.ID}).
			Want(t, codes.OK, "")

		id := appointment.GetId()
		for method, req := range map[string]proto.Message{
			appointmentv1.AppointmentService_GetAppointment_FullMethodName:    &appointmentv1.GetAppointmentRequest{AppointmentId: id},
			appointmentv1.AppointmentService_CancelAppointment_FullMethodName: &appointmentv1.CancelAppointmentRequest{AppointmentId: id},
			appointmentv1.AppointmentService_RescheduleAppointment_FullMethodName: &appointmentv1.RescheduleAppointmentRequest{
				AppointmentId: id, StartTime: timestamp(s.NextStart()),
			},
		} {
			if got := c.Call(t, former, method, req); got.Code != codes.NotFound || got.Reason != "NOT_FOUND" {
				t.Errorf("%s: %v, want NOT_FOUND", method, got)
			}
		}
		for _, req := range []*appointmentv1.ListAppointmentsRequest{{}, {CustomerId: new(own.GetCustomerId())}} {
			salontest.Same(t, salontest.Do[*appointmentv1.ListAppointmentsResponse](t, c, former,
				appointmentv1.AppointmentService_ListAppointments_FullMethodName, req),
				&appointmentv1.ListAppointmentsResponse{Appointments: []*appointmentv1.Appointment{own}})
		}
		for _, req := range []*appointmentv1.ListAppointmentsRequest{{MasterId: new(former.ID)}, {CustomerId: new(appointment.GetCustomerId())}} {
			salontest.Same(t, salontest.Do[*appointmentv1.ListAppointmentsResponse](t, c, former,
				appointmentv1.AppointmentService_ListAppointments_FullMethodName, req), &appointmentv1.ListAppointmentsResponse{})
		}
		salontest.Same(t, salontest.Do[*appointmentv1.Appointment](t, c, cast.CustomerA,
			appointmentv1.AppointmentService_GetAppointment_FullMethodName, &appointmentv1.GetAppointmentRequest{AppointmentId: id}), appointment)
	})
}
