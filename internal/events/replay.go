package events

import (
	"context"
	"errors"

	"github.com/beauty-salon/platform/internal/postgres"
)

// replayChunk bounds the number of replays between two fetches.
const replayChunk = 32

// errNothing ends a transaction that found nothing to do.
var errNothing = errors.New("nothing to replay")

// replay handles the dead letters of this consumer whose replay was requested. It handles them here and not through
// the stream, where every other consumer would receive the event again. An event that was superseded or handled in
// the meantime is settled without an effect. The error is an outage of the database.
func (w *worker) replay(ctx context.Context) error {
	for range replayChunk {
		var row deadLetterRow
		var result string
		err := w.replayOne(ctx, &row, &result)
		switch {
		case errors.Is(err, errNothing):
			return nil
		case err == nil:
			w.metrics.count(result, 1)
			w.log.Info().Str("event", row.EventID).Str("type", row.Type).Str("result", result).Msg("dead letter is replayed")
		case ctx.Err() != nil:
			return ctx.Err()
		case row.ID == "":
			return err
		default:
			if outage := w.ping(ctx); outage != nil {
				return outage
			}
			w.log.Error().Err(err).Str("event", row.EventID).Str("type", row.Type).Msg("replay of a dead letter failed")
			w.metrics.count(resultDead, 1)
			if err := failDeadLetter(ctx, w.db, row.ID, err); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *worker) replayOne(ctx context.Context, row *deadLetterRow, result *string) error {
	ctx, cancel := context.WithTimeout(ctx, w.transactionTimeout())
	defer cancel()
	return w.db.InTx(ctx, func(tx *postgres.DB) error {
		*row = deadLetterRow{}
		if err := takeDeadLetter(ctx, tx, w.cfg.Name, row); err != nil {
			return err
		}
		if row.ID == "" {
			return errNothing
		}
		results, err := w.handleIn(ctx, tx, []*delivery{{event: row.event()}})
		if err != nil {
			return err
		}
		*result = results[0]
		return deleteDeadLetter(ctx, tx, row.ID)
	})
}
