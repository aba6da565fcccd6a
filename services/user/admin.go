package user

import (
	"context"
	"errors"
	"fmt"
	"time"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/validate"
)

// CreateAdmin makes an administrator without being one: it is for the operator's
// command line, which the first administrator comes from. The rules are those of
// Register, and so are the errors.
//
// An account with this address that is an administrator is left as it is. Another
// one is ErrEmailTaken unless promote is true: then it gets the role and keeps its
// name and password. A disabled account is ErrAccountDisabled. Open sessions of a
// promoted account notice within seconds.
//
// To promote an account the password may be left out.
func CreateAdmin(ctx context.Context, db *postgres.DB, passwords *auth.Passwords, now time.Time,
	email, displayName, password string, promote bool,
) (id string, err error) {
	req := &userv1.RegisterRequest{Email: email, DisplayName: displayName, Password: password}
	invalid := validate.Message(req) // which also brings the address into its form
	var hash string
	if password != "" || !promote {
		if invalid != nil {
			return "", invalid
		}
		if err := CheckPassword("password", password, req.GetEmail()); err != nil {
			return "", err
		}
		if hash, err = passwords.Hash(ctx, password); err != nil {
			return "", fmt.Errorf("hash password: %w", err)
		}
	}
	now = now.UTC().Truncate(time.Microsecond)
	err = db.InTx(ctx, func(tx *postgres.DB) error {
		st := &store{db: tx}
		existing, _, err := st.accountByEmail(ctx, CanonicalEmail(req.GetEmail()))
		if errors.Is(err, errNoUser) {
			if invalid != nil {
				return invalid // a new account needs a password
			}
			if id, err = newID(); err != nil {
				return err
			}
			return st.createAccount(ctx, NewAccount(id, req.GetEmail(), req.GetDisplayName(), "", apiv1.Role_ROLE_ADMIN, now), hash)
		}
		if err != nil {
			return err
		}
		id = existing.ID
		_, err = st.changeStanding(ctx, id, now, func() {}, func(a *Account, s Standing) error {
			switch {
			case a.Disabled:
				return ErrAccountDisabled
			case a.Role == apiv1.Role_ROLE_ADMIN:
				return nil
			case !promote:
				return ErrEmailTaken
			}
			return a.SetRole(apiv1.Role_ROLE_ADMIN, s)
		})
		return err
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

// HasAccounts reports whether anybody has an account: only an installation without one may be filled with demo data.
func HasAccounts(ctx context.Context, db *postgres.DB) (bool, error) {
	var has bool
	err := db.Conn(ctx).Raw("SELECT EXISTS (SELECT 1 FROM users)").Scan(&has).Error
	return has, err
}
