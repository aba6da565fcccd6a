package notification

import (
	"fmt"

	"google.golang.org/protobuf/types/known/timestamppb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
)

// timeLayout writes a time as in "Tue 1 Dec 2026, 10:00 UTC".
const timeLayout = "Mon 2 Jan 2006, 15:04 UTC"

// text is the words of a notification.
type text struct {
	title, body string
}

// repliedText tells a customer that a rating of theirs was answered.
var repliedText = text{"Your rating was answered", "The master has answered your rating."}

// ratedText tells a master that a visit was rated.
func ratedText(stars int32) text {
	unit := "stars"
	if stars == 1 {
		unit = "star"
	}
	return text{"New rating", fmt.Sprintf("A customer has given you %d %s for a visit.", stars, unit)}
}

// customerText tells the customer of a visit what happened to it.
func customerText(typ notificationv1.NotificationType, e *appointmentv1.AppointmentEvent) text {
	start := when(e.GetStartTime())
	switch typ {
	case notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CREATED:
		return text{"Visit booked", fmt.Sprintf("Your visit on %s is booked.%s", start, pending(e))}
	case notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CONFIRMED:
		return text{"Visit confirmed", fmt.Sprintf("The salon has confirmed your visit on %s.", start)}
	case notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_RESCHEDULED:
		return text{"Visit moved", fmt.Sprintf("Your visit%s now begins on %s.%s", moved(e), start, pending(e))}
	case notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CANCELLED:
		if e.GetActor() == appointmentv1.Party_PARTY_CUSTOMER {
			return text{"Visit cancelled", fmt.Sprintf("You have cancelled your visit on %s.", start)}
		}
		return text{"Visit cancelled", fmt.Sprintf("Your visit on %s was cancelled%s.", start, by(e.GetActor()))}
	case notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_COMPLETED:
		return text{"Rate your visit", fmt.Sprintf("Thank you for your visit on %s. Please tell us how it was.", start)}
	case notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_NO_SHOW:
		return text{"Visit missed", fmt.Sprintf("Your visit on %s is recorded as missed.", start)}
	default:
		return text{}
	}
}

// masterText tells a master of a visit what happened to it.
func masterText(typ notificationv1.NotificationType, e *appointmentv1.AppointmentEvent) text {
	start := when(e.GetStartTime())
	switch typ {
	case notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CREATED:
		return text{"New visit", fmt.Sprintf("A visit on %s was booked with you.%s", start, toConfirm(e))}
	case notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CONFIRMED:
		return text{"Visit confirmed", fmt.Sprintf("The visit on %s is confirmed.", start)}
	case notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_RESCHEDULED:
		return text{"Visit moved", fmt.Sprintf("The visit%s now begins on %s.%s", moved(e), start, toConfirm(e))}
	case notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CANCELLED:
		return text{"Visit cancelled", fmt.Sprintf("The visit on %s was cancelled%s.", start, by(e.GetActor()))}
	case notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_COMPLETED:
		return text{"Visit completed", fmt.Sprintf("The visit on %s is recorded as completed.", start)}
	case notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_NO_SHOW:
		return text{"Customer did not come", fmt.Sprintf("The visit on %s is recorded as missed.", start)}
	default:
		return text{}
	}
}

// when writes an instant in UTC.
func when(t *timestamppb.Timestamp) string {
	return t.AsTime().Format(timeLayout)
}

// moved says when a visit was to begin before it was moved, if that is known.
func moved(e *appointmentv1.AppointmentEvent) string {
	if e.GetPreviousStartTime() == nil {
		return ""
	}
	return " of " + when(e.GetPreviousStartTime())
}

// pending tells the customer that the salon has not confirmed the visit yet.
func pending(e *appointmentv1.AppointmentEvent) string {
	if e.GetState() != appointmentv1.AppointmentState_APPOINTMENT_STATE_PENDING {
		return ""
	}
	return " The salon will confirm it."
}

// toConfirm tells the master the same.
func toConfirm(e *appointmentv1.AppointmentEvent) string {
	if e.GetState() != appointmentv1.AppointmentState_APPOINTMENT_STATE_PENDING {
		return ""
	}
	return " It waits to be confirmed."
}

// by names the party that acted, if that is known.
func by(p appointmentv1.Party) string {
	switch p {
	case appointmentv1.Party_PARTY_CUSTOMER:
		return " by the customer"
	case appointmentv1.Party_PARTY_MASTER:
		return " by the master"
	case appointmentv1.Party_PARTY_ADMIN:
		return " by the salon"
	default:
		return ""
	}
}
