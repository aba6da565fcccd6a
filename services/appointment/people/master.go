package people

import "time"

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

// Bookable reports whether the master takes bookings.
func (m Master) Bookable() bool { return !m.Deleted && !m.Disabled }
