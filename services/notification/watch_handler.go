package notification

import (
	"context"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"

	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/protoconv"
	"github.com/beauty-salon/platform/internal/stream"
)

const (
	// maxSnapshot is how many unread notifications a stream begins with at most.
	maxSnapshot = 100
	// renderedAtOnce is for how many notifications names are looked up at once.
	renderedAtOnce = 100
	// inboxChanged is broadcast when notifications have come or were read. The database alone says which; so one that is lost delays them.
	inboxChanged = "inbox.changed"
)

// wake makes the streams of all processes look for changes. It is called after the commit.
func (s *Service) wake() {
	events.Wake(s.deps.DB.Schema())
	if err := s.deps.Bus.Broadcast(inboxChanged, &emptypb.Empty{}); err != nil {
		s.deps.Log.Debug().Err(err).Msg("streams in other processes find notifications when they look next")
	}
}

// WatchNotifications streams the caller's notifications.
func (s *Service) WatchNotifications(
	req *notificationv1.WatchNotificationsRequest, out grpc.ServerStreamingServer[notificationv1.WatchNotificationsResponse],
) error {
	ctx := out.Context()
	if req.GetTicket() != "" {
		var err error
		if ctx, err = s.streams.Redeem(ctx, req.GetTicket(), &notificationv1.WatchNotificationsRequest{}); err != nil {
			return err
		}
	}
	caller := auth.Caller(ctx)
	if caller.UserID == "" {
		return stream.ErrNoCaller
	}
	return s.streams.Follow(ctx, stream.Feed[*Notification]{
		Request: &notificationv1.WatchNotificationsRequest{}, Caller: caller,
		Begin: func(ctx context.Context, tx *postgres.DB) ([]*Notification, error) {
			unread, err := s.store.In(tx).Notifications(ctx, caller.UserID, true, nil, maxSnapshot)
			slices.Reverse(unread) // the oldest first, as those that come
			found := make([]*Notification, len(unread))
			for i := range unread {
				found[i] = &unread[i]
			}
			return found, err
		},
		Kind: func(n *Notification) stream.Type {
			switch {
			case n.RecipientID != caller.UserID:
				return 0
			case n.ReadTime.IsZero():
				return stream.Created
			default:
				return stream.Changed
			}
		},
		Send: func(events []stream.Event[*Notification]) error {
			for part := range slices.Chunk(events, renderedAtOnce) {
				if err := s.sendEvents(ctx, out, part); err != nil {
					return err
				}
			}
			return nil
		},
	}, req.GetResumeToken())
}

// sendEvents sends messages of a stream, with one lookup of names for all of them.
func (s *Service) sendEvents(
	ctx context.Context, out grpc.ServerStreamingServer[notificationv1.WatchNotificationsResponse], events []stream.Event[*Notification],
) error {
	var ns []Notification
	for _, e := range events {
		if e.Value != nil {
			ns = append(ns, *e.Value)
		}
	}
	rendered := s.rendered(ctx, ns)
	for _, e := range events {
		m := &notificationv1.WatchNotificationsResponse{Type: notificationv1.NotificationEventType(e.Type), ResumeToken: e.Token}
		if e.Value != nil {
			m.Notification, rendered = rendered[0], rendered[1:]
		}
		if err := out.Send(m); err != nil {
			return err
		}
	}
	return nil
}

// IssueNotificationTicket returns a ticket for the caller's stream.
func (s *Service) IssueNotificationTicket(
	ctx context.Context, _ *notificationv1.IssueNotificationTicketRequest,
) (*notificationv1.NotificationTicket, error) {
	ticket, expires, err := s.streams.IssueTicket(ctx, &notificationv1.WatchNotificationsRequest{})
	if err != nil {
		return nil, err
	}
	return &notificationv1.NotificationTicket{Ticket: ticket, ExpireTime: protoconv.Timestamp(expires)}, nil
}
