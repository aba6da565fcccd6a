package catalog

import (
	"google.golang.org/grpc/codes"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
)

var (
	// ErrNotOffered means that the master does not perform the service in the salon where the master
	// works, or that the service cannot be booked. Callers add the field.
	ErrNotOffered = apierr.New(codes.FailedPrecondition, appointmentv1.ErrorReason_ERROR_REASON_NOT_OFFERED,
		"the master does not offer this service")

	errNoService  = apierr.NotFound("service")
	errNoMaster   = apierr.NotFound("master")
	errNoOffering = apierr.NotFound("offering")
	errNameTaken  = apierr.New(codes.AlreadyExists, appointmentv1.ErrorReason_ERROR_REASON_SERVICE_NAME_TAKEN,
		"a service of this name exists in the salon").
		WithField("name", "must differ from the names of the salon's other services")
	errOtherSalon = apierr.InvalidField("service_id", "must be a service of the master's salon")
)
