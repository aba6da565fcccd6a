package rating

import (
	"context"
	"fmt"
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
)

// The events of this service. Their aggregate is the master's summary.
const (
	// EventCreated is sent for a new rating.
	EventCreated = "rating.created"
	// EventUpdated is sent when the stars or the comment changed, or the reply was removed.
	EventUpdated = "rating.updated"
	// EventDeleted is sent for a rating that was deleted.
	EventDeleted = "rating.deleted"
	// EventReplied is sent when a master answered a rating, for the first time or again.
	EventReplied = "rating.replied"
)

// consumerAppointments is the durable name of the consumer of appointment events. It must never change: the place in the
// stream is kept under it.
const consumerAppointments = "ratings-appointments"

// newEvent returns the event of a rating's change; summary is the master's after it.
func newEvent(typ string, r Rating, summary Summary, at time.Time) (events.Event, error) {
	return events.NewEvent(typ, r.MasterID, summary.Version, at, &ratingv1.RatingEvent{
		RatingId: r.ID, SalonId: r.SalonID, AppointmentId: r.AppointmentID, MasterId: r.MasterID,
		CustomerId: r.CustomerID, AccountId: r.AccountID,
		Stars: int32(r.Stars), SummaryCount: int32(summary.Count), SummaryStars: summary.StarsSum,
	})
}

// record does what belongs to each change of a rating, in the transaction of the change: it updates the master's summary,
// appends the event and drops the cached summary. before and after are the stars, 0 for no rating.
//
// The cache is dropped before the commit, because a process that ends right after the commit would leave the old summary
// in it. The old summary cannot come back: its version is too old.
func (s *Service) record(
	ctx context.Context, tx *postgres.DB, typ string, r Rating, before, after int, at time.Time,
) error {
	summary, err := s.store.In(tx).UpdateSummary(ctx, r.MasterID, func(sum *Summary) { sum.Apply(before, after) })
	if err != nil {
		return err
	}
	e, err := newEvent(typ, r, summary, at)
	if err != nil {
		return err
	}
	if err := events.Append(ctx, tx, e); err != nil {
		return fmt.Errorf("append an event: %w", err)
	}
	s.summaries.Drop(ctx, r.MasterID, summary.Version)
	return nil
}

// onAppointments feeds the projection of appointments.
func (s *Service) onAppointments(ctx context.Context, tx *postgres.DB, es []events.Event) error {
	as := make([]Appointment, len(es))
	for i, e := range es {
		var body appointmentv1.AppointmentEvent
		if err := e.Decode(&body); err != nil {
			return err
		}
		if len(body.GetMasterIds()) == 0 {
			return fmt.Errorf("%s %s names no master", e.Type, e.ID)
		}
		var err error
		if as[i], err = appointmentFromEvent(&body, e.AggregateVersion); err != nil {
			return err
		}
	}
	return s.store.In(tx).PutAppointments(ctx, as...)
}
