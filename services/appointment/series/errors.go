package series

import (
	"google.golang.org/grpc/codes"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
)

var (
	errNoSeries = apierr.NotFound("appointment series")
	errConflict = apierr.New(codes.AlreadyExists, appointmentv1.ErrorReason_ERROR_REASON_SERIES_CONFLICT,
		"some dates of the series are not possible; nothing was changed")
	errRefused = apierr.New(codes.FailedPrecondition, appointmentv1.ErrorReason_ERROR_REASON_SERIES_REFUSED,
		"some appointments of the series cannot be changed; nothing was changed")
)
