package events

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/beauty-salon/platform/internal/postgres"
)

const (
	// keepPublished is how long a published row is kept: longer than the stream keeps its event, so that the stream can
	// be made again from the rows.
	keepPublished = keepEvents + 24*time.Hour
	// pruneChunk bounds the locks and the write-ahead log of one deletion.
	pruneChunk = 500
	// maxCounted bounds the work of counting a long backlog.
	maxCounted = 100_000
)

// outboxRow is a row that is to be published.
type outboxRow struct {
	id          int64
	event       Event
	traceparent string
}

const selectOutbox = `SELECT id, event_id::text, type, aggregate_id::text, aggregate_version,
	occurred_at, body, coalesce(traceparent, '') FROM outbox `

// unpublished returns the oldest rows that are not marked. It does not use a cursor: ids are assigned before the
// commit, so a lower id can appear later. The rows of one aggregate appear in order, because the row of the
// aggregate was locked.
func unpublished(ctx context.Context, db *postgres.DB, limit int) ([]outboxRow, error) {
	return readOutbox(ctx, db, selectOutbox+"WHERE published_at IS NULL ORDER BY id LIMIT ?", limit)
}

// publishedBetween returns the first rows from next to end that are marked.
func publishedBetween(ctx context.Context, db *postgres.DB, next, end int64, limit int) ([]outboxRow, error) {
	return readOutbox(ctx, db, selectOutbox+"WHERE id BETWEEN ? AND ? AND published_at IS NOT NULL ORDER BY id LIMIT ?", next, end, limit)
}

func readOutbox(ctx context.Context, db *postgres.DB, query string, args ...any) (found []outboxRow, err error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	rows, err := db.Conn(ctx).Raw(query, args...).Rows()
	if err != nil {
		return nil, fmt.Errorf("read outbox: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var r outboxRow
		e := &r.event
		var body []byte
		if err := rows.Scan(&r.id, &e.ID, &e.Type, &e.AggregateID, &e.AggregateVersion, &e.Time, &body, &r.traceparent); err != nil {
			return nil, fmt.Errorf("read outbox: %w", err)
		}
		e.Body = body
		found = append(found, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read outbox: %w", err)
	}
	return found, nil
}

// mark records the rows as published, even when ctx has ended: rows that are not marked are published again. Only the
// holder of the lease marks, because another relay may have to publish the rows again under a new generation.
// errWentBack means that rows are not there any more.
func (l *lease) mark(ctx context.Context, done []confirmed) error {
	if len(done) == 0 {
		return nil
	}
	ids := make([]int64, len(done))
	for i, c := range done {
		ids[i] = c.id
	}
	last := l.last(done)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	var got struct{ Held, Marked int }
	err := l.db.Conn(ctx).Raw(`WITH held AS (
			UPDATE relay SET last_seq = ?, last_event = nullif(?, '')::uuid
			WHERE holder = ?::uuid AND term = ? AND generation = ? AND last_seq >= ? RETURNING term
		), marked AS (
			UPDATE outbox SET published_at = now() FROM held WHERE id = ANY(?::bigint[]) RETURNING id
		)
		SELECT (SELECT count(*) FROM held) AS held, (SELECT count(*) FROM marked) AS marked`,
		last.seq, last.event, l.row.Holder, l.row.Term, l.row.Generation, l.row.LastSeq, postgres.Array[int64](ids)).Scan(&got).Error
	switch {
	case err != nil:
		return fmt.Errorf("mark outbox: %w", err)
	case got.Held == 0:
		return errLeaseChanged
	case got.Marked < len(ids):
		return errWentBack
	}
	l.row.LastSeq, l.row.LastEvent = last.seq, last.event
	return nil
}

// lacks reports whether the outbox does not have an event that it must have. Rows are pruned in the order of their
// publication, which is after the event occurred. So the outbox has every event that occurred after the oldest
// publication that it still has.
func lacks(ctx context.Context, db *postgres.DB, eventID string, occurred time.Time) (missing bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	err = db.Conn(ctx).Raw(`SELECT NOT EXISTS (SELECT FROM outbox WHERE event_id = ?::uuid) AND ?::timestamptz > greatest(
			complete_since, now() - make_interval(secs => ?),
			coalesce((SELECT min(published_at) FROM outbox WHERE published_at IS NOT NULL), '-infinity'))
		FROM relay`,
		eventID, occurred, keepEvents.Seconds()).Scan(&missing).Error
	if err != nil {
		return false, fmt.Errorf("read outbox: %w", err)
	}
	return missing, nil
}

// lag returns how many rows wait, up to maxCounted, and how long the oldest has waited.
func lag(ctx context.Context, db *postgres.DB) (count int64, oldest time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	var row struct {
		Count  int64
		Oldest float64
	}
	err = db.Conn(ctx).Raw(`SELECT
		(SELECT count(*) FROM (SELECT FROM outbox WHERE published_at IS NULL LIMIT ?) AS waiting) AS count,
		coalesce((SELECT extract(epoch FROM greatest(clock_timestamp() - occurred_at, interval '0'))
			FROM outbox WHERE published_at IS NULL ORDER BY id LIMIT 1), 0)::float8 AS oldest`, maxCounted).Scan(&row).Error
	if err != nil {
		return 0, 0, fmt.Errorf("measure outbox: %w", err)
	}
	return row.Count, time.Duration(row.Oldest * float64(time.Second)), nil
}

// prune deletes some rows that were published long ago, and reports whether there may be more.
func prune(ctx context.Context, db *postgres.DB) (more bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	res := db.Conn(ctx).Exec(`DELETE FROM outbox WHERE id IN (SELECT id FROM outbox
		WHERE published_at < now() - make_interval(secs => ?) ORDER BY published_at LIMIT ?)`,
		keepPublished.Seconds(), pruneChunk)
	if res.Error != nil {
		return false, fmt.Errorf("prune outbox: %w", res.Error)
	}
	return res.RowsAffected == pruneChunk, nil
}
