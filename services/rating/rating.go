package rating

import "time"

const (
	// ChangeWindow is how long after it was given a rating can be changed, the last moment included.
	ChangeWindow = 30 * 24 * time.Hour
	// MinStars is the worst rating.
	MinStars = 1
	// MaxStars is the best rating.
	MaxStars = 5
)

// Rating is what a customer says of a master after an appointment.
type Rating struct {
	// ID is a UUIDv7.
	ID string
	// SalonID is the salon of the appointment.
	SalonID string
	// MasterID is who is rated.
	MasterID string
	// AppointmentID is the appointment after which the rating was given.
	AppointmentID string
	// CustomerID is who rates, as the salon knows them.
	CustomerID string
	// AccountID is the account of who rates.
	AccountID string
	// Stars is MinStars to MaxStars.
	Stars int
	// Comment is what the customer wrote, or empty.
	Comment string
	// Reply is what the master answered, or empty.
	Reply string
	// ReplyTime is when the master answered; zero without a reply.
	ReplyTime time.Time
	// CreateTime is when the rating was given.
	CreateTime time.Time
	// UpdateTime is when the rating or its reply last changed.
	UpdateTime time.Time
	// DeleteTime is when the rating was deleted; zero while it was not. The row of a deleted rating stays, without its
	// texts, so that the master cannot be rated again for the appointment.
	DeleteTime time.Time
	// Version counts the rating's changes, from 1.
	Version int64
}

// NewRating returns a rating of the master by the customer of the appointment. The master comes from
// [Appointment.MasterToRate].
func NewRating(id string, a Appointment, masterID string, stars int, comment string, now time.Time) Rating {
	return Rating{
		ID: id, SalonID: a.SalonID, MasterID: masterID, AppointmentID: a.ID, CustomerID: a.CustomerID, AccountID: a.AccountID,
		Stars: stars, Comment: comment, CreateTime: now, UpdateTime: now, Version: 1,
	}
}

// Change sets the stars and the comment, nil to leave one as it is, and reports whether the rating changed. It returns
// ErrTooLateToChange after ChangeWindow.
func (r *Rating) Change(stars *int, comment *string, now time.Time) (bool, error) {
	if now.After(r.CreateTime.Add(ChangeWindow)) {
		return false, ErrTooLateToChange
	}
	changed := false
	if stars != nil && *stars != r.Stars {
		r.Stars, changed = *stars, true
	}
	if comment != nil && *comment != r.Comment {
		r.Comment, changed = *comment, true
	}
	if changed {
		r.touch(now)
	}
	return changed, nil
}

// Answer sets the master's reply, empty to remove it, and reports whether the rating changed.
func (r *Rating) Answer(reply string, now time.Time) bool {
	if reply == r.Reply {
		return false
	}
	r.Reply, r.ReplyTime = reply, now
	if reply == "" {
		r.ReplyTime = time.Time{}
	}
	r.touch(now)
	return true
}

// Delete removes the texts and sets DeleteTime.
func (r *Rating) Delete(now time.Time) {
	r.Comment, r.Reply, r.ReplyTime = "", "", time.Time{}
	r.DeleteTime = now
	r.touch(now)
}

func (r *Rating) touch(now time.Time) {
	r.UpdateTime = now
	r.Version++
}
