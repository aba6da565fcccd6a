package events

import (
	"context"
	"time"
)

// housekeep replays dead letters, examines the consumer's state in NATS and prunes what is old, each at its interval. The
// error is an outage of the database, or errPosition.
func (w *worker) housekeep(ctx context.Context) error {
	now := time.Now()
	if now.Sub(w.replayed) >= replayEvery {
		w.replayed = now
		if err := w.replay(ctx); err != nil {
			return err
		}
	}
	if now.Sub(w.examined) >= infoEvery {
		w.examined = now
		if err := w.examine(ctx); err != nil {
			return err
		}
	}
	if now.Sub(w.pruned) >= pruneOldEvery {
		more, err := w.prune(ctx)
		if err != nil {
			return err
		}
		if !more {
			w.pruned = now
		}
	}
	return nil
}

// prune deletes some old rows of the inbox, of the dead letters and of the versions of aggregates, and reports whether there may
// be more.
func (w *worker) prune(ctx context.Context) (more bool, err error) {
	inbox, err := pruneInbox(ctx, w.db)
	if err != nil {
		return false, err
	}
	letters, err := pruneDeadLetters(ctx, w.db, w.bus.cfg.KeepDeadLetters)
	if err != nil {
		return false, err
	}
	versions, err := pruneVersions(ctx, w.db)
	return inbox || letters || versions, err
}

// keepAlive extends the server's wait for the deliveries when a third of the wait is
// over.
func (w *worker) keepAlive(ds []*delivery) {
	if time.Since(w.alive) < w.ackWait/3 {
		return
	}
	w.alive = time.Now()
	for _, d := range ds {
		// Without a connection the event comes again after ackWait.
		_ = d.msg.InProgress()
	}
}

// giveBack lets another process have the deliveries at once.
func giveBack(ds []*delivery) {
	for _, d := range ds {
		// Without a connection the event comes again after ackWait.
		_ = d.msg.Nak()
	}
}
