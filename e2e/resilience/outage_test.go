package resilience_test

import (
	"fmt"
	"net/http"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/natstest"
	"github.com/beauty-salon/platform/internal/redistest"
)

// TestOutage takes Redis away, then NATS too, and brings them back: bookings go on all the time, and everybody is
// notified once in the end.
func TestOutage(t *testing.T) {
	t.Parallel()
	queue, cache := natstest.New(t), redistest.New(t)
	system := salontest.Start(t, unlimited,
		salontest.WithArgs("--nats-url="+queue.URL().Reveal(), "--redis-url="+cache.URL().Reveal()))
	o := &outage{system: system, cast: system.NewCast(t)}
	o.customer.who, o.master.who = o.cast.CustomerA, o.cast.Master1

	o.goesOn(t, "everything is there")
	cache.Stop()
	o.goesOn(t, "Redis is away")
	queue.Stop()
	o.goesOn(t, "Redis and NATS are away")
	cache.Start()
	o.goesOn(t, "NATS is away")
	queue.Start()
	o.goesOn(t, "everything is back")

	all := []expectation{o.customer, o.master}
	arrive(t, system.GRPC(), all)
	settled(t, queue)
	exactlyOnce(t, system.GRPC(), all)
	ratings := o.master.count(ratingMade)
	salontest.Both(t, system, func(t *testing.T, c salontest.Caller) {
		salontest.Eventually(t, func() error {
			profile := salontest.Do[*userv1.Master](t, c, nil, userv1.MasterService_GetMaster_FullMethodName,
				&userv1.GetMasterRequest{MasterId: o.cast.Master1.ID})
			if int(profile.GetRatingCount()) != ratings {
				return fmt.Errorf("the profile counts %d ratings, want %d", profile.GetRatingCount(), ratings)
			}
			return nil
		})
	})
}

// count is how many notifications of a type somebody has to get.
func (e *expectation) count(typ notificationv1.NotificationType) (n int) {
	for _, what := range e.what {
		if what.typ == typ {
			n++
		}
	}
	return n
}

// outage is a system of which something is away, and what has happened in it.
type outage struct {
	system                *salontest.System
	cast                  *salontest.Cast
	customer, master      expectation
	appointments, ratings int
}

// expect notes what the customer and the master of an appointment have to be notified of.
func (o *outage) expect(what notice) {
	o.customer.what, o.master.what = append(o.customer.what, what), append(o.master.what, what)
}

// goesOn does everything that must be possible all the time, over both protocols. The harness fails the test on any
// status of 500 and above.
func (o *outage) goesOn(t *testing.T, when string) {
	t.Helper()
	ready, err := http.NewRequestWithContext(t.Context(), http.MethodGet, o.system.InternalURL()+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp := salontest.Send(t, ready); resp.StatusCode != http.StatusOK {
		t.Errorf("%s: /readyz answers %d %s", when, resp.StatusCode, resp.Bytes)
	}
	for _, c := range o.system.Callers() {
		t.Run(when+"/"+c.Name(), func(t *testing.T) {
			o.books(t, c)
			o.rates(t, c)
			o.changesMaster(t, c, when)
			o.logsOut(t, c)
		})
	}
}

// books books appointments, which can be read at once and not be booked again.
func (o *outage) books(t *testing.T, c salontest.Caller) {
	t.Helper()
	for range 5 {
		req := salontest.Booking(o.cast.Master1, o.cast.Service, o.system.NextStart())
		appointment := salontest.Do[*appointmentv1.Appointment](t, c, o.cast.CustomerA, createAppointment, req)
		o.appointments++
		o.expect(notice{created, appointment.GetId()})
		salontest.Same(t, salontest.Do[*appointmentv1.Appointment](t, c, o.cast.CustomerA,
			appointmentv1.AppointmentService_GetAppointment_FullMethodName,
			&appointmentv1.GetAppointmentRequest{AppointmentId: appointment.GetId()}), appointment)
		c.Call(t, o.cast.CustomerB, createAppointment, req).Want(t, codes.AlreadyExists, "SLOT_UNAVAILABLE")
	}
	if n := len(appointmentsOf(t, c, o.cast.Master1.ID)); n != o.appointments {
		t.Errorf("the master has %d appointments, want %d", n, o.appointments)
	}
}

// rates completes an appointment and rates it at once, before any event of it can have come by.
func (o *outage) rates(t *testing.T, c salontest.Caller) {
	t.Helper()
	appointment := o.cast.Book(t, o.cast.CustomerA, o.cast.Master1)
	o.appointments++
	o.cast.Complete(t, o.cast.Master1, appointment)
	for _, typ := range []notice{{created, appointment.GetId()}, {confirmed, appointment.GetId()}, {completed, appointment.GetId()}} {
		o.expect(typ)
	}
	rating := salontest.Do[*ratingv1.Rating](t, c, o.cast.CustomerA, ratingv1.RatingService_CreateRating_FullMethodName,
		&ratingv1.CreateRatingRequest{AppointmentId: appointment.GetId(), Stars: 5})
	o.ratings++
	o.master.what = append(o.master.what, notice{ratingMade, rating.GetId()})
	summary := salontest.Do[*ratingv1.RatingSummary](t, c, nil, ratingv1.RatingService_GetRatingSummary_FullMethodName,
		&ratingv1.GetRatingSummaryRequest{MasterId: o.cast.Master1.ID})
	if int(summary.GetCount()) != o.ratings || summary.GetMean() != 5 {
		t.Errorf("the summary is %v, want %d ratings of 5", summary, o.ratings)
	}
}

// changesMaster changes what is kept in every cache, and reads it.
func (o *outage) changesMaster(t *testing.T, c salontest.Caller, bio string) {
	t.Helper()
	bio += " over " + c.Name()
	salontest.Do[*userv1.Master](t, c, o.cast.Admin, userv1.MasterService_UpdateMaster_FullMethodName,
		&userv1.UpdateMasterRequest{MasterId: o.cast.Master1.ID, Bio: &bio})
	for _, reader := range o.system.Callers() {
		profile := salontest.Do[*userv1.Master](t, reader, nil, userv1.MasterService_GetMaster_FullMethodName,
			&userv1.GetMasterRequest{MasterId: o.cast.Master1.ID})
		if profile.GetBio() != bio {
			t.Errorf("changed over %s, read over %s: the master's text is %q, want %q", c.Name(), reader.Name(), profile.GetBio(), bio)
		}
	}
}

// logsOut signs in and ends the session, which ends the access token as well.
func (o *outage) logsOut(t *testing.T, c salontest.Caller) {
	t.Helper()
	pair := o.cast.CustomerB.SignIn(t)
	token := salontest.Token(pair.GetAccessToken())
	salontest.Do[*userv1.User](t, c, token, userv1.UserService_GetMe_FullMethodName, &userv1.GetMeRequest{})
	salontest.Do[*emptypb.Empty](t, c, token, userv1.AuthService_Logout_FullMethodName,
		&userv1.LogoutRequest{RefreshToken: pair.GetRefreshToken()})
	c.Call(t, token, userv1.UserService_GetMe_FullMethodName, &userv1.GetMeRequest{}).
		Want(t, codes.Unauthenticated, "UNAUTHENTICATED")
}
