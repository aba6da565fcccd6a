package user

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
)

// userRow is a row of users.
type userRow struct {
	ID              string `gorm:"primaryKey"`
	Email           string
	DisplayName     string
	Phone           string
	Role            string
	PasswordHash    string
	PasswordVersion int64
	Disabled        bool
	SearchText      string
	Version         int64
	CreateTime      time.Time
	UpdateTime      time.Time
}

// TableName tells GORM the table.
func (userRow) TableName() string { return "users" }

func (r userRow) account() Account {
	return Account{
		ID:          r.ID,
		Email:       r.Email,
		DisplayName: r.DisplayName,
		Phone:       r.Phone,
		Role:        roleFromColumn(r.Role),
		Disabled:    r.Disabled,
		Version:     r.Version,
		CreateTime:  r.CreateTime.UTC(),
		UpdateTime:  r.UpdateTime.UTC(),
	}
}

func newUserRow(a Account) userRow {
	return userRow{
		ID:          a.ID,
		Email:       a.Email,
		DisplayName: a.DisplayName,
		Phone:       a.Phone,
		Role:        roleColumn(a.Role),
		Disabled:    a.Disabled,
		SearchText:  fold(a.DisplayName + "\n" + a.Email),
		Version:     a.Version,
		CreateTime:  a.CreateTime,
		UpdateTime:  a.UpdateTime,
	}
}

// credential is what a password is verified with. It never leaves the service.
type credential struct {
	// hash is in the PHC format. Empty, no password is right.
	hash string
	// version grows with every change of the password, but not when the same one is
	// hashed anew.
	version int64
}

func (r userRow) credential() credential {
	return credential{hash: r.PasswordHash, version: r.PasswordVersion}
}

// createAccount stores a new account and its event. It returns ErrEmailTaken when
// the address has one.
func (s *store) createAccount(ctx context.Context, a Account, passwordHash string) error {
	return s.db.InTx(ctx, func(tx *postgres.DB) error {
		row := newUserRow(a)
		row.PasswordHash, row.PasswordVersion = passwordHash, 1
		// Not an insertion that fails: that would end the transaction.
		created := tx.Conn(ctx).
			Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "email"}}, DoNothing: true}).
			Create(&row)
		if created.Error != nil {
			return fmt.Errorf("create account: %w", created.Error)
		}
		if created.RowsAffected == 0 {
			return ErrEmailTaken
		}
		e, err := accountEvent(eventRegistered, a)
		if err != nil {
			return err
		}
		return events.Append(ctx, tx, e)
	})
}

// accountByID returns an account, or NOT_FOUND.
func (s *store) accountByID(ctx context.Context, id string) (Account, credential, error) {
	row, err := gorm.G[userRow](s.db.Conn(ctx)).Where("id = ?", id).Take(ctx)
	row, err = one(row, err, errNoUser)
	return row.account(), row.credential(), err
}

// accountByEmail returns the account with a canonical address, or NOT_FOUND.
func (s *store) accountByEmail(ctx context.Context, email string) (Account, credential, error) {
	row, err := gorm.G[userRow](s.db.Conn(ctx)).Where("email = ?", email).Take(ctx)
	row, err = one(row, err, errNoUser)
	return row.account(), row.credential(), err
}

// lockAccount returns an account for a change in this transaction, or NOT_FOUND.
// Whoever also locks the account's profile or sessions locks the account first.
func (s *store) lockAccount(ctx context.Context, id string) (Account, credential, error) {
	row, err := gorm.G[userRow](s.db.Conn(ctx), clause.Locking{Strength: rowLock}).Where("id = ?", id).Take(ctx)
	row, err = one(row, err, errNoUser)
	return row.account(), row.credential(), err
}

// changeAccount lets change alter an account and stores the result, with its event
// and at its next version, unless change left it as it was. When the account gets
// another role or is disabled, onEnd runs after the commit.
func (s *store) changeAccount(ctx context.Context, id string, now time.Time, onEnd func(), change func(*Account) error) (Account, error) {
	var after Account
	err := s.db.InTx(ctx, func(tx *postgres.DB) error {
		before, _, err := s.in(tx).lockAccount(ctx, id)
		if err != nil {
			return err
		}
		after = before
		if err := change(&after); err != nil || after == before {
			return err
		}
		after.Version++
		after.UpdateTime = now
		if err := s.in(tx).saveAccount(ctx, after); err != nil {
			return err
		}
		if typ := accountEventType(before, after); typ != "" {
			e, err := accountEvent(typ, after)
			if err != nil {
				return err
			}
			if err := events.Append(ctx, tx, e); err != nil {
				return err
			}
		}
		if after.Disabled && !before.Disabled {
			if err := s.in(tx).deleteSessionsOf(ctx, id, ""); err != nil {
				return err
			}
		}
		if after.Role != before.Role || after.Disabled != before.Disabled {
			tx.OnCommit(onEnd)
		}
		return nil
	})
	return after, err
}

// adminGuard is the key of the advisory lock under which administrators become
// fewer. Without it two transactions could each remove the other's last one.
const adminGuard = "users: enabled administrators"

// changeStanding is changeAccount for changes that can take away an administrator.
// When the account of a master is disabled or enabled, so is the profile.
func (s *store) changeStanding(ctx context.Context, id string, now time.Time, onEnd func(), change func(*Account, Standing) error) (Account, error) {
	var after Account
	err := s.db.InTx(ctx, func(tx *postgres.DB) error {
		// Before any row lock, so that all take them in the same order.
		lock := tx.Conn(ctx).Exec("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", adminGuard)
		if lock.Error != nil {
			return fmt.Errorf("lock administrators: %w", lock.Error)
		}
		var hasProfile, wasDisabled bool
		var err error
		after, err = s.in(tx).changeAccount(ctx, id, now, onEnd, func(a *Account) error {
			standing, err := s.in(tx).standing(ctx, id)
			if err != nil {
				return err
			}
			hasProfile, wasDisabled = standing.HasProfile, a.Disabled
			return change(a, standing)
		})
		if err != nil || !hasProfile || after.Disabled == wasDisabled {
			return err
		}
		return s.in(tx).setMasterDisabled(ctx, id, after.Disabled, now)
	})
	return after, err
}

func (s *store) standing(ctx context.Context, id string) (Standing, error) {
	var standing Standing
	err := s.db.Conn(ctx).Raw(`
		SELECT EXISTS (SELECT 1 FROM masters WHERE id = ? AND NOT deleted) AS has_profile,
		       (SELECT count(*) FROM users WHERE role = 'ADMIN' AND NOT disabled AND id <> ?) AS other_admins`,
		id, id).Scan(&standing).Error
	if err != nil {
		return standing, fmt.Errorf("read standing: %w", err)
	}
	return standing, nil
}

// saveAccount writes everything of an account that can change, except for its
// password.
func (s *store) saveAccount(ctx context.Context, a Account) error {
	_, err := gorm.G[userRow](s.db.Conn(ctx)).Where("id = ?", a.ID).
		Select("display_name", "phone", "role", "disabled", "search_text", "version", "update_time").
		Updates(ctx, newUserRow(a))
	if err != nil {
		return fmt.Errorf("save account: %w", err)
	}
	return nil
}

// setPassword stores a password's hash. It is no new version of the account: nobody
// sees it.
func (s *store) setPassword(ctx context.Context, id string, c credential) error {
	_, err := gorm.G[userRow](s.db.Conn(ctx)).Where("id = ?", id).
		Select("password_hash", "password_version").
		Updates(ctx, userRow{PasswordHash: c.hash, PasswordVersion: c.version})
	if err != nil {
		return fmt.Errorf("set password: %w", err)
	}
	return nil
}

// userCursor is the place of an account in ListUsers.
type userCursor struct {
	CreateTime time.Time `json:"t"`
	ID         string    `json:"i"`
}

// userFilter narrows ListUsers; zero values do not.
type userFilter struct {
	query string
	roles []apiv1.Role
	after *userCursor
	limit int
}

// accounts returns accounts, newest first.
func (s *store) accounts(ctx context.Context, f userFilter) ([]Account, error) {
	q := gorm.G[userRow](s.db.Conn(ctx)).Order("create_time DESC, id DESC").Limit(f.limit)
	if f.query != "" {
		q = q.Where("search_text LIKE ?", postgres.Containing(fold(f.query)))
	}
	if len(f.roles) > 0 {
		columns := make([]string, len(f.roles))
		for i, r := range f.roles {
			columns[i] = roleColumn(r)
		}
		q = q.Where("role IN ?", columns)
	}
	if f.after != nil {
		q = q.Where("(create_time, id) < (?, ?)", f.after.CreateTime, f.after.ID)
	}
	rows, err := q.Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	accounts := make([]Account, len(rows))
	for i, row := range rows {
		accounts[i] = row.account()
	}
	return accounts, nil
}
