package watch

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/booking"
)

// maxChanges bounds the changes that are read at once. Who has missed more begins anew.
const maxChanges = 5000

// Store reads what has changed, and keeps tickets.
type Store struct {
	db *postgres.DB
}

// NewStore returns the store over db.
func NewStore(db *postgres.DB) *Store { return &Store{db: db} }

// change is what has become of one appointment, or only of a salon.
type change struct {
	key            booking.Key // without an ID: something else of the salon
	created, moved bool
	xids           []uint64
}

// position returns the snapshot of a transaction, and the name of the database that it is one of. Another name means that a backup was
// restored, that another server has taken over, or that the tables were made anew: positions from before mean nothing there.
func (s *Store) position(ctx context.Context, tx *postgres.DB) (p Position, database string, err error) {
	var row struct{ Position, Database string }
	err = tx.Conn(ctx).Raw(`SELECT pg_current_snapshot()::text AS position, concat_ws('.', s.system_identifier, c.timeline_id,
			(SELECT oid FROM pg_database WHERE datname = current_database()), 'outbox'::regclass::oid) AS database
		FROM pg_control_system() AS s, pg_control_checkpoint() AS c`).Scan(&row).Error
	if err != nil {
		return Position{}, "", fmt.Errorf("read the position: %w", err)
	}
	p, err = parsePosition(row.Position)
	return p, row.Database, err
}

// changes returns what has changed in the database between two positions, the second that of the transaction, in order. complete is false when that
// is too much.
func (s *Store) changes(ctx context.Context, tx *postgres.DB, since, until Position) (found []*change, complete bool, err error) {
	var rows []struct {
		Type, AggregateID, SalonID string
		Xid                        uint64
	}
	// Transactions that are newer than the snapshot are those of a database from which this one was copied.
	err = tx.Conn(ctx).Raw(`SELECT type, aggregate_id::text, coalesce(body ->> 'salonId', '') AS salon_id, xid::text::bigint AS xid FROM outbox
		WHERE xid >= ?::text::xid8 AND xid < ?::text::xid8 AND NOT pg_visible_in_snapshot(xid, ?::text::pg_snapshot)
		ORDER BY id LIMIT ?`, fmt.Sprint(since.Min), fmt.Sprint(until.Max), since.String(), maxChanges+1).Scan(&rows).Error
	if err != nil {
		return nil, false, fmt.Errorf("read changes: %w", err)
	}
	if len(rows) > maxChanges {
		return nil, false, nil
	}
	known := map[booking.Key]*change{}
	for _, r := range rows {
		key := booking.Key{SalonID: r.SalonID}
		if strings.HasPrefix(r.Type, "appointment.") {
			key.ID = r.AggregateID
		}
		c := known[key]
		if c == nil {
			c = &change{key: key}
			known[key] = c
			found = append(found, c)
		}
		c.created = c.created || r.Type == "appointment.created"
		c.moved = c.moved || r.Type == "appointment.rescheduled" || r.Type == "appointment.adjusted"
		c.xids = append(c.xids, r.Xid)
	}
	return found, true, nil
}

// rulesVersions returns the versions of the rules of salons.
func (s *Store) rulesVersions(ctx context.Context, salons []string) (map[string]int64, error) {
	var rows []struct {
		ID           string
		RulesVersion int64
	}
	err := s.db.Conn(ctx).Raw("SELECT id, rules_version FROM salons WHERE id = ANY (?::uuid[])", postgres.Array[string](salons)).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read the versions of rules: %w", err)
	}
	versions := make(map[string]int64, len(rows))
	for _, r := range rows {
		versions[r.ID] = r.RulesVersion
	}
	return versions, nil
}

// ticketRow is a row of watch_tickets.
type ticketRow struct {
	Hash                 []byte
	AccountID, SessionID *string
	Request              []byte
	ExpireTime           time.Time
}

// TableName implements GORM's Tabler.
func (ticketRow) TableName() string { return "watch_tickets" }

func (s *Store) insertTicket(ctx context.Context, t ticketRow) error {
	if err := s.db.Conn(ctx).Create(&t).Error; err != nil {
		return fmt.Errorf("insert a ticket: %w", err)
	}
	return nil
}

// useTicket marks a ticket as used and returns it. ok is false when it was used before, has expired, or is none.
func (s *Store) useTicket(ctx context.Context, hash []byte, now time.Time) (t ticketRow, ok bool, err error) {
	var rows []ticketRow
	err = s.db.Conn(ctx).Raw(`UPDATE watch_tickets SET use_time = ? WHERE hash = ? AND use_time IS NULL AND expire_time > ?
		RETURNING hash, account_id, session_id, request, expire_time`, now, hash, now).Scan(&rows).Error
	if err != nil {
		return ticketRow{}, false, fmt.Errorf("use a ticket: %w", err)
	}
	if len(rows) == 0 {
		return ticketRow{}, false, nil
	}
	return rows[0], true, nil
}

// pruneTickets removes tickets that expired before a time.
func (s *Store) pruneTickets(ctx context.Context, before time.Time) error {
	if err := s.db.Conn(ctx).Exec("DELETE FROM watch_tickets WHERE expire_time < ?", before).Error; err != nil {
		return fmt.Errorf("remove tickets: %w", err)
	}
	return nil
}
