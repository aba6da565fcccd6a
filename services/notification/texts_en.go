package notification

import (
	"fmt"
	"slices"
	"strings"
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
)

// englishTime is the layout of a wall time, such as "Sat 12 Dec, 14:00".
const englishTime = "Mon 2 Jan, 15:04"

// renderEnglish makes the English text of a notification.
func renderEnglish(n Notification, names *appointmentv1.LookupNamesResponse) text {
	switch n.Type {
	case notificationv1.NotificationType_NOTIFICATION_TYPE_RATING_CREATED:
		return englishRated(n, names)
	case notificationv1.NotificationType_NOTIFICATION_TYPE_RATING_REPLIED:
		return englishReplied(n, names)
	case notificationv1.NotificationType_NOTIFICATION_TYPE_WAITLIST_OFFERED,
		notificationv1.NotificationType_NOTIFICATION_TYPE_WAITLIST_OFFER_EXPIRED:
		return englishOffer(n, names)
	}
	if n.ForCustomer {
		return englishForCustomer(n, names)
	}
	return englishForMaster(n, names)
}

// englishForCustomer is the text about an appointment for its customer.
func englishForCustomer(n Notification, names *appointmentv1.LookupNamesResponse) text {
	visit := "visit" + prefixed(" to ", names.GetSalons()[n.SalonID])
	details := englishDetails(" ", englishList(n.ServiceIDs, names.GetServices()),
		prefixed("with ", englishList(n.MasterIDs, names.GetMasters())))
	visitOn := visit + " on " + englishWhen(n, n.Start) + details
	switch n.Type {
	case notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CREATED:
		return text{"Visit booked", "Your " + visitOn + " is booked." + onlyIf(n.Pending, " The salon will confirm it.")}
	case notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CONFIRMED:
		return text{"Visit confirmed", "The salon has confirmed your " + visitOn + "."}
	case notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_RESCHEDULED:
		return text{"Visit moved", "Your " + visit + details + englishMoved(n) + onlyIf(n.Pending, " The salon will confirm it.")}
	case notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_ADJUSTED:
		return text{"Visit ends at another time", "Your " + visitOn + " now ends" + englishEnd(n) + "."}
	case notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CANCELLED:
		if n.Actor == appointmentv1.Actor_ACTOR_CUSTOMER {
			return text{"Visit cancelled", "You have cancelled your " + visitOn + "."}
		}
		return text{"Visit cancelled", "Your " + visitOn + " was cancelled" + englishActor(n.Actor) + "."}
	case notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_DECLINED:
		return text{"Request declined", "The salon cannot take your request for a " + visitOn + "."}
	case notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_LAPSED:
		return text{"Request lapsed", "The salon has not confirmed your request for a " + visitOn + " in time. It is not booked."}
	case notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_COMPLETED:
		if n.Early { // no thanks, and nothing to rate, before it has taken place
			return text{"Visit completed", "Your " + visitOn + " is recorded as completed."}
		}
		return text{"Rate your visit", "Thank you for your " + visitOn + ". Please rate it."}
	case notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_NO_SHOW:
		return text{"Visit missed", "Your " + visitOn + " is recorded as missed."}
	default: // a type that only a newer version stores
		return text{"Visit changed", "Your " + visitOn + " has changed."}
	}
}

// englishForMaster is the text about an appointment for one of its masters.
func englishForMaster(n Notification, names *appointmentv1.LookupNamesResponse) text {
	colleagues := slices.DeleteFunc(slices.Clone(n.MasterIDs), func(id string) bool { return id == n.RecipientID })
	appointment := "appointment" + prefixed(" of ", names.GetCustomers()[n.CustomerID]) +
		prefixed(" at ", names.GetSalons()[n.SalonID])
	details := englishDetails(", ", englishList(n.ServiceIDs, names.GetServices()),
		prefixed("also with ", englishList(colleagues, names.GetMasters())))
	appointmentOn := appointment + " on " + englishWhen(n, n.Start) + details
	switch n.Type {
	case notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CREATED:
		return text{"New appointment", "An " + appointmentOn + " was booked with you." +
			onlyIf(n.Pending, " It is not confirmed yet.")}
	case notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CONFIRMED:
		return text{"Appointment confirmed", "The " + appointmentOn + " is confirmed."}
	case notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_RESCHEDULED:
		return text{"Appointment moved", "The " + appointment + details + englishMoved(n) +
			onlyIf(n.Pending, " It is not confirmed yet.")}
	case notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_ADJUSTED:
		return text{"Appointment ends at another time", "The " + appointmentOn + " now ends" + englishEnd(n) + "."}
	case notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CANCELLED:
		return text{"Appointment cancelled", "The " + appointmentOn + " was cancelled" + englishActor(n.Actor) + "."}
	case notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_DECLINED:
		return text{"Request declined", "The request for an " + appointmentOn + " was declined" + englishActor(n.Actor) + "."}
	case notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_LAPSED:
		return text{"Request lapsed", "The request for an " + appointmentOn + " was not confirmed in time. The time is free again."}
	case notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_COMPLETED:
		return text{"Appointment completed", "The " + appointmentOn + " is recorded as completed."}
	case notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_NO_SHOW:
		return text{"Customer did not come", "The " + appointmentOn + " is recorded as missed."}
	default: // a type that only a newer version stores
		return text{"Appointment changed", "The " + appointmentOn + " has changed."}
	}
}

// englishRated is the text about a new rating for the master.
func englishRated(n Notification, names *appointmentv1.LookupNamesResponse) text {
	unit := "stars"
	if n.Stars == 1 {
		unit = "star"
	}
	customer := "A customer" + prefixed(" of ", names.GetSalons()[n.SalonID])
	return text{"New rating", fmt.Sprintf("%s has given you %d %s.", customer, n.Stars, unit)}
}

// englishReplied is the text about a reply for the author of the rating.
func englishReplied(n Notification, names *appointmentv1.LookupNamesResponse) text {
	master := englishList(n.MasterIDs, names.GetMasters())
	if master == "" {
		master = "The master"
	}
	return text{"Your rating was answered", master + prefixed(" at ", names.GetSalons()[n.SalonID]) + " has answered your rating."}
}

// englishWhen is a wall time in the zone in which the appointment was promised.
func englishWhen(n Notification, t time.Time) string { return wallTime(t, n.TimeZone, englishTime) }

// englishMoved ends a sentence about an appointment that was moved.
func englishMoved(n Notification) string {
	from := ""
	if !n.PreviousStart.IsZero() {
		from = " from " + englishWhen(n, n.PreviousStart)
	}
	return " was moved" + from + " to " + englishWhen(n, n.Start) + "."
}

// englishEnd says when an appointment ends. It has the date where that is not the date of the start.
func englishEnd(n Notification) string {
	switch {
	case n.End.IsZero():
		return " at another time"
	case wallTime(n.Start, n.TimeZone, time.DateOnly) == wallTime(n.End, n.TimeZone, time.DateOnly):
		return " at " + wallTime(n.End, n.TimeZone, "15:04")
	default:
		return " on " + englishWhen(n, n.End)
	}
}

// englishActor says who acted, where readers know the role by another name or not at all.
func englishActor(actor appointmentv1.Actor) string {
	switch actor {
	case appointmentv1.Actor_ACTOR_CUSTOMER:
		return " by the customer"
	case appointmentv1.Actor_ACTOR_MASTER:
		return " by the master"
	case appointmentv1.Actor_ACTOR_RECEPTIONIST, appointmentv1.Actor_ACTOR_MANAGER, appointmentv1.Actor_ACTOR_ADMIN:
		return " by the salon"
	default: // Salon itself, or not known
		return ""
	}
}

// englishList joins the names of ids, each once: "Anna, Ben and Cleo". It is empty unless all names are known, because a
// part of them would be wrong.
func englishList(ids []string, names map[string]string) string {
	var list []string
	for _, id := range ids {
		name := names[id]
		if name == "" {
			return ""
		}
		if !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	last := len(list) - 1
	return strings.Join(list[:last], ", ") + " and " + list[last]
}

// englishDetails puts what is known of services and masters in parentheses: " (Haircut with Anna)".
func englishDetails(separator, services, masters string) string {
	if services == "" || masters == "" {
		separator = ""
	}
	return prefixed(" (", services+separator+masters) + onlyIf(services+masters != "", ")")
}

// prefixed returns the name after the prefix; nothing when there is no name.
func prefixed(prefix, name string) string { return onlyIf(name != "", prefix+name) }

// onlyIf returns s when the condition holds; nothing otherwise.
func onlyIf(condition bool, s string) string {
	if condition {
		return s
	}
	return ""
}
