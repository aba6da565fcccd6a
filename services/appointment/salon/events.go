package salon

import (
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/events"
)

// The events of salons, by their subjects. Their bodies are in events.proto.
const (
	eventCreated = "salon.created"
	eventUpdated = "salon.updated"
	eventDeleted = "salon.deleted"
)

// newEvent reports the newest change of a salon.
func newEvent(typ string, s Salon) (events.Event, error) {
	return events.NewEvent(typ, s.ID, s.Version, s.UpdateTime, toEvent(s, typ == eventDeleted))
}

// toEvent describes a salon to other services.
func toEvent(s Salon, deleted bool) *appointmentv1.SalonEvent {
	return &appointmentv1.SalonEvent{SalonId: s.ID, Deleted: deleted, IsDefault: s.IsDefault}
}
