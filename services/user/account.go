package user

import (
	"time"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/fold"
)

// Account is a person who can sign in. The hash of the password is not part of it, so
// that it cannot be sent by accident.
type Account struct {
	// ID is a UUIDv7.
	ID string
	// Email is the address to sign in with, as fold.Email returns it.
	Email string
	// DisplayName is the name that others see.
	DisplayName string
	// Phone is in E.164, or empty.
	Phone string
	// Role is what the account may do on the whole platform.
	Role apiv1.Role
	// Disabled locks the account: it cannot sign in.
	Disabled bool
	// EmailVerified is whether the person has proved that the address is theirs. It is
	// false until addresses are verified by e-mail.
	EmailVerified bool
	// Version grows with every change of the account or of its memberships. It is the
	// etag, and the aggregate version of user.* events.
	Version int64
	// CreateTime is when the account was made.
	CreateTime time.Time
	// UpdateTime is when the version last grew.
	UpdateTime time.Time
}

// NewAccount returns an enabled account at its first version.
func NewAccount(id, email, displayName, phone string, role apiv1.Role, now time.Time) Account {
	return Account{
		ID:          id,
		Email:       fold.Email(email),
		DisplayName: displayName,
		Phone:       phone,
		Role:        role,
		Version:     1,
		CreateTime:  now,
		UpdateTime:  now,
	}
}

// SetRole gives the account a role. otherAdmins is how many other administrators are
// enabled. SetRole returns ErrLastAdmin when no administrator would be left.
func (a *Account) SetRole(role apiv1.Role, otherAdmins int64) error {
	if role == a.Role {
		return nil
	}
	if a.lastAdmin(otherAdmins) {
		return ErrLastAdmin
	}
	a.Role = role
	return nil
}

// Disable locks the account. otherAdmins is how many other administrators are enabled.
// Disable returns ErrLastAdmin when no administrator would be left.
func (a *Account) Disable(otherAdmins int64) error {
	if a.Disabled {
		return nil
	}
	if a.lastAdmin(otherAdmins) {
		return ErrLastAdmin
	}
	a.Disabled = true
	return nil
}

// Enable unlocks the account.
func (a *Account) Enable() { a.Disabled = false }

func (a *Account) lastAdmin(otherAdmins int64) bool {
	return a.Role == apiv1.Role_ROLE_ADMIN && !a.Disabled && otherAdmins == 0
}

// touch makes the next version of the account.
func (a *Account) touch(now time.Time) {
	a.Version++
	a.UpdateTime = now
}
