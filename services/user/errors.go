package user

import (
	"google.golang.org/grpc/codes"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
)

// The errors of this service, as salon/user/v1/errors.proto defines them. They are
// shared values: the With methods of [apierr.Error] copy.
var (
	// ErrEmailTaken refuses a second account with one e-mail address.
	ErrEmailTaken = apierr.New(codes.AlreadyExists, userv1.ErrorReason_ERROR_REASON_EMAIL_TAKEN,
		"an account with this e-mail address exists").
		WithField("email", "is taken")

	// ErrBadCredentials answers every failed sign-in. It must not tell whether the
	// account is unknown or disabled, or its password another.
	ErrBadCredentials = apierr.New(codes.Unauthenticated, userv1.ErrorReason_ERROR_REASON_BAD_CREDENTIALS,
		"the e-mail address or the password is wrong")

	// ErrLoginThrottled answers after too many failed sign-ins; add when to come
	// back.
	ErrLoginThrottled = apierr.New(codes.ResourceExhausted, userv1.ErrorReason_ERROR_REASON_LOGIN_THROTTLED,
		"too many failed attempts for this account from this address")

	// ErrRefreshTokenInvalid answers for a refresh token that is unknown, expired
	// or used up.
	ErrRefreshTokenInvalid = apierr.New(codes.Unauthenticated, userv1.ErrorReason_ERROR_REASON_REFRESH_TOKEN_INVALID,
		"the refresh token is not valid any more; sign in again")

	// ErrWeakPassword refuses a password that is easily guessed; add the field.
	ErrWeakPassword = apierr.New(codes.InvalidArgument, userv1.ErrorReason_ERROR_REASON_WEAK_PASSWORD,
		"the password is easily guessed")

	// ErrLastAdmin protects the last enabled administrator.
	ErrLastAdmin = apierr.New(codes.FailedPrecondition, userv1.ErrorReason_ERROR_REASON_LAST_ADMIN,
		"the last enabled administrator cannot be disabled or lose the role")

	// ErrMasterExists refuses a second profile for one account.
	ErrMasterExists = apierr.New(codes.AlreadyExists, userv1.ErrorReason_ERROR_REASON_MASTER_EXISTS,
		"this account has a master's profile")

	// ErrNeedsProfile refuses the role MASTER without a profile.
	ErrNeedsProfile = apierr.New(codes.FailedPrecondition, userv1.ErrorReason_ERROR_REASON_MASTER_PROFILE_CONFLICT,
		"the role MASTER needs a master's profile; create it first")

	// ErrHasProfile refuses the role CUSTOMER to somebody with a profile.
	ErrHasProfile = apierr.New(codes.FailedPrecondition, userv1.ErrorReason_ERROR_REASON_MASTER_PROFILE_CONFLICT,
		"the account has a master's profile; delete it first")

	// ErrAccountDisabled refuses a profile for a locked account.
	ErrAccountDisabled = apierr.New(codes.FailedPrecondition, userv1.ErrorReason_ERROR_REASON_ACCOUNT_DISABLED,
		"the account is disabled")

	// ErrCurrentPasswordWrong refuses a change of password.
	ErrCurrentPasswordWrong = apierr.New(codes.FailedPrecondition, userv1.ErrorReason_ERROR_REASON_CURRENT_PASSWORD_WRONG,
		"the current password is wrong").
		WithField("current_password", "is wrong")

	errNoUser    = apierr.NotFound("user")
	errNoMaster  = apierr.NotFound("master")
	errNoSession = apierr.NotFound("session")
)
