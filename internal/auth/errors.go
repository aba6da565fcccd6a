package auth

import (
	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/apierr"
)

// errToken is the answer to every invalid access token. Only the log has the check that failed.
var errToken = apierr.New(codes.Unauthenticated, apiv1.ErrorReason_ERROR_REASON_UNAUTHENTICATED,
	"the access token is not valid")

// errTokenExpired is the answer to an access token that was valid.
var errTokenExpired = apierr.New(codes.Unauthenticated, apiv1.ErrorReason_ERROR_REASON_UNAUTHENTICATED,
	"the access token has expired: refresh it, or sign in again")

// errSession is the answer when the token is valid and its session has ended.
var errSession = apierr.New(codes.Unauthenticated, apiv1.ErrorReason_ERROR_REASON_UNAUTHENTICATED,
	"the session has ended")

// errSessions is the answer while the source of sessions refuses this process.
var errSessions = apierr.New(codes.Unavailable, apiv1.ErrorReason_ERROR_REASON_UNAVAILABLE,
	"sessions cannot be checked at the moment")

// errBusy is the answer when the queue of passwords to hash is full.
var errBusy = apierr.New(codes.ResourceExhausted, apiv1.ErrorReason_ERROR_REASON_RATE_LIMITED,
	"too many sign-ins at the moment")
