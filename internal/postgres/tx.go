package postgres

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"
)

const (
	// maxAttempts is how often a transaction is tried before its conflict is
	// reported to the caller.
	maxAttempts = 5
	// The pause before attempt n is random up to retryBase·2ⁿ⁻¹, at most retryCap.
	retryBase = 10 * time.Millisecond
	retryCap  = 250 * time.Millisecond
)

// transaction is what the DB that a closure gets carries.
type transaction struct {
	gorm     *gorm.DB
	onCommit []func()
}

// InTx runs fn in one READ COMMITTED transaction and commits it when fn returns
// nil; an error or a panic rolls it back and travels on. Inside a transaction it
// runs fn in that same one.
//
// When PostgreSQL reports a serialization failure or a deadlock, or the connection
// is lost before the commit, the whole closure runs again, up to five times, with a
// random pause in between: fn must not keep state from one run to the next. ctx ends
// both transaction and retries. When the connection is lost during the commit, nobody
// knows whether the transaction was committed, and InTx returns the error.
func (d *DB) InTx(ctx context.Context, fn func(tx *DB) error) error {
	if d.tx != nil {
		return fn(d)
	}
	return d.inTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted}, fn)
}

// InSnapshot is InTx for a read-only REPEATABLE READ transaction: all statements of fn see the same state of the database.
// It must not be called in a transaction.
func (d *DB) InSnapshot(ctx context.Context, fn func(tx *DB) error) error {
	if d.tx != nil {
		return errors.New("postgres: a snapshot cannot begin in a transaction")
	}
	return d.inTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}, fn)
}

func (d *DB) inTx(ctx context.Context, options *sql.TxOptions, fn func(tx *DB) error) error {
	for attempt := 1; ; attempt++ {
		callbacks, committing, err := d.attempt(ctx, options, fn)
		if err == nil {
			for _, callback := range callbacks {
				callback()
			}
			return nil
		}
		if attempt == maxAttempts || !retryable(err, attempt, committing) {
			return err
		}
		if !pause(ctx, attempt) {
			return errors.Join(err, ctx.Err())
		}
	}
}

// OnCommit registers fn to run after this transaction has committed, in the order
// of registration; it is dropped when the transaction rolls back or is repeated.
// Outside a transaction fn runs at once. fn cannot fail any more: it wakes, drops
// and counts.
func (d *DB) OnCommit(fn func()) {
	if d.tx == nil {
		fn()
		return
	}
	d.tx.onCommit = append(d.tx.onCommit, fn)
}

// attempt runs fn in a transaction once and returns what to call after it. committing
// reports whether the commit was begun.
func (d *DB) attempt(
	ctx context.Context, options *sql.TxOptions, fn func(tx *DB) error,
) (callbacks []func(), committing bool, err error) {
	begun := d.pool(ctx).gorm.WithContext(ctx).Begin(options)
	if begun.Error != nil {
		return nil, false, begun.Error
	}
	tx := &transaction{gorm: begun}
	defer func() {
		if !committing {
			// Fails when the connection is lost or ctx has ended, and then the
			// server rolls back by itself.
			_ = begun.Rollback()
		}
	}()
	if err := fn(&DB{changes: d.changes, reads: d.reads, isRead: d.isRead, schema: d.schema, tx: tx}); err != nil {
		return nil, false, err
	}
	// A failed COMMIT is not rolled back again: the connection is gone with it.
	committing = true
	if err := begun.Commit().Error; err != nil {
		return nil, committing, err
	}
	return tx.onCommit, committing, nil
}

// retryable reports whether running the whole transaction again may succeed.
func retryable(err error, attempt int, committing bool) bool {
	switch SQLState(err) {
	case codeSerializationFailure, codeDeadlockDetected:
		return true
	case codeReadOnlyTransaction:
		return attempt == 1 // on a new connection, which is one to a new primary if there is one
	case codeFeatureNotSupported, codeProtocolViolation:
		return isStalePlan(err)
	case codeAdminShutdown, codeCrashShutdown:
		return !committing
	case "":
		// A server that cannot be connected to is reported at once.
		_, connecting := errors.AsType[*pgconn.ConnectError](err)
		return !connecting && lostBefore(err, committing)
	default:
		return false
	}
}

// lostBefore reports whether err means that the connection was lost before the commit was sent.
func lostBefore(err error, committing bool) bool {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return false
	case committing:
		return pgconn.SafeToRetry(err)
	default:
		return brokenOff(err)
	}
}

// pause waits with full jitter before the next attempt; false when ctx ended.
func pause(ctx context.Context, attempt int) bool {
	limit := min(retryBase<<(attempt-1), retryCap)
	timer := time.NewTimer(rand.N(limit)) //nolint:gosec // spreading retries needs no secrecy
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
