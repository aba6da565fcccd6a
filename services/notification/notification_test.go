package notification

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
)

var visitStart = time.Date(2026, time.December, 1, 10, 0, 0, 0, time.UTC)

func visitEvent(change func(*appointmentv1.AppointmentEvent)) *appointmentv1.AppointmentEvent {
	e := &appointmentv1.AppointmentEvent{
		AppointmentId: "visit", CustomerId: "customer", MasterIds: []string{"master"},
		State:     appointmentv1.AppointmentState_APPOINTMENT_STATE_CONFIRMED,
		StartTime: timestamppb.New(visitStart), EndTime: timestamppb.New(visitStart.Add(time.Hour)),
		Actor: appointmentv1.Party_PARTY_ADMIN,
	}
	if change != nil {
		change(e)
	}
	return e
}

func TestForAppointment(t *testing.T) {
	actor := func(p appointmentv1.Party) func(*appointmentv1.AppointmentEvent) {
		return func(e *appointmentv1.AppointmentEvent) { e.Actor = p }
	}
	pending := func(e *appointmentv1.AppointmentEvent) {
		e.State = appointmentv1.AppointmentState_APPOINTMENT_STATE_PENDING
	}
	moved := func(e *appointmentv1.AppointmentEvent) {
		e.PreviousStartTime = timestamppb.New(visitStart.Add(-25 * time.Hour))
	}
	tests := []struct {
		name     string
		event    string
		change   func(*appointmentv1.AppointmentEvent)
		typ      notificationv1.NotificationType
		customer [2]string
		master   [2]string
	}{
		{
			name: "created", event: "appointment.created", change: pending,
			typ:      notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CREATED,
			customer: [2]string{"Visit booked", "Your visit on Tue 1 Dec 2026, 10:00 UTC is booked. The salon will confirm it."},
			master:   [2]string{"New visit", "A visit on Tue 1 Dec 2026, 10:00 UTC was booked with you. It waits to be confirmed."},
		},
		{
			name: "created and confirmed", event: "appointment.created",
			typ:      notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CREATED,
			customer: [2]string{"Visit booked", "Your visit on Tue 1 Dec 2026, 10:00 UTC is booked."},
			master:   [2]string{"New visit", "A visit on Tue 1 Dec 2026, 10:00 UTC was booked with you."},
		},
		{
			name: "confirmed", event: "appointment.confirmed",
			typ:      notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CONFIRMED,
			customer: [2]string{"Visit confirmed", "The salon has confirmed your visit on Tue 1 Dec 2026, 10:00 UTC."},
			master:   [2]string{"Visit confirmed", "The visit on Tue 1 Dec 2026, 10:00 UTC is confirmed."},
		},
		{
			name: "moved", event: "appointment.rescheduled", change: moved,
			typ:      notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_RESCHEDULED,
			customer: [2]string{"Visit moved", "Your visit of Mon 30 Nov 2026, 09:00 UTC now begins on Tue 1 Dec 2026, 10:00 UTC."},
			master:   [2]string{"Visit moved", "The visit of Mon 30 Nov 2026, 09:00 UTC now begins on Tue 1 Dec 2026, 10:00 UTC."},
		},
		{
			name: "moved from nobody knows when, to be confirmed again", event: "appointment.rescheduled", change: pending,
			typ:      notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_RESCHEDULED,
			customer: [2]string{"Visit moved", "Your visit now begins on Tue 1 Dec 2026, 10:00 UTC. The salon will confirm it."},
			master:   [2]string{"Visit moved", "The visit now begins on Tue 1 Dec 2026, 10:00 UTC. It waits to be confirmed."},
		},
		{
			name: "cancelled by the customer", event: "appointment.cancelled", change: actor(appointmentv1.Party_PARTY_CUSTOMER),
			typ:      notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CANCELLED,
			customer: [2]string{"Visit cancelled", "You have cancelled your visit on Tue 1 Dec 2026, 10:00 UTC."},
			master:   [2]string{"Visit cancelled", "The visit on Tue 1 Dec 2026, 10:00 UTC was cancelled by the customer."},
		},
		{
			name: "cancelled by the master", event: "appointment.cancelled", change: actor(appointmentv1.Party_PARTY_MASTER),
			typ:      notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CANCELLED,
			customer: [2]string{"Visit cancelled", "Your visit on Tue 1 Dec 2026, 10:00 UTC was cancelled by the master."},
			master:   [2]string{"Visit cancelled", "The visit on Tue 1 Dec 2026, 10:00 UTC was cancelled by the master."},
		},
		{
			name: "cancelled by the salon", event: "appointment.cancelled",
			typ:      notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CANCELLED,
			customer: [2]string{"Visit cancelled", "Your visit on Tue 1 Dec 2026, 10:00 UTC was cancelled by the salon."},
			master:   [2]string{"Visit cancelled", "The visit on Tue 1 Dec 2026, 10:00 UTC was cancelled by the salon."},
		},
		{
			name: "cancelled by nobody knows whom", event: "appointment.cancelled", change: actor(appointmentv1.Party_PARTY_UNSPECIFIED),
			typ:      notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CANCELLED,
			customer: [2]string{"Visit cancelled", "Your visit on Tue 1 Dec 2026, 10:00 UTC was cancelled."},
			master:   [2]string{"Visit cancelled", "The visit on Tue 1 Dec 2026, 10:00 UTC was cancelled."},
		},
		{
			name: "completed", event: "appointment.completed",
			typ:      notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_COMPLETED,
			customer: [2]string{"Rate your visit", "Thank you for your visit on Tue 1 Dec 2026, 10:00 UTC. Please tell us how it was."},
			master:   [2]string{"Visit completed", "The visit on Tue 1 Dec 2026, 10:00 UTC is recorded as completed."},
		},
		{
			name: "missed", event: "appointment.no_show_marked",
			typ:      notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_NO_SHOW,
			customer: [2]string{"Visit missed", "Your visit on Tue 1 Dec 2026, 10:00 UTC is recorded as missed."},
			master:   [2]string{"Customer did not come", "The visit on Tue 1 Dec 2026, 10:00 UTC is recorded as missed."},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := []Notice{
				{RecipientID: "customer", Type: tt.typ, Title: tt.customer[0], Body: tt.customer[1], AppointmentID: "visit", AppointmentStart: visitStart},
				{RecipientID: "master", Type: tt.typ, Title: tt.master[0], Body: tt.master[1], AppointmentID: "visit", AppointmentStart: visitStart},
			}
			if got := ForAppointment(tt.event, visitEvent(tt.change)); !slices.Equal(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestNobodyIsToldOfOtherEvents(t *testing.T) {
	for _, typ := range []string{"", "appointment.archived", "appointment", "rating.created"} {
		if got := ForAppointment(typ, visitEvent(nil)); got != nil {
			t.Errorf("ForAppointment(%q) = %+v", typ, got)
		}
	}
	for _, typ := range []string{"", "rating.updated", "rating.deleted", "rating", "appointment.created"} {
		if got := ForRating(typ, &ratingv1.RatingEvent{MasterId: "m", CustomerId: "c"}); got != nil {
			t.Errorf("ForRating(%q) = %+v", typ, got)
		}
	}
}

func TestForRating(t *testing.T) {
	e := &ratingv1.RatingEvent{
		RatingId: "rating", AppointmentId: "visit", MasterId: "master", CustomerId: "customer", Stars: 4,
	}
	created := []Notice{{
		RecipientID: "master", Type: notificationv1.NotificationType_NOTIFICATION_TYPE_RATING_CREATED,
		Title: "New rating", Body: "A customer has given you 4 stars for a visit.", RatingID: "rating",
	}}
	if got := ForRating("rating.created", e); !slices.Equal(got, created) {
		t.Errorf("created: %+v", got)
	}
	replied := []Notice{{
		RecipientID: "customer", Type: notificationv1.NotificationType_NOTIFICATION_TYPE_RATING_REPLIED,
		Title: "Your rating was answered", Body: "The master has answered your rating.",
		AppointmentID: "visit", RatingID: "rating",
	}}
	if got := ForRating("rating.replied", e); !slices.Equal(got, replied) {
		t.Errorf("replied: %+v", got)
	}
	e.Stars = 1
	if got := ForRating("rating.created", e); !strings.Contains(got[0].Body, "1 star ") {
		t.Errorf("one star: %q", got[0].Body)
	}
}

// Whoever is who: everybody concerned is told once, the customer as the customer, nobody else is.
func TestEverybodyIsToldOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		person := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		customer := person.Draw(t, "customer")
		masters := rapid.SliceOfN(person, 0, 4).Draw(t, "masters")
		event := rapid.SampledFrom([]string{
			"appointment.created", "appointment.confirmed", "appointment.rescheduled", "appointment.cancelled",
			"appointment.completed", "appointment.no_show_marked",
		}).Draw(t, "event")
		notices := ForAppointment(event, visitEvent(func(e *appointmentv1.AppointmentEvent) {
			e.CustomerId, e.MasterIds = customer, masters
		}))
		var got []string
		for _, n := range notices {
			got = append(got, n.RecipientID)
			if n.Title == "" || n.Body == "" || !strings.Contains(n.Body, "Tue 1 Dec 2026, 10:00 UTC") {
				t.Fatalf("notice without words: %+v", n)
			}
		}
		if got[0] != customer {
			t.Fatalf("first told is %s, not the customer %s", got[0], customer)
		}
		want := append([]string{customer}, masters...)
		slices.Sort(want)
		want = slices.Compact(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Fatalf("told %v, want %v", got, want)
		}
	})
}

func TestTimesAreInUTC(t *testing.T) {
	zone := time.FixedZone("far east", 14*60*60)
	e := visitEvent(func(e *appointmentv1.AppointmentEvent) {
		e.StartTime = timestamppb.New(time.Date(2027, time.January, 1, 9, 5, 0, 0, zone))
	})
	for _, n := range ForAppointment("appointment.confirmed", e) {
		if !strings.Contains(n.Body, "Thu 31 Dec 2026, 19:05 UTC") {
			t.Errorf("body = %q", n.Body)
		}
	}
}
