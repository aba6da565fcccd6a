package notification

import (
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	"github.com/beauty-salon/platform/internal/apierr"
)

// Retention is how long a notification that was read is kept, from when what it tells happened. Unread ones stay.
const Retention = 180 * 24 * time.Hour

// ErrNotFound means that there is no such notification, or that it is in somebody else's inbox.
var ErrNotFound = apierr.NotFound("notification")

// Notice is what somebody is told.
type Notice struct {
	// RecipientID is who is told.
	RecipientID string
	// Type is what kind of thing is told.
	Type notificationv1.NotificationType
	// Title is one line of English.
	Title string
	// Body is a sentence or two of English, with times in UTC.
	Body string
	// AppointmentID is the visit that it is about, or empty.
	AppointmentID string
	// AppointmentStart is when that visit begins, as of the event; zero for ratings.
	AppointmentStart time.Time
	// RatingID is the rating that it is about, or empty.
	RatingID string
}

// Notification is a notice in an inbox.
type Notification struct {
	Notice

	// ID is a UUIDv7.
	ID string
	// EventID is the event that caused it.
	EventID string
	// CreateTime is when what it tells happened: the event's time.
	CreateTime time.Time
	// ReadTime is when it was first marked as read; zero while it was not.
	ReadTime time.Time
}

// appointmentTypes holds the events of appointments that are told.
var appointmentTypes = map[string]notificationv1.NotificationType{
	"appointment.created":        notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CREATED,
	"appointment.confirmed":      notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CONFIRMED,
	"appointment.rescheduled":    notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_RESCHEDULED,
	"appointment.cancelled":      notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CANCELLED,
	"appointment.completed":      notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_COMPLETED,
	"appointment.no_show_marked": notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_NO_SHOW,
}

// ForAppointment returns what an event of an appointment tells whom: the customer and each master of the visit, nobody
// twice. A customer who is a master of the visit is told as the customer. Events of other types tell nobody anything.
func ForAppointment(eventType string, e *appointmentv1.AppointmentEvent) []Notice {
	typ, told := appointmentTypes[eventType]
	if !told {
		return nil
	}
	notices := make([]Notice, 0, 1+len(e.GetMasterIds()))
	seen := map[string]bool{}
	tell := func(recipient string, t text) {
		if recipient == "" || seen[recipient] {
			return
		}
		seen[recipient] = true
		n := Notice{
			RecipientID: recipient, Type: typ, Title: t.title, Body: t.body, AppointmentID: e.GetAppointmentId(),
		}
		if e.GetStartTime() != nil {
			n.AppointmentStart = e.GetStartTime().AsTime()
		}
		notices = append(notices, n)
	}
	tell(e.GetCustomerId(), customerText(typ, e))
	for _, master := range e.GetMasterIds() {
		tell(master, masterText(typ, e))
	}
	return notices
}

// ForRating returns what an event of a rating tells whom: the master that there is one, the customer that it was
// answered. Changes and deletions tell nobody anything. The master is not told which visit was rated, since ratings do
// not show it to them either.
func ForRating(eventType string, e *ratingv1.RatingEvent) []Notice {
	switch eventType {
	case "rating.created":
		t := ratedText(e.GetStars())
		return []Notice{{
			RecipientID: e.GetMasterId(), Type: notificationv1.NotificationType_NOTIFICATION_TYPE_RATING_CREATED,
			Title: t.title, Body: t.body, RatingID: e.GetRatingId(),
		}}
	case "rating.replied":
		return []Notice{{
			RecipientID: e.GetCustomerId(), Type: notificationv1.NotificationType_NOTIFICATION_TYPE_RATING_REPLIED,
			Title: repliedText.title, Body: repliedText.body,
			AppointmentID: e.GetAppointmentId(), RatingID: e.GetRatingId(),
		}}
	default:
		return nil
	}
}
