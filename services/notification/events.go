package notification

import (
	"context"
	"fmt"
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

// decodeAppointment returns the notices that an event of an appointment causes.
func decodeAppointment(e events.Event) ([]Notice, error) {
	var body appointmentv1.AppointmentEvent
	if err := e.Decode(&body); err != nil {
		return nil, err
	}
	return noticesFromAppointment(e.Type, &body)
}

// decodeRating returns the notices that an event of a rating causes.
func decodeRating(e events.Event) ([]Notice, error) {
	var body ratingv1.RatingEvent
	if err := e.Decode(&body); err != nil {
		return nil, err
	}
	return noticesFromRating(e.Type, &body), nil
}

// handler returns a handler that notifies those concerned of events.
func (s *Service) handler(notices func(events.Event) ([]Notice, error)) events.BatchHandler {
	return func(ctx context.Context, tx *postgres.DB, es []events.Event) error {
		var ns []Notification
		for _, e := range es {
			caused, err := notices(e)
			if err != nil {
				return fmt.Errorf("%s %s: %w", e.Type, e.ID, err)
			}
			for _, n := range caused {
				ns = append(ns, Notification{Notice: n, ID: id.New(), EventID: e.ID, CreateTime: e.Time})
			}
		}
		return s.notify(ctx, tx, ns)
	}
}

// notify puts notifications into inboxes, in the transaction that records their events as handled. Masters who
// have left the salon are left out, also when they were its masters at the time of the event. So are accounts that were
// erased.
func (s *Service) notify(ctx context.Context, tx *postgres.DB, ns []Notification) error {
	ns, err := s.withoutFormerMasters(ctx, ns)
	if err != nil {
		return err
	}
	recipients := make([]string, len(ns))
	for i, n := range ns {
		recipients[i] = n.RecipientID
	}
	erased, err := erasure.Erased(ctx, tx, recipients...)
	if err != nil {
		return err
	}
	ns = slices.DeleteFunc(ns, func(n Notification) bool { return slices.Contains(erased, n.RecipientID) })
	if len(ns) > 0 {
		tx.OnCommit(s.wake)
	}
	return s.store.In(tx).InsertNotifications(ctx, ns)
}

// withoutFormerMasters returns the notifications of customers, and those of masters who work in the salon as of now. It asks the
// user service: an event of a removal may arrive later than one of an appointment.
func (s *Service) withoutFormerMasters(ctx context.Context, ns []Notification) ([]Notification, error) {
	salons := map[string]string{} // of the masters asked about; none for those who are no masters any more
	kept := make([]Notification, 0, len(ns))
	for _, n := range ns {
		if n.ForCustomer {
			kept = append(kept, n)
			continue
		}
		salonID, known := salons[n.RecipientID]
		if !known {
			m, err := s.owner.LookupMaster(ctx, &userv1.LookupMasterRequest{MasterId: n.RecipientID})
			if err != nil && status.Code(err) != codes.NotFound {
				// The event is not the cause, whatever the user service answers.
				return nil, errOwnerAway.WithCause(err)
			}
			if err == nil && !m.GetDeleted() {
				salonID = m.GetSalonId()
			}
			salons[n.RecipientID] = salonID
		}
		if salonID != "" && salonID == n.SalonID {
			kept = append(kept, n)
		}
	}
	return kept, nil
}
