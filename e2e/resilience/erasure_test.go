package resilience_test

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/failpoint"
	"github.com/beauty-salon/platform/internal/natstest"
)

// TestErasureSurvivesCrashes kills the program after the account is erased, and after another service has erased it before
// that is noted. The next process completes the erasure, and the receipt has what was removed.
func TestErasureSurvivesCrashes(t *testing.T) {
	t.Parallel()
	for _, place := range []string{failpoint.ErasureAfterCommit, failpoint.ErasureBeforeNote} {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			server := natstest.New(t)
			system := salontest.Start(t, salontest.WithTags("failpoint"), salontest.WithArgs("--nats-url="+server.URL().Reveal()))
			cast := system.NewCast(t)
			customer := cast.CustomerA
			cast.Book(t, customer, cast.Master1)
			settled(t, server)
			(&crash{system: system, server: server, place: place, as: customer}).arm(t)
			got := system.GRPC().Call(t, customer, userv1.UserService_EraseMe_FullMethodName,
				&userv1.EraseMeRequest{CurrentPassword: customer.Password})
			if got.Code == codes.OK {
				t.Fatalf("the program answered %v", got)
			}
			if err := system.Wait(10 * time.Second); !killed(system.ExitError()) {
				t.Fatalf("ended with %v, %v", system.ExitError(), err)
			}
			if err := system.Restart(t.Context()); err != nil {
				t.Fatal(err)
			}
			system.REST().Call(t, customer, userv1.UserService_GetMe_FullMethodName, &userv1.GetMeRequest{}).
				Want(t, codes.Unauthenticated, "UNAUTHENTICATED")
			var receipt *userv1.Erasure
			complete := salontest.Deadline(time.Minute, func() bool {
				receipt = salontest.Do[*userv1.Erasure](t, system.REST(), system.Admin(), userv1.UserService_EraseUser_FullMethodName,
					&userv1.EraseUserRequest{UserId: customer.ID})
				return receipt.GetCompleteTime() != nil
			})
			if !complete {
				t.Fatalf("not complete: %v", receipt)
			}
			for _, s := range receipt.GetServices() {
				for _, removed := range s.GetRemoved() {
					if removed.GetKind() == "appointments cancelled" && removed.GetCount() != 1 {
						t.Errorf("the receipt says %v", s)
					}
				}
			}
			list := salontest.Do[*appointmentv1.ListAppointmentsResponse](t, system.REST(), cast.Master1,
				appointmentv1.AppointmentService_ListAppointments_FullMethodName, &appointmentv1.ListAppointmentsRequest{})
			for _, a := range list.GetAppointments() {
				if a.GetState() != appointmentv1.AppointmentState_APPOINTMENT_STATE_CANCELLED || a.GetCustomer().GetDisplayName() != "Deleted customer" {
					t.Errorf("the master sees %v", a)
				}
			}
		})
	}
}
