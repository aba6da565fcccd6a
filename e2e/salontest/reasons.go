package salontest

import (
	"net/http"

	"google.golang.org/grpc/codes"
)

// reasonCodes are the code that belongs to each reason, as the comments of the contract say.
var reasonCodes = map[string]codes.Code{
	// api
	"MALFORMED_REQUEST":      codes.InvalidArgument,
	"INVALID_FIELDS":         codes.InvalidArgument,
	"INVALID_PAGE_TOKEN":     codes.InvalidArgument,
	"UNAUTHENTICATED":        codes.Unauthenticated,
	"PERMISSION_DENIED":      codes.PermissionDenied,
	"NOT_FOUND":              codes.NotFound,
	"REQUEST_ID_REUSED":      codes.AlreadyExists,
	"REQUEST_IN_FLIGHT":      codes.Aborted,
	"ETAG_MISMATCH":          codes.Aborted,
	"RATE_LIMITED":           codes.ResourceExhausted,
	"MESSAGE_TOO_LARGE":      codes.ResourceExhausted,
	"DEADLINE_EXCEEDED":      codes.DeadlineExceeded,
	"UNAVAILABLE":            codes.Unavailable,
	"INTERNAL":               codes.Internal,
	"NO_SUCH_METHOD":         codes.Unimplemented,
	"CANCELLED":              codes.Canceled,
	"UNSUPPORTED_MEDIA_TYPE": codes.InvalidArgument,
	"CONTENTION":             codes.Aborted,
	// user
	"EMAIL_TAKEN":            codes.AlreadyExists,
	"BAD_CREDENTIALS":        codes.Unauthenticated,
	"LOGIN_THROTTLED":        codes.ResourceExhausted,
	"REFRESH_TOKEN_INVALID":  codes.Unauthenticated,
	"WEAK_PASSWORD":          codes.InvalidArgument,
	"LAST_ADMIN":             codes.FailedPrecondition,
	"MASTER_EXISTS":          codes.AlreadyExists,
	"MASTER_ELSEWHERE":       codes.FailedPrecondition,
	"ACCOUNT_DISABLED":       codes.FailedPrecondition,
	"CURRENT_PASSWORD_WRONG": codes.FailedPrecondition,
	"INVITATION_CLOSED":      codes.FailedPrecondition,
	// appointment
	"SLOT_UNAVAILABLE":           codes.AlreadyExists,
	"START_IN_PAST":              codes.FailedPrecondition,
	"NOT_OFFERED":                codes.FailedPrecondition,
	"ILLEGAL_STATE":              codes.FailedPrecondition,
	"ALREADY_STARTED":            codes.FailedPrecondition,
	"NOT_STARTED":                codes.FailedPrecondition,
	"SERVICE_NAME_TAKEN":         codes.AlreadyExists,
	"CUSTOMER_UNAVAILABLE":       codes.FailedPrecondition,
	"MASTER_UNAVAILABLE":         codes.FailedPrecondition,
	"CUSTOMER_BUSY":              codes.AlreadyExists,
	"TOO_MANY_OPEN_APPOINTMENTS": codes.FailedPrecondition,
	"SLUG_TAKEN":                 codes.AlreadyExists,
	"SALON_NOT_EMPTY":            codes.FailedPrecondition,
	"DEFAULT_SALON":              codes.FailedPrecondition,
	// rating
	"NOT_COMPLETED":      codes.FailedPrecondition,
	"ALREADY_RATED":      codes.AlreadyExists,
	"TOO_LATE_TO_RATE":   codes.FailedPrecondition,
	"TOO_LATE_TO_CHANGE": codes.FailedPrecondition,
	"OWN_WORK":           codes.FailedPrecondition,
}

// codeStatus is HTTP's status for a code, as docs/api.md says.
var codeStatus = map[codes.Code]int{
	codes.InvalidArgument:    http.StatusBadRequest,
	codes.FailedPrecondition: http.StatusBadRequest,
	codes.Unauthenticated:    http.StatusUnauthorized,
	codes.PermissionDenied:   http.StatusForbidden,
	codes.NotFound:           http.StatusNotFound,
	codes.AlreadyExists:      http.StatusConflict,
	codes.Aborted:            http.StatusConflict,
	codes.ResourceExhausted:  http.StatusTooManyRequests,
	codes.DeadlineExceeded:   http.StatusGatewayTimeout,
	codes.Unavailable:        http.StatusServiceUnavailable,
	codes.Internal:           http.StatusInternalServerError,
	codes.Canceled:           499,
}

// statusOK reports whether an HTTP status goes with a reason.
func statusOK(reason string, status int) bool {
	switch reason {
	case "ETAG_MISMATCH":
		return status == http.StatusPreconditionFailed
	case "MESSAGE_TOO_LARGE":
		return status == http.StatusRequestEntityTooLarge
	case "UNSUPPORTED_MEDIA_TYPE":
		return status == http.StatusUnsupportedMediaType
	case "NO_SUCH_METHOD":
		return status == http.StatusNotFound || status == http.StatusMethodNotAllowed
	}
	return status == codeStatus[reasonCodes[reason]]
}
