package resilience_test

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/failpoint"
	"github.com/beauty-salon/platform/internal/natstest"
)

// TestWaitlistSurvivesCrashes kills the program while it offers a cancelled time: before the offer commits, after it, and before what is left is
// free. Afterwards the first in the line has the one offer, and nobody else has got the time.
func TestWaitlistSurvivesCrashes(t *testing.T) {
	t.Parallel()
	for _, place := range []string{failpoint.WaitlistBeforeOfferCommit, failpoint.WaitlistAfterOfferCommit, failpoint.WaitlistBeforeEnd} {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			server := natstest.New(t)
			system := salontest.Start(t, salontest.WithTags("failpoint"), salontest.WithArgs("--nats-url="+server.URL().Reveal()))
			cast := system.NewCast(t)
			a := cast.Book(t, cast.CustomerA, cast.Master1)
			start := a.GetStartTime().AsTime().Add(time.Duration(a.GetUtcOffsetMinutes()) * time.Minute)
			var entries []string
			for _, name := range []string{"First", "Second"} {
				e := salontest.Do[*appointmentv1.WaitlistEntry](t, system.GRPC(), system.NewCustomer(t, name),
					appointmentv1.WaitlistService_CreateWaitlistEntry_FullMethodName, &appointmentv1.CreateWaitlistEntryRequest{
						Segments:  []*appointmentv1.SegmentFilter{{ServiceId: cast.Service.GetId(), MasterIds: []string{cast.Master1.ID}}},
						StartDate: start.Format(time.DateOnly), EndDate: start.Format(time.DateOnly),
						PartOfDay: &appointmentv1.WallInterval{Start: start.Format("15:04"), End: start.Add(time.Minute).Format("15:04")},
					})
				entries = append(entries, e.GetId())
			}
			settled(t, server)
			(&crash{system: system, server: server, place: place, as: cast.CustomerA}).arm(t)
			cancel := func() *salontest.Result {
				return system.GRPC().Call(t, cast.CustomerA, appointmentv1.AppointmentService_CancelAppointment_FullMethodName,
					&appointmentv1.CancelAppointmentRequest{AppointmentId: a.GetId()})
			}
			cancel()
			if err := system.Wait(time.Minute); err != nil || !killed(system.ExitError()) {
				t.Fatalf("ended with %v, %v", system.ExitError(), err)
			}
			if err := system.Restart(t.Context()); err != nil {
				t.Fatal(err)
			}
			if r := cancel(); r.Code != codes.OK {
				t.Errorf("cancelled again: %v", r)
			}
			state := func(id string) appointmentv1.WaitlistState {
				return salontest.Do[*appointmentv1.WaitlistEntry](t, system.REST(), system.Admin(),
					appointmentv1.WaitlistService_GetWaitlistEntry_FullMethodName, &appointmentv1.GetWaitlistEntryRequest{EntryId: id}).GetState()
			}
			if !salontest.Deadline(time.Minute, func() bool { return state(entries[0]) == appointmentv1.WaitlistState_WAITLIST_STATE_OFFERED }) {
				t.Fatalf("the first in the line is %v", state(entries[0]))
			}
			system.GRPC().Call(t, system.NewCustomer(t, "Other"), appointmentv1.AppointmentService_CreateAppointment_FullMethodName,
				salontest.Booking(cast.Master1, cast.Service, a.GetStartTime().AsTime())).
				Want(t, codes.AlreadyExists, "SLOT_UNAVAILABLE")
			if got := state(entries[1]); got != appointmentv1.WaitlistState_WAITLIST_STATE_WAITING {
				t.Errorf("the second in the line is %v", got)
			}
			var offers, kept int
			conn := system.Database(t)
			if !salontest.Deadline(time.Minute, func() bool {
				err := conn.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM appointments.waitlist_offers),
					(SELECT count(*) FROM appointments.freed_times) + (SELECT count(*) FROM appointments.claims WHERE kept)`).Scan(&offers, &kept)
				return err == nil && kept == 0
			}) || offers != 1 {
				t.Errorf("there are %d offers, and %d freed times are left", offers, kept)
			}
		})
	}
}
