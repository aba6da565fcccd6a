package notification

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	"github.com/beauty-salon/platform/internal/id"
)

var appointmentStart = time.Date(2026, time.December, 12, 13, 0, 0, 0, time.UTC)

func appointmentEvent(change func(*appointmentv1.AppointmentEvent)) *appointmentv1.AppointmentEvent {
	e := &appointmentv1.AppointmentEvent{
		AppointmentId: "appointment", SalonId: "salon", CustomerId: "customer", AccountId: "account",
		MasterIds: []string{"master"}, ServiceIds: []string{"service"},
		State:     appointmentv1.AppointmentState_APPOINTMENT_STATE_CONFIRMED,
		StartTime: timestamppb.New(appointmentStart), EndTime: timestamppb.New(appointmentStart.Add(time.Hour)),
		TimeZone: "Europe/Berlin", Actor: appointmentv1.Actor_ACTOR_MANAGER,
	}
	if change != nil {
		change(e)
	}
	return e
}

// appointmentNotice is the customer's notice of appointmentEvent.
func appointmentNotice(typ notificationv1.NotificationType) Notice {
	return Notice{
		RecipientID: "account", Type: typ, ForCustomer: true, SalonID: "salon", AppointmentID: "appointment",
		CustomerID: "customer", MasterIDs: []string{"master"}, ServiceIDs: []string{"service"},
		Start: appointmentStart, TimeZone: "Europe/Berlin", Actor: appointmentv1.Actor_ACTOR_MANAGER,
	}
}

// forMaster is the same notice for the master.
func forMaster(n Notice) Notice {
	n.RecipientID, n.ForCustomer = "master", false
	return n
}

func TestNoticesFromAppointment(t *testing.T) {
	end := appointmentStart.Add(time.Hour)
	completedAt := func(at time.Time) func(*appointmentv1.AppointmentEvent) {
		return func(e *appointmentv1.AppointmentEvent) { e.CompleteTime = timestamppb.New(at) }
	}
	const (
		created     = notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CREATED
		confirmed   = notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CONFIRMED
		rescheduled = notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_RESCHEDULED
		cancelled   = notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CANCELLED
		lapsed      = notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_LAPSED
		declined    = notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_DECLINED
		completed   = notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_COMPLETED
		noShow      = notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_NO_SHOW
	)
	tests := []struct {
		name   string
		event  string
		change func(*appointmentv1.AppointmentEvent)
		typ    notificationv1.NotificationType
		want   func(*Notice)
	}{
		{name: "created", event: "appointment.created", typ: created},
		{
			name: "created, pending", event: "appointment.created", typ: created,
			change: func(e *appointmentv1.AppointmentEvent) {
				e.State = appointmentv1.AppointmentState_APPOINTMENT_STATE_PENDING
			},
			want: func(n *Notice) { n.Pending = true },
		},
		{name: "confirmed", event: "appointment.confirmed", typ: confirmed},
		{
			name: "moved", event: "appointment.rescheduled", typ: rescheduled,
			change: func(e *appointmentv1.AppointmentEvent) {
				e.PreviousStartTime = timestamppb.New(appointmentStart.Add(-25 * time.Hour))
			},
			want: func(n *Notice) { n.PreviousStart = appointmentStart.Add(-25 * time.Hour) },
		},
		{
			name: "cancelled", event: "appointment.cancelled", typ: cancelled,
			change: func(e *appointmentv1.AppointmentEvent) { e.Actor = appointmentv1.Actor_ACTOR_CUSTOMER },
			want:   func(n *Notice) { n.Actor = appointmentv1.Actor_ACTOR_CUSTOMER },
		},
		{name: "completed at the end", event: "appointment.completed", typ: completed, change: completedAt(end)},
		{
			name: "completed before the end", event: "appointment.completed", typ: completed,
			change: completedAt(end.Add(-time.Microsecond)), want: func(n *Notice) { n.Early = true },
		},
		{name: "declined", event: "appointment.declined", typ: declined},
		{
			name: "lapsed", event: "appointment.lapsed", typ: lapsed,
			change: func(e *appointmentv1.AppointmentEvent) { e.Actor = appointmentv1.Actor_ACTOR_SYSTEM },
			want:   func(n *Notice) { n.Actor = appointmentv1.Actor_ACTOR_SYSTEM },
		},
		{
			name: "adjusted", event: "appointment.adjusted",
			typ:  notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_ADJUSTED,
			want: func(n *Notice) { n.End = end },
		},
		{name: "missed", event: "appointment.no_show_marked", typ: noShow},
		{
			name: "an event from before salons", event: "appointment.created", typ: created,
			change: func(e *appointmentv1.AppointmentEvent) {
				e.SalonId, e.AccountId, e.CustomerId, e.TimeZone = "", "", "account", ""
			},
			want: func(n *Notice) { n.SalonID, n.CustomerID, n.TimeZone = id.FirstSalon, "account", "UTC" },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := appointmentNotice(tt.typ)
			if tt.want != nil {
				tt.want(&want)
			}
			got, err := noticesFromAppointment(tt.event, appointmentEvent(tt.change))
			if !reflect.DeepEqual(got, []Notice{want, forMaster(want)}) || err != nil {
				t.Errorf("got  %+v, %v\nwant %+v and the same for the master", got, err, want)
			}
		})
	}
}

func TestOtherEventsNotifyNobody(t *testing.T) {
	for _, typ := range []string{"", "appointment.archived", "appointment", "rating.created"} {
		if got, err := noticesFromAppointment(typ, appointmentEvent(nil)); got != nil || err != nil {
			t.Errorf("%q: %+v, %v", typ, got, err)
		}
	}
	for _, typ := range []string{"", "rating.updated", "rating.deleted", "rating", "appointment.created"} {
		if got := noticesFromRating(typ, &ratingv1.RatingEvent{MasterId: "m", AccountId: "a"}); got != nil {
			t.Errorf("%q: %+v", typ, got)
		}
	}
}

func TestNoticesFromRating(t *testing.T) {
	e := &ratingv1.RatingEvent{
		RatingId: "rating", SalonId: "salon", AppointmentId: "appointment", MasterId: "master",
		CustomerId: "customer", AccountId: "account", Stars: 4,
	}
	created := []Notice{{
		RecipientID: "master", Type: notificationv1.NotificationType_NOTIFICATION_TYPE_RATING_CREATED,
		SalonID: "salon", RatingID: "rating", MasterIDs: []string{"master"}, Stars: 4,
	}}
	if got := noticesFromRating("rating.created", e); !reflect.DeepEqual(got, created) {
		t.Errorf("created: %+v", got)
	}
	replied := []Notice{{
		RecipientID: "account", Type: notificationv1.NotificationType_NOTIFICATION_TYPE_RATING_REPLIED, ForCustomer: true,
		SalonID: "salon", RatingID: "rating", AppointmentID: "appointment", CustomerID: "customer", MasterIDs: []string{"master"},
	}}
	if got := noticesFromRating("rating.replied", e); !reflect.DeepEqual(got, replied) {
		t.Errorf("replied: %+v", got)
	}
	e.SalonId, e.AccountId, e.CustomerId = "", "", "account"
	if got := noticesFromRating("rating.replied", e)[0]; got.RecipientID != "account" || got.SalonID != id.FirstSalon {
		t.Errorf("replied before salons: %+v", got)
	}
}

// Everybody concerned is notified once, the customer as the customer, whoever they are.
func TestEverybodyIsNotifiedOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		person := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		account := rapid.OneOf(person, rapid.Just("")).Draw(t, "account")
		masters := rapid.SliceOfN(person, 0, 4).Draw(t, "masters")
		event := rapid.SampledFrom([]string{
			"appointment.created", "appointment.confirmed", "appointment.rescheduled", "appointment.cancelled",
			"appointment.completed", "appointment.no_show_marked",
		}).Draw(t, "event")
		notices, err := noticesFromAppointment(event, appointmentEvent(func(e *appointmentv1.AppointmentEvent) {
			e.AccountId, e.MasterIds = account, masters
		}))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, n := range notices {
			got = append(got, n.RecipientID)
			if n.ForCustomer != (n.RecipientID == account) {
				t.Fatalf("%s is notified as the customer: %v", n.RecipientID, n.ForCustomer)
			}
		}
		want := slices.Clone(masters)
		if account != "" {
			want = append(want, account)
		}
		slices.Sort(want)
		want = slices.Compact(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Fatalf("notified %v, want %v", got, want)
		}
	})
}
