package booking

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

const (
	// commitTimeout is when a statement is given up. It is longer than statementTimeout: what PostgreSQL
	// cancels has surely not been committed.
	commitTimeout = 7 * time.Second
	// attemptsAlone is how often a creation is tried by itself.
	attemptsAlone = 3
)

// takenBy is the outcome of a booking that finds a subject's time taken.
var takenBy = map[claims.Kind]Outcome{claims.Master: Taken, claims.Resource: Taken, claims.Customer: CustomerBusy}

// commit books a batch and ends its entries. When the statement fails, every entry is tried by itself, so
// that only the one that is the cause fails. Those that have to wait are set aside.
func (q *Queue) commit(w *waiting, entries []*entry) {
	q.sizes.Observe(float64(len(entries)))
	attempt := id.New()
	results, err := q.write(attempt, q.patience, entries)
	switch {
	case err == nil:
		q.settle(w, entries, results, nil)
	case postgres.TimedOut(err):
		q.stall(w, entries)
	case !postgres.Undone(err):
		q.lose(w, entries, attempt, err)
	default:
		for _, e := range entries {
			q.commitAlone(w, e, q.patience)
		}
	}
}

// commitAlone books one appointment and ends its entry, unless that has to wait.
func (q *Queue) commitAlone(w *waiting, e *entry, patience time.Duration) {
	if err := e.ctx.Err(); err != nil {
		q.settle(w, []*entry{e}, nil, err)
		return
	}
	attempt := id.New()
	result, err := q.writeAlone(attempt, patience, e)
	switch {
	case postgres.TimedOut(err):
		q.stall(w, []*entry{e})
	case err != nil && !postgres.Undone(err):
		q.lose(w, []*entry{e}, attempt, err)
	default:
		q.settle(w, []*entry{e}, []Result{result}, err)
	}
}

// writeAlone books one appointment and knows what the constraints say about it. The last statement has the
// id attempt; those before it are known to have failed.
func (q *Queue) writeAlone(attempt string, patience time.Duration, e *entry) (result Result, err error) {
	for range attemptsAlone {
		var results []Result
		results, err = q.write(attempt, patience, []*entry{e})
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
	return Result{}, claims.ErrContention.WithCause(err)
}

// write runs the statement with a context of its own: a caller who leaves must not roll the others back.
func (q *Queue) write(attempt string, patience time.Duration, entries []*entry) (results []Result, err error) {
	defer func() {
		// No handler's recovery is above a worker; a panic would end the process.
		if r := recover(); r != nil {
			err = apierr.Internal(fmt.Errorf("create appointments: panic: %v\n%s", r, debug.Stack()))
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	creations, callers := make([]*creation, len(entries)), make([]context.Context, len(entries))
	for i, e := range entries {
		creations[i], callers[i] = e.creation, e.ctx
	}
	return q.store.Create(postgres.WithTraceOf(ctx, callers...), attempt, patience, creations)
}

func (q *Queue) forget(e *entry) error {
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	return q.requests.Forget(ctx, q.store.db, e.request)
}

// stall marks the subjects that a statement has waited for in vain as stuck and puts the entries that need
// one back to the front of the queue. The others are committed. When it is not known which subjects these
// are, because the statement waited for something else or took too long, all of the entries are.
func (q *Queue) stall(w *waiting, entries []*entry) {
	var subjects []string
	for _, e := range entries {
		subjects = append(subjects, e.subjects...)
	}
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	stuck, err := claims.Held(ctx, q.store.db, subjects)
	if err != nil || len(stuck) == 0 {
		stuck = subjects
	}
	q.mu.Lock()
	for _, s := range stuck {
		w.stuck[s] = true
	}
	var back, rest []*entry
	for _, e := range entries {
		if w.needsStuck(e) {
			back = append(back, e)
		} else {
			rest = append(rest, e)
		}
	}
	q.mu.Unlock()
	q.again(w, back)
	if len(rest) > 0 {
		q.commit(w, rest)
	}
}

// retryable reports whether the same statement may succeed when it is run again.
func retryable(err error) bool {
	const serializationFailure, deadlockDetected, planChanged = "40001", "40P01", "0A000"
	state := postgres.SQLState(err)
	return state == serializationFailure || state == deadlockDetected || state == planChanged
}
