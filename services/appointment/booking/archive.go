package booking

import (
	"context"
	"time"

	"github.com/beauty-salon/platform/internal/id"
)

const (
	// archiveBatch is how many appointments one transaction moves, so that none takes long.
	archiveBatch = 200
	// archivePause is between two batches, so that archiving leaves most of the database's time to others.
	archivePause = 200 * time.Millisecond
	// archiveLease is how long others leave archiving to the process that does it. Each batch extends it.
	archiveLease = time.Minute
	// leastArchiveAge is less than the shortest month: no appointment that ended later is in the archive.
	leastArchiveAge = 28 * 24 * time.Hour
)

// Archive moves the appointments that ended at least as many months ago as the setting says to the archive tables, with all that belongs
// to them, batch by batch. One process does it at a time. What a call leaves, the next one moves.
//
// An archived appointment is read, listed, exported and erased like any other. Whoever changes one brings it back first.
func (b *Bookings) Archive(ctx context.Context) error {
	if b.deps.ArchiveAfter == 0 {
		return nil
	}
	ended, worker := b.deps.Time().AddDate(0, -b.deps.ArchiveAfter, 0), id.New()
	moved := 0
	defer func() {
		if moved > 0 {
			b.deps.Log.Info().Int("appointments", moved).Time("ended_before", ended).Msg("appointments moved to the archive")
		}
	}()
	done := "" // the last salon of which nothing is left, or only what somebody is changing
	for {
		leads, err := b.store.leadArchiving(ctx, worker)
		if err != nil || !leads {
			return err
		}
		salonID, err := b.store.salonToArchive(ctx, done, ended)
		if err != nil {
			return err
		}
		if salonID == "" {
			return b.store.leaveArchiving(ctx, worker)
		}
		n, err := b.store.archive(ctx, salonID, ended, archiveBatch)
		if err != nil {
			return err
		}
		moved += n
		if n < archiveBatch {
			done = salonID
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(archivePause):
		}
	}
}

// archivedSince reports whether a list of what overlaps with the time after from may have archived appointments.
func (b *Bookings) archivedSince(from time.Time) bool {
	return from.IsZero() || from.Before(b.deps.Time().Add(-leastArchiveAge))
}
