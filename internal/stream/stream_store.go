package stream

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/beauty-salon/platform/internal/erasure"
	"github.com/beauty-salon/platform/internal/postgres"
)

// snapshot is a state of the database.
type snapshot struct {
	tx       *postgres.DB
	at       Position
	database string
}

// inSnapshot runs fn in a read-only transaction that sees one state of the database.
func inSnapshot(ctx context.Context, db *postgres.DB, fn func(snapshot) error) error {
	return db.InSnapshot(ctx, func(tx *postgres.DB) error {
		at, database, err := position(ctx, tx)
		if err != nil {
			return err
		}
		return fn(snapshot{tx, at, database})
	})
}

// position returns the snapshot of a transaction, and the name of the database that it is one of. Another name means that a backup was
// restored, that another server has taken over, or that the tables were made anew: positions from before mean nothing there.
func position(ctx context.Context, tx *postgres.DB) (p Position, database string, err error) {
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

// MaxChanges bounds the changes that are read at once. Who has missed more begins anew.
const MaxChanges = 5000

// Between is the condition on a row with a column xid that its transaction has ended between two positions. Transactions that are newer than
// until are those of a database from which this one was copied.
func Between(since, until Position) clause.Expr {
	return gorm.Expr("xid >= ?::text::xid8 AND xid < ?::text::xid8 AND NOT pg_visible_in_snapshot(xid, ?::text::pg_snapshot)",
		strconv.FormatUint(since.Min, 10), strconv.FormatUint(until.Max, 10), since.String())
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

// insertTicket keeps a ticket. erased is set, and nothing is kept, when its account was erased.
func insertTicket(ctx context.Context, db *postgres.DB, t ticketRow) (erased bool, err error) {
	err = db.InTx(ctx, func(tx *postgres.DB) error {
		found, err := erasure.Erased(ctx, tx, postgres.Value(t.AccountID))
		if erased = len(found) > 0; err != nil || erased {
			return err
		}
		if err := tx.Conn(ctx).Create(&t).Error; err != nil {
			return fmt.Errorf("insert a ticket: %w", err)
		}
		return nil
	})
	return erased, err
}

// deleteTickets removes the tickets of an account.
func deleteTickets(ctx context.Context, tx *postgres.DB, accountID string) error {
	if err := tx.Conn(ctx).Exec("DELETE FROM watch_tickets WHERE account_id = ?", accountID).Error; err != nil {
		return fmt.Errorf("remove the tickets of an account: %w", err)
	}
	return nil
}

// useTicket marks a ticket as used and returns it. ok is false when it was used before, has expired, or is none.
func useTicket(ctx context.Context, db *postgres.DB, hash []byte, now time.Time) (t ticketRow, ok bool, err error) {
	var rows []ticketRow
	err = db.Conn(ctx).Raw(`UPDATE watch_tickets SET use_time = ? WHERE hash = ? AND use_time IS NULL AND expire_time > ?
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
func pruneTickets(ctx context.Context, db *postgres.DB, before time.Time) error {
	if err := db.Conn(ctx).Exec("DELETE FROM watch_tickets WHERE expire_time < ?", before).Error; err != nil {
		return fmt.Errorf("remove tickets: %w", err)
	}
	return nil
}
