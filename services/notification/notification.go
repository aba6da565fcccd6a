package notification

import (
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
)

// Retention is how long a notification that was read is kept, from the time of its event. How long unread
// ones are kept is a setting ([service.Deps]).
const Retention = 180 * 24 * time.Hour

// Notice is what one person is notified of: the facts that the text is made of.
type Notice struct {
	// RecipientID is the account whose inbox it is.
	RecipientID string
	// Type is what kind of event it was.
	Type notificationv1.NotificationType
	// ForCustomer is true when the recipient reads it as the customer, false for a master.
	ForCustomer bool
	// SalonID is the salon.
	SalonID string
	// AppointmentID is the appointment that it is about, or empty.
	AppointmentID string
	// RatingID is the rating that it is about, or empty.
	RatingID string
	// CustomerID is the customer as the salon knows them; empty where the recipient may not learn who it is.
	CustomerID string
	// MasterIDs are the masters of the appointment, or the one who was rated.
	MasterIDs []string
	// ServiceIDs are the services of the appointment, in their order.
	ServiceIDs []string
	// Start is when the appointment begins, as of the event; zero for ratings.
	Start time.Time
	// End is when the appointment ends, as of the event, if that has changed; otherwise zero.
	End time.Time
	// OfferExpire is until when a time is held that somebody in a waitlist is offered; zero for all other notices.
	OfferExpire time.Time
	// PreviousStart is when the appointment began before it was moved; zero when that is not known.
	PreviousStart time.Time
	// TimeZone is the IANA name of the zone in which the start was promised; empty for ratings.
	TimeZone string
	// Actor is the role in which somebody changed the appointment.
	Actor appointmentv1.Actor
	// Pending is true when the salon has still to confirm the appointment.
	Pending bool
	// Early is true when the appointment was completed before its end.
	Early bool
	// Stars is how many stars a new rating has, 0 for all other notices.
	Stars int
}

// Notification is a notice in an inbox.
type Notification struct {
	Notice

	// ID is a UUIDv7.
	ID string
	// EventID is the event that caused it.
	EventID string
	// CreateTime is the event's time.
	CreateTime time.Time
	// ReadTime is when it was first marked as read; zero while it is unread.
	ReadTime time.Time
	// Title and Body are the text of a notification from before texts were made when they are read. Both are empty for
	// all others.
	Title, Body string
}

// appointmentTypes are the events of appointments that cause notifications.
var appointmentTypes = map[string]notificationv1.NotificationType{
	"appointment.created":        notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CREATED,
	"appointment.confirmed":      notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CONFIRMED,
	"appointment.rescheduled":    notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_RESCHEDULED,
	"appointment.cancelled":      notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CANCELLED,
	"appointment.completed":      notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_COMPLETED,
	"appointment.declined":       notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_DECLINED,
	"appointment.lapsed":         notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_LAPSED,
	"appointment.adjusted":       notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_ADJUSTED,
	"appointment.no_show_marked": notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_NO_SHOW,
}

// ratingTypes are the events of ratings that cause notifications.
var ratingTypes = map[string]notificationv1.NotificationType{
	"rating.created": notificationv1.NotificationType_NOTIFICATION_TYPE_RATING_CREATED,
	"rating.replied": notificationv1.NotificationType_NOTIFICATION_TYPE_RATING_REPLIED,
}

// appointmentNotices returns a copy of the notice for the customer's account, where there is one, and for each master of
// the appointment. A customer who is a master of the appointment gets the customer's.
func appointmentNotices(n Notice, accountID string) []Notice {
	notices := make([]Notice, 0, 1+len(n.MasterIDs))
	notified := map[string]bool{"": true}
	add := func(recipientID string, forCustomer bool) {
		if notified[recipientID] {
			return
		}
		notified[recipientID] = true
		n.RecipientID, n.ForCustomer = recipientID, forCustomer
		notices = append(notices, n)
	}
	add(accountID, true)
	for _, masterID := range n.MasterIDs { // a master has the id of their account
		add(masterID, false)
	}
	return notices
}
