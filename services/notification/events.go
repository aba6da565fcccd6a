package notification

import (
	"context"
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/erasure"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
)

// The durable names of the consumers. They must never change: the places in the stream are kept under them.
const (
	consumerAppointments = "notifications-appointments"
	consumerRatings      = "notifications-ratings"
)

// onAppointment notifies those concerned of an event of an appointment.
func (s *Service) onAppointment(ctx context.Context, tx *postgres.DB, e events.Event) error {
	var body appointmentv1.AppointmentEvent
	if err := e.Decode(&body); err != nil {
		return err
	}
	notices, err := noticesFromAppointment(e.Type, &body)
	if err != nil {
		return err
	}
	return s.notify(ctx, tx, e, notices)
}

// onRating notifies those concerned of an event of a rating.
func (s *Service) onRating(ctx context.Context, tx *postgres.DB, e events.Event) error {
	var body ratingv1.RatingEvent
	if err := e.Decode(&body); err != nil {
		return err
	}
	return s.notify(ctx, tx, e, noticesFromRating(e.Type, &body))
}

// notify puts the notices of an event into inboxes, in the transaction that records the event as handled. Masters who
// have left the salon are left out, also when they were its masters at the time of the event. So are accounts that were
// erased.
func (s *Service) notify(ctx context.Context, tx *postgres.DB, e events.Event, notices []Notice) error {
	notices, err := s.withoutFormerMasters(ctx, notices)
	if err != nil {
		return err
	}
	recipients := make([]string, len(notices))
	for i, notice := range notices {
		recipients[i] = notice.RecipientID
	}
	erased, err := erasure.Erased(ctx, tx, recipients...)
	if err != nil {
		return err
	}
	ns := make([]Notification, 0, len(notices))
	for _, notice := range notices {
		if !slices.Contains(erased, notice.RecipientID) {
			ns = append(ns, Notification{Notice: notice, ID: id.New(), EventID: e.ID, CreateTime: e.Time})
		}
	}
	if len(ns) > 0 {
		tx.OnCommit(s.wake)
	}
	return s.store.In(tx).InsertNotifications(ctx, ns)
}

// withoutFormerMasters returns the notices of customers, and those of masters who work in the salon as of now. It asks the
// user service: an event of a removal may arrive later than one of an appointment.
func (s *Service) withoutFormerMasters(ctx context.Context, notices []Notice) ([]Notice, error) {
	kept := make([]Notice, 0, len(notices))
	for _, n := range notices {
		if !n.ForCustomer {
			m, err := s.owner.LookupMaster(ctx, &userv1.LookupMasterRequest{MasterId: n.RecipientID})
			switch {
			case status.Code(err) == codes.NotFound:
				continue
			case err != nil:
				// The event is not the cause, whatever the user service answers.
				return nil, errOwnerAway.WithCause(err)
			case m.GetDeleted() || m.GetSalonId() != n.SalonID:
				continue
			}
		}
		kept = append(kept, n)
	}
	return kept, nil
}
