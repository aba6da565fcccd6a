package idempotency

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/internal/postgres"
)

// This file is for a statement that does the work of many calls at once and therefore cannot use
// Run. The statement follows TryLocksSQL, which takes the locks of all requests, and contains SeenSQL
// and RememberSQL.

// KeyUnique is the constraint that RememberSQL violates when the key is stored already.
const KeyUnique = "idempotency_keys_pkey"

// Request has the parameters of a call for the statements. Without a RequestID the call is not
// protected from repetition.
type Request struct {
	Key
	// Hash identifies the request. PreviousHash is its hash with the keys before their last change, nil
	// without one.
	Hash, PreviousHash []byte
	// Lock is the advisory lock of the key.
	Lock int64
}

// Request returns the parameters of a call for a statement over db; the zero Request when the call has
// no request id.
func (g *Guard) Request(db *postgres.DB, key Key, req proto.Message) Request {
	if key.RequestID == "" {
		return Request{}
	}
	return g.request(db.Schema(), key, req)
}

// TryLocksSQL tries the locks in the array parameter $1 and keeps them until the transaction ends.
// SeenSQL tries a lock again that another transaction has.
const TryLocksSQL = "SELECT pg_try_advisory_xact_lock(lock) FROM unnest($1::bigint[]) AS r (lock)"

// SeenSQL returns the query of what is stored for the rows of a relation: n, same (whether the stored
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

// RememberSQL returns the statement that stores the responses of a relation, which has the columns of
// SeenSQL and response. A key that is stored already violates KeyUnique: either another call has just
// committed it, or it has expired and Forget removes it.
func RememberSQL(relation string) string {
	return `INSERT INTO idempotency_keys (caller, method, request_id, request_hash, response, created_at)
    SELECT caller, method, request_id, request_hash, response, create_time
    FROM ` + relation + ` WHERE request_id IS NOT NULL`
}

// Recall returns the stored response of a request, with a statement of its own that sees all commits
// until now; nil when there is none. [ErrReused] when the key came with another request.
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

// Forget removes the stored response of a request if it has expired.
func (g *Guard) Forget(ctx context.Context, db *postgres.DB, r Request) error {
	const statement = "DELETE FROM idempotency_keys WHERE caller = ? AND method = ? AND request_id = ? AND created_at <= ?"
	err := db.Conn(ctx).Exec(statement, r.Caller, r.Method, r.RequestID, g.now().Add(-Retention)).Error
	if err != nil {
		return fmt.Errorf("forget a request id: %w", err)
	}
	return nil
}

// Encode returns a response as it is stored, without fields that are marked debug_redact.
func Encode(response proto.Message) ([]byte, error) {
	encoded, err := proto.MarshalOptions{Deterministic: true}.Marshal(withoutSecrets(response))
	if err != nil {
		return nil, fmt.Errorf("encode a response: %w", err)
	}
	return encoded, nil
}

// PruneExpired removes the responses that have expired.
func (g *Guard) PruneExpired(ctx context.Context, db *postgres.DB) error {
	_, err := Prune(ctx, db, g.now().Add(-Retention))
	return err
}
