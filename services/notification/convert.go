package notification

import (
	"errors"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/protoconv"
)

// zoneBeforeSalons is the zone of events from before salons, which name none.
const zoneBeforeSalons = "UTC"

// noticesFromAppointment returns the notices that an event of an appointment causes. Events of other types cause none.
func noticesFromAppointment(eventType string, e *appointmentv1.AppointmentEvent) ([]Notice, error) {
	typ, ok := appointmentTypes[eventType]
	if !ok {
		return nil, nil
	}
	start, startErr := protoconv.Time("start_time", e.GetStartTime())
	end, endErr := protoconv.Time("end_time", e.GetEndTime())
	previousStart, previousErr := protoconv.Time("previous_start_time", e.GetPreviousStartTime())
	completed, completedErr := protoconv.Time("complete_time", e.GetCompleteTime())
	if err := errors.Join(startErr, endErr, previousErr, completedErr); err != nil {
		return nil, err
	}
	n := Notice{
		Type: typ, SalonID: e.GetSalonId(), AppointmentID: e.GetAppointmentId(), CustomerID: e.GetCustomerId(),
		MasterIDs: e.GetMasterIds(), ServiceIDs: e.GetServiceIds(),
		Start: start, PreviousStart: previousStart, TimeZone: e.GetTimeZone(), Actor: e.GetActor(),
		Pending: e.GetState() == appointmentv1.AppointmentState_APPOINTMENT_STATE_PENDING,
		Early:   !completed.IsZero() && completed.Before(end),
	}
	if typ == notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_ADJUSTED {
		n.End = end
	}
	accountID := e.GetAccountId()
	// Events from before salons name only the account. Its id became the customer's id in the first salon.
	if n.SalonID == "" {
		n.SalonID, accountID = id.FirstSalon, n.CustomerID
	}
	if n.TimeZone == "" {
		n.TimeZone = zoneBeforeSalons
	}
	return appointmentNotices(n, accountID), nil
}

// noticesFromRating returns the notices that an event of a rating causes: to the master for a new rating, to the author
// for a reply. Events of other types cause none. The master does not learn the appointment and the customer, because
// ratings do not show them to masters.
func noticesFromRating(eventType string, e *ratingv1.RatingEvent) []Notice {
	typ, ok := ratingTypes[eventType]
	if !ok {
		return nil
	}
	n := Notice{Type: typ, SalonID: e.GetSalonId(), RatingID: e.GetRatingId(), MasterIDs: []string{e.GetMasterId()}}
	accountID := e.GetAccountId()
	if n.SalonID == "" { // as in noticesFromAppointment
		n.SalonID, accountID = id.FirstSalon, e.GetCustomerId()
	}
	if typ == notificationv1.NotificationType_NOTIFICATION_TYPE_RATING_CREATED {
		n.RecipientID, n.Stars = e.GetMasterId(), int(e.GetStars())
	} else {
		n.RecipientID, n.ForCustomer = accountID, true
		n.AppointmentID, n.CustomerID = e.GetAppointmentId(), e.GetCustomerId()
	}
	return []Notice{n}
}

// notificationToProto returns a notification with its text.
func notificationToProto(n Notification, t text) *notificationv1.Notification {
	return &notificationv1.Notification{
		Id: n.ID, SalonId: n.SalonID, Type: n.Type, Title: t.title, Body: t.body,
		AppointmentId: n.AppointmentID, AppointmentStartTime: protoconv.Timestamp(n.Start), RatingId: n.RatingID,
		ReadTime: protoconv.Timestamp(n.ReadTime), CreateTime: protoconv.Timestamp(n.CreateTime),
	}
}
