package idempotency

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/internal/postgres"
)

// This file is for a statement that does the work of many calls at once and therefore cannot use
// Run. It takes the locks of all requests with TryLocksSQL, in a statement of its own, and has the
// parts SeenSQL and RememberSQL.

// KeyUnique is the constraint that a request violates when its key is stored already.
const KeyUnique = "idempotency_keys_pkey"

// Request is what the statements need of a call. Without a RequestID the call may happen again.
type Request struct {
	Key
	// Hash identifies the request; PreviousHash is what it was before the last change of the keys, nil
	// without one.
	Hash, PreviousHash []byte
	// Lock is the advisory lock of the key.
	Lock int64
}

// Request describes a call of a batch over db; the zero Request stands for one that may happen
// again.
func (g *Guard) Request(db *postgres.DB, key Key, req proto.Message) Request {
	if key.RequestID == "" {
		return Request{}
	}
	return g.request(db.Schema(), key, req)
}

// TryLocksSQL tries the locks in the array parameter $1, until the transaction ends. A lock that
// somebody else has is tried again by SeenSQL.
const TryLocksSQL = "SELECT pg_try_advisory_xact_lock(lock) FROM unnest($1::bigint[]) AS r (lock)"

// SeenSQL is the query of what is stored for the rows of a relation: n, same (whether the stored
// request is this one; null when none is stored), response and in_flight (whether another call
// with the key is under way). The relation has the columns n, caller, method, request_id,
// request_hash, previous_hash, request_lock and create_time; rows without request_id are left out.
// Tables that grow are probed by LATERAL with LIMIT, so that a plan that was made while they were
// empty does not scan them.
func SeenSQL(relation string) string {
	return fmt.Sprintf(`
    SELECT i.n, k.request_hash IN (i.request_hash, coalesce(i.previous_hash, i.request_hash)) AS same, k.response,
        CASE WHEN k.request_hash IS NULL THEN NOT pg_try_advisory_xact_lock(i.request_lock) END AS in_flight
    FROM %s i LEFT JOIN LATERAL (
        SELECT k.request_hash, k.response FROM idempotency_keys k
        WHERE k.caller = i.caller AND k.method = i.method AND k.request_id = i.request_id
            AND k.created_at > i.create_time - interval '%d seconds' LIMIT 1
    ) AS k ON true
    WHERE i.request_id IS NOT NULL`, relation, int(Retention.Seconds()))
}

// RememberSQL is the statement that stores the answers of a relation, which has the columns of
// SeenSQL and response. A key that is stored already violates KeyUnique: either another call has
// committed it a moment ago, or it has expired and Forget removes it.
func RememberSQL(relation string) string {
	return `INSERT INTO idempotency_keys (caller, method, request_id, request_hash, response, created_at)
    SELECT caller, method, request_id, request_hash, response, create_time
    FROM ` + relation + ` WHERE request_id IS NOT NULL`
}

// Recall returns the stored answer of a request, in a statement that sees what has been committed
// until now; nil when there is none. ErrReused when the key came with another request.
func (g *Guard) Recall(ctx context.Context, db *postgres.DB, r Request) ([]byte, error) {
	if r.RequestID == "" {
		return nil, nil
	}
	found, err := find(ctx, db, r, g.now().Add(-Retention))
	if err != nil || found == nil {
		return nil, err
	}
	return found.Response, nil
}

// Forget removes the answer of a request if it has expired.
func (g *Guard) Forget(ctx context.Context, db *postgres.DB, r Request) error {
	const statement = "DELETE FROM idempotency_keys WHERE caller = ? AND method = ? AND request_id = ? AND created_at <= ?"
	err := db.Conn(ctx).Exec(statement, r.Caller, r.Method, r.RequestID, g.now().Add(-Retention)).Error
	if err != nil {
		return fmt.Errorf("forget a request id: %w", err)
	}
	return nil
}

// Encode returns an answer as it is stored: without its secrets.
func Encode(response proto.Message) ([]byte, error) {
	encoded, err := proto.MarshalOptions{Deterministic: true}.Marshal(withoutSecrets(response))
	if err != nil {
		return nil, fmt.Errorf("encode a response: %w", err)
	}
	return encoded, nil
}

// PruneExpired removes the answers that have expired.
func (g *Guard) PruneExpired(ctx context.Context, db *postgres.DB) error {
	_, err := Prune(ctx, db, g.now().Add(-Retention))
	return err
}
