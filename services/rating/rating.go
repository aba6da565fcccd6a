package rating

import (
	"time"

	"google.golang.org/grpc/codes"

	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	"github.com/beauty-salon/platform/internal/apierr"
)

const (
	// RateWindow is how long after its completion a visit can be rated; the last moment counts.
	RateWindow = 90 * 24 * time.Hour
	// ChangeWindow is how long after it was given a rating can be changed; the last moment counts.
	ChangeWindow = 30 * 24 * time.Hour
	// MinStars is the worst rating.
	MinStars = 1
	// MaxStars is the best rating.
	MaxStars = 5
)

// The rules that a caller can break. They are answered as they stand.
var (
	// ErrVisitNotFound means that there is no such visit, or that it is somebody else's.
	ErrVisitNotFound = apierr.NotFound("visit")
	// ErrRatingNotFound means that there is no such rating, that it was deleted, or that the caller may not change it.
	ErrRatingNotFound = apierr.NotFound("rating")
	// ErrVisitNotCompleted means that the visit has not taken place, or not yet.
	ErrVisitNotCompleted = apierr.New(codes.FailedPrecondition,
		ratingv1.ErrorReason_ERROR_REASON_VISIT_NOT_COMPLETED, "only a completed visit can be rated")
	// ErrOwnWork means that the master of the visit was its customer too.
	ErrOwnWork = apierr.New(codes.FailedPrecondition,
		ratingv1.ErrorReason_ERROR_REASON_OWN_WORK, "masters cannot rate their own work")
	// ErrAlreadyRated means that the visit has a rating, or had one that was deleted.
	ErrAlreadyRated = apierr.New(codes.AlreadyExists,
		ratingv1.ErrorReason_ERROR_REASON_ALREADY_RATED, "the visit has been rated")
	// ErrTooLateToRate means that RateWindow is over.
	ErrTooLateToRate = apierr.New(codes.FailedPrecondition,
		ratingv1.ErrorReason_ERROR_REASON_TOO_LATE_TO_RATE, "a visit can be rated up to 90 days after it")
	// ErrTooLateToChange means that ChangeWindow is over.
	ErrTooLateToChange = apierr.New(codes.FailedPrecondition,
		ratingv1.ErrorReason_ERROR_REASON_TOO_LATE_TO_CHANGE, "a rating can be changed up to 30 days after it was given")
)

// Visit is what ratings know of an appointment.
type Visit struct {
	// AppointmentID names the visit.
	AppointmentID string
	// CustomerID is whose visit it is.
	CustomerID string
	// MasterID is who is rated: the master of the visit's first segment.
	MasterID string
	// State is the name of the appointment's state without its prefix, such as "COMPLETED".
	State string
	// CompleteTime is when the visit was completed; zero when it was not.
	CompleteTime time.Time
	// Version is the version of the appointment that this is true of.
	Version int64
}

// Completed tells whether the visit took place.
func (v Visit) Completed() bool {
	return v.State == stateCompleted && !v.CompleteTime.IsZero()
}

// MayRate tells why the user may not rate the visit now; nil when they may, as far as the visit is concerned.
func (v Visit) MayRate(userID string, now time.Time) error {
	switch {
	case v.CustomerID != userID:
		return ErrVisitNotFound
	case v.MasterID == userID:
		return ErrOwnWork
	case !v.Completed():
		return ErrVisitNotCompleted
	case now.After(v.CompleteTime.Add(RateWindow)):
		return ErrTooLateToRate
	default:
		return nil
	}
}

// Rating is what a customer says of a visit.
type Rating struct {
	// ID is a UUIDv7.
	ID string
	// MasterID is who is rated.
	MasterID string
	// AppointmentID is the visit that is rated.
	AppointmentID string
	// CustomerID is who rates.
	CustomerID string
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
	// DeleteTime is when the rating was deleted; zero while it was not. A deleted rating stays without its words, so
	// that the visit cannot be rated again.
	DeleteTime time.Time
	// Version counts the rating's changes, from 1.
	Version int64
}

// NewRating rates a visit. The caller has asked MayRate.
func NewRating(id string, v Visit, stars int, comment string, now time.Time) Rating {
	return Rating{
		ID: id, MasterID: v.MasterID, AppointmentID: v.AppointmentID, CustomerID: v.CustomerID,
		Stars: stars, Comment: comment, CreateTime: now, UpdateTime: now, Version: 1,
	}
}

// Change writes the customer's stars and comment, nil to leave one as it is, and tells whether that made a difference.
// It returns ErrTooLateToChange after ChangeWindow.
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

// Answer writes the master's reply, empty to remove it, and tells whether that made a difference.
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

// Delete turns the rating into its tombstone: the words are forgotten, the fact that the visit was rated is not.
func (r *Rating) Delete(now time.Time) {
	r.Comment, r.Reply, r.ReplyTime = "", "", time.Time{}
	r.DeleteTime = now
	r.touch(now)
}

func (r *Rating) touch(now time.Time) {
	r.UpdateTime = now
	r.Version++
}
