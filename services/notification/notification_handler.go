package notification

import (
	"context"

	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/pagetoken"
)

// ListNotifications lists the caller's notifications, newest first.
func (s *Service) ListNotifications(
	ctx context.Context, req *notificationv1.ListNotificationsRequest,
) (*notificationv1.ListNotificationsResponse, error) {
	caller := auth.Caller(ctx)
	var after *Cursor
	if _, err := s.pages.Decode(req, &after); err != nil {
		return nil, err
	}
	size := pagetoken.Size(req.GetPageSize())
	// One more than the page tells whether there is another page.
	list, err := s.store.List(ctx, caller.UserID, req.GetUnreadOnly(), after, size+1)
	if err != nil {
		return nil, err
	}
	page, more := pagetoken.Cut(list, size)
	resp := &notificationv1.ListNotificationsResponse{}
	for _, n := range page {
		resp.Notifications = append(resp.Notifications, message(n))
	}
	if more {
		last := page[size-1]
		resp.NextPageToken, err = s.pages.Encode(req, Cursor{Time: last.CreateTime, ID: last.ID})
	}
	return resp, err
}

// GetUnreadCount counts the caller's unread notifications.
func (s *Service) GetUnreadCount(
	ctx context.Context, _ *notificationv1.GetUnreadCountRequest,
) (*notificationv1.UnreadCount, error) {
	caller := auth.Caller(ctx)
	n, err := s.store.CountUnread(ctx, caller.UserID)
	if err != nil {
		return nil, err
	}
	return &notificationv1.UnreadCount{Count: int32(n)}, nil
}

// MarkNotificationRead marks a notification of the caller's as read.
func (s *Service) MarkNotificationRead(
	ctx context.Context, req *notificationv1.MarkNotificationReadRequest,
) (*notificationv1.Notification, error) {
	caller := auth.Caller(ctx)
	n, err := s.store.MarkRead(ctx, caller.UserID, req.GetNotificationId(), s.deps.Time())
	if err != nil {
		return nil, err
	}
	return message(n), nil
}

// MarkAllNotificationsRead marks all of the caller's notifications as read that there are by now.
func (s *Service) MarkAllNotificationsRead(
	ctx context.Context, _ *notificationv1.MarkAllNotificationsReadRequest,
) (*notificationv1.MarkAllNotificationsReadResponse, error) {
	caller := auth.Caller(ctx)
	n, err := s.store.MarkAllRead(ctx, caller.UserID, s.deps.Time())
	if err != nil {
		return nil, err
	}
	return &notificationv1.MarkAllNotificationsReadResponse{MarkedCount: int32(n)}, nil
}
