// Package apierr holds the error that Salon's methods answer with. It has a
// public half, which is sent (code, reason, message, bad fields, when to come
// back), and a private half, the cause, which only the log sees.
package apierr

import (
	"errors"
	"slices"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
)

// Domain is the `domain` of google.rpc.ErrorInfo in every error of ours.
const Domain = "salon"

// reasonPrefix is what proto style demands of the enum's values and what the
// wire does without.
const reasonPrefix = "ERROR_REASON_"

// Reason is a value of one of the generated ErrorReason enums. Its name, without
// the prefix ERROR_REASON_, is the `reason` of google.rpc.ErrorInfo.
type Reason interface{ protoreflect.Enum }

// Error is an error with a public and a private half. It is immutable: the With
// methods copy, so package-level values may be shared. Such a value is an identity:
// errors.Is finds it in its copies and in nothing else.
type Error struct {
	origin     *Error // what this was copied from, nil for an original
	code       codes.Code
	reason     string
	message    string
	fields     []*errdetails.BadRequest_FieldViolation
	retryAfter time.Duration
	metadata   map[string]string // of ErrorInfo, as received from another service
	extra      []proto.Message   // other details, as received from another service
	cause      error
}

// New makes an error. The message is public: an English sentence that starts in
// lower case and has no full stop.
func New(code codes.Code, reason Reason, message string) *Error {
	return &Error{code: code, reason: reasonName(reason), message: message}
}

func reasonName(r Reason) string {
	v := r.Descriptor().Values().ByNumber(r.Number())
	if v == nil {
		return reasonName(apiv1.ErrorReason_ERROR_REASON_INTERNAL)
	}
	return strings.TrimPrefix(string(v.Name()), reasonPrefix)
}

// WithCause returns a copy whose private half is err. It is logged, never sent.
func (e *Error) WithCause(err error) *Error {
	c := e.copy()
	c.cause = err
	return c
}

// copy returns a copy that errors.Is takes for e.
func (e *Error) copy() *Error {
	c := *e
	c.origin = e.original()
	return &c
}

func (e *Error) original() *Error {
	if e.origin != nil {
		return e.origin
	}
	return e
}

// WithField returns a copy that also blames a field. The field is a path of proto
// names, such as "segments[0].master_id"; the description is public.
func (e *Error) WithField(field, description string) *Error {
	c := e.copy()
	c.fields = append(slices.Clip(e.fields), &errdetails.BadRequest_FieldViolation{
		Field:       field,
		Description: description,
	})
	return c
}

// WithRetryAfter returns a copy that says when trying again makes sense.
func (e *Error) WithRetryAfter(d time.Duration) *Error {
	c := e.copy()
	c.retryAfter = d
	return c
}

// Error describes both halves and is therefore for logs only.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.code.String() + " " + e.reason + ": " + e.message)
	for _, f := range e.fields {
		b.WriteString("; " + f.GetField() + " " + f.GetDescription())
	}
	if e.cause != nil {
		b.WriteString(": " + e.cause.Error())
	}
	return b.String()
}

// Unwrap returns the cause, so that errors.Is and errors.As see it.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether target is the value that e is, or was copied from with the
// With methods. Errors of the same code and reason are different errors; what another
// service sent is told apart by [ReasonOf].
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.original() == e.original()
}

// Cause returns the private half, nil when there is none.
func (e *Error) Cause() error { return e.cause }

// Code returns the gRPC code.
func (e *Error) Code() codes.Code { return e.code }

// ReasonName returns the reason as it is sent, such as "NOT_FOUND".
func (e *Error) ReasonName() string { return e.reason }

// Message returns the public sentence.
func (e *Error) Message() string { return e.message }

// RetryAfter returns when trying again makes sense, 0 when that is not known.
func (e *Error) RetryAfter() time.Duration { return e.retryAfter }

// Fields returns the fields that are to blame. The caller must not change them.
func (e *Error) Fields() []*errdetails.BadRequest_FieldViolation { return e.fields }

// GRPCStatus returns the public half as a status with ErrorInfo and, where there
// is something to say, BadRequest and RetryInfo. google.golang.org/grpc/status
// finds it by this name.
func (e *Error) GRPCStatus() *status.Status {
	details := []protoadapt.MessageV1{protoadapt.MessageV1Of(&errdetails.ErrorInfo{
		Reason: e.reason, Domain: Domain, Metadata: e.metadata,
	})}
	if len(e.fields) > 0 {
		details = append(details, protoadapt.MessageV1Of(&errdetails.BadRequest{FieldViolations: e.fields}))
	}
	if e.retryAfter > 0 {
		details = append(details, protoadapt.MessageV1Of(&errdetails.RetryInfo{RetryDelay: durationpb.New(e.retryAfter)}))
	}
	for _, m := range e.extra {
		details = append(details, protoadapt.MessageV1Of(m))
	}
	plain := status.New(e.code, e.message)
	full, err := plain.WithDetails(details...)
	if err != nil { // only for code OK, which no error has
		return plain
	}
	return full
}

// InvalidField is INVALID_ARGUMENT INVALID_FIELDS for one field. More are added
// with WithField.
func InvalidField(field, description string) *Error {
	return New(codes.InvalidArgument, apiv1.ErrorReason_ERROR_REASON_INVALID_FIELDS,
		"the request has invalid fields").WithField(field, description)
}

// NotFound is NOT_FOUND with the message "<what> not found". It also answers for
// things that exist but belong to somebody else.
func NotFound(what string) *Error {
	return New(codes.NotFound, apiv1.ErrorReason_ERROR_REASON_NOT_FOUND, what+" not found")
}

// ErrEtagMismatch is ABORTED ETAG_MISMATCH: the resource has changed since the
// caller read it.
var ErrEtagMismatch = New(codes.Aborted, apiv1.ErrorReason_ERROR_REASON_ETAG_MISMATCH,
	"the resource has changed since it was read")

// Internal is INTERNAL with a neutral text; the cause says what happened.
func Internal(cause error) *Error {
	return New(codes.Internal, apiv1.ErrorReason_ERROR_REASON_INTERNAL,
		"something went wrong on our side").WithCause(cause)
}

// ReasonOf returns the reason of any error that carries one, "" when it has none.
func ReasonOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.reason
	}
	if s, ok := status.FromError(err); ok {
		if e := fromDetails(s); e != nil {
			return e.reason
		}
	}
	return ""
}
