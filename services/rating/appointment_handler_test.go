package rating

import (
	"reflect"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/servicetest"
)

func TestListAppointmentRatings(t *testing.T) {
	f := newFixture(t)
	appointment := f.appointment(completed, f.withBoth).GetAppointmentId()
	unrated := f.appointment(confirmed).GetAppointmentId()
	first, err := f.createFor(f.customer, appointment, f.colleague.UserID, 4)
	wantReason(t, err, "")
	f.Clock.Advance(time.Minute)
	second, err := f.createFor(f.customer, appointment, f.master.UserID, 5)
	wantReason(t, err, "")
	f.rate(1) // of another appointment

	list := func(as auth.Principal, id string) (*ratingv1.ListAppointmentRatingsResponse, error) {
		return f.client.ListAppointmentRatings(f.As(as), &ratingv1.ListAppointmentRatingsRequest{AppointmentId: id})
	}
	manager := f.SignIn(apiv1.Role_ROLE_CUSTOMER, servicetest.Member(f.salonID, apiv1.SalonRole_SALON_ROLE_MANAGER))
	for _, tt := range []struct {
		name   string
		as     auth.Principal
		id     string
		want   []*ratingv1.Rating
		reason string
	}{
		{"the customer", f.customer, appointment, []*ratingv1.Rating{first, second}, ""},
		{"an administrator", f.admin, appointment, []*ratingv1.Rating{first, second}, ""},
		{"nobody", auth.Principal{}, appointment, nil, "UNAUTHENTICATED"},
		{"another customer", f.SignIn(apiv1.Role_ROLE_CUSTOMER), appointment, nil, "NOT_FOUND"},
		{"a master of the appointment", f.master, appointment, nil, "NOT_FOUND"},
		{"a manager of the salon", manager, appointment, nil, "NOT_FOUND"},
		{"without ratings", f.customer, unrated, nil, ""},
		{"without ratings, an administrator", f.admin, unrated, nil, ""},
		{"unknown", f.customer, f.NewID(), nil, "NOT_FOUND"},
		{"unknown, an administrator", f.admin, f.NewID(), nil, "NOT_FOUND"},
		{"not an id", f.customer, "appointment", nil, "INVALID_FIELDS"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := list(tt.as, tt.id)
			wantReason(t, err, tt.reason)
			if err == nil {
				wantMessage(t, got, &ratingv1.ListAppointmentRatingsResponse{Ratings: tt.want})
			}
		})
	}

	_, err = f.client.DeleteRating(f.As(f.customer), &ratingv1.DeleteRatingRequest{RatingId: first.GetId()})
	wantReason(t, err, "")
	got, err := list(f.customer, appointment)
	wantReason(t, err, "")
	wantMessage(t, got, &ratingv1.ListAppointmentRatingsResponse{Ratings: []*ratingv1.Rating{second}})
}

func TestAppointmentIsLookedUpOnlyWhenNeeded(t *testing.T) {
	f := newFixture(t)
	appointment := f.appointment(completed)
	known := func(state string) func() bool {
		return func() bool {
			a, err := f.service.store.Appointment(t.Context(), appointment.GetAppointmentId())
			return err == nil && a.State == state
		}
	}
	earlier := proto.CloneOf(appointment)
	earlier.State, earlier.CompleteTime = confirmed, nil
	f.Publish("appointment.confirmed", appointment.GetAppointmentId(), 2, f.Clock.Now(), earlier)
	f.Eventually("the appointment is known", known("CONFIRMED"))

	// The event of the completion has not arrived.
	_, err := f.create(f.customer, appointment.GetAppointmentId(), 5)
	wantReason(t, err, "")
	if n := f.directory.lookups.Load(); n != 1 {
		t.Errorf("%d lookups, want one", n)
	}

	appointment = f.appointment(completed)
	f.Publish("appointment.completed", appointment.GetAppointmentId(), 3, f.Clock.Now(), appointment)
	f.Eventually("the appointment is known as completed", known(stateCompleted))
	_, err = f.create(f.customer, appointment.GetAppointmentId(), 5)
	wantReason(t, err, "")
	_, err = f.create(f.SignIn(apiv1.Role_ROLE_CUSTOMER), appointment.GetAppointmentId(), 5)
	wantReason(t, err, "NOT_FOUND")
	if n := f.directory.lookups.Load(); n != 1 {
		t.Errorf("%d lookups, want no more than one", n)
	}
}

// A customer's row can get an account after the appointment's last event.
func TestCustomerGetsAnAccountLater(t *testing.T) {
	f := newFixture(t)
	appointment := f.appointment(completed, func(e *appointmentv1.AppointmentEvent) { e.AccountId = "" })
	_, err := f.create(f.customer, appointment.GetAppointmentId(), 5)
	wantReason(t, err, "NOT_FOUND")

	appointment.AccountId = f.customer.UserID
	f.directory.put(appointment, 3)
	list, err := f.client.ListAppointmentRatings(f.As(f.customer),
		&ratingv1.ListAppointmentRatingsRequest{AppointmentId: appointment.GetAppointmentId()})
	wantReason(t, err, "")
	wantMessage(t, list, &ratingv1.ListAppointmentRatingsResponse{})
	_, err = f.create(f.customer, appointment.GetAppointmentId(), 5)
	wantReason(t, err, "")
}

// The projection of appointments from before salons has only the first master.
func TestSecondMasterOfAnOldAppointment(t *testing.T) {
	f := newFixture(t)
	appointment := f.appointment(completed, f.withBoth)
	stored, err := appointmentFromEvent(appointment, 3)
	wantReason(t, err, "")
	stored.MasterIDs = stored.MasterIDs[:1]
	wantReason(t, f.service.store.PutAppointments(t.Context(), stored), "")
	_, err = f.createFor(f.customer, appointment.GetAppointmentId(), f.colleague.UserID, 5)
	wantReason(t, err, "")
}

func TestCreateRatingWhileAppointmentsAreUnavailable(t *testing.T) {
	p := servicetest.New(t, Migrations)
	s, err := New(p.Deps("ratings"))
	if err != nil {
		t.Fatal(err)
	}
	p.Serve("rating", s.Register)
	_, err = ratingv1.NewRatingServiceClient(p.Conns.For("rating")).CreateRating(
		p.As(p.SignIn(apiv1.Role_ROLE_CUSTOMER)), &ratingv1.CreateRatingRequest{AppointmentId: p.NewID(), Stars: 5})
	wantReason(t, err, "UNAVAILABLE")
}

// handle gives the service an event as its consumer does.
func (f *fixture) handle(typ string, version int64, e *appointmentv1.AppointmentEvent) error {
	f.t.Helper()
	event, err := events.NewEvent(typ, e.GetAppointmentId(), version, f.Clock.Now(), e)
	if err != nil {
		f.t.Fatal(err)
	}
	return f.service.deps.DB.InTx(f.t.Context(), func(tx *postgres.DB) error {
		return f.service.onAppointments(f.t.Context(), tx, []events.Event{event})
	})
}

func TestEventsTwiceAndOutOfOrder(t *testing.T) {
	f := newFixture(t)
	last := f.appointment(completed, f.withBoth)
	earlier := proto.CloneOf(last)
	earlier.State, earlier.CompleteTime = confirmed, nil
	wantReason(t, f.handle("appointment.completed", 3, last), "")
	wantReason(t, f.handle("appointment.created", 1, earlier), "")
	wantReason(t, f.handle("appointment.completed", 3, last), "")
	wantReason(t, f.handle("appointment.confirmed", 2, earlier), "")
	got, err := f.service.store.Appointment(t.Context(), last.GetAppointmentId())
	want := Appointment{
		ID: last.GetAppointmentId(), SalonID: f.salonID, CustomerID: f.customerID, AccountID: f.customer.UserID,
		MasterIDs: []string{f.master.UserID, f.colleague.UserID}, State: stateCompleted,
		EndTime: f.Clock.Now(), CompleteTime: f.Clock.Now(), Version: 3,
	}
	if !reflect.DeepEqual(got, want) || err != nil {
		t.Errorf("appointment = %+v, %v, want %+v", got, err, want)
	}
}

func TestEventFromBeforeSalons(t *testing.T) {
	f := newFixture(t)
	e := f.appointment(completed)
	e.SalonId, e.CustomerId, e.AccountId = "", f.customer.UserID, ""
	wantReason(t, f.handle("appointment.completed", 1, e), "")
	got, err := f.service.store.Appointment(t.Context(), e.GetAppointmentId())
	if got.SalonID != id.FirstSalon || got.CustomerID != f.customer.UserID || got.AccountID != f.customer.UserID || err != nil {
		t.Errorf("appointment = %+v, %v", got, err)
	}
}

func TestEventsThatCannotBeRead(t *testing.T) {
	f := newFixture(t)
	e := f.appointment(completed)
	e.MasterIds = nil
	if err := f.handle("appointment.completed", 1, e); err == nil {
		t.Error("an event without a master was accepted")
	}
	err := f.service.onAppointments(t.Context(), f.service.deps.DB, []events.Event{{
		ID: f.NewID(), Type: "appointment.completed", AggregateVersion: 1, Body: []byte(`{"appointmentId": 1}`),
	}})
	if err == nil {
		t.Error("an event that cannot be read was accepted")
	}
}
