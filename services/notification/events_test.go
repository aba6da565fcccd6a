package notification

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
)

func TestAppointmentNotifiesAllConcerned(t *testing.T) {
	f := newFixture(t)
	appointment := f.appointment()
	var want []string
	for i, event := range []struct{ typ, want string }{
		{"appointment.created", "APPOINTMENT_CREATED"},
		{"appointment.confirmed", "APPOINTMENT_CONFIRMED"},
		{"appointment.rescheduled", "APPOINTMENT_RESCHEDULED"},
		{"appointment.completed", "APPOINTMENT_COMPLETED"},
	} {
		f.Clock.Advance(time.Minute)
		if event.typ == "appointment.completed" {
			appointment.CompleteTime = appointment.GetEndTime()
		}
		f.publish(event.typ, int64(i+1), appointment)
		want = append(want, event.want)
	}
	last := timestamppb.New(f.Clock.Now())
	slices.Reverse(want)
	for _, reader := range []struct {
		as          auth.Principal
		title, body string
	}{
		{f.customer, "Rate your visit", "Thank you for your visit to Salon Mira on " + wall(appointment) + " (Haircut with Anna and Ben). Please rate it."},
		{f.master, "Appointment completed", "The appointment of Carla at Salon Mira on " + wall(appointment) + " (Haircut, also with Ben) is recorded as completed."},
		{f.colleague, "Appointment completed", "The appointment of Carla at Salon Mira on " + wall(appointment) + " (Haircut, also with Anna) is recorded as completed."},
	} {
		ns := f.inbox(reader.as, len(want))
		if got := types(ns); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		newest := &notificationv1.Notification{
			Id: ns[0].GetId(), SalonId: f.salonID,
			Type:  notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_COMPLETED,
			Title: reader.title, Body: reader.body,
			AppointmentId: appointment.GetAppointmentId(), AppointmentStartTime: appointment.GetStartTime(), CreateTime: last,
		}
		if !proto.Equal(ns[0], newest) {
			t.Errorf("got  %v\nwant %v", ns[0], newest)
		}
	}
}

func TestNobodyIsThankedBeforeTheEnd(t *testing.T) {
	f := newFixture(t)
	appointment := f.appointment()
	appointment.CompleteTime = timestamppb.New(f.Clock.Now())
	f.publish("appointment.completed", 1, appointment)
	got := f.inbox(f.customer, 1)[0]
	body := "Your visit to Salon Mira on " + wall(appointment) + " (Haircut with Anna and Ben) is recorded as completed."
	if got.GetType() != notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_COMPLETED || got.GetBody() != body {
		t.Errorf("got %v, want %q", got, body)
	}
}

func TestRatingsNotify(t *testing.T) {
	f := newFixture(t)
	body := &ratingv1.RatingEvent{
		RatingId: id.New(), SalonId: f.salonID, AppointmentId: id.New(), MasterId: f.master.UserID,
		CustomerId: f.customerID, AccountId: f.customer.UserID, Stars: 5,
	}
	for i, typ := range []string{"rating.created", "rating.updated", "rating.replied", "rating.deleted"} {
		f.Publish(typ, f.master.UserID, int64(i+1), f.Clock.Now(), body)
	}
	// Once this event has notified, those before it have been handled.
	other := proto.CloneOf(body)
	other.RatingId = id.New()
	f.Publish("rating.created", f.master.UserID, 5, f.Clock.Now().Add(time.Second), other)

	toMaster := f.inbox(f.master, 2)
	toCustomer := f.inbox(f.customer, 1)
	wantMaster := &notificationv1.Notification{
		Id: toMaster[1].GetId(), SalonId: f.salonID,
		Type:  notificationv1.NotificationType_NOTIFICATION_TYPE_RATING_CREATED,
		Title: "New rating", Body: "A customer of Salon Mira has given you 5 stars.", RatingId: body.GetRatingId(),
		CreateTime: timestamppb.New(f.Clock.Now()),
	}
	wantCustomer := &notificationv1.Notification{
		Id: toCustomer[0].GetId(), SalonId: f.salonID,
		Type:  notificationv1.NotificationType_NOTIFICATION_TYPE_RATING_REPLIED,
		Title: "Your rating was answered", Body: "Anna at Salon Mira has answered your rating.",
		AppointmentId: body.GetAppointmentId(), RatingId: body.GetRatingId(), CreateTime: timestamppb.New(f.Clock.Now()),
	}
	if toMaster[0].GetRatingId() != other.GetRatingId() || !proto.Equal(toMaster[1], wantMaster) {
		t.Errorf("master got %v", toMaster)
	}
	if !proto.Equal(toCustomer[0], wantCustomer) {
		t.Errorf("customer got %v", toCustomer)
	}
}

func TestAMasterAsCustomerIsNotifiedOnce(t *testing.T) {
	f := newFixture(t)
	appointment := f.appointment()
	appointment.AccountId = f.master.UserID
	f.publish("appointment.created", 1, appointment)
	if got := f.inbox(f.master, 1)[0].GetTitle(); got != "Visit booked" {
		t.Errorf("title = %q", got)
	}
	f.inbox(f.colleague, 1)
}

func TestCustomerWithoutAccount(t *testing.T) {
	f := newFixture(t)
	appointment := f.appointment()
	appointment.AccountId = ""
	f.publish("appointment.created", 1, appointment)
	want := "An appointment of Carla at Salon Mira on " + wall(appointment) + " (Haircut, also with Ben) was booked with you."
	if got := f.inbox(f.master, 1)[0].GetBody(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	f.inbox(f.customer, 0)
}

func TestEventFromBeforeSalons(t *testing.T) {
	f := newFixture(t)
	appointment := f.appointment()
	appointment.SalonId, appointment.AccountId, appointment.TimeZone = "", "", ""
	appointment.CustomerId = f.customer.UserID
	f.publish("appointment.created", 1, appointment)
	got := f.inbox(f.customer, 1)[0]
	want := "Your visit on " + appointment.GetStartTime().AsTime().Format(englishTime) + " (Haircut with Anna and Ben) is booked."
	if got.GetSalonId() != id.FirstSalon || got.GetBody() != want {
		t.Errorf("got %v, want %q", got, want)
	}
}

func TestEventsTwiceAndOutOfOrder(t *testing.T) {
	f := newFixture(t)
	appointment := f.appointment()
	f.publish("appointment.cancelled", 3, appointment)
	f.inbox(f.customer, 1)
	// Older events notify too.
	f.publish("appointment.rescheduled", 2, appointment)
	first := f.publish("appointment.created", 1, appointment)
	ns := f.inbox(f.customer, 3)

	// The same event again, without the inbox of the consumer.
	err := f.service.deps.DB.InTx(t.Context(), func(tx *postgres.DB) error {
		return handler(f.service, noticesFromAppointment)(t.Context(), tx, []events.Event{first})
	})
	wantReason(t, err, "")
	again := f.inbox(f.customer, 3)
	if !slices.EqualFunc(again, ns, func(a, b *notificationv1.Notification) bool { return proto.Equal(a, b) }) {
		t.Errorf("before %v\nafter  %v", ns, again)
	}
}

// TestEventsTogether: of several events that are handled at once, each notifies those concerned, but for accounts that were erased and masters who
// have left.
func TestEventsTogether(t *testing.T) {
	f := newFixture(t)
	f.SetMaster(&userv1.LookupMasterResponse{MasterId: f.colleague.UserID, SalonId: id.New()})
	gone := f.SignIn(apiv1.Role_ROLE_CUSTOMER)
	err := f.service.deps.DB.Conn(t.Context()).Exec("INSERT INTO erased_accounts (account_id, erase_time, removed) VALUES (?, now(), '[]')", gone.UserID).Error
	wantReason(t, err, "")
	var es []events.Event
	add := func(typ string, a *appointmentv1.AppointmentEvent) {
		e, err := events.NewEvent(typ, a.GetAppointmentId(), int64(len(es)+1), f.Clock.Now(), a)
		wantReason(t, err, "")
		es = append(es, e)
	}
	first, second, ofErased := f.appointment(), f.appointment(), f.appointment()
	ofErased.AccountId = gone.UserID
	add("appointment.created", first)
	add("appointment.created", ofErased)
	add("appointment.created", second)
	add("appointment.cancelled", first)
	es = append(es, es[0]) // delivered twice
	wantReason(t, f.service.deps.DB.InTx(t.Context(), func(tx *postgres.DB) error {
		return handler(f.service, noticesFromAppointment)(t.Context(), tx, es)
	}), "")
	for who, want := range map[*auth.Principal]int{&f.customer: 3, &f.master: 4, &f.colleague: 0, &gone: 0} {
		if got := f.list(*who); len(got) != want {
			t.Errorf("%d notifications of %s, want %d: %v", len(got), who.UserID, want, got)
		}
	}
}

func TestEventsThatCannotBeRead(t *testing.T) {
	f := newFixture(t)
	for body, handle := range map[string]events.BatchHandler{
		`{"masterIds":1}`: handler(f.service, noticesFromAppointment), `{"masterIds": 2}`: handler(f.service, noticesFromWaitlist),
		`{"stars":"many"}`: handler(f.service, func(string, *ratingv1.RatingEvent) ([]Notice, error) { return nil, nil }),
	} {
		e := events.Event{ID: f.NewID(), Type: "appointment.created", AggregateID: f.NewID(), AggregateVersion: 1, Body: []byte(body)}
		if err := handle(t.Context(), f.service.deps.DB, []events.Event{e}); err == nil {
			t.Errorf("%s was accepted", body)
		}
	}
}

// TestFormerMastersAreNotNotified: whoever has left the salon learns nothing more of it as a master, also not from an
// event of the time before. As a customer of the salon they go on to be notified.
func TestFormerMastersAreNotNotified(t *testing.T) {
	for _, tt := range []struct {
		name string
		left *userv1.LookupMasterResponse
	}{
		{"the profile is deleted", &userv1.LookupMasterResponse{SalonId: "", Deleted: true}},
		{"the master works elsewhere", &userv1.LookupMasterResponse{SalonId: id.New()}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(t)
			before := f.appointment()
			f.publish("appointment.created", 1, before)
			f.inbox(f.master, 1)
			if tt.left.MasterId = f.master.UserID; tt.left.GetDeleted() {
				tt.left.SalonId = f.salonID
			}
			f.SetMaster(tt.left)
			f.publish("appointment.rescheduled", 2, before)
			f.publish("appointment.created", 1, f.appointment())
			rating := &ratingv1.RatingEvent{RatingId: id.New(), SalonId: f.salonID, MasterId: f.master.UserID, Stars: 1}
			f.Publish("rating.created", rating.GetRatingId(), 1, f.Clock.Now(), rating)
			asCustomer := f.appointment()
			asCustomer.AccountId, asCustomer.MasterIds = f.master.UserID, []string{f.colleague.UserID}
			f.publish("appointment.created", 1, asCustomer)
			f.inbox(f.customer, 3)
			f.inbox(f.colleague, 4)
			f.Eventually("the rating is handled", func() bool {
				var n int
				err := f.service.deps.DB.Conn(t.Context()).Raw("SELECT count(*) FROM inbox WHERE consumer = ?", consumerRatings).Scan(&n).Error
				return err == nil && n == 1
			})
			if got := types(f.inbox(f.master, 2)); !slices.Equal(got, []string{"APPOINTMENT_CREATED", "APPOINTMENT_CREATED"}) {
				t.Errorf("notified of %v", got)
			}
			if got := f.list(f.master)[0].GetAppointmentId(); got != asCustomer.GetAppointmentId() {
				t.Errorf("notified of another appointment: %s", got)
			}
		})
	}
}
