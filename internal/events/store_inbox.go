package events

import (
	"context"
	"fmt"
	"time"

	"github.com/beauty-salon/platform/internal/postgres"
)

// keepInbox is how long an inbox row is kept: longer than an event can come again. The relay may publish a row again
// until it is pruned, and the stream then keeps the event for its full time.
const keepInbox = keepPublished + keepEvents + 24*time.Hour

// keepVersions is how long the version of an aggregate is kept after its last change. The older events of the aggregate were
// published before the newest, so none comes later than the newest could come again.
const keepVersions = keepInbox

// insertInbox records the events as handled and returns the ids of the events that were not recorded before. It
// waits for another transaction that is about to commit the same row.
func insertInbox(ctx context.Context, tx *postgres.DB, consumer string, es []Event) (map[string]bool, error) {
	ids := make([]string, len(es))
	for i, e := range es {
		ids[i] = e.ID
	}
	var added []string
	err := tx.Conn(ctx).Raw(`INSERT INTO inbox (consumer, event_id) SELECT ?, unnest(?::uuid[])
		ON CONFLICT DO NOTHING RETURNING event_id::text`, consumer, postgres.Array[string](ids)).Scan(&added).Error
	if err != nil {
		return nil, fmt.Errorf("write inbox: %w", err)
	}
	fresh := make(map[string]bool, len(added))
	for _, id := range added {
		fresh[id] = true
	}
	return fresh, nil
}

// settled reports whether the consumer has handled the event or has moved it to the dead letters.
func settled(ctx context.Context, db *postgres.DB, consumer, eventID string) (known bool, err error) {
	err = db.Conn(ctx).Raw(`SELECT EXISTS (SELECT FROM inbox WHERE consumer = ? AND event_id = ?::uuid)
		OR EXISTS (SELECT FROM dead_letters WHERE consumer = ? AND event_id = ?::uuid)`,
		consumer, eventID, consumer, eventID).Scan(&known).Error
	if err != nil {
		return false, fmt.Errorf("read inbox: %w", err)
	}
	return known, nil
}

// raiseVersions records the versions of the events, which belong to different aggregates, and returns the ids of
// the events that are newer than the recorded version.
func raiseVersions(ctx context.Context, tx *postgres.DB, consumer string, es []Event) (map[string]bool, error) {
	keys, ids, versions := make(postgres.Array[string], len(es)), make(postgres.Array[string], len(es)), make(postgres.Array[int64], len(es))
	for i, e := range es {
		keys[i], ids[i], versions[i] = versionKey(consumer, e), e.AggregateID, e.AggregateVersion
	}
	var raised []struct{ Consumer, AggregateID string }
	err := tx.Conn(ctx).Raw(`INSERT INTO aggregate_versions (consumer, aggregate_id, version)
		SELECT * FROM unnest(?::text[], ?::uuid[], ?::bigint[])
		ON CONFLICT (consumer, aggregate_id) DO UPDATE SET version = excluded.version, raised_at = excluded.raised_at
		WHERE aggregate_versions.version < excluded.version
		RETURNING consumer, aggregate_id::text`, keys, ids, versions).Scan(&raised).Error
	if err != nil {
		return nil, fmt.Errorf("write aggregate versions: %w", err)
	}
	newer := make(map[string]bool, len(raised))
	for _, r := range raised {
		newer[r.Consumer+"/"+r.AggregateID] = true
	}
	fresh := make(map[string]bool, len(raised))
	for _, e := range es {
		if newer[versionKey(consumer, e)+"/"+e.AggregateID] {
			fresh[e.ID] = true
		}
	}
	return fresh, nil
}

// versionKey contains the kind of aggregate, because ids are unique only within a kind.
func versionKey(consumer string, e Event) string { return consumer + "/" + e.kind() }

// pruneInbox deletes some rows whose events cannot come again, and reports whether there may be more.
func pruneInbox(ctx context.Context, db *postgres.DB) (more bool, err error) {
	res := db.Conn(ctx).Exec(`DELETE FROM inbox WHERE (consumer, event_id) IN (SELECT consumer, event_id FROM inbox
		WHERE received_at < now() - make_interval(secs => ?) ORDER BY received_at LIMIT ?)`,
		keepInbox.Seconds(), pruneChunk)
	if res.Error != nil {
		return false, fmt.Errorf("prune inbox: %w", res.Error)
	}
	return res.RowsAffected == pruneChunk, nil
}

// pruneVersions deletes some versions of aggregates of which no older event can come any more, and reports whether there may be
// more. A dead letter may still be replayed, so the version of its aggregate stays.
func pruneVersions(ctx context.Context, db *postgres.DB) (more bool, err error) {
	res := db.Conn(ctx).Exec(`WITH old AS MATERIALIZED (SELECT consumer, aggregate_id FROM aggregate_versions v
			WHERE raised_at < now() - make_interval(secs => ?)
				AND NOT EXISTS (SELECT FROM dead_letters d WHERE d.aggregate_id = v.aggregate_id)
			ORDER BY raised_at LIMIT ? FOR UPDATE SKIP LOCKED)
		DELETE FROM aggregate_versions v USING old WHERE v.consumer = old.consumer AND v.aggregate_id = old.aggregate_id`,
		keepVersions.Seconds(), pruneChunk)
	if res.Error != nil {
		return false, fmt.Errorf("prune aggregate versions: %w", res.Error)
	}
	return res.RowsAffected == pruneChunk, nil
}
