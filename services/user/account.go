package user

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
)

// Account is somebody who can sign in. Its password's hash is kept apart, so that
// it cannot leave by accident.
type Account struct {
	// ID is a UUIDv7.
	ID string
	// Email is the address to sign in with, as CanonicalEmail returns it.
	Email string
	// DisplayName is the name that others see.
	DisplayName string
	// Phone is in E.164, or empty.
	Phone string
	// Role is what the account may do.
	Role apiv1.Role
	// Disabled locks the account: it cannot sign in.
	Disabled bool
	// Version grows with every change that others can see. It is the etag, and the
	// aggregate version of user.* events.
	Version int64
	// CreateTime is when the account was made.
	CreateTime time.Time
	// UpdateTime is when it last changed.
	UpdateTime time.Time
}

// Standing is what the rules about roles need to know beyond the account itself.
type Standing struct {
	// HasProfile is whether the account has a master's profile that is not deleted.
	HasProfile bool
	// OtherAdmins is how many other administrators are enabled.
	OtherAdmins int64
}

// NewAccount returns an enabled account at its first version.
func NewAccount(id, email, displayName, phone string, role apiv1.Role, now time.Time) Account {
	return Account{
		ID:          id,
		Email:       CanonicalEmail(email),
		DisplayName: displayName,
		Phone:       phone,
		Role:        role,
		Version:     1,
		CreateTime:  now,
		UpdateTime:  now,
	}
}

// SetRole gives the account a role. It returns ErrNeedsProfile or ErrHasProfile
// when the role does not go with the profile, and ErrLastAdmin when nobody would
// be left to run the salon.
func (a *Account) SetRole(role apiv1.Role, s Standing) error {
	if role == a.Role {
		return nil
	}
	switch {
	case role == apiv1.Role_ROLE_MASTER && !s.HasProfile:
		return ErrNeedsProfile
	case role == apiv1.Role_ROLE_CUSTOMER && s.HasProfile:
		return ErrHasProfile
	case a.lastAdmin(s):
		return ErrLastAdmin
	}
	a.Role = role
	return nil
}

// Disable locks the account. It returns ErrLastAdmin when nobody would be left to
// run the salon.
func (a *Account) Disable(s Standing) error {
	if a.Disabled {
		return nil
	}
	if a.lastAdmin(s) {
		return ErrLastAdmin
	}
	a.Disabled = true
	return nil
}

// Enable unlocks the account.
func (a *Account) Enable() { a.Disabled = false }

func (a *Account) lastAdmin(s Standing) bool {
	return a.Role == apiv1.Role_ROLE_ADMIN && !a.Disabled && s.OtherAdmins == 0
}

// roleWithProfile is the role that goes with having a master's profile or not:
// administrators keep theirs.
func (a *Account) roleWithProfile(has bool) apiv1.Role {
	switch {
	case has && a.Role == apiv1.Role_ROLE_CUSTOMER:
		return apiv1.Role_ROLE_MASTER
	case !has && a.Role == apiv1.Role_ROLE_MASTER:
		return apiv1.Role_ROLE_CUSTOMER
	}
	return a.Role
}

// CanonicalEmail returns the form in which addresses are stored and compared:
// trimmed and in lower case, letter by letter. A letter outside of ASCII never
// becomes one inside: Unicode maps the Kelvin sign to "k" and the dotted capital
// İ to "i", and whoever registers such an address must not meet the account of
// somebody else. Dotless ı and i stay apart for the same reason.
func CanonicalEmail(email string) string {
	return strings.Map(func(r rune) rune {
		lower := unicode.ToLower(r)
		if r >= utf8.RuneSelf && lower < utf8.RuneSelf {
			return r
		}
		return lower
	}, strings.TrimSpace(email))
}
