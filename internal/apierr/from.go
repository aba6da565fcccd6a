package apierr

import (
	"context"
	"errors"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
)

// From converts any error to an *Error, and nil to nil.
//
//   - An *Error is returned as it is. A wrapped one is copied, with err as its cause.
//   - A gRPC status with Salon's ErrorInfo keeps its code, message and details.
//   - The context errors become CANCELLED and DEADLINE_EXCEEDED.
//   - Another gRPC status keeps a code that the caller or an outage can have caused,
//     with a neutral message. The status becomes the cause.
//   - Every other error becomes Internal(err).
func From(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		if direct, ok := err.(*Error); ok { //nolint:errorlint // whether err is wrapped matters here
			return direct
		}
		return e.WithCause(err)
	}
	if s, ok := status.FromError(err); ok {
		if e := fromDetails(s); e != nil {
			return e
		}
		return fromCode(s).WithCause(err)
	}
	switch {
	case errors.Is(err, context.Canceled):
		return cancelled.WithCause(err)
	case errors.Is(err, context.DeadlineExceeded):
		return deadlineExceeded.WithCause(err)
	}
	return Internal(err)
}

// fromDetails rebuilds the error that another service of Salon sent. It returns nil for
// any other status.
func fromDetails(s *status.Status) *Error {
	e := &Error{code: s.Code(), message: s.Message()}
	ours := false
	for _, d := range s.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			if d.GetDomain() == Domain && !ours {
				ours = true
				e.reason, e.metadata = d.GetReason(), d.GetMetadata()
			}
		case *errdetails.BadRequest:
			e.fields = append(e.fields, d.GetFieldViolations()...)
		case *errdetails.RetryInfo:
			e.retryAfter = d.GetRetryDelay().AsDuration()
		case *errdetails.RequestInfo:
			e.requestID = d.GetRequestId()
		case proto.Message:
			e.extra = append(e.extra, d)
		}
	}
	if !ours {
		return nil
	}
	return e
}

var (
	cancelled = New(codes.Canceled, apiv1.ErrorReason_ERROR_REASON_CANCELLED,
		"the caller went away")
	deadlineExceeded = New(codes.DeadlineExceeded, apiv1.ErrorReason_ERROR_REASON_DEADLINE_EXCEEDED,
		"not finished in time; it may or may not have happened")
	tooLarge = New(codes.ResourceExhausted, apiv1.ErrorReason_ERROR_REASON_MESSAGE_TOO_LARGE,
		"the message is too large")
)

// foreign has the errors for statuses without Salon's details, by code. ALREADY_EXISTS and
// FAILED_PRECONDITION are missing: Salon's own errors of these codes always have a
// reason, so a status without one is a bug and becomes INTERNAL.
var foreign = map[codes.Code]*Error{
	codes.Canceled:         cancelled,
	codes.DeadlineExceeded: deadlineExceeded,
	codes.InvalidArgument: New(codes.InvalidArgument, apiv1.ErrorReason_ERROR_REASON_MALFORMED_REQUEST,
		"the request could not be read"),
	codes.OutOfRange: New(codes.InvalidArgument, apiv1.ErrorReason_ERROR_REASON_MALFORMED_REQUEST,
		"the request could not be read"),
	codes.NotFound: New(codes.NotFound, apiv1.ErrorReason_ERROR_REASON_NOT_FOUND,
		"not found"),
	codes.PermissionDenied: New(codes.PermissionDenied, apiv1.ErrorReason_ERROR_REASON_PERMISSION_DENIED,
		"not allowed"),
	codes.Unauthenticated: New(codes.Unauthenticated, apiv1.ErrorReason_ERROR_REASON_UNAUTHENTICATED,
		"sign in first"),
	codes.ResourceExhausted: New(codes.ResourceExhausted, apiv1.ErrorReason_ERROR_REASON_RATE_LIMITED,
		"too many requests"),
	codes.Aborted: New(codes.Aborted, apiv1.ErrorReason_ERROR_REASON_CONTENTION,
		"too much contention; try again"),
	codes.Unimplemented: New(codes.Unimplemented, apiv1.ErrorReason_ERROR_REASON_NO_SUCH_METHOD,
		"no such method"),
	codes.Unavailable: New(codes.Unavailable, apiv1.ErrorReason_ERROR_REASON_UNAVAILABLE,
		"a part of the system cannot be reached; try again"),
}

func fromCode(s *status.Status) *Error {
	// Only the text of grpc-go's status shows that a message was over the size limit
	// (rpc_util.go, recvAndDecompress).
	if s.Code() == codes.ResourceExhausted && strings.Contains(s.Message(), "larger than max") {
		return tooLarge
	}
	if e, ok := foreign[s.Code()]; ok {
		return e
	}
	return Internal(nil)
}
