package resource

import (
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
)

var (
	errNoKind     = apierr.NotFound("resource kind")
	errNoResource = apierr.NotFound("resource")
	errNoClosure  = apierr.NotFound("resource closure")

	errKindNameTaken = apierr.New(codes.AlreadyExists, appointmentv1.ErrorReason_ERROR_REASON_NAME_TAKEN,
		"a kind of resources of this name exists in the salon").
		WithField("name", "must differ from the names of the salon's other kinds of resources")
	errNameTaken = apierr.New(codes.AlreadyExists, appointmentv1.ErrorReason_ERROR_REASON_NAME_TAKEN,
		"a resource of this name exists in the salon").
		WithField("name", "must differ from the names of the salon's other resources")
	errKindInUse = apierr.New(codes.FailedPrecondition, appointmentv1.ErrorReason_ERROR_REASON_RESOURCE_KIND_IN_USE,
		"the kind has resources, or a service or an offering needs it")
	errTooManyKinds = apierr.InvalidField("salon_id",
		fmt.Sprintf("must be a salon with fewer than %d kinds of resources", maxKinds))
	errOtherKind = apierr.InvalidField("resource_kind_id", "must be a kind of resources of the salon")

	// errValidated rolls back what was only to be validated.
	errValidated = errors.New("only validated")
)
