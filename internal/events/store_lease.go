package events

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/beauty-salon/platform/internal/postgres"
)

const (
	// leaseTime is how long a lease is valid after its last renewal, by the clock of the database.
	leaseTime = 10 * time.Second
	// storeTimeout bounds each statement of a relay. The connection or the server may be gone without a sign.
	storeTimeout = 4 * time.Second
	// releaseTimeout bounds the release of a lease: a process that stops does not wait longer.
	releaseTimeout = time.Second
)

// errLeaseChanged means that another relay has the lease, or that something was changed that its holder must read
// before it goes on.
var errLeaseChanged = errors.New("the lease has changed")

// relayRow is the row of the table relay.
type relayRow struct {
	Holder        string // "" for none
	Term          int64
	Beat          int64
	Live          bool // held, and not expired
	StreamCreated int64
	LastSeq       uint64
	LastEvent     string
	Generation    int64
	ReplayNext    int64 // 0 for no replay
	ReplayEnd     int64
	ReplayedAt    *time.Time
}

const relayColumns = `coalesce(holder::text, '') AS holder, term, beat, holder IS NOT NULL AND expires_at > clock_timestamp() AS live,
	stream_created, last_seq, coalesce(last_event::text, '') AS last_event, generation,
	coalesce(replay_next, 0) AS replay_next, coalesce(replay_end, 0) AS replay_end, replayed_at`

// readRelay returns the row of the relay.
func readRelay(ctx context.Context, db *postgres.DB) (row relayRow, err error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if err := db.Conn(ctx).Raw("SELECT " + relayColumns + " FROM relay").Scan(&row).Error; err != nil {
		return row, fmt.Errorf("read the lease: %w", err)
	}
	return row, nil
}

// acquire takes the lease for holder, if no other relay has it. Otherwise the row shows who has it.
func acquire(ctx context.Context, db *postgres.DB, holder string) (row relayRow, err error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	err = db.Conn(ctx).Raw(`UPDATE relay SET holder = ?::uuid, term = term + 1, beat = beat + 1,
		expires_at = clock_timestamp() + make_interval(secs => ?)
		WHERE holder IS NULL OR holder = ?::uuid OR expires_at <= clock_timestamp()
		RETURNING `+relayColumns, holder, leaseTime.Seconds(), holder).Scan(&row).Error
	if err != nil {
		return row, fmt.Errorf("acquire the lease: %w", err)
	}
	if row.Term > 0 {
		return row, nil
	}
	return readRelay(ctx, db)
}

// renew extends the lease. errLeaseChanged means that it is lost, or that another generation has begun.
func (l *lease) renew(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	sent := time.Now()
	var beats []int64
	err := l.db.Conn(ctx).Raw(`UPDATE relay SET beat = beat + 1, expires_at = clock_timestamp() + make_interval(secs => ?)
		WHERE holder = ?::uuid AND term = ? AND generation = ? AND beat >= ? RETURNING beat`,
		leaseTime.Seconds(), l.row.Holder, l.row.Term, l.row.Generation, l.row.Beat).Scan(&beats).Error
	if err != nil {
		return fmt.Errorf("renew the lease: %w", err)
	}
	if len(beats) == 0 {
		return errLeaseChanged
	}
	l.row.Beat = beats[0]
	l.extend(sent)
	return nil
}

// release gives the lease back, also when ctx has ended, so that another relay need not wait for its end.
func (l *lease) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	// After a failure the lease ends by itself.
	_ = l.db.Conn(ctx).Exec("UPDATE relay SET holder = NULL, beat = beat + 1 WHERE holder = ?::uuid AND term = ?",
		l.row.Holder, l.row.Term).Error
}

// adopt records the stream to which the sequences belong.
func (l *lease) adopt(ctx context.Context, streamCreated int64) error {
	err := l.change(ctx, "stream_created = ?", streamCreated)
	if err == nil {
		l.row.StreamCreated = streamCreated
	}
	return err
}

// restart begins a replay of the rows that were published since a time, in the stream that was created at streamCreated.
// Nothing that was confirmed before counts any more. The zero time stands for all rows that are kept.
func (l *lease) restart(ctx context.Context, streamCreated int64, since time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var rows []relayRow
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	err := l.db.Conn(ctx).Raw(`UPDATE relay SET stream_created = ?, last_seq = 0, last_event = NULL, `+replaySQL("published_at")+`
		WHERE holder = ?::uuid AND term = ? RETURNING `+relayColumns,
		streamCreated, since, l.row.Holder, l.row.Term).Scan(&rows).Error
	if err != nil {
		return fmt.Errorf("begin a replay: %w", err)
	}
	if len(rows) == 0 {
		return errLeaseChanged
	}
	l.row = rows[0]
	return nil
}

// replaySQL sets a new generation and adds to the replay the published rows from the first one on whose column is at
// or after the parameter. A generation is a time, because a counter would repeat itself after a database was restored.
func replaySQL(column string) string {
	return `generation = greatest(generation + 1, (extract(epoch FROM clock_timestamp()) * 1000)::bigint),
		replay_next = least(replay_next, (SELECT min(id) FROM outbox WHERE published_at IS NOT NULL AND ` + column + ` >= ?)),
		replay_end = (SELECT max(id) FROM outbox WHERE published_at IS NOT NULL)`
}

// replayed records that the rows before next are published again.
func (l *lease) replayed(ctx context.Context, next int64, done []confirmed) error {
	last := l.last(done)
	err := l.change(ctx, "replay_next = ?, last_seq = ?, last_event = nullif(?, '')::uuid", next, last.seq, last.event)
	if err == nil {
		l.row.ReplayNext, l.row.LastSeq, l.row.LastEvent = next, last.seq, last.event
	}
	return err
}

// endReplay records that the replay is complete.
func (l *lease) endReplay(ctx context.Context) error {
	err := l.change(ctx, "replay_next = NULL, replay_end = NULL, replayed_at = clock_timestamp()")
	if err == nil {
		now := time.Now()
		l.row.ReplayNext, l.row.ReplayEnd, l.row.ReplayedAt = 0, 0, &now
	}
	return err
}

// purged reports whether events of the schema were removed from the stream within a time.
func (l *lease) purged(ctx context.Context, within time.Duration) (recently bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	err = l.db.Conn(ctx).Raw("SELECT coalesce(purged_at > clock_timestamp() - make_interval(secs => ?), false) FROM relay",
		within.Seconds()).Scan(&recently).Error
	if err != nil {
		return false, fmt.Errorf("read the lease: %w", err)
	}
	return recently, nil
}

// recordPurge records that events of the schema were removed from the stream.
func (l *lease) recordPurge(ctx context.Context) error {
	return l.change(ctx, "purged_at = clock_timestamp()")
}

// last returns the confirmed event with the highest sequence, among those of before too. A copy of an earlier event is
// confirmed with the sequence of that event.
func (l *lease) last(done []confirmed) confirmed {
	last := confirmed{seq: l.row.LastSeq, event: l.row.LastEvent}
	for _, c := range done {
		if c.seq > last.seq {
			last = c
		}
	}
	return last
}

// change sets columns, as long as the lease is held and its generation is current.
func (l *lease) change(ctx context.Context, set string, args ...any) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	args = append(args, l.row.Holder, l.row.Term, l.row.Generation)
	res := l.db.Conn(ctx).Exec("UPDATE relay SET "+set+" WHERE holder = ?::uuid AND term = ? AND generation = ?", args...)
	if res.Error != nil {
		return fmt.Errorf("write the lease: %w", res.Error)
	}
	if res.RowsAffected == 0 {
		return errLeaseChanged
	}
	return nil
}
