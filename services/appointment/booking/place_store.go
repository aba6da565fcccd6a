package booking

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

// oneACustomer is the index by which a customer has one place in a session.
const oneACustomer = "group_places_one_a_customer"

// place is a place in a group session that is to be taken.
type place struct {
	salonID, sessionID string
	// start is when the session begins, as it was planned.
	start time.Time
	// appointmentID is the appointment, customerID the customer or empty.
	appointmentID, customerID string
	// expireTime is until when a hold keeps it; zero for an appointment.
	expireTime time.Time
	// freed are the freed times whose kept places it takes.
	freed []string
}

// bookPlace books an appointment that is a place in a group session. It does not go through the queue: a batch has one statement, and this
// takes the place in another.
func (b *Bookings) bookPlace(ctx context.Context, caller auth.Principal, c *creation) (Result, error) {
	err := b.deps.DB.InTx(ctx, func(tx *postgres.DB) error {
		s := b.store.In(tx)
		if err := claims.Lock(ctx, tx, c.subjects()...); err != nil {
			return err
		}
		return s.createPlace(ctx, caller, c)
	})
	refused, notBooked := errors.AsType[*notBookedError](err)
	switch {
	case err == nil:
		return Result{Outcome: Booked}, nil
	case notBooked && refused.outcome == Replayed:
		stored, err := b.requests.Recall(ctx, b.deps.DB, c.request)
		return Result{Outcome: Replayed, Response: stored}, err
	case notBooked:
		return Result{Outcome: refused.outcome}, nil
	case errors.Is(err, errGroupFull):
		return Result{Outcome: Taken}, nil
	case errors.Is(err, errOutdated):
		return Result{Outcome: Stale}, nil
	case postgres.IsUniqueViolation(err, idempotency.KeyUnique):
		// The key was stored by a call that has just ended, or has expired.
		return Result{Outcome: Stale}, b.requests.Forget(ctx, b.deps.DB, c.request)
	}
	return Result{}, err
}

// createPlace books an appointment with its place within the store's transaction, which has the locks of its subjects. The error is a
// notBookedError, errGroupFull, errInSession or errOutdated when it is not booked; the transaction must end then.
func (s *Store) createPlace(ctx context.Context, caller auth.Principal, c *creation) error {
	if c.request.RequestID != "" {
		// The statement's parameters are numbered, which GORM does not know.
		conn := s.db.Conn(ctx).Statement.ConnPool
		if _, err := conn.ExecContext(ctx, idempotency.TryLocksSQL, []int64{c.request.Lock}); err != nil {
			return fmt.Errorf("lock a request: %w", err)
		}
	}
	err := s.takePlaceFor(ctx, c.appointment)
	if err != nil {
		return err
	}
	if c.request.RequestID != "" {
		if c.response, err = idempotency.Encode(toProto(c.appointment, caller)); err != nil {
			return err
		}
	}
	if err := s.createOne(ctx, c); err != nil {
		return err
	}
	s.db.OnCommit(func() { events.Wake(s.db.Schema()) })
	return nil
}

// takePlaceFor takes a place in the session of an appointment, and gives the appointment its number.
func (s *Store) takePlaceFor(ctx context.Context, a *Appointment) (err error) {
	a.GroupPlace, err = s.takePlace(ctx, place{
		salonID: a.SalonID, sessionID: a.GroupSessionID, start: a.Start(), appointmentID: a.ID, customerID: a.CustomerID,
	})
	return err
}

// takePlace takes the free place with the lowest number and returns the number. The caller holds the lock of the session, so nobody else
// takes one meanwhile; the primary key stands behind that. errGroupFull when there is none, also because of holds that have expired: their
// places go to the waitlist first (expireHolds). errInSession when the customer has one, errOutdated when the session was cancelled or moved.
func (s *Store) takePlace(ctx context.Context, p place) (int32, error) {
	if err := s.dropExpiredKept(ctx, p.salonID, p.sessionID); err != nil {
		return 0, err
	}
	if len(p.freed) > 0 {
		if err := s.dropKept(ctx, p); err != nil {
			return 0, err
		}
	}
	var session struct {
		Scheduled, Again bool
		Number           *int32
	}
	err := s.db.Conn(ctx).Raw(`
		SELECT g.state = ? AND g.start_time = ? AS scheduled, EXISTS (
			SELECT FROM group_places p WHERE p.salon_id = g.salon_id AND p.session_id = g.id AND p.customer_id = ?
				AND p.expire_time <= clock_timestamp()) AS again, (
			SELECT min(n) FROM generate_series(1, g.capacity) AS n
			WHERE NOT EXISTS (SELECT FROM group_places p WHERE p.salon_id = g.salon_id AND p.session_id = g.id AND p.number = n)) AS number
		FROM group_sessions g WHERE g.salon_id = ? AND g.id = ?`, SessionScheduled, p.start, postgres.Null(p.customerID), p.salonID, p.sessionID).Scan(&session).Error
	switch {
	case err != nil:
		return 0, fmt.Errorf("look for a free place: %w", err)
	case !session.Scheduled:
		return 0, errOutdated
	case session.Number == nil, session.Again: // or an expired hold of the customer is in the way
		return 0, errGroupFull
	}
	err = s.db.Conn(ctx).Exec(`INSERT INTO group_places (salon_id, session_id, number, appointment_id, customer_id, expire_time)
		VALUES (?, ?, ?, ?, ?, ?)`, p.salonID, p.sessionID, *session.Number, p.appointmentID, postgres.Null(p.customerID),
		postgres.Null(p.expireTime)).Error
	switch {
	case postgres.IsUniqueViolation(err, oneACustomer):
		return 0, errInSession.WithCause(err)
	case err != nil:
		return 0, fmt.Errorf("take a place: %w", err)
	}
	return *session.Number, nil
}

// dropExpiredKept frees the places of a session that were kept for the waitlist for too long.
func (s *Store) dropExpiredKept(ctx context.Context, salonID, sessionID string) error {
	err := s.db.Conn(ctx).Exec("DELETE FROM group_places WHERE salon_id = ? AND session_id = ? AND freed_id IS NOT NULL AND expire_time <= clock_timestamp()",
		salonID, sessionID).Error
	if err != nil {
		return fmt.Errorf("free the places that were kept too long: %w", err)
	}
	return nil
}

// expiredPlaces returns the ids under which expired holds still have places in sessions.
func (s *Store) expiredPlaces(ctx context.Context, salonID string, sessionIDs []string) ([]string, error) {
	if len(sessionIDs) == 0 {
		return nil, nil
	}
	var ids []string
	err := s.db.Conn(ctx).Raw(`SELECT appointment_id FROM group_places
		WHERE salon_id = ? AND session_id = ANY(?::uuid[]) AND freed_id IS NULL AND expire_time <= clock_timestamp()`,
		salonID, postgres.Array[string](sessionIDs)).Scan(&ids).Error
	if err != nil {
		return nil, fmt.Errorf("look for the places of holds that have expired: %w", err)
	}
	return ids, nil
}

// dropExpired frees the places of a session whose holds have expired. The caller holds the lock of the session, and takes no place: they are
// kept for the waitlist when the transaction commits.
func (s *Store) dropExpired(ctx context.Context, salonID, sessionID string) error {
	err := s.db.Conn(ctx).Exec("DELETE FROM group_places WHERE salon_id = ? AND session_id = ? AND expire_time <= clock_timestamp()",
		salonID, sessionID).Error
	if err != nil {
		return fmt.Errorf("free the places of holds that have expired: %w", err)
	}
	return nil
}

// dropKept frees one of the places that are kept for freed times of the waitlist.
func (s *Store) dropKept(ctx context.Context, p place) error {
	err := s.db.Conn(ctx).Exec(`DELETE FROM group_places WHERE salon_id = ? AND session_id = ? AND number = (
			SELECT min(number) FROM group_places WHERE salon_id = ? AND session_id = ? AND freed_id = ANY (?::uuid[]))`,
		p.salonID, p.sessionID, p.salonID, p.sessionID, postgres.Array[string](p.freed)).Error
	if err != nil {
		return fmt.Errorf("take a place that is kept: %w", err)
	}
	return nil
}

// dropAllKept frees all places of a session that are kept for the waitlist, which is asked all the same.
func (s *Store) dropAllKept(ctx context.Context, g *Session) error {
	g.Places = slices.DeleteFunc(g.Places, func(p Place) bool { return p.Kept })
	err := s.db.Conn(ctx).Exec("DELETE FROM group_places WHERE salon_id = ? AND session_id = ? AND freed_id IS NOT NULL", g.SalonID, g.ID).Error
	if err != nil {
		return fmt.Errorf("free the places that are kept: %w", err)
	}
	return nil
}

// freePlace frees the place of an appointment or a hold.
func (s *Store) freePlace(ctx context.Context, salonID, appointmentID string) error {
	err := s.db.Conn(ctx).Exec("DELETE FROM group_places WHERE salon_id = ? AND appointment_id = ?", salonID, appointmentID).Error
	if err != nil {
		return fmt.Errorf("free a place: %w", err)
	}
	return nil
}

// keepPlace lets a changed hold keep its place for as long as its time, or frees the place.
func (s *Store) keepPlace(ctx context.Context, h *Hold) error {
	if h.State != HoldActive {
		return s.freePlace(ctx, h.SalonID, h.AppointmentID)
	}
	err := s.db.Conn(ctx).Exec("UPDATE group_places SET expire_time = ? WHERE salon_id = ? AND appointment_id = ?",
		h.ExpireTime, h.SalonID, h.AppointmentID).Error
	if err != nil {
		return fmt.Errorf("extend the hold of a place: %w", err)
	}
	return nil
}

// joinSession makes a new appointment a place in its session.
func (s *Store) joinSession(ctx context.Context, a *Appointment) error {
	err := s.db.Conn(ctx).Exec("UPDATE appointments SET group_session_id = ? WHERE salon_id = ? AND id = ?",
		a.GroupSessionID, a.SalonID, a.ID).Error
	if err != nil {
		return fmt.Errorf("make an appointment a place in a group session: %w", err)
	}
	return nil
}
