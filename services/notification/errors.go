package notification

import (
	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/apierr"
)

// ErrNotificationNotFound means that there is no such notification, or that it is in another inbox.
var ErrNotificationNotFound = apierr.NotFound("notification")

// errOwnerAway means that the user service does not say where a master works. The event is tried again until it does.
var errOwnerAway = apierr.New(codes.Unavailable, apiv1.ErrorReason_ERROR_REASON_UNAVAILABLE, "the user service does not answer")
