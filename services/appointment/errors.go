package appointment

import (
	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
)

// What this service refuses. Handlers add the field that is to blame.
var (
	errSlotUnavailable = apierr.New(codes.AlreadyExists,
		appointmentv1.ErrorReason_ERROR_REASON_SLOT_UNAVAILABLE,
		"the master is taken during that time")
	errStartInPast = apierr.New(codes.FailedPrecondition,
		appointmentv1.ErrorReason_ERROR_REASON_START_IN_PAST,
		"the start lies in the past")
	errNotOffered = apierr.New(codes.FailedPrecondition,
		appointmentv1.ErrorReason_ERROR_REASON_NOT_OFFERED,
		"the master does not offer this service")
	errIllegalState = apierr.New(codes.FailedPrecondition,
		appointmentv1.ErrorReason_ERROR_REASON_ILLEGAL_STATE,
		"the appointment's state does not allow this")
	errAlreadyStarted = apierr.New(codes.FailedPrecondition,
		appointmentv1.ErrorReason_ERROR_REASON_ALREADY_STARTED,
		"the visit has begun and only the salon can change it now")
	errNotStarted = apierr.New(codes.FailedPrecondition,
		appointmentv1.ErrorReason_ERROR_REASON_NOT_STARTED,
		"the visit has not begun yet")
	errServiceNameTaken = apierr.New(codes.AlreadyExists,
		appointmentv1.ErrorReason_ERROR_REASON_SERVICE_NAME_TAKEN,
		"a service of this name exists").
		WithField("name", "must differ from the names of the other services")
	errCustomerUnavailable = apierr.New(codes.FailedPrecondition,
		appointmentv1.ErrorReason_ERROR_REASON_CUSTOMER_UNAVAILABLE,
		"the account that the visit is for does not exist or is disabled").
		WithField("customer_id", "must be an account that is enabled")
	errMasterUnavailable = apierr.New(codes.FailedPrecondition,
		appointmentv1.ErrorReason_ERROR_REASON_MASTER_UNAVAILABLE,
		"no such master takes bookings")

	// errOnlyStaff answers somebody of the salon's staff who is only the customer
	// of this visit.
	errOnlyStaff = apierr.New(codes.PermissionDenied, apiv1.ErrorReason_ERROR_REASON_PERMISSION_DENIED,
		"only a master of the visit or an administrator can do this")
	errForOthers = apierr.New(codes.PermissionDenied, apiv1.ErrorReason_ERROR_REASON_PERMISSION_DENIED,
		"only a master of the visit or an administrator can book for somebody else").
		WithField("customer_id", "must be absent or the caller's own")
)

// Errors of more than one resource.
var (
	errNoAppointment = apierr.NotFound("appointment")
	errNoService     = apierr.NotFound("service")
	errNoMaster      = apierr.NotFound("master")
	errNoOffering    = apierr.NotFound("offering")
)
