package waitlist

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/booking"
)

// Cursor is the place of an entry in a list: those that wait by their turns, then those that have ended.
type Cursor struct {
	Ended bool      `json:"e"`
	Turn  int64     `json:"n"`
	Time  time.Time `json:"t"`
	ID    string    `json:"i"`
}

// Filter says which entries to list. Zero values leave a filter out.
type Filter struct {
	// VisibleTo is who asks.
	VisibleTo auth.Principal
	// ID, SalonID and CustomerID are those of the entry.
	ID, SalonID, CustomerID string
	// States are those that are wanted.
	States []State
	// After is the place of the last entry of the page before.
	After *Cursor
	// Limit is how many are wanted at most.
	Limit int
}

// visible is the condition on entries e with customers c that somebody sees them: the customer, the front desk, administrators.
func visible(to auth.Principal) clause.Expr {
	if to.IsAdmin() {
		return gorm.Expr("true")
	}
	return gorm.Expr("(c.account_id = ? OR e.salon_id = ANY(?::uuid[]))", to.UserID, postgres.Array[string](to.Salons(auth.FrontDesk...)))
}

// List returns the entries that the filter admits and the caller may see, with position, offer and moves.
func (s *Store) List(ctx context.Context, f Filter) ([]*Entry, error) {
	where := []any{visible(f.VisibleTo)}
	for column, value := range map[string]string{"e.id": f.ID, "e.salon_id": f.SalonID, "e.customer_id": f.CustomerID} {
		if value != "" {
			where = append(where, gorm.Expr(column+" = ?::uuid", value))
		}
	}
	if len(f.States) > 0 {
		where = append(where, gorm.Expr("e.state = ANY(?::text[])", postgres.Column(f.States, func(s State) string { return string(s) })))
	}
	if a := f.After; a != nil {
		where = append(where, gorm.Expr("(e.state NOT IN ('WAITING', 'OFFERED'), e.turn, e.create_time, e.id) > (?, ?, ?, ?::uuid)",
			a.Ended, a.Turn, a.Time, a.ID))
	}
	for len(where) < 6 {
		where = append(where, gorm.Expr("true"))
	}
	var rows []entryRow
	err := s.db.Conn(ctx).Raw("SELECT "+entryColumns+`, o.hold_id, o.start_time AS offer_start_time, o.end_time AS offer_end_time,
			o.expire_time AS offer_expire_time,
			CASE WHEN e.state IN ('WAITING', 'OFFERED') THEN 1 + (SELECT count(*) FROM waitlist_entries b
				WHERE b.salon_id = e.salon_id AND b.state IN ('WAITING', 'OFFERED')
					AND (b.turn, b.create_time, b.id) < (e.turn, e.create_time, e.id)) ELSE 0 END AS position
		FROM waitlist_entries e`+joinCustomer+`LEFT JOIN waitlist_offers o ON o.entry_id = e.id AND o.state = 'OPEN' AND e.state = 'OFFERED'
		WHERE ? AND ? AND ? AND ? AND ? AND ?
		ORDER BY e.state NOT IN ('WAITING', 'OFFERED'), e.turn, e.create_time, e.id LIMIT ?`, append(where, f.Limit)...).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list waitlist entries: %w", err)
	}
	list, err := entries(rows)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list, s.addMoves(ctx, list)
}

// entry returns an entry that a caller may see, else NOT_FOUND.
func (s *Store) entry(ctx context.Context, id string, visibleTo auth.Principal) (*Entry, error) {
	list, err := s.List(ctx, Filter{VisibleTo: visibleTo, ID: id, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errNoEntry
	}
	return list[0], nil
}

// addMoves adds to entries how their positions were changed.
func (s *Store) addMoves(ctx context.Context, list []*Entry) error {
	var rows []struct {
		EntryID                  string
		CreateTime               time.Time
		Actor                    booking.Actor
		AccountID                *string
		FromPosition, ToPosition int32
		Reason                   string
	}
	err := s.db.Conn(ctx).Raw(`SELECT m.entry_id, m.create_time, m.actor, m.account_id, m.from_position, m.to_position, m.reason
		FROM unnest(?::uuid[], ?::uuid[]) AS w (salon_id, id) JOIN waitlist_moves m ON m.salon_id = w.salon_id AND m.entry_id = w.id
		ORDER BY m.create_time`,
		postgres.Column(list, func(e *Entry) string { return e.SalonID }), postgres.Column(list, func(e *Entry) string { return e.ID })).Scan(&rows).Error
	if err != nil {
		return fmt.Errorf("read the moves of waitlist entries: %w", err)
	}
	for _, r := range rows {
		e := list[index(list, r.EntryID)]
		e.Moves = append(e.Moves, Move{r.CreateTime.UTC(), r.Actor, postgres.Value(r.AccountID), r.FromPosition, r.ToPosition, r.Reason})
	}
	return nil
}

// index is the place of an entry in a list, or -1.
func index(list []*Entry, id string) int {
	return slices.IndexFunc(list, func(e *Entry) bool { return e.ID == id })
}

// customerKnown reports whether the customer of an entry was not removed, nor their account.
func (s *Store) customerKnown(ctx context.Context, e *Entry) (known bool, err error) {
	err = s.db.Conn(ctx).Raw(`SELECT NOT EXISTS (SELECT FROM accounts WHERE id = a.id AND disabled)
			AND NOT EXISTS (SELECT FROM erased_accounts WHERE account_id = a.id)
			AND EXISTS (SELECT FROM customers WHERE salon_id = ? AND id = ? AND erase_time IS NULL)
		FROM (SELECT ?::uuid AS id) AS a`, e.SalonID, e.CustomerID, postgres.Null(e.AccountID)).Scan(&known).Error
	if err != nil {
		return false, fmt.Errorf("check who waits: %w", err)
	}
	return known, nil
}

// lockLine locks the line of a salon: no other call adds entries, or changes several of them, until the transaction ends.
func (s *Store) lockLine(ctx context.Context, salonID string) error {
	if err := s.db.Conn(ctx).Exec("SELECT FROM waitlist_lines WHERE salon_id = ? FOR UPDATE", salonID).Error; err != nil {
		return fmt.Errorf("lock a waitlist: %w", err)
	}
	return nil
}

// line returns the entries of a salon's line, in its order.
func (s *Store) line(ctx context.Context, salonID string) ([]*Entry, error) {
	var rows []entryRow
	err := s.db.Conn(ctx).Raw("SELECT "+entryColumns+" FROM waitlist_entries e"+joinCustomer+`
		WHERE e.salon_id = ? AND e.state IN ('WAITING', 'OFFERED') ORDER BY e.turn, e.create_time, e.id`, salonID).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read a waitlist: %w", err)
	}
	return entries(rows)
}

// move gives the entry at from the place to in a line, and writes why. All entries of the line get new turns.
func (s *Store) move(ctx context.Context, salonID string, line []*Entry, from, to int, m Move) error {
	moved := line[from]
	order := slices.Insert(slices.Delete(slices.Clone(line), from, from+1), to, moved)
	err := s.db.Conn(ctx).Exec(`UPDATE waitlist_entries e SET turn = u.turn
		FROM unnest(?::uuid[]) WITH ORDINALITY AS u (id, turn) WHERE e.salon_id = ? AND e.id = u.id AND e.turn <> u.turn`,
		postgres.Column(order, func(e *Entry) string { return e.ID }), salonID).Error
	if err != nil {
		return fmt.Errorf("move a waitlist entry: %w", err)
	}
	err = s.db.Conn(ctx).Exec(`INSERT INTO waitlist_moves (salon_id, entry_id, create_time, actor, account_id, from_position, to_position, reason)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, salonID, moved.ID, m.CreateTime, m.Actor, m.AccountID, m.From, m.To, m.Reason).Error
	if err != nil {
		return fmt.Errorf("note why a waitlist entry was moved: %w", err)
	}
	return nil
}
