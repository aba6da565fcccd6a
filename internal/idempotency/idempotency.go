// Package idempotency makes calls that create something safe to repeat: a call
// with a request_id has its effect once, and a repeated call gets the response of
// the first one.
//
// The response is stored in the transaction that does the work, under caller,
// method and request id, with a keyed hash of the request. A failed call stores
// nothing. Responses are kept for [Retention].
//
// [Run] does all of this for one call. batch.go has the parts for a statement that
// does the work of many calls, store.go the statements of Run, redact.go what is
// left out of hashes and of stored responses.
package idempotency

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/secret"
)

// Retention is how long a response is kept. An older response has expired, even
// while [Prune] has not removed it yet.
const Retention = 24 * time.Hour

// Purpose is the purpose of the key of the hashes of requests.
const Purpose = "idempotency"

// Errors of a request id.
var (
	// ErrInFlight is ABORTED REQUEST_IN_FLIGHT: the first call with the request id is
	// still running.
	ErrInFlight = apierr.New(codes.Aborted, apiv1.ErrorReason_ERROR_REASON_REQUEST_IN_FLIGHT,
		"the first request with this request id is still running").WithRetryAfter(time.Second)
	// ErrReused is ALREADY_EXISTS REQUEST_ID_REUSED: the request id came with another
	// request before.
	ErrReused = apierr.New(codes.AlreadyExists, apiv1.ErrorReason_ERROR_REASON_REQUEST_ID_REUSED,
		"the request id was used with another request")
)

// Guard recognizes repeated requests. It is safe for concurrent use.
type Guard struct {
	hashKey  [sha256.Size]byte
	previous []byte // the key before the last change, nil without one
	now      func() time.Time
}

// New returns a guard whose hashes are keyed with keys, so that nobody can guess a
// password from the stored hash of a request that contains it. previous may be nil;
// while it is given, requests from before the last change of the keys are recognized.
func New(keys, previous *secret.Keys, now func() time.Time) *Guard {
	g := &Guard{hashKey: keys.Derive(Purpose), now: now}
	if previous != nil {
		key := previous.Derive(Purpose)
		g.previous = key[:]
	}
	return g
}

// Key identifies a stored response.
type Key struct {
	// Caller is the user's id, or "anonymous".
	Caller string
	// Method is the full gRPC method, "/package.Service/Method".
	Method string
	// RequestID is the client's UUID. Without one, the call is not protected from
	// repetition.
	RequestID string
}

// Run calls fn in a transaction of db and stores its response in the same
// transaction. When the response to this request is stored already, Run returns
// the stored response and does not call fn. Fields with debug_redact are not
// stored, so they are empty in a repeated response.
//
// The errors are [ErrReused], [ErrInFlight], INVALID_ARGUMENT for a request id that
// is not a UUID, and those of fn and of the database. Like every closure of
// [postgres.DB.InTx], fn may be called more than once.
func Run[T proto.Message](
	ctx context.Context, g *Guard, db *postgres.DB, key Key, req proto.Message, fn func(tx *postgres.DB) (T, error),
) (T, error) {
	var response T
	err := db.InTx(ctx, func(tx *postgres.DB) error {
		if key.RequestID == "" {
			var err error
			response, err = fn(tx)
			return err
		}
		stored, err := g.lookUp(ctx, tx, key, req)
		if err != nil {
			return err
		}
		if stored != nil {
			response, err = Decode[T](stored.Response)
			return err
		}
		if response, err = fn(tx); err != nil {
			return err
		}
		return g.store(ctx, tx, key, req, response)
	})
	if err != nil {
		var none T
		return none, err
	}
	return response, nil
}

// lookUp locks the key until the transaction ends and returns the stored record,
// or nil when the request is new.
func (g *Guard) lookUp(ctx context.Context, tx *postgres.DB, key Key, req proto.Message) (*record, error) {
	if _, err := uuid.Parse(key.RequestID); err != nil {
		return nil, apierr.InvalidField("request_id", "must be a valid UUID")
	}
	// The lock needs a statement of its own: only a statement that starts after it
	// sees what the previous owner of the lock has committed.
	locked, err := tryLock(ctx, tx, lockID(tx.Schema(), key))
	if err != nil {
		return nil, err
	}
	if !locked {
		return nil, ErrInFlight
	}
	return find(ctx, tx, g.request(tx.Schema(), key, req), g.now().Add(-Retention))
}

func (g *Guard) store(ctx context.Context, tx *postgres.DB, key Key, req, response proto.Message) error {
	encoded, err := Encode(response)
	if err != nil {
		return err
	}
	return insert(ctx, tx, key, record{RequestHash: hash(g.hashKey[:], req), Response: encoded, CreatedAt: g.now().UTC()})
}

// request returns the parameters of a call for the statements of this package.
func (g *Guard) request(schema string, key Key, req proto.Message) Request {
	r := Request{Key: key, Hash: hash(g.hashKey[:], req), Lock: lockID(schema, key)}
	if g.previous != nil {
		r.PreviousHash = hash(g.previous, req)
	}
	return r
}

// hash identifies a request without revealing it: an HMAC over the type and the content
// without request_id. It differs when a redacted field, such as a password, differs.
func hash(key []byte, req proto.Message) []byte {
	mac := hmac.New(sha256.New, key)
	writePart(mac.Write, []byte(req.ProtoReflect().Descriptor().FullName()))
	// Marshal fails only for a missing required field or invalid UTF-8, and decoding
	// refuses both.
	encoded, err := proto.MarshalOptions{Deterministic: true, AllowPartial: true}.Marshal(withoutRequestID(req))
	if err != nil {
		writePart(mac.Write, []byte(err.Error()))
	}
	writePart(mac.Write, encoded)
	return mac.Sum(nil)
}

// lockID returns the advisory lock of a key.
func lockID(schema string, key Key) int64 {
	sum := sha256.New()
	for _, part := range []string{"idempotency", schema, key.Caller, key.Method, key.RequestID} {
		writePart(sum.Write, []byte(part))
	}
	return int64(binary.BigEndian.Uint64(sum.Sum(nil)))
}

// writePart writes the length first, so that different lists of parts differ in
// their bytes.
func writePart(write func([]byte) (int, error), part []byte) {
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(part)))
	// A hash never fails.
	_, _ = write(length[:])
	_, _ = write(part)
}

// Decode returns the response that [Encode] has encoded.
func Decode[T proto.Message](stored []byte) (T, error) {
	var none T
	message, ok := none.ProtoReflect().New().Interface().(T)
	if !ok {
		return none, errors.New("the response type is not a generated message")
	}
	if err := proto.Unmarshal(stored, message); err != nil {
		return none, fmt.Errorf("decode a stored response: %w", err)
	}
	return message, nil
}
