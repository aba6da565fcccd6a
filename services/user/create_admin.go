package user

import (
	"context"
	"errors"
	"fmt"
	"time"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/fold"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/validate"
)

// CreateAdmin makes an administrator for the operator's command line, which is where the
// first administrator comes from. The rules and the errors are those of Register.
//
// An account with this address that is an administrator stays as it is. For any other
// account, CreateAdmin returns ErrEmailTaken unless promote is true; then the account gets
// the role and keeps its name and password. A disabled account is ErrAccountDisabled. Open
// sessions of a promoted account have the new role within seconds.
//
// The password may be empty when an account is promoted.
func CreateAdmin(ctx context.Context, db *postgres.DB, passwords *auth.Passwords, now time.Time,
	email, displayName, password string, promote bool,
) (userID string, err error) {
	req := &userv1.RegisterRequest{Email: email, DisplayName: displayName, Password: password}
	invalid := validate.Message(req) // also normalises the texts
	var hash string
	if password != "" || !promote {
		if invalid != nil {
			return "", invalid
		}
		if err := CheckPassword("password", req.GetPassword(), req.GetEmail()); err != nil {
			return "", err
		}
		if hash, err = passwords.Hash(ctx, req.GetPassword()); err != nil {
			return "", fmt.Errorf("hash a password: %w", err)
		}
	}
	now = now.UTC().Truncate(time.Microsecond)
	err = NewStore(db).inTx(ctx, func(st *Store) error {
		existing, _, err := st.AccountByEmail(ctx, fold.Email(req.GetEmail()))
		if errors.Is(err, errNoUser) {
			if invalid != nil {
				return invalid // a new account needs a password
			}
			a := NewAccount(id.New(), req.GetEmail(), req.GetDisplayName(), "", apiv1.Role_ROLE_ADMIN, now)
			userID = a.ID
			return st.CreateAccount(ctx, a, hash)
		}
		if err != nil {
			return err
		}
		userID = existing.ID
		_, err = st.UpdateStanding(ctx, userID, now, func(a *Account, otherAdmins int64) error {
			switch {
			case a.Disabled:
				return ErrAccountDisabled
			case a.Role == apiv1.Role_ROLE_ADMIN:
				return nil
			case !promote:
				return ErrEmailTaken
			}
			return a.SetRole(apiv1.Role_ROLE_ADMIN, otherAdmins)
		})
		return err
	})
	if err != nil {
		return "", err
	}
	return userID, nil
}

// HasAccounts reports whether anybody has an account. Only an installation without
// accounts may be filled with demo data.
func HasAccounts(ctx context.Context, db *postgres.DB) (bool, error) {
	return NewStore(db).HasAccounts(ctx)
}
