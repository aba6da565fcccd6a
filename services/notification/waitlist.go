package notification

import (
	"errors"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	"github.com/beauty-salon/platform/internal/protoconv"
)

// consumerWaitlist is the durable name of the consumer of waitlists.
const consumerWaitlist = "notifications-waitlist"

// waitlistTypes are the events of waitlists that cause notifications.
var waitlistTypes = map[string]notificationv1.NotificationType{
	"waitlist.offered":       notificationv1.NotificationType_NOTIFICATION_TYPE_WAITLIST_OFFERED,
	"waitlist.offer_expired": notificationv1.NotificationType_NOTIFICATION_TYPE_WAITLIST_OFFER_EXPIRED,
}

// noticesFromWaitlist returns the notices that an event of a waitlist causes: to the customer; for a guest, to the masters of the offered
// time, who tell the guest. Events of other types cause none.
func noticesFromWaitlist(eventType string, e *appointmentv1.WaitlistEvent) ([]Notice, error) {
	typ, ok := waitlistTypes[eventType]
	if !ok {
		return nil, nil
	}
	start, startErr := protoconv.Time("start_time", e.GetStartTime())
	expire, expireErr := protoconv.Time("expire_time", e.GetExpireTime())
	if err := errors.Join(startErr, expireErr); err != nil {
		return nil, err
	}
	n := Notice{
		Type: typ, SalonID: e.GetSalonId(), CustomerID: e.GetCustomerId(), MasterIDs: e.GetMasterIds(), ServiceIDs: e.GetServiceIds(),
		Start: start, OfferExpire: expire, TimeZone: e.GetTimeZone(),
	}
	if e.GetAccountId() == "" {
		return appointmentNotices(n, ""), nil
	}
	n.RecipientID, n.ForCustomer = e.GetAccountId(), true
	return []Notice{n}, nil
}

// englishOffer is the text about an offer of a waitlist.
func englishOffer(n Notification, names *appointmentv1.LookupNamesResponse) text {
	at := prefixed(" at ", names.GetSalons()[n.SalonID])
	details := englishDetails(" ", englishList(n.ServiceIDs, names.GetServices()), prefixed("with ", englishList(n.MasterIDs, names.GetMasters())))
	when, until := englishWhen(n, n.Start)+details, englishWhen(n, n.OfferExpire)
	offered := n.Type == notificationv1.NotificationType_NOTIFICATION_TYPE_WAITLIST_OFFERED
	guest := names.GetCustomers()[n.CustomerID]
	if guest == "" {
		guest = "a guest"
	}
	switch {
	case n.ForCustomer && offered:
		return text{"A time is free for you", "You wait for a time" + at + ": " + when + " is held for you until " + until +
			". Book it before then."}
	case n.ForCustomer:
		return text{"The time is not held any more", "You have not booked " + when + at + " by " + until +
			". You keep your place in the waitlist for other times."}
	case offered:
		return text{"A time is free for a guest", when + at + " is held until " + until + " for " + guest +
			", who is in the waitlist. Please tell them and book it."}
	default:
		return text{"The time is not held any more", when + at + " was not booked for " + guest + ", who is in the waitlist, by " + until + "."}
	}
}
