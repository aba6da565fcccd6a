package notification

import (
	"context"
	"time"

	"github.com/google/uuid"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
)

// The durable names under which events are heard. They must never change.
const (
	consumerAppointments = "notifications-appointments"
	consumerRatings      = "notifications-ratings"
)

// onAppointment tells those concerned of an event of an appointment.
func onAppointment(ctx context.Context, tx *postgres.DB, e events.Event) error {
	var body appointmentv1.AppointmentEvent
	if err := e.Decode(&body); err != nil {
		return err
	}
	return deliver(ctx, tx, e, ForAppointment(e.Type, &body))
}

// onRating tells those concerned of an event of a rating.
func onRating(ctx context.Context, tx *postgres.DB, e events.Event) error {
	var body ratingv1.RatingEvent
	if err := e.Decode(&body); err != nil {
		return err
	}
	return deliver(ctx, tx, e, ForRating(e.Type, &body))
}

// deliver puts the notices of an event into inboxes, in the transaction that records the event as heard.
func deliver(ctx context.Context, tx *postgres.DB, e events.Event, notices []Notice) error {
	ns := make([]Notification, len(notices))
	for i, notice := range notices {
		id, err := uuid.NewV7()
		if err != nil {
			return err
		}
		ns[i] = Notification{
			Notice: notice, ID: id.String(), EventID: e.ID, CreateTime: e.Time.UTC().Truncate(time.Microsecond),
		}
	}
	return NewStore(tx).Add(ctx, ns...)
}
