package waitlist

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/booking"
)

// Store keeps the entries, their offers, and the lines of the salons.
type Store struct {
	db *postgres.DB
}

// NewStore returns the store over db.
func NewStore(db *postgres.DB) *Store { return &Store{db: db} }

// In returns the store within a transaction.
func (s *Store) In(tx *postgres.DB) *Store { return &Store{db: tx} }

// entryRow is a row of waitlist_entries, with the account of the customer, and with what the lists show.
type entryRow struct {
	SalonID, ID, CustomerID string
	AccountID               *string
	State                   State
	LeaveCause              *Cause
	Request                 []byte `gorm:"column:wish"`
	Turn                    int64
	Unanswered              int
	AppointmentID           *string
	Fresh                   bool
	Version                 int64
	CreateTime, UpdateTime  time.Time

	Position                                      int32
	HoldID                                        *string
	OfferStartTime, OfferEndTime, OfferExpireTime *time.Time
}

// entryColumns are the columns of waitlist_entries e with customers c.
const entryColumns = `e.salon_id, e.id, e.customer_id, c.account_id, e.state, e.leave_cause, e.wish, e.turn, e.unanswered, e.appointment_id,
	e.fresh, e.version, e.create_time, e.update_time`

const joinCustomer = " JOIN customers c ON c.salon_id = e.salon_id AND c.id = e.customer_id "

func (r entryRow) entry() (*Entry, error) {
	e := &Entry{
		ID: r.ID, SalonID: r.SalonID, CustomerID: r.CustomerID, AccountID: postgres.Value(r.AccountID), State: r.State,
		Cause: postgres.Value(r.LeaveCause), Request: &appointmentv1.CreateWaitlistEntryRequest{}, Turn: r.Turn, Unanswered: r.Unanswered,
		AppointmentID: postgres.Value(r.AppointmentID), Fresh: r.Fresh, Version: r.Version, CreateTime: r.CreateTime.UTC(), UpdateTime: r.UpdateTime.UTC(),
		Position: r.Position,
	}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(r.Request, e.Request); err != nil {
		return nil, fmt.Errorf("read waitlist entry %s: %w", r.ID, err)
	}
	if r.HoldID != nil {
		e.Offer = &Offer{
			HoldID: *r.HoldID, Start: postgres.Time(r.OfferStartTime), End: postgres.Time(r.OfferEndTime), ExpireTime: postgres.Time(r.OfferExpireTime),
		}
	}
	return e, nil
}

func entries(rows []entryRow) ([]*Entry, error) {
	list := make([]*Entry, len(rows))
	for i, r := range rows {
		var err error
		if list[i], err = r.entry(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// lock returns an entry whose row is locked until the transaction ends, else NOT_FOUND.
func (s *Store) lock(ctx context.Context, id string) (*Entry, error) {
	var rows []entryRow
	err := s.db.Conn(ctx).Raw("SELECT "+entryColumns+" FROM waitlist_entries e"+joinCustomer+"WHERE e.id = ? FOR UPDATE OF e", id).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("lock a waitlist entry: %w", err)
	}
	if len(rows) == 0 {
		return nil, errNoEntry
	}
	return rows[0].entry()
}

// insert writes a new entry at the end of the line. The caller has the lock of the customer. TOO_MANY_WAITLIST_ENTRIES when the customer or
// the salon has as many as are possible.
func (s *Store) insert(ctx context.Context, e *Entry) error {
	request, err := protojson.Marshal(e.Request)
	if err != nil {
		return fmt.Errorf("encode a waitlist entry: %w", err)
	}
	err = s.db.Conn(ctx).Exec("INSERT INTO waitlist_lines (salon_id) VALUES (?) ON CONFLICT (salon_id) DO NOTHING", e.SalonID).Error
	if err != nil {
		return fmt.Errorf("note that somebody waits: %w", err)
	}
	if err := s.lockLine(ctx, e.SalonID); err != nil {
		return err
	}
	var live struct{ Customers, Salons, Last int64 }
	err = s.db.Conn(ctx).Raw(`SELECT count(*) FILTER (WHERE customer_id = ?) AS customers, count(*) AS salons, coalesce(max(turn), 0) AS last
		FROM waitlist_entries WHERE salon_id = ? AND state IN ('WAITING', 'OFFERED')`, e.CustomerID, e.SalonID).Scan(&live).Error
	switch {
	case err != nil:
		return fmt.Errorf("count waitlist entries: %w", err)
	case live.Customers >= maxEntries:
		return errTooMany
	case live.Salons >= maxLine:
		return errLineFull
	}
	e.Turn = live.Last + 1
	err = s.db.Conn(ctx).Exec(`
		INSERT INTO waitlist_entries (salon_id, id, customer_id, state, wish, start_date, end_date, turn, version, create_time, update_time)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)`,
		e.SalonID, e.ID, e.CustomerID, e.State, string(request), e.Request.GetStartDate(), e.Request.GetEndDate(), e.Turn, e.CreateTime, e.UpdateTime).Error
	if err != nil {
		return fmt.Errorf("insert a waitlist entry: %w", err)
	}
	return nil
}

// save writes a changed entry over its row.
func (s *Store) save(ctx context.Context, e *Entry) error {
	err := s.db.Conn(ctx).Exec(`UPDATE waitlist_entries SET state = ?, leave_cause = ?, unanswered = ?, appointment_id = ?, fresh = ?, version = ?,
		update_time = ? WHERE salon_id = ? AND id = ?`, e.State, postgres.Null(e.Cause), e.Unanswered, postgres.Null(e.AppointmentID),
		e.Fresh, e.Version, e.UpdateTime, e.SalonID, e.ID).Error
	if err != nil {
		return fmt.Errorf("update a waitlist entry: %w", err)
	}
	return nil
}

// saveAs is save, and reports the change with an event of a type. hold is the offer that the change is about, or nil.
func (s *Store) saveAs(ctx context.Context, typ string, e *Entry, zone string, hold *booking.Hold) error {
	if err := s.save(ctx, e); err != nil {
		return err
	}
	return appendEvent(ctx, s.db, typ, e, zone, hold)
}

// insertOffer writes the offer of a hold.
func (s *Store) insertOffer(ctx context.Context, h *booking.Hold) error {
	err := s.db.Conn(ctx).Exec(`INSERT INTO waitlist_offers (salon_id, entry_id, hold_id, state, start_time, end_time, expire_time, create_time)
		VALUES (?, ?, ?, 'OPEN', ?, ?, ?, ?)`, h.SalonID, h.EntryID, h.ID, h.Start, h.End, h.ExpireTime, h.CreateTime).Error
	if err != nil {
		return fmt.Errorf("insert an offer: %w", err)
	}
	return nil
}

// openOffer returns the hold of the offer that an entry has; empty: it has none.
func (s *Store) openOffer(ctx context.Context, entryID string) (holdID string, err error) {
	err = s.db.Conn(ctx).Raw("SELECT hold_id FROM waitlist_offers WHERE entry_id = ? AND state = 'OPEN'", entryID).Scan(&holdID).Error
	if err != nil {
		return "", fmt.Errorf("read the offer of a waitlist entry: %w", err)
	}
	return holdID, nil
}

// endOffer sets the state of an offer that is open; false when it is not.
func (s *Store) endOffer(ctx context.Context, holdID, state string) (ended bool, err error) {
	result := s.db.Conn(ctx).Exec("UPDATE waitlist_offers SET state = ? WHERE hold_id = ? AND state = 'OPEN'", state, holdID)
	if result.Error != nil {
		return false, fmt.Errorf("end an offer: %w", result.Error)
	}
	return result.RowsAffected > 0, nil
}

// offersOf returns the offers that an entry has had.
func (s *Store) offersOf(ctx context.Context, e *Entry) ([]Offer, error) {
	var rows []struct{ StartTime, EndTime time.Time }
	err := s.db.Conn(ctx).Raw("SELECT start_time, end_time FROM waitlist_offers WHERE salon_id = ? AND entry_id = ?", e.SalonID, e.ID).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read offers: %w", err)
	}
	offers := make([]Offer, len(rows))
	for i, r := range rows {
		offers[i] = Offer{Start: r.StartTime, End: r.EndTime}
	}
	return offers, nil
}

// declined reports whether an entry was offered a hold and declined it.
func (s *Store) declined(ctx context.Context, e *Entry, holdID string) (bool, error) {
	var found bool
	err := s.db.Conn(ctx).Raw("SELECT EXISTS (SELECT FROM waitlist_offers WHERE hold_id = ? AND salon_id = ? AND entry_id = ? AND state = 'DECLINED')",
		holdID, e.SalonID, e.ID).Scan(&found).Error
	if err != nil {
		return false, fmt.Errorf("look for an offer that was declined: %w", err)
	}
	return found, nil
}

// liveOf returns the ids of the entries of customers that have not ended.
func (s *Store) liveOf(ctx context.Context, customerIDs []string) ([]string, error) {
	var ids []string
	err := s.db.Conn(ctx).Raw("SELECT id FROM waitlist_entries WHERE customer_id = ANY(?::uuid[]) AND state IN ('WAITING', 'OFFERED') ORDER BY id",
		postgres.Array[string](customerIDs)).Scan(&ids).Error
	if err != nil {
		return nil, fmt.Errorf("look for the waitlist entries of customers: %w", err)
	}
	return ids, nil
}

// forget removes what staff have written about the entries of customers, and an account from the moves that it has made.
func (s *Store) forget(ctx context.Context, accountID string, customerIDs []string) error {
	err := s.db.Conn(ctx).Exec(`UPDATE waitlist_moves m SET reason = '' FROM waitlist_entries e
		WHERE e.customer_id = ANY(?::uuid[]) AND m.salon_id = e.salon_id AND m.entry_id = e.id`, postgres.Array[string](customerIDs)).Error
	if err == nil {
		err = s.db.Conn(ctx).Exec("UPDATE waitlist_moves SET account_id = NULL WHERE account_id = ?", accountID).Error
	}
	if err != nil {
		return fmt.Errorf("remove a person from the waitlist: %w", err)
	}
	return nil
}
