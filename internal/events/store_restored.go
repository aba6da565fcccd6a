package events

import (
	"context"
	"fmt"

	"github.com/beauty-salon/platform/internal/postgres"
)

// Restored prepares the outbox in the schema of db for its publication after the database was restored from a backup. The first
// active relay publishes everything again that the outbox keeps, whatever it finds in NATS: consumers have gone back with the
// database, and recognize by their inbox what they had handled. Rows that would be pruned are deleted first, because the inbox may
// not know their events any more.
func Restored(ctx context.Context, db *postgres.DB) error {
	err := db.InTx(ctx, func(tx *postgres.DB) error {
		deleted := tx.Conn(ctx).Exec("DELETE FROM outbox WHERE published_at < now() - make_interval(secs => ?)", keepPublished.Seconds())
		if deleted.Error != nil {
			return deleted.Error
		}
		// No stream was made in 1970: the relay finds a new one.
		return tx.Conn(ctx).Exec(`UPDATE relay SET holder = NULL, beat = beat + 1, stream_created = 1, last_seq = 0, last_event = NULL,
			purged_at = NULL`).Error
	})
	if err != nil {
		return fmt.Errorf("prepare the events of schema %s: %w", db.Schema(), err)
	}
	return nil
}
