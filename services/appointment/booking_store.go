package appointment

import (
	"context"
	"database/sql/driver"
	"fmt"
	"time"

	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/idempotency"
)

// Outcome is what came of an attempt to book.
type Outcome string

// The outcomes; bookSQL spells them the same.
const (
	// Booked: the visit is in the database.
	Booked Outcome = "booked"
	// Taken: a master is not free. Perhaps it was an earlier call with the same
	// request id that took the time, see [Store.Recall].
	Taken Outcome = "taken"
	// Replayed: the request was answered before.
	Replayed Outcome = "replayed"
	// Reused: the request id came with another request before.
	Reused Outcome = "request id reused"
	// InFlight: the first call with the request id has not ended yet.
	InFlight Outcome = "in flight"
	// StaleOffer: an offering, service or master has changed since it was read.
	StaleOffer Outcome = "stale offer"
	// NoCustomer: the customer is not known here, or disabled.
	NoCustomer Outcome = "no customer"
)

// Booking is a visit on its way into the database.
type Booking struct {
	// Appointment is the visit, new.
	Appointment *Appointment
	// Offers are what its segments were made of, in their order.
	Offers []Offer
	// OwnCustomer: the customer is the caller, who has signed in and thus exists.
	OwnCustomer bool
	// Event reports it.
	Event events.Event
	// Traceparent is the trace that the call is part of; empty: none.
	Traceparent string
	// Key makes the call safe to repeat unless its RequestID is empty. Then Hash
	// identifies the request, and Response is its encoded answer. PreviousHash is
	// what Hash was before the secret was changed, nil if it was not.
	Key                          idempotency.Key
	Hash, PreviousHash, Response []byte
}

// BookingResult is what came of a booking.
type BookingResult struct {
	// Outcome says it in a word.
	Outcome Outcome
	// Response is the stored answer when it is Replayed.
	Response []byte
}

// Book books the visits in one statement: the results are in their order. On an
// error none of them was booked, unless the connection broke: then all were or
// none. No two visits of one call may have the same key.
func (s *Store) Book(ctx context.Context, batch []*Booking) ([]BookingResult, error) {
	var results []BookingResult
	if err := s.db.Conn(ctx).Raw(bookSQL, bookArgs(batch)...).Scan(&results).Error; err != nil {
		return nil, fmt.Errorf("book: %w", err)
	}
	if len(results) != len(batch) {
		return nil, fmt.Errorf("book: %d results for %d visits", len(results), len(batch))
	}
	events.Wake(s.db.Schema())
	return results, nil
}

// Recall looks a key up in a statement of its own, which sees what has been
// committed until now: Replayed, Reused, or no outcome when the key is not known
// or its answer is older than since.
// previous is the hash from before a change of the secret, or nil.
func (s *Store) Recall(ctx context.Context, key idempotency.Key, hash, previous []byte, since time.Time) (BookingResult, error) {
	var result BookingResult
	err := s.db.Conn(ctx).Raw(`
		SELECT CASE WHEN request_hash = ? OR request_hash = ? THEN ? ELSE ? END AS outcome, response
		FROM idempotency_keys
		WHERE caller = ? AND method = ? AND request_id = ? AND created_at > ?`,
		hash, previous, Replayed, Reused, key.Caller, key.Method, key.RequestID, since).Scan(&result).Error
	if err != nil {
		return BookingResult{}, fmt.Errorf("recall a request: %w", err)
	}
	return result, nil
}

// Forget removes a key's answer that is not newer than until.
func (s *Store) Forget(ctx context.Context, key idempotency.Key, until time.Time) error {
	err := s.db.Conn(ctx).Exec(`
		DELETE FROM idempotency_keys
		WHERE caller = ? AND method = ? AND request_id = ? AND created_at <= ?`,
		key.Caller, key.Method, key.RequestID, until).Error
	if err != nil {
		return fmt.Errorf("forget a request: %w", err)
	}
	return nil
}

// array hands a slice to the driver as one PostgreSQL array; GORM would make a
// list of parameters out of it.
type array[T any] []T

// Value implements driver.Valuer.
func (a array[T]) Value() (driver.Value, error) { return []T(a), nil }

// column picks one column out of rows.
func column[R, T any](rows []R, value func(R) T) array[T] {
	values := make(array[T], len(rows))
	for i, r := range rows {
		values[i] = value(r)
	}
	return values
}

// optional is NULL for the empty string.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// part is a segment of the batch.
type part struct {
	n        int32 // the place of its booking in the batch, from 1
	position int32 // its place in the booking, from 0
	segment  *Segment
	offer    *Offer
}

// bookArgs lays the visits and their segments out in columns, as bookSQL reads them.
func bookArgs(batch []*Booking) []any {
	parts := make([]part, 0, len(batch))
	for n, b := range batch {
		for i := range b.Appointment.Segments {
			parts = append(parts, part{int32(n + 1), int32(i), &b.Appointment.Segments[i], &b.Offers[i]})
		}
	}
	return []any{
		column(batch, func(b *Booking) string { return b.Appointment.ID }),
		column(batch, func(b *Booking) string { return b.Appointment.CustomerID }),
		column(batch, func(b *Booking) bool { return b.OwnCustomer }),
		column(batch, func(b *Booking) int32 { return int32(len(b.Appointment.Segments)) }),
		column(batch, func(b *Booking) time.Time { return b.Appointment.Start() }),
		column(batch, func(b *Booking) time.Time { return b.Appointment.End() }),
		column(batch, func(b *Booking) int32 { return b.Appointment.TotalMinor }),
		column(batch, func(b *Booking) string { return b.Appointment.Currency }),
		column(batch, func(b *Booking) string { return b.Appointment.Note }),
		column(batch, func(b *Booking) string { return string(b.Appointment.ChangedBy) }),
		column(batch, func(b *Booking) time.Time { return b.Appointment.CreateTime }),
		column(batch, func(b *Booking) string { return b.Event.ID }),
		column(batch, func(b *Booking) string { return string(b.Event.Body) }),
		column(batch, func(b *Booking) *string { return optional(b.Traceparent) }),
		column(batch, func(b *Booking) string { return b.Key.Caller }),
		column(batch, func(b *Booking) string { return b.Key.Method }),
		column(batch, func(b *Booking) *string { return optional(b.Key.RequestID) }),
		column(batch, func(b *Booking) []byte { return b.Hash }),
		column(batch, func(b *Booking) []byte { return b.PreviousHash }),
		column(batch, func(b *Booking) []byte { return b.Response }),

		column(parts, func(p part) int32 { return p.n }),
		column(parts, func(p part) int32 { return p.position }),
		column(parts, func(p part) string { return p.segment.ID }),
		column(parts, func(p part) string { return p.segment.ServiceID }),
		column(parts, func(p part) string { return p.segment.ServiceName }),
		column(parts, func(p part) string { return p.segment.MasterID }),
		column(parts, func(p part) time.Time { return p.segment.Start }),
		column(parts, func(p part) time.Time { return p.segment.End }),
		column(parts, func(p part) time.Time { return p.segment.ClaimFrom }),
		column(parts, func(p part) time.Time { return p.segment.ClaimTo }),
		column(parts, func(p part) int32 { return p.segment.PriceMinor }),
		column(parts, func(p part) int64 { return p.offer.OfferingVersion }),
		column(parts, func(p part) int64 { return p.offer.ServiceVersion }),

		idempotency.Retention.Seconds(),
	}
}
