package resilience_test

import (
	"fmt"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// TestArchivedAppointments: an appointment that the program has moved to the archive is there over REST and gRPC for whom it was there
// before, it can be rated, and it is in the export of its customer.
func TestArchivedAppointments(t *testing.T) {
	t.Parallel()
	system := salontest.Start(t)
	cast := system.NewCast(t)
	done := cast.Complete(t, cast.Master1, cast.Book(t, cast.CustomerA, cast.Master1))
	future := cast.Book(t, cast.CustomerA, cast.Master1)
	if err := system.Restart(t.Context(), "SALON_ARCHIVE_AFTER_MONTHS=6"); err != nil {
		t.Fatal(err)
	}
	db := system.Database(t)
	archived := func() (ids []string) {
		row := db.QueryRow(t.Context(), "SELECT coalesce(array_agg(id::text), '{}') FROM appointments.archived_appointments")
		if err := row.Scan(&ids); err != nil {
			t.Fatal(err)
		}
		return ids
	}
	salontest.Eventually(t, func() error {
		if ids := archived(); len(ids) != 1 || ids[0] != done.GetId() {
			return fmt.Errorf("in the archive are %v", ids)
		}
		return nil
	})
	get := &appointmentv1.GetAppointmentRequest{AppointmentId: done.GetId()}
	history := &appointmentv1.ListAppointmentHistoryRequest{AppointmentId: done.GetId()}
	salontest.Both(t, system, func(t *testing.T, c salontest.Caller) {
		for _, who := range []*salontest.Account{cast.CustomerA, cast.Master1, cast.Admin} {
			a := salontest.Do[*appointmentv1.Appointment](t, c, who, appointmentv1.AppointmentService_GetAppointment_FullMethodName, get)
			salontest.Same(t, salontest.ForAll(a), salontest.ForAll(done))
			changes := salontest.Do[*appointmentv1.ListAppointmentHistoryResponse](t, c, who,
				appointmentv1.AppointmentService_ListAppointmentHistory_FullMethodName, history).GetChanges()
			if len(changes) != 3 {
				t.Errorf("%s sees the changes %v", who.Name, changes)
			}
			list := salontest.Do[*appointmentv1.ListAppointmentsResponse](t, c, who, listAppointments,
				&appointmentv1.ListAppointmentsRequest{MasterId: new(cast.Master1.ID)}).GetAppointments()
			if len(list) != 2 || list[0].GetId() != done.GetId() || list[1].GetId() != future.GetId() {
				t.Errorf("%s lists %v", who.Name, list)
			}
		}
		for _, who := range []*salontest.Account{cast.CustomerB, cast.Master2} {
			c.Call(t, who, appointmentv1.AppointmentService_GetAppointment_FullMethodName, get).Want(t, codes.NotFound, "")
			c.Call(t, who, appointmentv1.AppointmentService_ListAppointmentHistory_FullMethodName, history).Want(t, codes.NotFound, "")
		}
		// It was completed before.
		salontest.Do[*appointmentv1.Appointment](t, c, cast.Master1, appointmentv1.AppointmentService_CompleteAppointment_FullMethodName,
			&appointmentv1.CompleteAppointmentRequest{AppointmentId: done.GetId()})
	})
	if ids := archived(); len(ids) != 1 {
		t.Errorf("in the archive are %v afterwards", ids)
	}
	salontest.Do[*ratingv1.Rating](t, system.REST(), cast.CustomerA, ratingv1.RatingService_CreateRating_FullMethodName,
		&ratingv1.CreateRatingRequest{AppointmentId: done.GetId(), Stars: 5})
	salontest.Eventually(t, func() error {
		a := salontest.Do[*appointmentv1.Appointment](t, system.REST(), cast.CustomerA,
			appointmentv1.AppointmentService_GetAppointment_FullMethodName, get)
		if !a.GetRated() {
			return fmt.Errorf("not rated: %v", a)
		}
		return nil
	})
	data := salontest.Do[*userv1.PersonalData](t, system.REST(), cast.CustomerA, userv1.UserService_ExportMe_FullMethodName, &userv1.ExportMeRequest{})
	found := 0
	for _, r := range data.GetRecords() {
		if r.GetService() == "appointment" && r.GetKind() == "appointments" {
			found++
		}
	}
	if found != 2 {
		t.Errorf("%d appointments are in the export", found)
	}
}
