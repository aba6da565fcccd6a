package events

import (
	"context"
	"time"
)

// housekeep does what is due besides the deliveries. The error is an outage of the
// database.
func (w *worker) housekeep(ctx context.Context) error {
	w.keepAlive(nil)
	now := time.Now()
	if now.Sub(w.replayed) >= replayEvery {
		w.replayed = now
		if err := w.replay(ctx); err != nil {
			return err
		}
	}
	if now.Sub(w.measured) >= infoEvery {
		w.measured = now
		if info, err := w.durable.Info(ctx); err == nil {
			w.metrics.pending.Set(float64(info.NumPending))
			w.metrics.unacked.Set(float64(info.NumAckPending))
		}
	}
	if now.Sub(w.pruned) >= inboxEvery {
		more, err := pruneInbox(ctx, w.db, keepEvents)
		if err != nil {
			return err
		}
		if !more {
			w.pruned = now
		}
	}
	return nil
}

// keepAlive tells the server, if it is time to, that what waits here and in the
// hand is still being worked on.
func (w *worker) keepAlive(hand []*delivery) {
	if time.Since(w.alive) < w.ackWait/3 {
		return
	}
	w.alive = time.Now()
	for _, ds := range [][]*delivery{hand, w.ready, w.lanes.waiting()} {
		for _, d := range ds {
			// Without a connection it comes again after ackWait, in order.
			_ = d.msg.InProgress()
		}
	}
}

// giveBack lets somebody else have what was not settled, at once.
func (w *worker) giveBack(ds []*delivery) {
	for _, d := range ds {
		// Without a connection it comes again after ackWait.
		_ = d.msg.Nak()
	}
}
