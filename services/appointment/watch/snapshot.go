package watch

import (
	"context"

	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/booking"
)

// snapshot is a state of the database.
type snapshot struct {
	tx       *postgres.DB
	at       Position
	database string
}

// inSnapshot runs fn in a read-only transaction that sees one state of the database.
func (h *hub) inSnapshot(ctx context.Context, fn func(snapshot) error) error {
	return h.deps.DB.InSnapshot(ctx, func(tx *postgres.DB) error {
		at, database, err := h.store.position(ctx, tx)
		if err != nil {
			return err
		}
		return fn(snapshot{tx, at, database})
	})
}

// batch reads what has changed since a position, and the appointments as they are now. complete is false when the position means nothing
// in this database, or too much has changed.
func (h *hub) batch(ctx context.Context, s snapshot, since Position, database string) (b *batch, complete bool, err error) {
	b = &batch{to: s.at, database: s.database, appointments: map[booking.Key]*booking.Appointment{}}
	if s.database != database || !s.at.covers(since) {
		return b, false, nil
	}
	if b.changes, complete, err = h.store.changes(ctx, s.tx, since, s.at); err != nil || len(b.changes) == 0 {
		return b, complete, err
	}
	found, err := h.bookings.ReadIn(ctx, s.tx, keysOf(b.changes))
	for _, a := range found {
		b.appointments[booking.Key{SalonID: a.SalonID, ID: a.ID}] = a
	}
	return b, complete, err
}

// keysOf are the keys of the appointments that have changed.
func keysOf(changes []*change) []booking.Key {
	var keys []booking.Key
	for _, c := range changes {
		if c.key.ID != "" && c.key.SalonID != "" {
			keys = append(keys, c.key)
		}
	}
	return keys
}
