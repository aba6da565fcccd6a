package user

import (
	"time"

	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
)

// The errors of this service, as salon/user/v1/errors.proto defines them. They are
// shared values: the With methods of [apierr.Error] copy.
var (
	// ErrEmailTaken refuses a second account with the same e-mail address.
	ErrEmailTaken = apierr.New(codes.AlreadyExists, userv1.ErrorReason_ERROR_REASON_EMAIL_TAKEN,
		"an account with this e-mail address exists").
		WithField("email", "is taken")

	// ErrBadCredentials answers every failed sign-in. The answer is the same for an
	// unknown account, a disabled account and a wrong password.
	ErrBadCredentials = apierr.New(codes.Unauthenticated, userv1.ErrorReason_ERROR_REASON_BAD_CREDENTIALS,
		"the e-mail address or the password is wrong")

	// ErrLoginThrottled answers after too many failed sign-ins. The answer does not say
	// which ceiling was reached. Callers add the time to wait.
	ErrLoginThrottled = apierr.New(codes.ResourceExhausted, userv1.ErrorReason_ERROR_REASON_LOGIN_THROTTLED,
		"too many failed attempts for this account or from this address; try again later")

	// ErrRefreshTokenInvalid refuses a refresh token that is unknown, expired or used
	// up.
	ErrRefreshTokenInvalid = apierr.New(codes.Unauthenticated, userv1.ErrorReason_ERROR_REASON_REFRESH_TOKEN_INVALID,
		"the refresh token is not valid any more; sign in again")

	// ErrWeakPassword refuses a password that is easily guessed. Callers add the field.
	ErrWeakPassword = apierr.New(codes.InvalidArgument, userv1.ErrorReason_ERROR_REASON_WEAK_PASSWORD,
		"the password is easily guessed")

	// ErrLastAdmin protects the last enabled administrator.
	ErrLastAdmin = apierr.New(codes.FailedPrecondition, userv1.ErrorReason_ERROR_REASON_LAST_ADMIN,
		"the last enabled administrator cannot be disabled or lose the role")

	// ErrMasterExists refuses a second profile for an account.
	ErrMasterExists = apierr.New(codes.AlreadyExists, userv1.ErrorReason_ERROR_REASON_MASTER_EXISTS,
		"this account has a master's profile")

	// ErrMasterElsewhere refuses the role MASTER to a master of another salon.
	ErrMasterElsewhere = apierr.New(codes.FailedPrecondition, userv1.ErrorReason_ERROR_REASON_MASTER_ELSEWHERE,
		"the account is a master in another salon")

	// ErrAccountDisabled refuses a profile for a disabled account.
	ErrAccountDisabled = apierr.New(codes.FailedPrecondition, userv1.ErrorReason_ERROR_REASON_ACCOUNT_DISABLED,
		"the account is disabled")

	// ErrCurrentPasswordWrong refuses a change of password.
	ErrCurrentPasswordWrong = apierr.New(codes.FailedPrecondition, userv1.ErrorReason_ERROR_REASON_CURRENT_PASSWORD_WRONG,
		"the current password is wrong").
		WithField("current_password", "is wrong")

	// ErrInvitationClosed refuses an answer to an invitation that is not open.
	ErrInvitationClosed = apierr.New(codes.FailedPrecondition, userv1.ErrorReason_ERROR_REASON_INVITATION_CLOSED,
		"the invitation has expired, was withdrawn or was answered before")

	// ErrStillMember refuses to erase an account that works in a salon: its master's
	// appointments and its duties have to be handed over first.
	ErrStillMember = apierr.New(codes.FailedPrecondition, userv1.ErrorReason_ERROR_REASON_STILL_MEMBER,
		"the account still works in a salon; end its memberships first (DELETE /v1/salons/{salon_id}/members/{user_id})")

	// errNotManager refuses a change to callers who may see what they cannot change.
	errNotManager = apierr.New(codes.PermissionDenied, apiv1.ErrorReason_ERROR_REASON_PERMISSION_DENIED,
		"only managers of the salon and administrators may do this")

	// errRemovalIncomplete answers when a removal is committed and bookings that rely
	// on the older state are still possible. See removal.go.
	errRemovalIncomplete = apierr.New(codes.Unavailable, apiv1.ErrorReason_ERROR_REASON_UNAVAILABLE,
		"the change is stored, but new bookings cannot be excluded yet; repeat the call").
		WithRetryAfter(time.Second)

	errNoUser       = apierr.NotFound("user")
	errNoMaster     = apierr.NotFound("master")
	errNoSession    = apierr.NotFound("session")
	errNoSalon      = apierr.NotFound("salon")
	errNoMember     = apierr.NotFound("member")
	errNoInvitation = apierr.NotFound("invitation")
	errNoErasure    = apierr.NotFound("erasure")
)
