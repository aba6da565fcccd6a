package people

import (
	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
)

var (
	// ErrNotFound means that there is no such customer, or that the caller may not see them.
	ErrNotFound = apierr.NotFound("customer")
	// ErrMasterUnavailable means that the master is unknown, deleted or disabled. Callers add the field.
	ErrMasterUnavailable = apierr.New(codes.FailedPrecondition, appointmentv1.ErrorReason_ERROR_REASON_MASTER_UNAVAILABLE,
		"no such master takes bookings")
	// ErrCustomerUnavailable means that the customer does not exist, or that their account is disabled
	// or gone.
	ErrCustomerUnavailable = apierr.New(codes.FailedPrecondition, appointmentv1.ErrorReason_ERROR_REASON_CUSTOMER_UNAVAILABLE,
		"the customer does not exist, or their account is disabled").
		WithField("customer_id", "must be a customer of the salon whose account is not disabled")

	errNotStaff = apierr.New(codes.PermissionDenied, apiv1.ErrorReason_ERROR_REASON_PERMISSION_DENIED,
		"only staff of the salon or an administrator can do this")
)
