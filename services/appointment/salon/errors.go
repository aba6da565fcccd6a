package salon

import (
	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
)

var (
	// ErrNotFound means that there is no such salon, or that it was deleted.
	ErrNotFound = apierr.NotFound("salon")
	// ErrNotManager means that the caller may read something of a salon, but does not manage the salon.
	ErrNotManager = apierr.New(codes.PermissionDenied, apiv1.ErrorReason_ERROR_REASON_PERMISSION_DENIED,
		"only a manager of the salon or an administrator can do this")
	// ErrSlugTaken means that another salon has the slug.
	ErrSlugTaken = apierr.New(codes.AlreadyExists, appointmentv1.ErrorReason_ERROR_REASON_SLUG_TAKEN,
		"a salon with this slug exists").WithField("slug", "must differ from the slugs of the other salons")
	// ErrNotEmpty means that a salon with services, masters, customers or appointments cannot be deleted.
	ErrNotEmpty = apierr.New(codes.FailedPrecondition, appointmentv1.ErrorReason_ERROR_REASON_SALON_NOT_EMPTY,
		"the salon has services, masters, customers or appointments")
	// ErrDefault means that the default salon cannot be deleted.
	ErrDefault = apierr.New(codes.FailedPrecondition, appointmentv1.ErrorReason_ERROR_REASON_DEFAULT_SALON,
		"the default salon cannot be deleted; make another one the default first")
)
