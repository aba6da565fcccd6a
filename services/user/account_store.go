package user

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm/clause"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/fold"
	"github.com/beauty-salon/platform/internal/postgres"
)

// accountRow is a row of users.
type accountRow struct {
	ID              string `gorm:"primaryKey"`
	Email           string
	DisplayName     string
	Phone           string
	Role            string
	PasswordHash    string
	PasswordVersion int64
	Disabled        bool
	EmailVerified   bool
	SearchText      string
	Version         int64
	CreateTime      time.Time
	UpdateTime      time.Time
}

// TableName returns the table's name for GORM.
func (accountRow) TableName() string { return "users" }

func (r accountRow) account() Account {
	return Account{
		ID:            r.ID,
		Email:         r.Email,
		DisplayName:   r.DisplayName,
		Phone:         r.Phone,
		Role:          roleFromColumn(r.Role),
		Disabled:      r.Disabled,
		EmailVerified: r.EmailVerified,
		Version:       r.Version,
		CreateTime:    r.CreateTime.UTC(),
		UpdateTime:    r.UpdateTime.UTC(),
	}
}

func newAccountRow(a Account) accountRow {
	return accountRow{
		ID:            a.ID,
		Email:         a.Email,
		DisplayName:   a.DisplayName,
		Phone:         a.Phone,
		Role:          roleColumn(a.Role),
		Disabled:      a.Disabled,
		EmailVerified: a.EmailVerified,
		SearchText:    fold.Text(a.DisplayName + "\n" + a.Email),
		Version:       a.Version,
		CreateTime:    a.CreateTime,
		UpdateTime:    a.UpdateTime,
	}
}

// Credential is what a password is verified with. It never leaves the service.
type Credential struct {
	// Hash is in the PHC format. No password matches the empty hash.
	Hash string
	// Version grows with every change of the password. It does not grow when the same
	// password is hashed again.
	Version int64
}

func (r accountRow) credential() Credential {
	return Credential{Hash: r.PasswordHash, Version: r.PasswordVersion}
}

// CreateAccount stores a new account and its event. It returns ErrEmailTaken when
// the address has an account.
func (s *Store) CreateAccount(ctx context.Context, a Account, passwordHash string) error {
	return s.inTx(ctx, func(st *Store) error {
		row := newAccountRow(a)
		row.PasswordHash, row.PasswordVersion = passwordHash, 1
		// An insertion that fails would end the transaction.
		created := st.db.Conn(ctx).
			Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "email"}}, DoNothing: true}).
			Create(&row)
		if created.Error != nil {
			return fmt.Errorf("create an account: %w", created.Error)
		}
		if created.RowsAffected == 0 {
			return ErrEmailTaken
		}
		return st.appendAccountEvent(ctx, eventRegistered, a)
	})
}

// Account returns an account, or NOT_FOUND.
func (s *Store) Account(ctx context.Context, id string) (Account, Credential, error) {
	return s.accountWhere(ctx, "id = ?", id)
}

// AccountByEmail returns the account with a canonical address, or NOT_FOUND.
func (s *Store) AccountByEmail(ctx context.Context, email string) (Account, Credential, error) {
	return s.accountWhere(ctx, "email = ?", email)
}

// LockAccount returns an account for a change in this transaction, or NOT_FOUND.
func (s *Store) LockAccount(ctx context.Context, id string) (Account, Credential, error) {
	return s.accountWhere(ctx, "id = ?", id, postgres.LockForChange)
}

func (s *Store) accountWhere(ctx context.Context, condition, value string, lock ...clause.Expression) (Account, Credential, error) {
	row, err := postgres.One[accountRow](s.db.Conn(ctx).Clauses(lock...).Where(condition, value).Where("erase_time IS NULL"), errNoUser)
	return row.account(), row.credential(), err
}

// UpdateAccount lets change alter an account. When the account is another one then,
// UpdateAccount stores it at its next version, with an event. Disabling deletes the
// account's sessions.
func (s *Store) UpdateAccount(ctx context.Context, id string, now time.Time, change func(*Account) error) (Account, error) {
	var after Account
	err := s.inTx(ctx, func(st *Store) error {
		before, _, err := st.LockAccount(ctx, id)
		if err != nil {
			return err
		}
		after = before
		if err := change(&after); err != nil || after == before {
			return err
		}
		after.touch(now)
		if err := st.saveAccount(ctx, after); err != nil {
			return err
		}
		if err := st.appendAccountEvent(ctx, accountEventType(before, after), after); err != nil {
			return err
		}
		if after.Disabled && !before.Disabled {
			if err := st.DeleteSessionsOf(ctx, id, ""); err != nil {
				return err
			}
		}
		if after.Role != before.Role || after.Disabled != before.Disabled {
			st.endSessions(id)
		}
		return nil
	})
	return after, err
}

// adminLock is the key of the advisory lock under which an administrator can lose the
// role or be disabled. Without it, two transactions could each remove the last
// administrator that the other one leaves.
const adminLock = "users: enabled administrators"

// UpdateStanding is UpdateAccount for changes that can take away an administrator.
// change also gets the number of other administrators that are enabled. The profile
// of a master is disabled and enabled with the account.
func (s *Store) UpdateStanding(ctx context.Context, id string, now time.Time, change func(a *Account, otherAdmins int64) error) (Account, error) {
	var after Account
	err := s.inTx(ctx, func(st *Store) error {
		if err := st.lockAdmins(ctx); err != nil {
			return err
		}
		wasDisabled := false
		var err error
		after, err = st.UpdateAccount(ctx, id, now, func(a *Account) error {
			wasDisabled = a.Disabled
			others, err := st.otherAdmins(ctx, id)
			if err != nil {
				return err
			}
			return change(a, others)
		})
		if err != nil || after.Disabled == wasDisabled {
			return err
		}
		return st.setMasterDisabled(ctx, id, after.Disabled, now)
	})
	return after, err
}

// lockAdmins takes adminLock, in a statement of its own: the next one sees what the last
// holder committed.
func (s *Store) lockAdmins(ctx context.Context) error {
	if err := s.db.Conn(ctx).Exec("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", adminLock).Error; err != nil {
		return fmt.Errorf("lock the administrators: %w", err)
	}
	return nil
}

// otherAdmins returns how many administrators are enabled besides an account.
func (s *Store) otherAdmins(ctx context.Context, id string) (int64, error) {
	var others int64
	err := s.db.Conn(ctx).Raw("SELECT count(*) FROM users WHERE role = 'ADMIN' AND NOT disabled AND id <> ?", id).Scan(&others).Error
	if err != nil {
		return 0, fmt.Errorf("count the administrators: %w", err)
	}
	return others, nil
}

// saveAccount writes everything of an account that can change, except for its
// password.
func (s *Store) saveAccount(ctx context.Context, a Account) error {
	err := s.db.Conn(ctx).Where("id = ?", a.ID).
		Select("display_name", "phone", "role", "disabled", "search_text", "version", "update_time").
		Updates(newAccountRow(a)).Error
	if err != nil {
		return fmt.Errorf("save an account: %w", err)
	}
	return nil
}

func (s *Store) appendAccountEvent(ctx context.Context, typ string, a Account) error {
	e, err := accountEvent(typ, a)
	if err != nil {
		return err
	}
	return events.Append(ctx, s.db, e)
}

// SetPassword stores a password's hash. The account keeps its version, since no
// caller sees the password.
func (s *Store) SetPassword(ctx context.Context, id string, c Credential) error {
	err := s.db.Conn(ctx).Where("id = ?", id).
		Select("password_hash", "password_version").
		Updates(accountRow{PasswordHash: c.Hash, PasswordVersion: c.Version}).Error
	if err != nil {
		return fmt.Errorf("set a password: %w", err)
	}
	return nil
}

// accountCursor is the place of an account in ListUsers.
type accountCursor struct {
	CreateTime time.Time `json:"t"`
	ID         string    `json:"i"`
}

// accountFilter narrows ListUsers. Zero values do not.
type accountFilter struct {
	query string
	roles []apiv1.Role
	after *accountCursor
	limit int
}

// Accounts returns accounts, newest first.
func (s *Store) Accounts(ctx context.Context, f accountFilter) ([]Account, error) {
	q := s.db.Conn(ctx).Where("erase_time IS NULL").Order("create_time DESC, id DESC").Limit(f.limit)
	if f.query != "" {
		q = q.Where("search_text LIKE ?", postgres.Containing(fold.Text(f.query)))
	}
	if len(f.roles) > 0 {
		q = q.Where("role = ANY(?)", postgres.Column(f.roles, roleColumn))
	}
	if f.after != nil {
		q = q.Where("(create_time, id) < (?, ?)", f.after.CreateTime, f.after.ID)
	}
	var rows []accountRow
	if err := q.Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	accounts := make([]Account, len(rows))
	for i, row := range rows {
		accounts[i] = row.account()
	}
	return accounts, nil
}

// HasAccounts reports whether anybody has an account.
func (s *Store) HasAccounts(ctx context.Context) (bool, error) {
	var has bool
	if err := s.db.Conn(ctx).Raw("SELECT EXISTS (SELECT 1 FROM users)").Scan(&has).Error; err != nil {
		return false, fmt.Errorf("look for an account: %w", err)
	}
	return has, nil
}
