package booking

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/availability"
	"github.com/beauty-salon/platform/services/appointment/claims"
	"github.com/beauty-salon/platform/services/appointment/people"
)

// holdRow is a row of holds.
type holdRow struct {
	SalonID       string
	ID            string
	AppointmentID string
	AccountID     *string
	HolderID      *string
	CustomerID    *string
	EntryID       *string
	State         HoldState
	StartTime     time.Time
	EndTime       time.Time
	Currency      string
	Quote         []byte
	ServiceNames  postgres.Array[string] `gorm:"type:text[]"`
	Overlap       bool
	ExpireTime    time.Time
	Extended      bool
	Version       int64
	CreateTime    time.Time
	UpdateTime    time.Time
	// Over is computed by a query: whether its time is over.
	Over bool `gorm:"->"`
}

// TableName implements GORM's Tabler.
func (holdRow) TableName() string { return "holds" }

func (r holdRow) hold() (*Hold, error) {
	quote, err := availability.DecodeQuote(r.Quote)
	return &Hold{
		ID: r.ID, SalonID: r.SalonID, AppointmentID: r.AppointmentID, AccountID: postgres.Value(r.AccountID),
		HolderID: postgres.Value(r.HolderID), CustomerID: postgres.Value(r.CustomerID), EntryID: postgres.Value(r.EntryID), State: r.State,
		Start: r.StartTime.UTC(), End: r.EndTime.UTC(), Quote: quote, ServiceNames: r.ServiceNames, Currency: r.Currency,
		Overlap: r.Overlap, ExpireTime: r.ExpireTime.UTC(), Extended: r.Extended, Version: r.Version,
		CreateTime: r.CreateTime.UTC(), UpdateTime: r.UpdateTime.UTC(),
	}, err
}

func holdRowOf(h *Hold) (holdRow, error) {
	quote, err := h.Quote.Encode()
	return holdRow{
		SalonID: h.SalonID, ID: h.ID, AppointmentID: h.AppointmentID, AccountID: postgres.Null(h.AccountID),
		HolderID: postgres.Null(h.HolderID), CustomerID: postgres.Null(h.CustomerID), EntryID: postgres.Null(h.EntryID), State: h.State,
		StartTime: h.Start, EndTime: h.End, Quote: quote, ServiceNames: h.ServiceNames, Currency: h.Currency,
		Overlap: h.Overlap, ExpireTime: h.ExpireTime, Extended: h.Extended, Version: h.Version,
		CreateTime: h.CreateTime, UpdateTime: h.UpdateTime,
	}, err
}

// Hold returns a hold, else NOT_FOUND. One whose time is over is expired, whatever the row says.
func (s *Store) Hold(ctx context.Context, id string) (*Hold, error) { return s.hold(ctx, id, "") }

func (s *Store) hold(ctx context.Context, id, lock string) (*Hold, error) {
	var rows []holdRow
	err := s.db.Conn(ctx).Raw("SELECT h.*, h.expire_time <= clock_timestamp() AS over FROM holds h WHERE h.id = ? "+lock, id).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read a hold: %w", err)
	}
	if len(rows) == 0 {
		return nil, errNoHold
	}
	h, err := rows[0].hold()
	if err != nil {
		return nil, fmt.Errorf("read hold %s: %w", id, err)
	}
	if h.State == HoldActive && rows[0].Over {
		h.State, h.due = HoldExpired, true
	}
	return h, nil
}

// plannedHold is a hold on its way into the database.
type plannedHold struct {
	*Hold

	claims []claims.Claim
	needed needed
	rules  *availability.Rules
	// subjects are the ids of those whose time it takes, and of the kinds of its resources.
	subjects []string
	// dayStart and dayEnd bound the local date of the start: [dayStart, dayEnd).
	dayStart, dayEnd time.Time
	// freed are the freed times whose kept claims it takes.
	freed []string
}

// createHold writes a hold and its claims within the store's transaction. It returns errOutdated when the rules have changed,
// errSlotUnavailable or errCustomerBusy when the time is taken, also by a hold that has expired and whose time nobody has freed yet, and
// the errors of checkHolder.
func (s *Store) createHold(ctx context.Context, p *plannedHold) error {
	if err := claims.Lock(ctx, s.db, p.subjects...); err != nil {
		return err
	}
	if err := s.checkRules(ctx, p.SalonID, p.rules.Version); err != nil {
		return err
	}
	if err := s.checkHolder(ctx, p); err != nil {
		return err
	}
	until, err := s.holdUntil(ctx, p.Hold)
	if err != nil {
		return err
	}
	p.ExpireTime = until
	if p.EntryID != "" {
		until = until.Add(turnover)
	}
	for i := range p.claims {
		p.claims[i].ExpireTime = until
	}
	row, err := holdRowOf(p.Hold)
	if err != nil {
		return err
	}
	if err := s.db.Conn(ctx).Create(&row).Error; err != nil {
		return fmt.Errorf("write a hold: %w", err)
	}
	if err := claims.TakeKept(ctx, s.db, p.SalonID, p.freed, p.claims); err != nil {
		return err
	}
	if err := s.take(ctx, p.SalonID, p.AppointmentID, p.claims); err != nil {
		return err
	}
	if p.Quote.Session != "" {
		if _, err := s.takePlace(ctx, place{
			salonID: p.SalonID, sessionID: p.Quote.Session, start: p.Start, appointmentID: p.AppointmentID, customerID: p.CustomerID,
			expireTime: until, freed: p.freed,
		}); err != nil {
			return err
		}
	}
	return s.appendHoldEvent(ctx, "hold.created", p.Hold)
}

// UpdateHold runs change on a hold and writes what it has changed, under the locks of those whose time the hold keeps. event is the type
// of the event, until when a hold expires that is made now. Nothing is written when change reports that nothing has changed, or returns an
// error.
func (s *Store) UpdateHold(ctx context.Context, id, event string, change func(h *Hold, until time.Time) (bool, error)) (*Hold, error) {
	var h *Hold
	err := s.db.InTx(ctx, func(tx *postgres.DB) error {
		t := s.In(tx)
		found, err := t.Hold(ctx, id)
		if err != nil {
			return err
		}
		subjects := found.masters()
		if found.CustomerID != "" {
			subjects = append(subjects, found.CustomerID)
		}
		if found.Quote.Session != "" {
			subjects = append(subjects, found.Quote.Session)
		}
		if err := claims.Lock(ctx, tx, subjects...); err != nil {
			return err
		}
		if h, err = t.hold(ctx, id, "FOR UPDATE"); err != nil {
			return err
		}
		until, err := t.holdUntil(ctx, h)
		if err != nil {
			return err
		}
		changed, err := change(h, until)
		if err != nil || !changed {
			return err
		}
		return t.saveHold(ctx, event, h)
	})
	if err != nil {
		return nil, err
	}
	return h, nil
}

// checkHolder returns CUSTOMER_UNAVAILABLE when the account or the customer of a hold was removed, and errTooManyHolds, errTooManyOpen or
// errFullDay when the holder has too many: holds count like appointments. The caller holds the locks of both.
func (s *Store) checkHolder(ctx context.Context, p *plannedHold) error {
	now, err := s.holder(ctx, p.Hold, p.CreateTime, p.dayStart, p.dayEnd)
	switch {
	case err != nil:
		return err
	case !now.Known:
		return people.ErrCustomerUnavailable
	case p.HolderID == "": // staff may have more
		return nil
	case now.TooManyHolds:
		return errTooManyHolds
	}
	return now.limits()
}

// holder is what is known of who has a hold: whether account and customer are there, and whether another hold or appointment of the customer
// would be too many.
type holder struct{ Known, TooManyHolds, TooManyOpen, FullDay bool }

// limits returns errTooManyOpen or errFullDay.
func (h holder) limits() error {
	switch {
	case h.TooManyOpen:
		return errTooManyOpen
	case h.FullDay:
		return errFullDay
	}
	return nil
}

// holder looks at who has a hold. dayStart and dayEnd bound the local date of its start.
func (s *Store) holder(ctx context.Context, h *Hold, now, dayStart, dayEnd time.Time) (found holder, err error) {
	err = s.db.Conn(ctx).Raw(`SELECT
		NOT EXISTS (SELECT FROM accounts WHERE id = w.account AND disabled)
			AND NOT EXISTS (SELECT FROM erased_accounts WHERE account_id = w.account)
			AND (w.customer IS NULL OR EXISTS (SELECT FROM customers WHERE salon_id = l.id AND id = w.customer AND erase_time IS NULL)) AS known,
		n.held >= l.max_holds AS too_many_holds,
		l.max_open_appointments > 0 AND (
			SELECT count(*) FROM (`+availability.OpenSQL("l.id", "w.customer", "CAST(@now AS timestamptz)", "'{}'::uuid[]")+`) AS o) >= l.max_open_appointments AS too_many_open,
		l.max_customer_appointments_a_day > 0 AND (
			SELECT count(*) FROM (`+availability.CustomerDaySQL("l.id", "w.customer", "@from", "@to", "'{}'::uuid[]")+`) AS o
			) >= l.max_customer_appointments_a_day AS full_day
		FROM salons l
		CROSS JOIN (SELECT CAST(@account AS uuid) AS account, CAST(@customer AS uuid) AS customer, CAST(@holder AS uuid) AS holder) AS w
		CROSS JOIN LATERAL (
			SELECT count(*) AS held FROM holds h WHERE h.salon_id = l.id AND h.holder_id = w.holder AND h.state = 'ACTIVE' AND h.expire_time > clock_timestamp()
		) AS n WHERE l.id = @salon`,
		sql.Named("account", postgres.Null(h.AccountID)), sql.Named("customer", postgres.Null(h.CustomerID)),
		sql.Named("holder", postgres.Null(h.HolderID)), sql.Named("salon", h.SalonID),
		sql.Named("now", now), sql.Named("from", dayStart), sql.Named("to", dayEnd)).Scan(&found).Error
	if err != nil {
		return holder{}, fmt.Errorf("check who holds: %w", err)
	}
	return found, nil
}

// prunePage is how many holds are removed in one statement.
const prunePage = 1000

// PruneHolds removes the holds that ended before an instant.
func (s *Store) PruneHolds(ctx context.Context, before time.Time) error {
	for {
		result := s.db.Conn(ctx).Exec(`DELETE FROM holds WHERE (salon_id, id) IN (
			SELECT salon_id, id FROM holds WHERE state <> 'ACTIVE' AND update_time < ? ORDER BY update_time LIMIT ?)`, before, prunePage)
		if result.Error != nil {
			return fmt.Errorf("remove holds that have ended: %w", result.Error)
		}
		if result.RowsAffected < prunePage {
			return nil
		}
	}
}

// holdUntil is when a hold expires that is made or extended now: not after its start, because nobody can come later.
func (s *Store) holdUntil(ctx context.Context, h *Hold) (time.Time, error) {
	var until time.Time
	err := s.db.Conn(ctx).Raw(`SELECT least(clock_timestamp() + make_interval(mins => CASE WHEN ? THEN waitlist_offer_minutes ELSE hold_minutes END), ?)
		FROM salons WHERE id = ?`, h.EntryID != "", h.Start, h.SalonID).Scan(&until).Error
	if err != nil {
		return until, fmt.Errorf("read how long holds keep their time: %w", err)
	}
	return until.UTC(), nil
}

// saveHold writes a changed hold, and extends its claims or frees its time.
func (s *Store) saveHold(ctx context.Context, event string, h *Hold) error {
	err := s.db.Conn(ctx).Exec("UPDATE holds SET state = ?, expire_time = ?, extended = ?, version = ?, update_time = ? WHERE salon_id = ? AND id = ?",
		h.State, h.ExpireTime, h.Extended, h.Version, h.UpdateTime, h.SalonID, h.ID).Error
	if err != nil {
		return fmt.Errorf("update a hold: %w", err)
	}
	if h.State == HoldActive {
		err = claims.Extend(ctx, s.db, h.SalonID, h.AppointmentID, h.ExpireTime)
	} else {
		err = claims.Delete(ctx, s.db, h.SalonID, h.AppointmentID)
	}
	if err == nil && h.Quote.Session != "" {
		err = s.keepPlace(ctx, h)
	}
	if err != nil {
		return err
	}
	if h.EntryID != "" && h.State != HoldActive {
		if err := s.offerEnded(ctx, s.db, h); err != nil {
			return err
		}
	}
	return s.appendHoldEvent(ctx, event, h)
}

func (s *Store) appendHoldEvent(ctx context.Context, event string, h *Hold) error {
	e, err := events.NewEvent(event, h.ID, h.Version, h.UpdateTime, holdEventBody(h))
	if err != nil {
		return err
	}
	return events.Append(ctx, s.db, e)
}

// notBookedError ends a transaction in which an appointment was not booked.
type notBookedError struct{ outcome Outcome }

func (e *notBookedError) Error() string { return "not booked: " + string(e.outcome) }

// bookHold books the appointment of a hold within the store's transaction: it gives the time of the hold to the appointment. It returns
// errHoldExpired when the hold has expired, and a notBookedError when the appointment cannot be booked; the transaction must end then.
func (s *Store) bookHold(ctx context.Context, holdID string, c *creation) error {
	if err := claims.Lock(ctx, s.db, c.subjects()...); err != nil {
		return err
	}
	h, err := s.hold(ctx, holdID, "FOR UPDATE")
	if err != nil {
		return err
	}
	if h.State != HoldActive {
		return h.ended()
	}
	if h.EntryID != "" && !c.appointment.ChangedBy.IsStaff() { // an offer does not count before it is booked
		now, err := s.holder(ctx, h, c.appointment.CreateTime, c.dayStart, c.dayEnd)
		if err == nil {
			err = now.limits()
		}
		if err != nil {
			return err
		}
	}
	if _, err := h.end(HoldBooked, c.appointment.CreateTime); err != nil {
		return err
	}
	if err := s.saveHold(ctx, "hold.booked", h); err != nil {
		return err
	}
	if c.appointment.GroupSessionID != "" {
		if err := s.takePlaceFor(ctx, c.appointment); err != nil {
			return err
		}
	}
	if err := s.createOne(ctx, c); err != nil {
		return err
	}
	s.db.OnCommit(func() { events.Wake(s.db.Schema()) })
	return nil
}

// createOne books an appointment within the store's transaction, which has the locks of its subjects; the error is a notBookedError when
// the statement refuses it.
func (s *Store) createOne(ctx context.Context, c *creation) error {
	// The statement's parameters are numbered, which GORM does not know.
	conn := s.db.Conn(ctx).Statement.ConnPool
	var outcome Outcome
	var response []byte
	err := conn.QueryRowContext(ctx, createSQL, createArgs(id.New(), []*creation{c})...).Scan(&outcome, &response)
	switch {
	case postgres.IsExclusionViolation(err, claims.NoOverlap):
		return &notBookedError{Taken}
	case postgres.TimedOut(err):
		return claims.ErrContention.WithCause(err)
	case err != nil:
		return fmt.Errorf("create an appointment: %w", err)
	case outcome != Booked:
		return &notBookedError{outcome}
	}
	if c.appointment.GroupSessionID == "" {
		return nil
	}
	return s.joinSession(ctx, c.appointment)
}

// DueHolds returns the ids of at most limit holds whose time is over, of those that which selects.
func (s *Store) DueHolds(ctx context.Context, which claims.Which, limit int) ([]string, error) {
	var ids []string
	err := s.db.Conn(ctx).Raw(`SELECT id FROM holds WHERE state = 'ACTIVE' AND expire_time <= clock_timestamp()
		AND ? ORDER BY expire_time, id LIMIT ?`, which, limit).Scan(&ids).Error
	if err != nil {
		return nil, fmt.Errorf("look for holds that have expired: %w", err)
	}
	return ids, nil
}
