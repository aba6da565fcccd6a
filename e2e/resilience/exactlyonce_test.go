package resilience_test

import (
	"errors"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	"github.com/beauty-salon/platform/internal/failpoint"
	"github.com/beauty-salon/platform/internal/natstest"
)

// TestFailpoints kills the program at each place where an event is half-way, and starts it again: the event's effects
// are there once. NATS outlives the program, so that the test can see when nothing more is to come.
func TestFailpoints(t *testing.T) {
	t.Parallel()
	for _, place := range []string{failpoint.RelayBeforePublish, failpoint.RelayAfterPublish, failpoint.ConsumerAfterCommit} {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			server := natstest.New(t)
			system := salontest.Start(t, salontest.WithTags("failpoint"), salontest.WithArgs("--nats-url="+server.URL().Reveal()))
			cast := system.NewCast(t)
			customer, master := expectation{who: cast.CustomerA}, expectation{who: cast.Master1}
			expect := func(typ1, typ2 notice) {
				customer.what, master.what = append(customer.what, typ1), append(master.what, typ2)
			}
			expectations := func() []expectation { return []expectation{customer, master} }

			crashed := &crash{system: system, server: server, place: place, as: cast.CustomerA}
			booking := salontest.Booking(cast.Master1, cast.Service, system.NextStart())
			booking.RequestId = uuid.NewString()
			appointment := &appointmentv1.Appointment{}
			crashed.during(t, createAppointment, booking, appointment)
			expect(notice{created, appointment.GetId()}, notice{created, appointment.GetId()})
			arrive(t, system.GRPC(), expectations())
			settled(t, server)
			exactlyOnce(t, system.GRPC(), expectations())
			if appointments := appointmentsOf(t, system.REST(), cast.Master1.ID); len(appointments) != 1 || !proto.Equal(salontest.ForAll(appointments[0]), salontest.ForAll(appointment)) {
				t.Errorf("the master has the appointments %v, want %v", appointments, appointment)
			}

			cast.Complete(t, cast.Master1, appointment)
			expect(notice{confirmed, appointment.GetId()}, notice{confirmed, appointment.GetId()})
			expect(notice{completed, appointment.GetId()}, notice{completed, appointment.GetId()})
			arrive(t, system.GRPC(), expectations())
			settled(t, server)

			rating := &ratingv1.Rating{}
			crashed.during(t, ratingv1.RatingService_CreateRating_FullMethodName,
				&ratingv1.CreateRatingRequest{AppointmentId: appointment.GetId(), Stars: 4, RequestId: uuid.NewString()}, rating)
			master.what = append(master.what, notice{ratingMade, rating.GetId()})
			arrive(t, system.GRPC(), expectations())
			settled(t, server)
			exactlyOnce(t, system.GRPC(), expectations())
			for _, c := range system.Callers() {
				ratedOnce(t, c, cast.Master1.ID, 4)
			}
		})
	}
}

// crash is a way to make a call during which the program dies.
type crash struct {
	system *salontest.System
	server *natstest.Server
	place  string
	as     *salontest.Account
}

// during starts the program so that it dies at the place, makes a call, waits for the death, starts the program as
// usual, and repeats the call, because its answer may have been lost. The request must have a request id: so both calls
// are one.
func (c *crash) during(t *testing.T, method string, req, answer proto.Message) {
	t.Helper()
	token := c.as.Pair(t).GetAccessToken()
	c.arm(t)
	invoke := func() error { return attempt(t.Context(), c.system.Conn(), token, method, req, answer) }
	if err := invoke(); err != nil {
		t.Logf("the answer was lost: %v", err)
	}
	first := proto.Clone(answer)
	if err := c.system.Wait(time.Minute); err != nil {
		t.Fatalf("%s did not end the program: %v", c.place, err)
	}
	if err := c.system.ExitError(); !killed(err) {
		t.Fatalf("the program ended with %v, want SIGKILL", err)
	}
	if err := c.system.Restart(t.Context()); err != nil {
		t.Fatalf("start after %s: %v", c.place, err)
	}
	if err := invoke(); err != nil {
		t.Fatalf("repeat %s after %s: %v", method, c.place, err)
	}
	if proto.Size(first) > 0 {
		salontest.Same(t, answer, first)
	}
}

// arm starts the program so that it dies at the place. Something may be half-way from before, and kill it too early:
// then that is brought to an end first.
func (c *crash) arm(t *testing.T) {
	t.Helper()
	var err error
	for range 5 {
		// Killed, not stopped: that takes less time, and everything has to bear it anyway.
		if err := c.system.Kill(); err != nil {
			t.Fatal(err)
		}
		if err = c.system.Restart(t.Context(), failpoint.EnvironmentVariable+"="+c.place); err == nil {
			return
		}
		if !killed(c.system.ExitError()) {
			break
		}
		if err := c.system.Restart(t.Context()); err != nil {
			t.Fatalf("start after %s: %v", c.place, err)
		}
		settled(t, c.server)
	}
	t.Fatalf("start with %s: %v", c.place, err)
}

// killed reports whether a program was ended by SIGKILL.
func killed(err error) bool {
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}
