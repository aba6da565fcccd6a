package catalog

import (
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/events"
)

// The events of the catalogue, by their subjects. Their bodies are in events.proto.
const (
	eventServiceCreated = "service.created"
	eventServiceUpdated = "service.updated"
	eventServiceDeleted = "service.deleted"

	eventOfferingPut     = "offering.put"
	eventOfferingDeleted = "offering.deleted"
)

// serviceEvent reports the newest change of a service. A deleted service cannot be booked.
func serviceEvent(typ string, s Service) (events.Event, error) {
	return events.NewEvent(typ, s.ID, s.Version, s.UpdateTime, &appointmentv1.ServiceEvent{
		ServiceId: s.ID,
		SalonId:   s.SalonID,
		Active:    s.Active && typ != eventServiceDeleted,
	})
}

// offeringEvent reports the newest change of an offering.
func offeringEvent(typ string, o Offering) (events.Event, error) {
	id, err := offeringID(o.MasterID, o.Service.ID)
	if err != nil {
		return events.Event{}, err
	}
	return events.NewEvent(typ, id, o.Version, o.UpdateTime, &appointmentv1.OfferingEvent{
		MasterId:  o.MasterID,
		ServiceId: o.Service.ID,
		SalonId:   o.SalonID,
		Deleted:   typ == eventOfferingDeleted,
	})
}
