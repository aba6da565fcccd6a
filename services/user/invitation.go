package user

import (
	"time"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/fold"
)

// InvitationLifetime is how long an invitation is open. A closed or expired one is kept
// for as long again, so that a late answer gets INVITATION_CLOSED.
const InvitationLifetime = 14 * 24 * time.Hour

// Invitation asks the person with an e-mail address to become a member of a salon.
//
// Addresses are not verified yet. Until they are, an invitation belongs to whoever has
// the account with the address; [Account.EmailVerified] is where the check will be.
type Invitation struct {
	// ID is a UUIDv7.
	ID string
	// SalonID is the salon.
	SalonID string
	// Email is the address, as fold.Email returns it.
	Email string
	// Roles are what the member may do, as roleSet returns them; one at least.
	Roles []apiv1.SalonRole
	// Closed is whether the invitation was answered, withdrawn or replaced.
	Closed bool
	// CreateTime is when the invitation was made.
	CreateTime time.Time
	// ExpireTime is when the invitation stops being open.
	ExpireTime time.Time
}

// NewInvitation returns an open invitation.
func NewInvitation(id, salonID, email string, roles []apiv1.SalonRole, now time.Time) Invitation {
	return Invitation{
		ID:         id,
		SalonID:    salonID,
		Email:      fold.Email(email),
		Roles:      roleSet(roles...),
		CreateTime: now,
		ExpireTime: now.Add(InvitationLifetime),
	}
}

// Close closes the invitation. It returns ErrInvitationClosed for one that is not open.
func (i *Invitation) Close(now time.Time) error {
	if i.Closed || !now.Before(i.ExpireTime) {
		return ErrInvitationClosed
	}
	i.Closed = true
	return nil
}
