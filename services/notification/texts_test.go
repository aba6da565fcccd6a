package notification

import (
	"testing"
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
)

// allNames has a name for everything in appointmentNotice, and more.
func allNames() *appointmentv1.LookupNamesResponse {
	return &appointmentv1.LookupNamesResponse{
		Salons:    map[string]string{"salon": "Salon Mira"},
		Services:  map[string]string{"service": "Haircut", "colour": "Colour", "beard": "Beard"},
		Masters:   map[string]string{"master": "Anna", "colleague": "Ben"},
		Customers: map[string]string{"customer": "Carla"},
	}
}

func TestTextsOfAppointments(t *testing.T) {
	actor := func(a appointmentv1.Actor) func(*Notice) { return func(n *Notice) { n.Actor = a } }
	pending := func(n *Notice) { n.Pending = true }
	tests := []struct {
		name             string
		typ              string
		change           func(*Notice)
		customer, master text
	}{
		{
			name: "created", typ: "CREATED",
			customer: text{"Visit booked", "Your visit to Salon Mira on Sat 12 Dec, 14:00 (Haircut with Anna) is booked."},
			master:   text{"New appointment", "An appointment of Carla at Salon Mira on Sat 12 Dec, 14:00 (Haircut) was booked with you."},
		},
		{
			name: "created, pending", typ: "CREATED", change: pending,
			customer: text{"Visit booked", "Your visit to Salon Mira on Sat 12 Dec, 14:00 (Haircut with Anna) is booked. The salon will confirm it."},
			master:   text{"New appointment", "An appointment of Carla at Salon Mira on Sat 12 Dec, 14:00 (Haircut) was booked with you. It is not confirmed yet."},
		},
		{
			name: "several services and masters", typ: "CREATED", change: func(n *Notice) {
				n.ServiceIDs, n.MasterIDs = []string{"service", "colour", "service", "beard"}, []string{"master", "colleague"}
			},
			customer: text{"Visit booked", "Your visit to Salon Mira on Sat 12 Dec, 14:00 (Haircut, Colour and Beard with Anna and Ben) is booked."},
			master:   text{"New appointment", "An appointment of Carla at Salon Mira on Sat 12 Dec, 14:00 (Haircut, Colour and Beard, also with Ben) was booked with you."},
		},
		{
			name: "confirmed", typ: "CONFIRMED",
			customer: text{"Visit confirmed", "The salon has confirmed your visit to Salon Mira on Sat 12 Dec, 14:00 (Haircut with Anna)."},
			master:   text{"Appointment confirmed", "The appointment of Carla at Salon Mira on Sat 12 Dec, 14:00 (Haircut) is confirmed."},
		},
		{
			name: "moved", typ: "RESCHEDULED",
			change:   func(n *Notice) { n.PreviousStart = appointmentStart.Add(-25 * time.Hour) },
			customer: text{"Visit moved", "Your visit to Salon Mira (Haircut with Anna) was moved from Fri 11 Dec, 13:00 to Sat 12 Dec, 14:00."},
			master:   text{"Appointment moved", "The appointment of Carla at Salon Mira (Haircut) was moved from Fri 11 Dec, 13:00 to Sat 12 Dec, 14:00."},
		},
		{
			name: "moved from an unknown time, pending", typ: "RESCHEDULED", change: pending,
			customer: text{"Visit moved", "Your visit to Salon Mira (Haircut with Anna) was moved to Sat 12 Dec, 14:00. The salon will confirm it."},
			master:   text{"Appointment moved", "The appointment of Carla at Salon Mira (Haircut) was moved to Sat 12 Dec, 14:00. It is not confirmed yet."},
		},
		{
			name: "cancelled by the customer", typ: "CANCELLED", change: actor(appointmentv1.Actor_ACTOR_CUSTOMER),
			customer: text{"Visit cancelled", "You have cancelled your visit to Salon Mira on Sat 12 Dec, 14:00 (Haircut with Anna)."},
			master:   text{"Appointment cancelled", "The appointment of Carla at Salon Mira on Sat 12 Dec, 14:00 (Haircut) was cancelled by the customer."},
		},
		{
			name: "cancelled by a master", typ: "CANCELLED", change: actor(appointmentv1.Actor_ACTOR_MASTER),
			customer: text{"Visit cancelled", "Your visit to Salon Mira on Sat 12 Dec, 14:00 (Haircut with Anna) was cancelled by the master."},
			master:   text{"Appointment cancelled", "The appointment of Carla at Salon Mira on Sat 12 Dec, 14:00 (Haircut) was cancelled by the master."},
		},
		{
			name: "cancelled by a receptionist", typ: "CANCELLED", change: actor(appointmentv1.Actor_ACTOR_RECEPTIONIST),
			customer: text{"Visit cancelled", "Your visit to Salon Mira on Sat 12 Dec, 14:00 (Haircut with Anna) was cancelled by the salon."},
			master:   text{"Appointment cancelled", "The appointment of Carla at Salon Mira on Sat 12 Dec, 14:00 (Haircut) was cancelled by the salon."},
		},
		{
			name: "cancelled by a manager", typ: "CANCELLED",
			customer: text{"Visit cancelled", "Your visit to Salon Mira on Sat 12 Dec, 14:00 (Haircut with Anna) was cancelled by the salon."},
			master:   text{"Appointment cancelled", "The appointment of Carla at Salon Mira on Sat 12 Dec, 14:00 (Haircut) was cancelled by the salon."},
		},
		{
			name: "cancelled by an administrator", typ: "CANCELLED", change: actor(appointmentv1.Actor_ACTOR_ADMIN),
			customer: text{"Visit cancelled", "Your visit to Salon Mira on Sat 12 Dec, 14:00 (Haircut with Anna) was cancelled by the salon."},
			master:   text{"Appointment cancelled", "The appointment of Carla at Salon Mira on Sat 12 Dec, 14:00 (Haircut) was cancelled by the salon."},
		},
		{
			name: "cancelled by Salon itself", typ: "CANCELLED", change: actor(appointmentv1.Actor_ACTOR_SYSTEM),
			customer: text{"Visit cancelled", "Your visit to Salon Mira on Sat 12 Dec, 14:00 (Haircut with Anna) was cancelled."},
			master:   text{"Appointment cancelled", "The appointment of Carla at Salon Mira on Sat 12 Dec, 14:00 (Haircut) was cancelled."},
		},
		{
			name: "adjusted", typ: "ADJUSTED", change: func(n *Notice) { n.End = n.Start.Add(90 * time.Minute) },
			customer: text{"Visit ends at another time", "Your visit to Salon Mira on Sat 12 Dec, 14:00 (Haircut with Anna) now ends at 15:30."},
			master:   text{"Appointment ends at another time", "The appointment of Carla at Salon Mira on Sat 12 Dec, 14:00 (Haircut) now ends at 15:30."},
		},
		{
			name: "adjusted to the next day", typ: "ADJUSTED", change: func(n *Notice) { n.End = n.Start.Add(11 * time.Hour) },
			customer: text{"Visit ends at another time", "Your visit to Salon Mira on Sat 12 Dec, 14:00 (Haircut with Anna) now ends on Sun 13 Dec, 01:00."},
			master:   text{"Appointment ends at another time", "The appointment of Carla at Salon Mira on Sat 12 Dec, 14:00 (Haircut) now ends on Sun 13 Dec, 01:00."},
		},
		{
			name: "declined", typ: "DECLINED",
			customer: text{"Request declined", "The salon cannot take your request for a visit to Salon Mira on Sat 12 Dec, 14:00 (Haircut with Anna)."},
			master:   text{"Request declined", "The request for an appointment of Carla at Salon Mira on Sat 12 Dec, 14:00 (Haircut) was declined by the salon."},
		},
		{
			name: "lapsed", typ: "LAPSED", change: actor(appointmentv1.Actor_ACTOR_SYSTEM),
			customer: text{
				"Request lapsed",
				"The salon has not confirmed your request for a visit to Salon Mira on Sat 12 Dec, 14:00 (Haircut with Anna) in time. It is not booked.",
			},
			master: text{
				"Request lapsed",
				"The request for an appointment of Carla at Salon Mira on Sat 12 Dec, 14:00 (Haircut) was not confirmed in time. The time is free again.",
			},
		},
		{
			name: "completed", typ: "COMPLETED",
			customer: text{"Rate your visit", "Thank you for your visit to Salon Mira on Sat 12 Dec, 14:00 (Haircut with Anna). Please rate it."},
			master:   text{"Appointment completed", "The appointment of Carla at Salon Mira on Sat 12 Dec, 14:00 (Haircut) is recorded as completed."},
		},
		{
			name: "completed before the end", typ: "COMPLETED", change: func(n *Notice) { n.Early = true },
			customer: text{"Visit completed", "Your visit to Salon Mira on Sat 12 Dec, 14:00 (Haircut with Anna) is recorded as completed."},
			master:   text{"Appointment completed", "The appointment of Carla at Salon Mira on Sat 12 Dec, 14:00 (Haircut) is recorded as completed."},
		},
		{
			name: "missed", typ: "NO_SHOW",
			customer: text{"Visit missed", "Your visit to Salon Mira on Sat 12 Dec, 14:00 (Haircut with Anna) is recorded as missed."},
			master:   text{"Customer did not come", "The appointment of Carla at Salon Mira on Sat 12 Dec, 14:00 (Haircut) is recorded as missed."},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			typ := notificationv1.NotificationType_value["NOTIFICATION_TYPE_APPOINTMENT_"+tt.typ]
			n := appointmentNotice(notificationv1.NotificationType(typ))
			if tt.change != nil {
				tt.change(&n)
			}
			if got := render(english, Notification{Notice: n}, allNames()); got != tt.customer {
				t.Errorf("customer: %q", got)
			}
			if got := render(english, Notification{Notice: forMaster(n)}, allNames()); got != tt.master {
				t.Errorf("master: %q", got)
			}
		})
	}
}

func TestTextsWithoutNames(t *testing.T) {
	without := func(change func(*appointmentv1.LookupNamesResponse)) *appointmentv1.LookupNamesResponse {
		names := allNames()
		change(names)
		return names
	}
	n := appointmentNotice(notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CREATED)
	n.ServiceIDs = []string{"service", "colour"}
	for _, tt := range []struct {
		name             string
		names            *appointmentv1.LookupNamesResponse
		customer, master string
	}{
		{
			"no names", nil,
			"Your visit on Sat 12 Dec, 14:00 is booked.", "An appointment on Sat 12 Dec, 14:00 was booked with you.",
		},
		{
			"without the salon", without(func(r *appointmentv1.LookupNamesResponse) { r.Salons = nil }),
			"Your visit on Sat 12 Dec, 14:00 (Haircut and Colour with Anna) is booked.",
			"An appointment of Carla on Sat 12 Dec, 14:00 (Haircut and Colour) was booked with you.",
		},
		{
			"without one of the services", without(func(r *appointmentv1.LookupNamesResponse) { delete(r.Services, "colour") }),
			"Your visit to Salon Mira on Sat 12 Dec, 14:00 (with Anna) is booked.",
			"An appointment of Carla at Salon Mira on Sat 12 Dec, 14:00 was booked with you.",
		},
		{
			"without the master and the customer",
			without(func(r *appointmentv1.LookupNamesResponse) { r.Masters, r.Customers = nil, nil }),
			"Your visit to Salon Mira on Sat 12 Dec, 14:00 (Haircut and Colour) is booked.",
			"An appointment at Salon Mira on Sat 12 Dec, 14:00 (Haircut and Colour) was booked with you.",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := render(english, Notification{Notice: n}, tt.names).body; got != tt.customer {
				t.Errorf("customer: %q", got)
			}
			if got := render(english, Notification{Notice: forMaster(n)}, tt.names).body; got != tt.master {
				t.Errorf("master: %q", got)
			}
		})
	}
}

func TestTextsOfRatings(t *testing.T) {
	rated := Notice{
		Type:    notificationv1.NotificationType_NOTIFICATION_TYPE_RATING_CREATED,
		SalonID: "salon", MasterIDs: []string{"master"}, Stars: 4,
	}
	bad, replied := rated, rated
	bad.Stars = 1
	replied.Type, replied.ForCustomer = notificationv1.NotificationType_NOTIFICATION_TYPE_RATING_REPLIED, true
	for _, tt := range []struct {
		notice Notice
		names  *appointmentv1.LookupNamesResponse
		want   text
	}{
		{rated, allNames(), text{"New rating", "A customer of Salon Mira has given you 4 stars."}},
		{bad, nil, text{"New rating", "A customer has given you 1 star."}},
		{replied, allNames(), text{"Your rating was answered", "Anna at Salon Mira has answered your rating."}},
		{replied, nil, text{"Your rating was answered", "The master has answered your rating."}},
	} {
		if got := render(english, Notification{Notice: tt.notice}, tt.names); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestStoredTextStays(t *testing.T) {
	n := Notification{
		Notice: appointmentNotice(notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CREATED),
		Title:  "Booked", Body: "Long ago.",
	}
	if got := render(english, n, allNames()); got != (text{"Booked", "Long ago."}) {
		t.Errorf("got %q", got)
	}
}

func TestOtherLanguagesReadEnglish(t *testing.T) {
	n := Notification{Notice: appointmentNotice(notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CREATED)}
	if got, want := render("tlh", n, nil), render(readerLanguage(t.Context()), n, nil); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWallTime(t *testing.T) {
	newYear := time.Date(2026, time.December, 31, 23, 5, 0, 0, time.UTC)
	for _, tt := range []struct{ zone, want string }{
		{"UTC", "Thu 31 Dec, 23:05"},
		{"", "Thu 31 Dec, 23:05 UTC"},
		{"Europe/Berlin", "Fri 1 Jan, 00:05"},
		{"Pacific/Kiritimati", "Fri 1 Jan, 13:05"},
		{"America/New_York", "Thu 31 Dec, 18:05"},
		{"Asia/Kathmandu", "Fri 1 Jan, 04:50"},
		{"Nowhere/Nothing", "Thu 31 Dec, 23:05 UTC"},
	} {
		for range 2 { // the second one uses the zone that is kept
			if got := wallTime(newYear, tt.zone, englishTime); got != tt.want {
				t.Errorf("%q: got %q, want %q", tt.zone, got, tt.want)
			}
		}
	}
	summer := time.Date(2027, time.March, 28, 1, 0, 0, 0, time.UTC)
	if got := wallTime(summer, "Europe/Berlin", englishTime); got != "Sun 28 Mar, 03:00" {
		t.Errorf("after the change to summer time: %q", got)
	}
}
