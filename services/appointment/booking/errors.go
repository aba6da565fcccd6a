package booking

import (
	"fmt"
	"time"

	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/services/appointment/catalog"
)

// The errors of appointments. Handlers add the field.
var (
	errSlotUnavailable = apierr.New(codes.AlreadyExists,
		appointmentv1.ErrorReason_ERROR_REASON_SLOT_UNAVAILABLE,
		"a master or a resource is taken during that time").
		WithField("start_time", "must be a time at which the masters and the resources are free")
	errCustomerBusy = apierr.New(codes.AlreadyExists,
		appointmentv1.ErrorReason_ERROR_REASON_CUSTOMER_BUSY,
		"the customer has another appointment during that time").
		WithField("start_time", "must be a time at which the customer is free, unless allow_customer_overlap is set")
	errTooManyOpen = apierr.New(codes.FailedPrecondition,
		appointmentv1.ErrorReason_ERROR_REASON_TOO_MANY_OPEN_APPOINTMENTS,
		"the customer has as many open appointments as the salon permits")
	errFullDay = apierr.New(codes.FailedPrecondition,
		appointmentv1.ErrorReason_ERROR_REASON_NOT_BOOKABLE,
		"the customer or a master has as many appointments on that date as the salon permits").
		WithField("start_time", "must be on a date on which the salon permits another appointment")
	errNotBookable = apierr.New(codes.FailedPrecondition,
		appointmentv1.ErrorReason_ERROR_REASON_NOT_BOOKABLE,
		"a rule of the salon refuses the start")
	errOverride = apierr.New(codes.PermissionDenied, apiv1.ErrorReason_ERROR_REASON_PERMISSION_DENIED,
		"only staff of the salon can override its rules, masters where all segments are theirs").
		WithField("override", "must be absent")
	errOverbook = apierr.New(codes.PermissionDenied, apiv1.ErrorReason_ERROR_REASON_PERMISSION_DENIED,
		"only staff of the salon can overbook, masters where all segments are theirs").
		WithField("overbook", "must be absent")
	errStartInPast = apierr.New(codes.FailedPrecondition,
		appointmentv1.ErrorReason_ERROR_REASON_START_IN_PAST,
		"the start lies in the past")
	errIllegalState = apierr.New(codes.FailedPrecondition,
		appointmentv1.ErrorReason_ERROR_REASON_ILLEGAL_STATE,
		"the appointment's state does not allow this")
	errAlreadyStarted = apierr.New(codes.FailedPrecondition,
		appointmentv1.ErrorReason_ERROR_REASON_ALREADY_STARTED,
		"the appointment has begun and only the salon can change it now")
	errTooLate = apierr.New(codes.FailedPrecondition,
		appointmentv1.ErrorReason_ERROR_REASON_TOO_LATE,
		"only the salon can change the appointment now")
	errNotStarted = apierr.New(codes.FailedPrecondition,
		appointmentv1.ErrorReason_ERROR_REASON_NOT_STARTED,
		"the appointment has not begun yet")
	// Of requests that have lapsed. The call has no field to blame.
	errLapsedTaken = apierr.New(codes.AlreadyExists,
		appointmentv1.ErrorReason_ERROR_REASON_SLOT_UNAVAILABLE,
		"the time of the request, which has lapsed, is not free any more")
	errLapsedBusy = apierr.New(codes.AlreadyExists,
		appointmentv1.ErrorReason_ERROR_REASON_CUSTOMER_BUSY,
		"the customer has another appointment at the time of the request, which has lapsed")
	errNoAppointment = apierr.NotFound("appointment")

	errNoSession = apierr.NotFound("group session")
	errGroupFull = apierr.New(codes.AlreadyExists, appointmentv1.ErrorReason_ERROR_REASON_GROUP_FULL,
		"all places of the group session are taken").
		WithField("start_time", "must be that of a group session with places left")
	errInSession = apierr.New(codes.AlreadyExists, appointmentv1.ErrorReason_ERROR_REASON_CUSTOMER_BUSY,
		"the customer has a place in the group session already").
		WithField("customer_id", "must be a customer without a place in it")
	errPlaceEnds = apierr.New(codes.FailedPrecondition, appointmentv1.ErrorReason_ERROR_REASON_ILLEGAL_STATE,
		"a place in a group session ends with the session").
		WithField("appointment_id", "must be an appointment that is no place in a group session")
	errNotInGroups = catalog.ErrNotOffered.WithField("service_id", "must be a service whose capacity is more than one")
	errPlacesTaken = apierr.New(codes.FailedPrecondition, appointmentv1.ErrorReason_ERROR_REASON_GROUP_PLACES_TAKEN,
		"more places of the group session are taken than it would have")
	errSessionState = apierr.New(codes.FailedPrecondition, appointmentv1.ErrorReason_ERROR_REASON_ILLEGAL_STATE,
		"the group session's state does not allow this")
	errMastersSession = apierr.New(codes.PermissionDenied, apiv1.ErrorReason_ERROR_REASON_PERMISSION_DENIED,
		"the front desk changes every group session of the salon, masters their own")

	errNoHold    = apierr.NotFound("hold")
	errHoldState = apierr.New(codes.FailedPrecondition, appointmentv1.ErrorReason_ERROR_REASON_ILLEGAL_STATE,
		"the hold's state does not allow this")
	errHoldExpired = apierr.New(codes.FailedPrecondition, appointmentv1.ErrorReason_ERROR_REASON_HOLD_EXPIRED,
		"the hold has expired; search again").
		WithField("hold_id", "must be a hold that has not expired")
	errTooManyHolds = apierr.New(codes.ResourceExhausted, appointmentv1.ErrorReason_ERROR_REASON_TOO_MANY_HOLDS,
		"there are as many holds at once as the salon permits; release one, book it, or wait until it expires").WithRetryAfter(time.Minute)
	errNoProof = apierr.New(codes.PermissionDenied, apiv1.ErrorReason_ERROR_REASON_PERMISSION_DENIED,
		"only whoever made the hold can do this")
	// Of a hold whose resource was removed. The call has no start to blame.
	errHeldTaken = apierr.New(codes.AlreadyExists, appointmentv1.ErrorReason_ERROR_REASON_SLOT_UNAVAILABLE,
		"a resource that the hold keeps was removed or is closed, and there is no other").
		WithField("hold_id", "must be a hold whose resources are there")

	// errOnlyStaff is for callers who work in a salon and are only the customer of this appointment.
	errOnlyStaff = apierr.New(codes.PermissionDenied, apiv1.ErrorReason_ERROR_REASON_PERMISSION_DENIED,
		"only staff of the salon can do this")
	errWaive = apierr.New(codes.PermissionDenied, apiv1.ErrorReason_ERROR_REASON_PERMISSION_DENIED,
		"only staff of the salon can waive a fee").
		WithField("waive_fee", "must be absent")
	errForOthers = apierr.New(codes.PermissionDenied, apiv1.ErrorReason_ERROR_REASON_PERMISSION_DENIED,
		"only staff of the salon can book for somebody else, masters where all segments are theirs").
		WithField("customer_id", "must be absent or the caller's own")

	errMastersOwn = apierr.New(codes.PermissionDenied, apiv1.ErrorReason_ERROR_REASON_PERMISSION_DENIED,
		"masters book walk-ins where all segments are theirs").
		WithField("segments", "must all name the caller as the master")

	errNothingToday = apierr.New(codes.AlreadyExists,
		appointmentv1.ErrorReason_ERROR_REASON_SLOT_UNAVAILABLE,
		"nothing is free any more today for all of these services").
		WithField("segments", "must be services and masters for which there is time today")

	// Of adjustments. The details have what is in the way.
	errAdjustTaken = apierr.New(codes.AlreadyExists,
		appointmentv1.ErrorReason_ERROR_REASON_SLOT_UNAVAILABLE,
		"the time until that end is not free").
		WithField("end_time", "must be an earlier one, or what follows must be moved")
	errMoveTaken = apierr.New(codes.AlreadyExists,
		appointmentv1.ErrorReason_ERROR_REASON_SLOT_UNAVAILABLE,
		"what follows cannot make room for that end").
		WithField("end_time", "must be an earlier one")
	errAdjustFixed = apierr.New(codes.AlreadyExists,
		appointmentv1.ErrorReason_ERROR_REASON_SLOT_UNAVAILABLE,
		"a group session or a hold is in the way, which does not move").
		WithField("end_time", "must be an earlier one")
	errAdjustRule = apierr.New(codes.FailedPrecondition,
		appointmentv1.ErrorReason_ERROR_REASON_NOT_BOOKABLE,
		"a rule of the salon refuses the end")
	errMoveRule = apierr.New(codes.FailedPrecondition,
		appointmentv1.ErrorReason_ERROR_REASON_NOT_BOOKABLE,
		"a rule of the salon refuses to move what follows so far").
		WithField("move_following", "must be absent, unless an override is present")
	errMoveOthers = apierr.New(codes.PermissionDenied, apiv1.ErrorReason_ERROR_REASON_PERMISSION_DENIED,
		"appointments of other masters would have to move, which the front desk can do").
		WithField("move_following", "must be absent")

	errQueueFull = apierr.New(codes.ResourceExhausted, apiv1.ErrorReason_ERROR_REASON_RATE_LIMITED,
		"too many bookings at once").WithRetryAfter(time.Second)
	errUnknown = apierr.New(codes.Unavailable, apiv1.ErrorReason_ERROR_REASON_UNAVAILABLE,
		"the database was lost while it booked the appointment; repeat the call with its request_id to learn what came of it").
		WithRetryAfter(time.Second)
)

// segmentField is the path of a field of a requested segment.
func segmentField(i int, field string) string { return fmt.Sprintf("segments[%d].%s", i, field) }
