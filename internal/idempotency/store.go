package idempotency

import (
	"context"
	"crypto/hmac"
	"fmt"
	"time"

	"github.com/beauty-salon/platform/internal/postgres"
)

// record is a row of idempotency_keys without its key.
type record struct {
	RequestHash []byte
	Response    []byte
	CreatedAt   time.Time
}

// tryLock takes an advisory lock until the transaction ends. It returns false when
// another transaction has the lock.
func tryLock(ctx context.Context, tx *postgres.DB, id int64) (bool, error) {
	var locked bool
	if err := tx.Conn(ctx).Raw("SELECT pg_try_advisory_xact_lock(?)", id).Scan(&locked).Error; err != nil {
		return false, fmt.Errorf("lock a request id: %w", err)
	}
	return locked, nil
}

// find returns the record of a request that was created after since, nil when there is
// none. A record of another request under the same key is ErrReused.
func find(ctx context.Context, db *postgres.DB, r Request, since time.Time) (*record, error) {
	const query = `
		SELECT request_hash, response, created_at FROM idempotency_keys
		WHERE caller = ? AND method = ? AND request_id = ? AND created_at > ?`
	var rows []record
	if err := db.Conn(ctx).Raw(query, r.Caller, r.Method, r.RequestID, since).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("look up a request id: %w", err)
	}
	switch {
	case len(rows) == 0:
		return nil, nil
	case hmac.Equal(rows[0].RequestHash, r.Hash), r.PreviousHash != nil && hmac.Equal(rows[0].RequestHash, r.PreviousHash):
		return &rows[0], nil
	}
	return nil, ErrReused
}

// insert stores a record and replaces one that has expired.
func insert(ctx context.Context, tx *postgres.DB, key Key, r record) error {
	const statement = `
		INSERT INTO idempotency_keys (caller, method, request_id, request_hash, response, created_at)
		VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (caller, method, request_id) DO UPDATE
		SET request_hash = excluded.request_hash, response = excluded.response, created_at = excluded.created_at`
	err := tx.Conn(ctx).Exec(statement, key.Caller, key.Method, key.RequestID, r.RequestHash, r.Response, r.CreatedAt).Error
	if err != nil {
		return fmt.Errorf("store a response: %w", err)
	}
	return nil
}

// pruneBatch bounds the rows that one statement removes, and so the rows that it
// locks.
const pruneBatch = 1000

// Prune removes the responses that were stored before olderThan and returns their
// number. Services call it with now minus [Retention].
func Prune(ctx context.Context, db *postgres.DB, olderThan time.Time) (int64, error) {
	const statement = `
		DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
			SELECT ctid FROM idempotency_keys WHERE created_at < ? LIMIT ? FOR UPDATE SKIP LOCKED))`
	var pruned int64
	for {
		result := db.Conn(ctx).Exec(statement, olderThan, pruneBatch)
		if result.Error != nil {
			return pruned, fmt.Errorf("prune stored responses: %w", result.Error)
		}
		pruned += result.RowsAffected
		if result.RowsAffected < pruneBatch {
			return pruned, nil
		}
	}
}

// Forget removes what is stored of a person who is erased: the answers to the caller's requests, and those that mention
// one of the texts, such as the id of the person's account. It returns how many it has removed.
func Forget(ctx context.Context, tx *postgres.DB, caller string, mentioned ...string) (int64, error) {
	result := tx.Conn(ctx).Exec(`DELETE FROM idempotency_keys WHERE caller = ? OR EXISTS (
		SELECT FROM unnest(?::text[]) AS m (text) WHERE m.text <> '' AND position(convert_to(m.text, 'UTF8') IN response) > 0)`,
		caller, postgres.Array[string](mentioned))
	if result.Error != nil {
		return 0, fmt.Errorf("forget stored responses: %w", result.Error)
	}
	return result.RowsAffected, nil
}
