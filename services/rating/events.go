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
	// EventCreated tells of a new rating.
	EventCreated = "rating.created"
	// EventUpdated tells that a rating changed: its stars, its comment, or that its reply was taken back.
	EventUpdated = "rating.updated"
	// EventDeleted tells that a rating is gone.
	EventDeleted = "rating.deleted"
	// EventReplied tells that a master answered a rating, for the first time or anew.
	EventReplied = "rating.replied"
)

// consumerVisits is the durable name under which the events of appointments are heard. It must never change.
const consumerVisits = "ratings-visits"

// newEvent tells of a rating's change; summary is the master's after it.
func newEvent(typ string, r Rating, summary Summary, at time.Time) (events.Event, error) {
	return events.NewEvent(typ, r.MasterID, summary.Version, at, &ratingv1.RatingEvent{
		RatingId: r.ID, AppointmentId: r.AppointmentID, MasterId: r.MasterID, CustomerId: r.CustomerID,
		Stars: int32(r.Stars), SummaryCount: int32(summary.Count), SummaryStars: summary.StarsSum,
	})
}

// record brings the master's summary in line with a rating's change, inside the transaction that changes it, tells of
// it, and drops the cached summary. It does so before the commit: a process that ends right after it would leave the old
// summary in the cache, and what is cached meanwhile is of an older version, and so refused. The stars are those before and after the change, 0 for none.
func (s *Service) record(
	ctx context.Context, tx *postgres.DB, typ string, r Rating, before, after int, at time.Time,
) error {
	summary, err := NewStore(tx).UpdateSummary(ctx, r.MasterID, func(sum *Summary) { sum.Apply(before, after) })
	if err != nil {
		return err
	}
	e, err := newEvent(typ, r, summary, at)
	if err != nil {
		return err
	}
	if err := events.Append(ctx, tx, e); err != nil {
		return err
	}
	s.summaries.Drop(ctx, r.MasterID, summary.Version)
	return nil
}

// onAppointment keeps the projection of visits.
func (s *Service) onAppointment(ctx context.Context, tx *postgres.DB, e events.Event) error {
	var body appointmentv1.AppointmentEvent
	if err := e.Decode(&body); err != nil {
		return err
	}
	if len(body.GetMasterIds()) == 0 {
		return fmt.Errorf("rating: %s %s names no master", e.Type, e.ID)
	}
	return NewStore(tx).PutVisit(ctx, visitFrom(&body, e.AggregateVersion))
}
