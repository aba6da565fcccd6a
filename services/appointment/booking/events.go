package booking

import (
	"cmp"
	"context"

	"go.opentelemetry.io/otel/propagation"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/protoconv"
)

// eventCreated is the type of the event of a new appointment.
const eventCreated = "appointment.created"

// eventErased is the type of the event of an appointment whose customer's account was erased, and which has not changed otherwise.
const eventErased = "appointment.erased"

// eventTypes are the events of actions. Their bodies are described in events.proto.
var eventTypes = map[Action]string{
	Create:     eventCreated,
	Confirm:    "appointment.confirmed",
	Complete:   "appointment.completed",
	MarkNoShow: "appointment.no_show_marked",
	Cancel:     "appointment.cancelled",
	Reschedule: "appointment.rescheduled",
	Decline:    "appointment.declined",
	Lapse:      "appointment.lapsed",
	Adjust:     "appointment.adjusted",
}

// appointmentEvent reports the change that was made of an appointment.
func appointmentEvent(a *Appointment) (events.Event, error) {
	return events.NewEvent(eventTypes[a.change.Action], a.ID, a.Version, a.UpdateTime, EventBody(a))
}

// EventBody describes an appointment after its newest change.
func EventBody(a *Appointment) *appointmentv1.AppointmentEvent {
	services := make([]string, len(a.Segments))
	for i, s := range a.Segments {
		services[i] = s.ServiceID
	}
	return &appointmentv1.AppointmentEvent{
		AppointmentId:     a.ID,
		SalonId:           a.SalonID,
		CustomerId:        a.CustomerID,
		AccountId:         a.AccountID,
		MasterIds:         a.Masters(),
		ServiceIds:        services,
		State:             stateToProto(a.State),
		StartTime:         protoconv.Timestamp(a.Start()),
		EndTime:           protoconv.Timestamp(a.End()),
		TimeZone:          a.TimeZone,
		PreviousStartTime: protoconv.Timestamp(a.PreviousStart),
		CompleteTime:      protoconv.Timestamp(a.CompleteTime),
		Actor:             actorToProto(a.ChangedBy),
	}
}

// holdEventBody describes a hold after its newest change.
func holdEventBody(h *Hold) *appointmentv1.HoldEvent {
	return &appointmentv1.HoldEvent{
		HoldId: h.ID, SalonId: h.SalonID, CustomerId: h.CustomerID, AccountId: h.AccountID, State: holdStateToProto(h.State),
		StartTime: protoconv.Timestamp(h.Start), EndTime: protoconv.Timestamp(h.End), ExpireTime: protoconv.Timestamp(h.ExpireTime),
	}
}

// Consumers are the consumers that keep what appointments show of ratings.
func (b *Bookings) Consumers() []events.ConsumerConfig {
	// A rating's event has the version of the master's summary, so events of several ratings of one master
	// come in any order; each of them counts.
	return []events.ConsumerConfig{
		{Name: "appointments-ratings", Subjects: []string{"rating.created"}, AllVersions: true, Handle: b.onRating},
	}
}

func (b *Bookings) onRating(ctx context.Context, tx *postgres.DB, e events.Event) error {
	var body ratingv1.RatingEvent
	if err := e.Decode(&body); err != nil {
		return err
	}
	// Events from before there were salons name none: they are of the first one.
	salonID := cmp.Or(body.GetSalonId(), id.FirstSalon)
	return b.store.In(tx).MarkRated(ctx, salonID, body.GetAppointmentId(), body.GetMasterId())
}

// traceparent is the trace that ctx is part of, as W3C Trace Context; empty: none.
func traceparent(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier.Get("traceparent")
}
