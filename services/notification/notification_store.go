package notification

import (
	"context"
	"fmt"
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
)

// Cursor is a place in an inbox, which is ordered by time, newest first, and by id within one instant.
type Cursor struct {
	// Time is the create time of the last notification of the page before.
	Time time.Time `json:"t"`
	// ID is its id.
	ID string `json:"i"`
}

var notificationColumns = postgres.Columns[notificationRow]()

// InsertNotifications puts notifications into inboxes. Those whose event has notified the recipient before are left out.
func (s *Store) InsertNotifications(ctx context.Context, ns []Notification) error {
	if len(ns) == 0 {
		return nil
	}
	rows := make([]notificationRow, len(ns))
	for i, n := range ns {
		rows[i] = rowOfNotification(n)
	}
	insert := s.db.Conn(ctx).Exec(`INSERT INTO notifications (`+notificationColumns+`)
		SELECT `+notificationColumns+` FROM jsonb_populate_recordset(NULL::notifications, ?)
		ON CONFLICT (event_id, recipient_id) DO NOTHING`, postgres.JSON(rows))
	if insert.Error != nil {
		return fmt.Errorf("insert notifications: %w", insert.Error)
	}
	return nil
}

// Notifications returns at most limit notifications of a recipient, newest first: those after the cursor, or the newest
// when after is nil.
func (s *Store) Notifications(
	ctx context.Context, recipientID string, unreadOnly bool, after *Cursor, limit int,
) ([]Notification, error) {
	query := s.db.Conn(ctx).Where("recipient_id = ?", recipientID)
	if unreadOnly {
		query = query.Where("read_time IS NULL")
	}
	if after != nil {
		query = query.Where("(create_time, id) < (?, ?)", after.Time, after.ID)
	}
	var rows []notificationRow
	if err := query.Order("create_time DESC, id DESC").Limit(limit).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("list notifications: %w", err)
	}
	list := make([]Notification, len(rows))
	for i, row := range rows {
		list[i] = row.notification()
	}
	return list, nil
}

// CountUnread counts the unread notifications of a recipient.
func (s *Store) CountUnread(ctx context.Context, recipientID string) (int, error) {
	var n int64
	err := s.db.Conn(ctx).Model(&notificationRow{}).
		Where("recipient_id = ? AND read_time IS NULL", recipientID).Count(&n).Error
	if err != nil {
		return 0, fmt.Errorf("count notifications: %w", err)
	}
	return int(n), nil
}

// MarkRead marks a notification of a recipient as read, unless it is already, and returns it. It returns
// ErrNotificationNotFound when the recipient has no such notification.
func (s *Store) MarkRead(ctx context.Context, recipientID, id string, now time.Time) (Notification, error) {
	var marked Notification
	err := s.db.InTx(ctx, func(tx *postgres.DB) error {
		err := tx.Conn(ctx).Model(&notificationRow{}).
			Where("id = ? AND recipient_id = ? AND read_time IS NULL", id, recipientID).Update("read_time", now).Error
		if err != nil {
			return fmt.Errorf("mark a notification as read: %w", err)
		}
		row, err := postgres.One[notificationRow](
			tx.Conn(ctx).Where("id = ? AND recipient_id = ?", id, recipientID), ErrNotificationNotFound)
		if err != nil {
			return err
		}
		marked = row.notification()
		return nil
	})
	return marked, err
}

// MarkAllRead marks all unread notifications of a recipient as read and returns how many that were.
func (s *Store) MarkAllRead(ctx context.Context, recipientID string, now time.Time) (int, error) {
	var marked int
	// In a transaction, because two concurrent calls can lock the rows in different orders. Then one is tried again.
	err := s.db.InTx(ctx, func(tx *postgres.DB) error {
		update := tx.Conn(ctx).Model(&notificationRow{}).
			Where("recipient_id = ? AND read_time IS NULL", recipientID).Update("read_time", now)
		if update.Error != nil {
			return fmt.Errorf("mark notifications as read: %w", update.Error)
		}
		marked = int(update.RowsAffected)
		return nil
	})
	return marked, err
}

// Prune removes at most limit notifications that were read and are older than before, oldest first, and returns how many
// were removed. Concurrent calls do not wait for each other.
func (s *Store) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	// The subquery is an array, because the planner may run a subquery of IN more than once and so remove more rows.
	deleted := s.db.Conn(ctx).Exec(`
		DELETE FROM notifications WHERE id = ANY (ARRAY(
			SELECT id FROM notifications
			WHERE read_time IS NOT NULL AND create_time < ?
			ORDER BY create_time LIMIT ? FOR UPDATE SKIP LOCKED))`, before, limit)
	if deleted.Error != nil {
		return 0, fmt.Errorf("remove notifications: %w", deleted.Error)
	}
	return int(deleted.RowsAffected), nil
}

// PruneUnread removes at most limit notifications that nobody has read and that are older than before, oldest first, and returns how
// many were removed. Ids sort by the time at which they were made, so the oldest are the first of the primary key. Concurrent calls
// do not wait for each other.
func (s *Store) PruneUnread(ctx context.Context, before time.Time, limit int) (int, error) {
	deleted := s.db.Conn(ctx).Exec(`
		DELETE FROM notifications WHERE id = ANY (ARRAY(
			SELECT id FROM notifications
			WHERE id < ? AND read_time IS NULL AND create_time < ?
			ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED))`, id.Since(before), before, limit)
	if deleted.Error != nil {
		return 0, fmt.Errorf("remove unread notifications: %w", deleted.Error)
	}
	return int(deleted.RowsAffected), nil
}

// DeleteInbox removes all notifications of a recipient, and returns how many there were.
func (s *Store) DeleteInbox(ctx context.Context, recipientID string) (int64, error) {
	deleted := s.db.Conn(ctx).Exec("DELETE FROM notifications WHERE recipient_id = ?", recipientID)
	if deleted.Error != nil {
		return 0, fmt.Errorf("delete an inbox: %w", deleted.Error)
	}
	return deleted.RowsAffected, nil
}

// notificationRow is a row of the table notifications; migrations/ says what its columns mean.
type notificationRow struct {
	ID               string                 `json:"id"`
	RecipientID      string                 `json:"recipient_id"`
	Type             int32                  `json:"type"`
	ForCustomer      bool                   `json:"for_customer"`
	SalonID          string                 `json:"salon_id"`
	AppointmentID    *string                `json:"appointment_id"`
	RatingID         *string                `json:"rating_id"`
	CustomerID       *string                `json:"customer_id"`
	MasterIDs        postgres.Array[string] `gorm:"column:master_ids;type:uuid[]" json:"master_ids"`
	ServiceIDs       postgres.Array[string] `gorm:"column:service_ids;type:uuid[]" json:"service_ids"`
	AppointmentStart *time.Time             `json:"appointment_start"`
	AppointmentEnd   *time.Time             `json:"appointment_end"`
	OfferExpireTime  *time.Time             `json:"offer_expire_time"`
	PreviousStart    *time.Time             `json:"previous_start"`
	TimeZone         *string                `json:"time_zone"`
	Actor            int32                  `json:"actor"`
	Pending          bool                   `json:"pending"`
	Early            bool                   `json:"early"`
	Stars            *int                   `json:"stars"`
	EventID          string                 `json:"event_id"`
	CreateTime       time.Time              `json:"create_time"`
	ReadTime         *time.Time             `json:"read_time"`
	Title            *string                `json:"title"`
	Body             *string                `json:"body"`
}

// TableName implements GORM's Tabler.
func (notificationRow) TableName() string { return "notifications" }

func rowOfNotification(n Notification) notificationRow {
	return notificationRow{
		ID: n.ID, RecipientID: n.RecipientID, Type: int32(n.Type), ForCustomer: n.ForCustomer, SalonID: n.SalonID,
		AppointmentID: postgres.Null(n.AppointmentID), RatingID: postgres.Null(n.RatingID),
		CustomerID: postgres.Null(n.CustomerID), MasterIDs: n.MasterIDs, ServiceIDs: n.ServiceIDs,
		AppointmentStart: postgres.Null(n.Start), AppointmentEnd: postgres.Null(n.End), OfferExpireTime: postgres.Null(n.OfferExpire), PreviousStart: postgres.Null(n.PreviousStart),
		TimeZone: postgres.Null(n.TimeZone), Actor: int32(n.Actor), Pending: n.Pending, Early: n.Early,
		Stars: postgres.Null(n.Stars), EventID: n.EventID, CreateTime: n.CreateTime, ReadTime: postgres.Null(n.ReadTime),
		Title: postgres.Null(n.Title), Body: postgres.Null(n.Body),
	}
}

func (row notificationRow) notification() Notification {
	return Notification{
		Notice: Notice{
			RecipientID: row.RecipientID, Type: notificationv1.NotificationType(row.Type), ForCustomer: row.ForCustomer,
			SalonID: row.SalonID, AppointmentID: postgres.Value(row.AppointmentID), RatingID: postgres.Value(row.RatingID),
			CustomerID: postgres.Value(row.CustomerID), MasterIDs: row.MasterIDs, ServiceIDs: row.ServiceIDs,
			Start: postgres.Time(row.AppointmentStart), End: postgres.Time(row.AppointmentEnd), PreviousStart: postgres.Time(row.PreviousStart),
			OfferExpire: postgres.Time(row.OfferExpireTime), TimeZone: postgres.Value(row.TimeZone), Actor: appointmentv1.Actor(row.Actor), Pending: row.Pending,
			Early: row.Early, Stars: postgres.Value(row.Stars),
		},
		ID: row.ID, EventID: row.EventID, CreateTime: row.CreateTime.UTC(), ReadTime: postgres.Time(row.ReadTime),
		Title: postgres.Value(row.Title), Body: postgres.Value(row.Body),
	}
}
