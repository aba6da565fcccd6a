package waitlist

import (
	"time"

	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
)

var (
	errNoEntry = apierr.NotFound("waitlist entry")
	errTooMany = apierr.New(codes.ResourceExhausted, appointmentv1.ErrorReason_ERROR_REASON_TOO_MANY_WAITLIST_ENTRIES,
		"a customer can have 10 entries in the waitlist of a salon; leave one first").WithRetryAfter(time.Minute)
	errLineFull = apierr.New(codes.ResourceExhausted, appointmentv1.ErrorReason_ERROR_REASON_TOO_MANY_WAITLIST_ENTRIES,
		"1000 entries wait in the salon, which is as many as can; try again later").WithRetryAfter(time.Minute)
	errState = apierr.New(codes.FailedPrecondition, appointmentv1.ErrorReason_ERROR_REASON_ILLEGAL_STATE,
		"the entry's state does not allow this")
	errMove = apierr.New(codes.PermissionDenied, apiv1.ErrorReason_ERROR_REASON_PERMISSION_DENIED,
		"only the front desk of the salon changes the line")
)
