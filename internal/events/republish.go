package events

import (
	"context"
	"fmt"
	"time"

	"github.com/beauty-salon/platform/internal/postgres"
)

// Republished says what [Republish] has requested.
type Republished struct {
	// Events is how many events are to be published again, those of an earlier request that is not complete included.
	Events int64
	// Waiting is how many events wait for their first publication. They are published anyway.
	Waiting int64
}

// Republish requests that the active relay publishes again what the outbox still has of the events that happened at or
// after since, in the schema of db. Consumers that have handled an event ignore it. Events that are older but were
// committed between those come again too.
func Republish(ctx context.Context, db *postgres.DB, since time.Time) (done Republished, err error) {
	err = db.InTx(ctx, func(tx *postgres.DB) error {
		res := tx.Conn(ctx).Exec("UPDATE relay SET "+replaySQL("occurred_at"), since)
		if res.Error != nil {
			return res.Error
		}
		return tx.Conn(ctx).Raw(`SELECT
			(SELECT count(*) FROM outbox, relay WHERE id BETWEEN replay_next AND replay_end AND published_at IS NOT NULL) AS events,
			(SELECT count(*) FROM outbox WHERE published_at IS NULL) AS waiting`).Scan(&done).Error
	})
	if err != nil {
		return Republished{}, fmt.Errorf("publish again: %w", err)
	}
	Wake(db.Schema())
	return done, nil
}
