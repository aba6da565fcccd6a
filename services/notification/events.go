package notification

import (
	"context"
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

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

// handler returns a handler that notifies those concerned of events, whose bodies are of the type M.
func handler[T any, M interface {
	*T
	proto.Message
}](s *Service, notices func(eventType string, body M) ([]Notice, error)) events.BatchHandler {
	return func(ctx context.Context, tx *postgres.DB, es []events.Event) error {
		var ns []Notification
		for _, e := range es {
			body := M(new(T))
			if err := e.Decode(body); err != nil {
				return err
			}
			caused, err := notices(e.Type, body)
			if err != nil {
				return err
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
	recipients := postgres.Column(ns, func(n Notification) string { return n.RecipientID })
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
