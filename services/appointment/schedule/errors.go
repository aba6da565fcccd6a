package schedule

import (
	"errors"

	"google.golang.org/grpc/codes"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
)

var (
	errNoMaster   = apierr.NotFound("master")
	errNoClosure  = apierr.NotFound("closure")
	errNoOverride = apierr.NotFound("override")
	errNoTimeOff  = apierr.NotFound("time off")
	// errDatesTaken means that one of the dates has a closure, or an override of the master, already.
	errDatesTaken = apierr.New(codes.AlreadyExists, appointmentv1.ErrorReason_ERROR_REASON_DATES_TAKEN,
		"one of the dates has hours of its own already").
		WithField("start_date", "must begin a range of dates without hours of their own")
	// errValidateOnly rolls back what only had to be tried. It never leaves the package.
	errValidateOnly = errors.New("only validated")
)
