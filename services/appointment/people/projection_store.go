package people

import (
	"context"
	"errors"
	"fmt"
	"time"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/postgres"
)

// errNoAccount means that an account is not known here.
var errNoAccount = errors.New("the account is not known")

// Store reads and writes the tables masters, accounts and customers.
type Store struct{ db *postgres.DB }

// NewStore returns the store over a pool or within a transaction.
func NewStore(db *postgres.DB) *Store { return &Store{db: db} }

// masterRow is a row of masters.
type masterRow struct {
	ID          string
	SalonID     string
	DisplayName string
	Deleted     bool
	Disabled    bool
	ProfileTime time.Time
	Version     int64
}

// TableName implements GORM's Tabler.
func (masterRow) TableName() string { return "masters" }

// accountRow is a row of accounts.
type accountRow struct {
	ID          string
	DisplayName string
	Phone       string
	Email       string
	Disabled    bool
	Version     int64
}

// TableName implements GORM's Tabler.
func (accountRow) TableName() string { return "accounts" }

// Master returns a master, also one who takes no bookings; ErrMasterUnavailable when none is known.
func (s *Store) Master(ctx context.Context, id string) (Master, error) {
	r, err := postgres.One[masterRow](s.db.Conn(ctx).Where("id = ?", id), ErrMasterUnavailable)
	r.ProfileTime = r.ProfileTime.UTC()
	return Master(r), err
}

// PutMaster writes a master. The lock of the master is held.
func (s *Store) PutMaster(ctx context.Context, m Master) error {
	err := s.db.Conn(ctx).Exec(`
		INSERT INTO masters (id, salon_id, display_name, deleted, disabled, profile_time, version) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET salon_id = excluded.salon_id, display_name = excluded.display_name, deleted = excluded.deleted,
			disabled = excluded.disabled, profile_time = excluded.profile_time, version = excluded.version`,
		m.ID, m.SalonID, m.DisplayName, m.Deleted, m.Disabled, m.ProfileTime, m.Version).Error
	if err != nil {
		return fmt.Errorf("write a master: %w", err)
	}
	return nil
}

// Account returns an account; errNoAccount when none is known.
func (s *Store) Account(ctx context.Context, id string) (Account, error) {
	r, err := postgres.One[accountRow](s.db.Conn(ctx).Where("id = ?", id), errNoAccount)
	return r.account(), err
}

// PutAccount writes an account. The lock of the account is held.
func (s *Store) PutAccount(ctx context.Context, a Account) error {
	err := s.db.Conn(ctx).Exec(`
		INSERT INTO accounts (id, display_name, phone, email, search_text, disabled, version) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET display_name = excluded.display_name, phone = excluded.phone,
			email = excluded.email, search_text = excluded.search_text, disabled = excluded.disabled,
			version = excluded.version`,
		a.ID, a.DisplayName, a.Phone, a.Email, a.searchText(), a.Disabled, a.Version).Error
	if err != nil {
		return fmt.Errorf("write an account: %w", err)
	}
	return nil
}

// UnreadMasters returns the ids of masters who were never read from their owner, in order, after an id;
// empty means from the first.
func (s *Store) UnreadMasters(ctx context.Context, after string, limit int) ([]string, error) {
	return s.unread(ctx, "masters", after, limit)
}

// UnreadAccounts returns the ids of accounts that were never read from their owner, in order, after an
// id; empty means from the first.
func (s *Store) UnreadAccounts(ctx context.Context, after string, limit int) ([]string, error) {
	return s.unread(ctx, "accounts", after, limit)
}

func (s *Store) unread(ctx context.Context, table, after string, limit int) ([]string, error) {
	q := s.db.Conn(ctx).Table(table).Where("version = 0").Order("id").Limit(limit)
	if after != "" {
		q = q.Where("id > ?", after)
	}
	var ids []string
	if err := q.Pluck("id", &ids).Error; err != nil {
		return nil, fmt.Errorf("list unread %s: %w", table, err)
	}
	return ids, nil
}

// knownVersions returns the ids and versions of a projection, masters or accounts, in order, after an id;
// empty means from the first.
func (s *Store) knownVersions(ctx context.Context, table, after string, limit int) ([]*userv1.KnownVersion, error) {
	q := s.db.Conn(ctx).Table(table).Select("id, version").Order("id").Limit(limit)
	if after != "" {
		q = q.Where("id > ?", after)
	}
	var rows []struct {
		ID      string
		Version int64
	}
	if err := q.Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("list versions of %s: %w", table, err)
	}
	known := make([]*userv1.KnownVersion, len(rows))
	for i, r := range rows {
		known[i] = &userv1.KnownVersion{Id: r.ID, Version: r.Version}
	}
	return known, nil
}

// MasterNames returns the names of masters by id.
func (s *Store) MasterNames(ctx context.Context, ids []string) (map[string]string, error) {
	return s.names(ctx, "SELECT id, display_name AS name FROM masters WHERE id = ANY(?)", ids)
}

// AccountNames returns the names of accounts by id.
func (s *Store) AccountNames(ctx context.Context, ids []string) (map[string]string, error) {
	return s.names(ctx, "SELECT id, display_name AS name FROM accounts WHERE id = ANY(?)", ids)
}

func (s *Store) names(ctx context.Context, query string, ids []string) (map[string]string, error) {
	var rows []struct{ ID, Name string }
	if err := s.db.Conn(ctx).Raw(query, postgres.Array[string](ids)).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("read names: %w", err)
	}
	names := make(map[string]string, len(rows))
	for _, r := range rows {
		names[r.ID] = r.Name
	}
	return names, nil
}

func (r accountRow) account() Account { return Account(r) }
