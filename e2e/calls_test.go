package e2e_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// Methods that most tests call.
const (
	createAppointment      = appointmentv1.AppointmentService_CreateAppointment_FullMethodName
	getAppointment         = appointmentv1.AppointmentService_GetAppointment_FullMethodName
	listAppointments       = appointmentv1.AppointmentService_ListAppointments_FullMethodName
	listAppointmentHistory = appointmentv1.AppointmentService_ListAppointmentHistory_FullMethodName
	cancelAppointment      = appointmentv1.AppointmentService_CancelAppointment_FullMethodName
	rescheduleAppointment  = appointmentv1.AppointmentService_RescheduleAppointment_FullMethodName
	declineAppointment     = appointmentv1.AppointmentService_DeclineAppointment_FullMethodName
	confirmAppointment     = appointmentv1.AppointmentService_ConfirmAppointment_FullMethodName
	completeAppointment    = appointmentv1.AppointmentService_CompleteAppointment_FullMethodName
	walkIn                 = appointmentv1.DeskService_WalkIn_FullMethodName
	adjustAppointment      = appointmentv1.DeskService_AdjustAppointment_FullMethodName
	markNoShow             = appointmentv1.AppointmentService_MarkNoShow_FullMethodName
)

// book books an appointment, which has to succeed.
func book(t testing.TB, c salontest.Caller, as salontest.Identity, req *appointmentv1.CreateAppointmentRequest) *appointmentv1.Appointment {
	t.Helper()
	return change(t, c, as, createAppointment, req)
}

// change makes a call that answers with an appointment, which has to succeed.
func change(t testing.TB, c salontest.Caller, as salontest.Identity, method string, req proto.Message) *appointmentv1.Appointment {
	t.Helper()
	return salontest.Do[*appointmentv1.Appointment](t, c, as, method, req)
}

// read returns an appointment as somebody sees it.
func read(t testing.TB, c salontest.Caller, as salontest.Identity, id string) *appointmentv1.Appointment {
	t.Helper()
	return change(t, c, as, getAppointment, &appointmentv1.GetAppointmentRequest{AppointmentId: id})
}

// cancel cancels an appointment.
func cancel(t testing.TB, c salontest.Caller, as salontest.Identity, id string) *appointmentv1.Appointment {
	t.Helper()
	return change(t, c, as, cancelAppointment, &appointmentv1.CancelAppointmentRequest{AppointmentId: id})
}

// listedIDs are the ids of the appointments that somebody finds.
func listedIDs(t testing.TB, c salontest.Caller, as salontest.Identity, req *appointmentv1.ListAppointmentsRequest) []string {
	t.Helper()
	return idsOf(salontest.Do[*appointmentv1.ListAppointmentsResponse](t, c, as, listAppointments, req))
}

// stateOf is the state of an appointment without its prefix.
func stateOf(a *appointmentv1.Appointment) string {
	return strings.TrimPrefix(a.GetState().String(), "APPOINTMENT_STATE_")
}
