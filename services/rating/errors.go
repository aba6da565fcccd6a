package rating

import (
	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	"github.com/beauty-salon/platform/internal/apierr"
)

// The errors that callers see.
var (
	// ErrAppointmentNotFound means that there is no such appointment, or that it is somebody else's.
	ErrAppointmentNotFound = apierr.NotFound("appointment")
	// ErrRatingNotFound means that there is no such rating, or that it was deleted.
	ErrRatingNotFound = apierr.NotFound("rating")
	// ErrNotYours means that the caller can read the rating, as everybody can, and may not change it.
	ErrNotYours = apierr.New(codes.PermissionDenied, apiv1.ErrorReason_ERROR_REASON_PERMISSION_DENIED,
		"the rating was given by, or to, somebody else")
	// ErrSeveralMasters means that the request does not say which master of the appointment is rated.
	ErrSeveralMasters = apierr.InvalidField("master_id", "must be given, because the appointment has several masters")
	// ErrNotAMaster means that the master has no segment of the appointment.
	ErrNotAMaster = apierr.InvalidField("master_id", "must be a master of the appointment")
	// ErrNotCompleted means that the appointment has not been completed, or has not ended yet.
	ErrNotCompleted = apierr.New(codes.FailedPrecondition,
		ratingv1.ErrorReason_ERROR_REASON_NOT_COMPLETED, "only a completed appointment can be rated, once it has ended")
	// ErrOwnWork means that the customer is the master to rate.
	ErrOwnWork = apierr.New(codes.FailedPrecondition,
		ratingv1.ErrorReason_ERROR_REASON_OWN_WORK, "masters cannot rate their own work")
	// ErrAlreadyRated means that the master has a rating for the appointment, or had one that was deleted.
	ErrAlreadyRated = apierr.New(codes.AlreadyExists,
		ratingv1.ErrorReason_ERROR_REASON_ALREADY_RATED, "the master has been rated for this appointment")
	// ErrTooLateToRate means that RateWindow is over.
	ErrTooLateToRate = apierr.New(codes.FailedPrecondition,
		ratingv1.ErrorReason_ERROR_REASON_TOO_LATE_TO_RATE, "an appointment can be rated up to 90 days after it was completed")
	// ErrTooLateToChange means that ChangeWindow is over.
	ErrTooLateToChange = apierr.New(codes.FailedPrecondition,
		ratingv1.ErrorReason_ERROR_REASON_TOO_LATE_TO_CHANGE, "a rating can be changed up to 30 days after it was given")
)
