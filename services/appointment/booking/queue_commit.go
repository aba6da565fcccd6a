package booking

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

const (
	// commitTimeout bounds one statement. Callers may leave earlier; the statement goes on.
	commitTimeout = 20 * time.Second
	// attemptsAlone is how often a creation is tried by itself.
	attemptsAlone = 3
)

// takenBy is the outcome of a booking that finds a subject's time taken.
var takenBy = map[claims.Kind]Outcome{claims.Master: Taken, claims.Customer: CustomerBusy}

// commit books a batch and ends its entries. When the statement fails, every entry is tried by itself, so
// that only the one that is the cause fails.
func (q *Queue) commit(entries []*entry) {
	q.sizes.Observe(float64(len(entries)))
	if len(entries) > 1 {
		results, err := q.write(entries)
		if err == nil || !rolledBack(err) {
			for i, e := range entries {
				var result Result
				if err == nil {
					result = results[i]
				}
				q.end(e, result, err)
			}
			return
		}
	}
	for _, e := range entries {
		if err := e.ctx.Err(); err != nil {
			q.end(e, Result{}, err)
			continue
		}
		result, err := q.writeAlone(e)
		q.end(e, result, err)
	}
}

// writeAlone books one appointment and knows what the constraints say about it.
func (q *Queue) writeAlone(e *entry) (result Result, err error) {
	for range attemptsAlone {
		var results []Result
		results, err = q.write([]*entry{e})
		switch {
		case err == nil:
			return results[0], nil
		case postgres.IsExclusionViolation(err, claims.NoOverlap):
			return Result{Outcome: Taken}, nil
		case postgres.IsUniqueViolation(err, idempotency.KeyUnique):
			// Either an earlier call has committed a moment ago, then the next attempt sees its answer, or there
			// is an answer that has expired.
			if err = q.forget(e); err != nil {
				return Result{}, err
			}
		case !retryable(err):
			return Result{}, err
		}
	}
	return Result{}, errContention.WithCause(err)
}

// write runs the statement with a context of its own: a caller who leaves must not roll the others back.
func (q *Queue) write(entries []*entry) (results []Result, err error) {
	defer func() {
		// No handler's recovery is above a worker; a panic would end the process.
		if r := recover(); r != nil {
			err = apierr.Internal(fmt.Errorf("create appointments: panic: %v\n%s", r, debug.Stack()))
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	creations := make([]*creation, len(entries))
	for i, e := range entries {
		creations[i] = e.creation
	}
	return q.store.Create(ctx, creations)
}

func (q *Queue) forget(e *entry) error {
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	return q.requests.Forget(ctx, q.store.db, e.request)
}

// retryable reports whether the same statement may succeed when it is run again.
func retryable(err error) bool {
	const serializationFailure, deadlockDetected, planChanged = "40001", "40P01", "0A000"
	state := postgres.SQLState(err)
	return state == serializationFailure || state == deadlockDetected || state == planChanged
}

// rolledBack reports whether PostgreSQL refused the statement, so that nothing of it stays and it may be
// tried again in parts. When the connection or the server went away, it may have been committed.
func rolledBack(err error) bool {
	class := postgres.SQLState(err)
	if len(class) > 2 {
		class = class[:2]
	}
	return class != "" && !strings.Contains("08 53 57 58 XX", class)
}
