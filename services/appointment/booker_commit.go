package appointment

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/postgres"
)

const (
	// commitTimeout bounds one statement. Its callers may leave earlier, the
	// statement goes on.
	commitTimeout = 20 * time.Second
	// attemptsAlone is how often a booking is tried by itself.
	attemptsAlone = 3
)

// commit books a batch. When its statement fails, every booking is tried by
// itself, so that only the one that is to blame fails.
func (b *Booker) commit(batch []*ticket) {
	b.sizes.Observe(float64(len(batch)))
	if len(batch) > 1 {
		results, err := b.write(bookings(batch))
		if err == nil || !rolledBack(err) {
			for i, t := range batch {
				var result BookingResult
				if err == nil {
					result = results[i]
				}
				b.end(t, result, err)
			}
			return
		}
	}
	for _, t := range batch {
		if err := t.ctx.Err(); err != nil {
			b.end(t, BookingResult{}, err)
			continue
		}
		result, err := b.writeAlone(t.booking)
		b.end(t, result, err)
	}
}

// writeAlone books one visit and knows what the constraints say about it.
func (b *Booker) writeAlone(booking *Booking) (result BookingResult, err error) {
	for range attemptsAlone {
		var results []BookingResult
		results, err = b.write([]*Booking{booking})
		switch {
		case err == nil:
			return results[0], nil
		case postgres.IsForeignKeyViolation(err, segmentsOfNothing):
			return BookingResult{Outcome: Taken}, nil // some segments found a place, others did not
		case postgres.IsUniqueViolation(err, keyTwice):
			// Either an earlier call committed while this one waited, then the next
			// attempt sees its answer, or there is one that has expired.
			if err = b.forget(booking); err != nil {
				return BookingResult{}, err
			}
		case !retryable(err):
			return BookingResult{}, err
		}
	}
	return BookingResult{}, apierr.New(codes.Aborted, apiv1.ErrorReason_ERROR_REASON_CONTENTION,
		"others are changing the same data; try again").WithCause(err)
}

// write runs the statement on nobody's context: callers who leave must not roll
// the others back.
func (b *Booker) write(batch []*Booking) (results []BookingResult, err error) {
	defer func() {
		// No handler's recovery is above a worker; a panic would end the process.
		if r := recover(); r != nil {
			err = apierr.Internal(fmt.Errorf("book: panic: %v\n%s", r, debug.Stack()))
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	return b.store.Book(ctx, batch)
}

func (b *Booker) forget(booking *Booking) error {
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	return b.store.Forget(ctx, booking.Key, expiry(booking))
}

func bookings(batch []*ticket) []*Booking {
	bookings := make([]*Booking, len(batch))
	for i, t := range batch {
		bookings[i] = t.booking
	}
	return bookings
}

// retryable tells whether the same statement may succeed when it is run again.
func retryable(err error) bool {
	const serializationFailure, deadlockDetected = "40001", "40P01"
	state := postgres.SQLState(err)
	return state == serializationFailure || state == deadlockDetected
}

// rolledBack tells whether PostgreSQL refused the statement, so that nothing of it
// stays and it may be tried again in parts. Not so when the connection or the
// server went away: then it may have been committed.
func rolledBack(err error) bool {
	class := postgres.SQLState(err)
	if len(class) > 2 {
		class = class[:2]
	}
	return class != "" && !strings.Contains("08 53 57 58 XX", class)
}
