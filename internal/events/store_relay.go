package events

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/beauty-salon/platform/internal/postgres"
)

const (
	// keepPublished is how long a published row is kept for inspection.
	keepPublished = 7 * 24 * time.Hour
	// pruneChunk bounds the locks and the write-ahead log of one deletion.
	pruneChunk = 500
	// maxCounted bounds the work of counting a long backlog.
	maxCounted = 100_000
	// releaseTimeout bounds the release of the lock.
	releaseTimeout = 2 * time.Second
)

// outboxRow is an unpublished row.
type outboxRow struct {
	id          int64
	event       Event
	traceparent string
}

// outbox is the exclusive right to publish the rows of a schema. It is a session lock of PostgreSQL, and all
// statements run on the connection that has the lock. When the connection breaks, the lock is released too, so a
// relay that was replaced cannot mark rows.
type outbox struct {
	conn *sql.Conn
	lock string
}

// lockOutbox returns nil without an error when another relay has the lock.
func lockOutbox(ctx context.Context, db *postgres.DB) (*outbox, error) {
	pool, err := db.Conn(ctx).DB()
	if err != nil {
		return nil, fmt.Errorf("lock outbox: %w", err)
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("lock outbox: %w", err)
	}
	o := &outbox{conn: conn, lock: "salon relay " + db.Schema()}
	var locked bool
	err = conn.QueryRowContext(ctx, "SELECT pg_try_advisory_lock(hashtextextended($1, 0))", o.lock).Scan(&locked)
	if err == nil && locked {
		return o, nil
	}
	// After an error the lock may or may not have been taken.
	if err != nil {
		o.discard()
		return nil, fmt.Errorf("lock outbox: %w", err)
	}
	return nil, conn.Close()
}

// release releases the lock, even when ctx has ended.
func (o *outbox) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	if _, err := o.conn.ExecContext(ctx, "SELECT pg_advisory_unlock(hashtextextended($1, 0))", o.lock); err != nil {
		o.discard()
		return
	}
	// The connection is back in the pool; an error would say that it is closed.
	_ = o.conn.Close()
}

// discard closes the connection instead of returning it, with the lock, to the pool.
func (o *outbox) discard() {
	_ = o.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = o.conn.Close()
}

// unpublished returns the oldest rows that are not marked. It does not use a cursor: ids are assigned before the
// commit, so a lower id can appear later. The rows of one aggregate appear in order, because the row of the
// aggregate was locked.
func (o *outbox) unpublished(ctx context.Context, limit int) (found []outboxRow, err error) {
	rows, err := o.conn.QueryContext(ctx, `SELECT id, event_id::text, type, aggregate_id::text, aggregate_version,
		occurred_at, body, coalesce(traceparent, '') FROM outbox WHERE published_at IS NULL ORDER BY id LIMIT $1`, limit)
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

// mark records the rows as published, even when ctx has ended: rows that are not marked are published again.
func (o *outbox) mark(ctx context.Context, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), publishTimeout)
	defer cancel()
	_, err := o.conn.ExecContext(ctx, "UPDATE outbox SET published_at = now() WHERE id = ANY($1::bigint[])", array(ids))
	if err != nil {
		return fmt.Errorf("mark outbox: %w", err)
	}
	return nil
}

// lag returns how many rows wait, up to maxCounted, and the age of the oldest in seconds.
func (o *outbox) lag(ctx context.Context) (count int64, oldest float64, err error) {
	err = o.conn.QueryRowContext(ctx, `SELECT
		(SELECT count(*) FROM (SELECT FROM outbox WHERE published_at IS NULL LIMIT $1) AS waiting),
		coalesce((SELECT extract(epoch FROM greatest(clock_timestamp() - occurred_at, interval '0'))
			FROM outbox WHERE published_at IS NULL ORDER BY id LIMIT 1), 0)::float8`, maxCounted).Scan(&count, &oldest)
	if err != nil {
		return 0, 0, fmt.Errorf("measure outbox: %w", err)
	}
	return count, oldest, nil
}

// prune deletes some rows that were published long ago, and reports whether there may be more.
func (o *outbox) prune(ctx context.Context) (more bool, err error) {
	res, err := o.conn.ExecContext(ctx, `DELETE FROM outbox WHERE id IN (SELECT id FROM outbox
		WHERE published_at < now() - make_interval(secs => $1) ORDER BY published_at LIMIT $2)`,
		keepPublished.Seconds(), pruneChunk)
	if err != nil {
		return false, fmt.Errorf("prune outbox: %w", err)
	}
	n, err := res.RowsAffected()
	return n == pruneChunk, err
}

// array is a PostgreSQL array literal of numbers or UUIDs. GORM passes it as one parameter, where it would expand a
// slice.
func array[T int64 | string](values []T) driver.Valuer {
	var b strings.Builder
	for i, v := range values {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprint(&b, v)
	}
	return literal("{" + b.String() + "}")
}

type literal string

// Value implements [driver.Valuer].
func (l literal) Value() (driver.Value, error) { return string(l), nil }
