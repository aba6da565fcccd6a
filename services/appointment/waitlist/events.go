package waitlist

import (
	"context"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/protoconv"
	"github.com/beauty-salon/platform/services/appointment/booking"
)

// The types of events. Their body is WaitlistEvent.
const (
	eventJoined        = "waitlist.joined"
	eventOffered       = "waitlist.offered"
	eventOfferDeclined = "waitlist.offer_declined"
	eventOfferExpired  = "waitlist.offer_expired"
	eventMoved         = "waitlist.moved"
	eventBooked        = "waitlist.booked"
	eventLeft          = "waitlist.left"
	eventExpired       = "waitlist.expired"
	// eventPassed says that a freed time is not kept for the waitlist any more.
	eventPassed = "waitlist.passed"
)

// appendEvent reports a change of an entry. hold is the offer that the change is about, or nil.
func appendEvent(ctx context.Context, tx *postgres.DB, typ string, e *Entry, zone string, hold *booking.Hold) error {
	body := &appointmentv1.WaitlistEvent{
		EntryId: e.ID, SalonId: e.SalonID, CustomerId: e.CustomerID, AccountId: e.AccountID,
		State: stateToProto(e.State), LeaveCause: causeToProto(e.Cause), ServiceIds: e.services(), TimeZone: zone,
		AppointmentId: e.AppointmentID,
	}
	if hold != nil {
		body.HoldId, body.MasterIds = hold.ID, hold.Masters()
		body.StartTime, body.ExpireTime = protoconv.Timestamp(hold.Start), protoconv.Timestamp(hold.ExpireTime)
	}
	event, err := events.NewEvent(typ, e.ID, e.Version, e.UpdateTime, body)
	if err != nil {
		return err
	}
	return events.Append(ctx, tx, event)
}
