package booking

import (
	"context"
	"fmt"
	"time"

	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/claims"
	"github.com/beauty-salon/platform/services/appointment/people"
)

// Outcome is what came of an attempt to book.
type Outcome string

// The outcomes; createSQL spells them the same.
const (
	// Booked means that the appointment is in the database.
	Booked Outcome = "booked"
	// Taken means that a master or a resource is not free. An earlier call with the same request id may have taken
	// the time.
	Taken Outcome = "taken"
	// CustomerBusy means that the customer has another appointment at that time.
	CustomerBusy Outcome = "customer busy"
	// TooManyOpen means that the customer has as many open appointments as the salon permits.
	TooManyOpen Outcome = "too many open"
	// Replayed means that the request was answered before.
	Replayed Outcome = "replayed"
	// Reused means that the request id came with another request before.
	Reused Outcome = "request id reused"
	// InFlight means that the first call with the request id has not ended yet.
	InFlight Outcome = "in flight"
	// FullDay means that the customer or a master has as many appointments on that date as the salon permits.
	FullDay Outcome = "full day"
	// Stale means that the salon's rules have changed since they were read.
	Stale Outcome = "stale"
	// NoCustomer means that the customer is not what it was thought to be: unknown, known by now where a
	// new one was to be made, with another account, or with an account that is unknown or disabled.
	NoCustomer Outcome = "no customer"
)

// Result is what came of a booking.
type Result struct {
	// Outcome says it in a word.
	Outcome Outcome
	// Response is the stored answer when the outcome is Replayed.
	Response []byte
}

// creation is a new appointment on its way into the database.
type creation struct {
	appointment *Appointment
	// rulesVersion is the version of the salon's rules that the appointment was planned by.
	rulesVersion int64
	// dayStart and dayEnd bound the local date of the start: [dayStart, dayEnd).
	dayStart, dayEnd time.Time
	// customer is whom it is for; their row is made with the appointment if newCustomer is set.
	customer    people.Customer
	newCustomer bool
	// overridden is whether the salon's limits of appointments do not apply, counted whether there is one for the masters of a date.
	overridden, counted bool
	// laterDate is set for all dates of a series but the first.
	laterDate bool
	event     events.Event
	// traceparent is the trace that the call is part of; empty: none.
	traceparent string
	// request makes the call safe to repeat unless its RequestID is empty; response is then the answer to
	// store.
	request  idempotency.Request
	response []byte
}

// subjects are the ids whose locks a booking takes: masters, kinds of resources, the customer and their account.
func (c *creation) subjects() []string {
	ids := append(c.appointment.Masters(), c.appointment.CustomerID)
	if c.appointment.AccountID != "" {
		ids = append(ids, c.appointment.AccountID)
	}
	if c.appointment.GroupSessionID != "" {
		ids = append(ids, c.appointment.GroupSessionID)
	}
	return append(ids, c.appointment.kinds()...)
}

// statementTimeout is how long PostgreSQL works on the statement of a batch.
const statementTimeout = 5 * time.Second

// attemptLock is the SQL expression of the advisory lock that a statement with an id holds until it ends.
const attemptLock = "pg_advisory_xact_lock(hashtextextended('salon.attempt:' || $1::text, 0))"

// beginSQL takes the lock of an attempt and bounds its waits, in milliseconds.
const beginSQL = "SELECT set_config('lock_timeout', $2, true), set_config('statement_timeout', $3, true), " + attemptLock

// Create books appointments in one transaction and one round trip: the results are in their order. It waits
// for each lock at most for patience. On an error of which [postgres.Undone] is true, none of them was
// booked. On any other, all were or none, and Abandon with the id of the attempt finds out. No two creations
// of one call may have the same request id, customer or account, or claims that overlap.
func (s *Store) Create(ctx context.Context, attempt string, patience time.Duration, batch []*creation) ([]Result, error) {
	var subjects []string
	var locks []int64
	for _, c := range batch {
		subjects = append(subjects, c.subjects()...)
		if c.request.RequestID != "" {
			locks = append(locks, c.request.Lock)
		}
	}
	statements := []postgres.Statement{
		{SQL: beginSQL, Args: []any{attempt, claims.Milliseconds(patience), claims.Milliseconds(statementTimeout)}},
		{SQL: claims.LockSQL, Args: []any{subjects}},
	}
	if len(locks) > 0 {
		statements = append(statements, postgres.Statement{SQL: idempotency.TryLocksSQL, Args: []any{locks}})
	}
	statements = append(statements, postgres.Statement{SQL: createSQL, Args: createArgs(attempt, batch)})
	results, err := postgres.Pipeline[Result](ctx, s.db, statements...)
	if err != nil {
		return nil, fmt.Errorf("create appointments: %w", err)
	}
	if len(results) != len(batch) {
		return nil, fmt.Errorf("create appointments: %d results for %d", len(results), len(batch))
	}
	events.Wake(s.db.Schema())
	return results, nil
}

// Abandon returns the ids of the appointments that the call of Create with the id attempt has booked, out of
// those that it should book. It waits for the end of that call's transaction. The statement of the call may
// arrive later, out of the buffers of a network; it books nothing then.
func (s *Store) Abandon(ctx context.Context, attempt string, ids []string) (map[string]bool, error) {
	rows, err := postgres.Pipeline[struct{ ID string }](ctx, s.db,
		postgres.Statement{SQL: beginSQL, Args: []any{attempt, claims.Milliseconds(statementTimeout), claims.Milliseconds(statementTimeout)}},
		postgres.Statement{
			SQL:  "INSERT INTO abandoned_attempts (id, create_time) VALUES ($1, now()) ON CONFLICT DO NOTHING",
			Args: []any{attempt},
		},
		postgres.Statement{SQL: "SELECT id::text AS id FROM appointments WHERE id = ANY($1::uuid[])", Args: []any{ids}})
	if err != nil {
		return nil, fmt.Errorf("abandon an attempt: %w", err)
	}
	booked := make(map[string]bool, len(rows))
	for _, r := range rows {
		booked[r.ID] = true
	}
	return booked, nil
}

// PruneAttempts removes the abandoned attempts from before a time.
func (s *Store) PruneAttempts(ctx context.Context, before time.Time) error {
	if err := s.db.Conn(ctx).Exec("DELETE FROM abandoned_attempts WHERE create_time < ?", before).Error; err != nil {
		return fmt.Errorf("remove abandoned attempts: %w", err)
	}
	return nil
}
