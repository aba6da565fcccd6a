package people

import (
	"time"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// Master is what this service knows of somebody who performs services.
type Master struct {
	// ID is the id of the master's account.
	ID string
	// SalonID is where the master works, or worked last.
	SalonID string
	// DisplayName is what customers see; empty until the master was read from the owner.
	DisplayName string
	// Deleted reports whether the profile was deleted, Disabled whether the account is disabled.
	Deleted, Disabled bool
	// ProfileTime is when the present profile was made, in UTC. It differs when a deleted profile was made again.
	// The Unix epoch stands for not known.
	ProfileTime time.Time
	// Version is the version that the owner gave this state; 0 means that the master has not been read
	// from the owner yet.
	Version int64
}

// as returns the master as the owner describes them. nil means that the owner does not know the master any
// more: what is known stays, but the profile counts as deleted.
func (m Master) as(found *userv1.LookupMasterResponse) Master {
	if found == nil {
		m.Deleted, m.Version = true, max(m.Version, 1)
		return m
	}
	return Master{
		ID: found.GetMasterId(), SalonID: found.GetSalonId(), DisplayName: found.GetDisplayName(),
		Deleted: found.GetDeleted(), Disabled: found.GetDisabled(), ProfileTime: found.GetProfileTime().AsTime(), Version: found.GetVersion(),
	}
}

// Bookable reports whether the master takes bookings.
func (m Master) Bookable() bool { return !m.Deleted && !m.Disabled }
