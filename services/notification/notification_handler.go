package notification

import (
	"context"

	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/postgres"
)

// ListNotifications lists the caller's notifications, newest first.
func (s *Service) ListNotifications(
	ctx context.Context, req *notificationv1.ListNotificationsRequest,
) (*notificationv1.ListNotificationsResponse, error) {
	caller := auth.Caller(ctx)
	page, next, err := pagetoken.List(s.pages, req,
		func(after *Cursor, limit int) ([]Notification, error) {
			return postgres.Recent(ctx, s.deps.DB, func(ctx context.Context, db *postgres.DB) ([]Notification, error) {
				return s.store.In(db).Notifications(ctx, caller.UserID, req.GetUnreadOnly(), after, limit)
			})
		},
		func(n Notification) Cursor { return Cursor{Time: n.CreateTime, ID: n.ID} },
		func(n Notification) Notification { return n }) // converted below, with the names of the whole page
	if err != nil {
		return nil, err
	}
	return &notificationv1.ListNotificationsResponse{Notifications: s.rendered(ctx, page), NextPageToken: next}, nil
}

// GetUnreadCount counts the caller's unread notifications.
func (s *Service) GetUnreadCount(
	ctx context.Context, _ *notificationv1.GetUnreadCountRequest,
) (*notificationv1.UnreadCount, error) {
	n, err := s.store.CountUnread(ctx, auth.Caller(ctx).UserID)
	if err != nil {
		return nil, err
	}
	return &notificationv1.UnreadCount{Count: int32(n)}, nil
}

// MarkNotificationRead marks a notification of the caller's as read.
func (s *Service) MarkNotificationRead(
	ctx context.Context, req *notificationv1.MarkNotificationReadRequest,
) (*notificationv1.Notification, error) {
	n, err := s.store.MarkRead(ctx, auth.Caller(ctx).UserID, req.GetNotificationId(), s.deps.Time())
	if err != nil {
		return nil, err
	}
	s.wake()
	return s.rendered(ctx, []Notification{n})[0], nil
}

// MarkAllNotificationsRead marks all notifications of the caller's as read.
func (s *Service) MarkAllNotificationsRead(
	ctx context.Context, _ *notificationv1.MarkAllNotificationsReadRequest,
) (*notificationv1.MarkAllNotificationsReadResponse, error) {
	n, err := s.store.MarkAllRead(ctx, auth.Caller(ctx).UserID, s.deps.Time())
	if err != nil {
		return nil, err
	}
	s.wake()
	return &notificationv1.MarkAllNotificationsReadResponse{MarkedCount: int32(n)}, nil
}

// rendered returns notifications with their texts, which need one lookup of names for all of them.
func (s *Service) rendered(ctx context.Context, ns []Notification) []*notificationv1.Notification {
	lang, names := readerLanguage(ctx), s.names(ctx, ns)
	messages := make([]*notificationv1.Notification, len(ns))
	for i, n := range ns {
		messages[i] = notificationToProto(n, render(lang, n, names))
	}
	return messages
}
