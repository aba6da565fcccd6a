package appointment

import (
	"context"

	"go.opentelemetry.io/otel/propagation"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/events"
)

// The events of this service, by their subjects. What their bodies say is in
// events.proto.
const (
	eventCreated      = "appointment.created"
	eventConfirmed    = "appointment.confirmed"
	eventRescheduled  = "appointment.rescheduled"
	eventCancelled    = "appointment.cancelled"
	eventCompleted    = "appointment.completed"
	eventNoShowMarked = "appointment.no_show_marked"

	eventServiceCreated = "service.created"
	eventServiceUpdated = "service.updated"
	eventServiceDeleted = "service.deleted"

	eventOfferingPut     = "offering.put"
	eventOfferingDeleted = "offering.deleted"
)

// eventTypes are the events of what is done to an appointment.
var eventTypes = map[Action]string{
	Confirm:    eventConfirmed,
	Complete:   eventCompleted,
	MarkNoShow: eventNoShowMarked,
	Cancel:     eventCancelled,
	Reschedule: eventRescheduled,
}

// appointmentEvent reports the newest change of an appointment.
func appointmentEvent(typ string, a *Appointment) (events.Event, error) {
	return events.NewEvent(typ, a.ID, a.Version, a.UpdateTime, appointmentBody(a))
}

// appointmentBody describes an appointment after its newest change.
func appointmentBody(a *Appointment) *appointmentv1.AppointmentEvent {
	services := make([]string, len(a.Segments))
	for i, s := range a.Segments {
		services[i] = s.ServiceID
	}
	return &appointmentv1.AppointmentEvent{
		AppointmentId:     a.ID,
		CustomerId:        a.CustomerID,
		MasterIds:         a.Masters(),
		ServiceIds:        services,
		State:             stateProto(a.State),
		StartTime:         timeProto(a.Start()),
		EndTime:           timeProto(a.End()),
		PreviousStartTime: timeProto(a.PreviousStart),
		CompleteTime:      timeProto(a.CompleteTime),
		Actor:             partyProto(a.ChangedBy),
	}
}

// serviceEvent reports the newest change of a service; a deleted one cannot be booked.
func serviceEvent(typ string, s SalonService) (events.Event, error) {
	return events.NewEvent(typ, s.ID, s.Version, s.UpdateTime, &appointmentv1.ServiceEvent{
		ServiceId: s.ID,
		Active:    s.Active && typ != eventServiceDeleted,
	})
}

// offeringEvent reports the newest change of an offering.
func offeringEvent(typ string, o Offering) (events.Event, error) {
	id, err := offeringID(o.MasterID, o.ServiceID)
	if err != nil {
		return events.Event{}, err
	}
	return events.NewEvent(typ, id, o.Version, o.UpdateTime, &appointmentv1.OfferingEvent{
		MasterId:  o.MasterID,
		ServiceId: o.ServiceID,
		Deleted:   typ == eventOfferingDeleted,
	})
}

// traceparent is the trace that ctx is part of, as W3C Trace Context; empty: none.
func traceparent(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier.Get("traceparent")
}
