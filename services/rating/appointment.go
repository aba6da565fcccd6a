package rating

import (
	"slices"
	"time"
)

// RateWindow is how long after its completion an appointment can be rated, the last moment included.
const RateWindow = 90 * 24 * time.Hour

// Appointment is what this service keeps of an appointment.
type Appointment struct {
	// ID is the appointment's id.
	ID string
	// SalonID is the salon.
	SalonID string
	// CustomerID is whose appointment it is, as the salon knows them.
	CustomerID string
	// AccountID is the customer's account; empty for a customer without one.
	AccountID string
	// MasterIDs are the masters of the segments, in their order, each once.
	MasterIDs []string
	// State is the name of the appointment's state without its prefix, such as "COMPLETED".
	State string
	// EndTime is when the appointment ends; zero when that is not known.
	EndTime time.Time
	// CompleteTime is when the appointment was completed; zero when it was not.
	CompleteTime time.Time
	// Version is the version of the appointment that this is true of.
	Version int64
}

// Completed reports whether the appointment took place.
func (a Appointment) Completed() bool {
	return a.State == stateCompleted && !a.CompleteTime.IsZero()
}

// BelongsTo reports whether the account is the customer's.
func (a Appointment) BelongsTo(accountID string) bool {
	return a.AccountID != "" && a.AccountID == accountID
}

// Decides reports whether a, read from the projection, is enough to accept or to refuse a rating of masterID by the account.
// A customer can get an account, and an appointment can be completed, before the projection shows it. For appointments
// from before salons, the projection has the first master only.
func (a Appointment) Decides(accountID, masterID string) bool {
	if a.AccountID != "" && a.AccountID != accountID {
		return true
	}
	return a.AccountID != "" && a.Completed() && (masterID == "" || slices.Contains(a.MasterIDs, masterID))
}

// MasterToRate returns the master whom the account can rate now: masterID or, when that is empty, the only master. The
// error says why the account cannot rate.
func (a Appointment) MasterToRate(accountID, masterID string, now time.Time) (string, error) {
	if !a.BelongsTo(accountID) {
		return "", ErrAppointmentNotFound
	}
	switch {
	case masterID == "" && len(a.MasterIDs) != 1:
		return "", ErrSeveralMasters
	case masterID == "":
		masterID = a.MasterIDs[0]
	case !slices.Contains(a.MasterIDs, masterID):
		return "", ErrNotAMaster
	}
	switch {
	case masterID == accountID: // a master has the id of their account
		return "", ErrOwnWork
	case !a.Completed(), now.Before(a.EndTime): // it can be completed before it ends
		return "", ErrNotCompleted
	case now.After(a.CompleteTime.Add(RateWindow)):
		return "", ErrTooLateToRate
	}
	return masterID, nil
}
