package notification

import (
	"context"
	"fmt"

	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/stream"
)

// changes returns the notifications that came or were read between two positions, the second that of the transaction, in order. With an account
// they are those of its inbox. complete is false when that is too much.
func changes(
	ctx context.Context, tx *postgres.DB, since, until stream.Position, account string,
) (found []*stream.Change[*Notification], complete bool, err error) {
	var rows []struct {
		Notification notificationRow `gorm:"embedded"`
		ChangedBy    uint64
	}
	query := tx.Conn(ctx).Model(&notificationRow{}).Select("*, xid::text::bigint AS changed_by").Where(stream.Between(since, until))
	if account != "" {
		query = query.Where("recipient_id = ?", account)
	}
	if err := query.Order("create_time, id").Limit(stream.MaxChanges + 1).Find(&rows).Error; err != nil {
		return nil, false, fmt.Errorf("read changes: %w", err)
	}
	if len(rows) > stream.MaxChanges {
		return nil, false, nil
	}
	for _, row := range rows {
		n := row.Notification.notification()
		found = append(found, &stream.Change[*Notification]{ID: n.ID, Xids: []uint64{row.ChangedBy}, Value: &n})
	}
	return found, true, nil
}
