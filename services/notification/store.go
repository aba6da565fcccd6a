package notification

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	"github.com/beauty-salon/platform/internal/postgres"
)

// Store reads and writes notifications.
type Store struct {
	db *postgres.DB
}

// NewStore returns the store of a database; of a transaction's, one that works inside the transaction.
func NewStore(db *postgres.DB) *Store {
	return &Store{db: db}
}

// Cursor is the place in an inbox, which is ordered by time, newest first, and by id within the same moment.
type Cursor struct {
	// Time is the create time of the last notification of the page before.
	Time time.Time `json:"t"`
	// ID is its id.
	ID string `json:"i"`
}

// Add puts notifications into inboxes. One that tells the same person of the same event as another is left out.
func (s *Store) Add(ctx context.Context, ns ...Notification) error {
	if len(ns) == 0 {
		return nil
	}
	rows := make([]row, len(ns))
	for i, n := range ns {
		rows[i] = rowOf(n)
	}
	return s.db.Conn(ctx).Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: "event_id"}, {Name: "recipient_id"}}, DoNothing: true,
	}).Create(&rows).Error
}

// List returns up to limit notifications of somebody's, newest first, from behind the cursor on; nil begins at the
// newest.
func (s *Store) List(
	ctx context.Context, recipientID string, unreadOnly bool, after *Cursor, limit int,
) ([]Notification, error) {
	query := gorm.G[row](s.db.Conn(ctx)).Where("recipient_id = ?", recipientID)
	if unreadOnly {
		query = query.Where("read_time IS NULL")
	}
	if after != nil {
		query = query.Where("(create_time, id) < (?, ?)", after.Time, after.ID)
	}
	rows, err := query.Order("create_time DESC, id DESC").Limit(limit).Find(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]Notification, len(rows))
	for i, r := range rows {
		list[i] = r.notification()
	}
	return list, nil
}

// CountUnread counts somebody's unread notifications.
func (s *Store) CountUnread(ctx context.Context, recipientID string) (int, error) {
	n, err := gorm.G[row](s.db.Conn(ctx)).Where("recipient_id = ? AND read_time IS NULL", recipientID).Count(ctx, "*")
	return int(n), err
}

// MarkRead marks a notification of somebody's as read, unless it is so already, and returns it. It returns ErrNotFound
// for one that does not exist or is somebody else's.
func (s *Store) MarkRead(ctx context.Context, recipientID, id string, now time.Time) (Notification, error) {
	var marked Notification
	err := s.db.InTx(ctx, func(tx *postgres.DB) error {
		_, err := gorm.G[row](tx.Conn(ctx)).
			Where("id = ? AND recipient_id = ? AND read_time IS NULL", id, recipientID).
			Update(ctx, "read_time", now)
		if err != nil {
			return err
		}
		r, err := gorm.G[row](tx.Conn(ctx)).Where("id = ? AND recipient_id = ?", id, recipientID).Take(ctx)
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return ErrNotFound
		}
		marked = r.notification()
		return err
	})
	return marked, err
}

// MarkAllRead marks all of somebody's notifications as read that are not, and returns how many that were.
func (s *Store) MarkAllRead(ctx context.Context, recipientID string, now time.Time) (int, error) {
	var marked int
	// In a transaction, since two of these at once may meet the same rows in different orders and are tried again then.
	err := s.db.InTx(ctx, func(tx *postgres.DB) error {
		n, err := gorm.G[row](tx.Conn(ctx)).
			Where("recipient_id = ? AND read_time IS NULL", recipientID).Update(ctx, "read_time", now)
		marked = n
		return err
	})
	return marked, err
}

// Prune removes up to limit notifications that were read and are older than before, oldest first, and returns how many
// it removed. Several may prune at once.
func (s *Store) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	// As an array, because the planner may run a subquery of IN more than once, and would remove more then.
	deleted := s.db.Conn(ctx).Exec(`
		DELETE FROM notifications WHERE id = ANY (ARRAY(
			SELECT id FROM notifications
			WHERE read_time IS NOT NULL AND create_time < ?
			ORDER BY create_time LIMIT ? FOR UPDATE SKIP LOCKED))`, before, limit)
	return int(deleted.RowsAffected), deleted.Error
}

// row is a notification as it lies in the database; migrations/ says what it means.
type row struct {
	ID               string
	RecipientID      string
	Type             int32
	Title            string
	Body             string
	AppointmentID    *string
	AppointmentStart *time.Time
	RatingID         *string
	EventID          string
	CreateTime       time.Time
	ReadTime         *time.Time
}

// TableName names the table to the mapper.
func (row) TableName() string { return "notifications" }

func rowOf(n Notification) row {
	return row{
		ID: n.ID, RecipientID: n.RecipientID, Type: int32(n.Type), Title: n.Title, Body: n.Body,
		AppointmentID: nullable(n.AppointmentID), AppointmentStart: nullable(n.AppointmentStart),
		RatingID: nullable(n.RatingID), EventID: n.EventID, CreateTime: n.CreateTime, ReadTime: nullable(n.ReadTime),
	}
}

func (r row) notification() Notification {
	return Notification{
		Notice: Notice{
			RecipientID: r.RecipientID, Type: notificationv1.NotificationType(r.Type), Title: r.Title, Body: r.Body,
			AppointmentID: orZero(r.AppointmentID), AppointmentStart: orZero(r.AppointmentStart).UTC(),
			RatingID: orZero(r.RatingID),
		},
		ID: r.ID, EventID: r.EventID, CreateTime: r.CreateTime.UTC(), ReadTime: orZero(r.ReadTime).UTC(),
	}
}

// nullable is NULL for the zero value.
func nullable[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// orZero is the zero value for NULL.
func orZero[T any](v *T) T {
	if v == nil {
		var zero T
		return zero
	}
	return *v
}
