// Package apierr has the error type of Salon's methods. An error has a public half,
// which is sent to the client (code, reason, message, invalid fields, delay before a
// retry), and a private half, the cause, which is only logged.
package apierr

import (
	"errors"
	"slices"
	"strconv"
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

// Domain is the `domain` of google.rpc.ErrorInfo in every error of Salon.
const Domain = "salon"

// ReasonPrefix is the prefix of the enum's values in the contract. It is not sent.
const ReasonPrefix = "ERROR_REASON_"

// Reason is a value of one of the generated ErrorReason enums. Its name, without
// the prefix ERROR_REASON_, is the `reason` of google.rpc.ErrorInfo.
type Reason interface{ protoreflect.Enum }

// maxFields bounds the invalid fields that an error names: details are sent in the trailers of a call, and clients
// accept as little as 8 KiB of trailers.
const maxFields = 16

// defaultRetryAfter is the delay of UNAVAILABLE and DEADLINE_EXCEEDED, which pass by themselves.
const defaultRetryAfter = time.Second

// Error is an error with a public and a private half. It is immutable: the With
// methods return copies, so package-level values may be shared. Each value of New is
// an identity: errors.Is matches it with its copies and with no other error.
type Error struct {
	origin     *Error // the value of New that this is a copy of, nil for the value itself
	code       codes.Code
	reason     string
	message    string
	fields     []*errdetails.BadRequest_FieldViolation // at most maxFields
	unnamed    int                                     // invalid fields beyond maxFields
	retryAfter time.Duration
	requestID  string
	metadata   map[string]string // of ErrorInfo, as received from another service
	extra      []proto.Message   // other details
	cause      error
}

// New returns a new error. The message is public: an English sentence that starts in
// lower case and has no full stop. An unknown reason becomes INTERNAL.
func New(code codes.Code, reason Reason, message string) *Error {
	return &Error{code: code, reason: reasonName(reason), message: message}
}

func reasonName(r Reason) string {
	v := r.Descriptor().Values().ByNumber(r.Number())
	if v == nil {
		return reasonName(apiv1.ErrorReason_ERROR_REASON_INTERNAL)
	}
	return strings.TrimPrefix(string(v.Name()), ReasonPrefix)
}

// WithCause returns a copy whose private half is err. It is logged, never sent.
func (e *Error) WithCause(err error) *Error {
	c := e.copy()
	c.cause = err
	return c
}

// copy returns a copy that errors.Is matches with e.
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

// WithField returns a copy with one more invalid field. The field is a path of proto
// names, such as "segments[0].master_id"; the description is public. An error names
// at most 16 fields, and says how many more there are.
func (e *Error) WithField(field, description string) *Error {
	c := e.copy()
	if len(e.fields) >= maxFields {
		c.unnamed++
		return c
	}
	c.fields = append(slices.Clip(e.fields), &errdetails.BadRequest_FieldViolation{
		Field:       field,
		Description: description,
	})
	return c
}

// WithFieldsRenamed returns a copy whose invalid fields have the paths that rename makes of theirs.
func (e *Error) WithFieldsRenamed(rename func(field string) string) *Error {
	return e.withFields(func(field, description string) (string, string) { return rename(field), description })
}

// WithFieldsAs returns a copy in which what is said of some fields is said of another one, from which they come: "must be in the future" of
// start_time becomes "start_time must be in the future" of quote.
func (e *Error) WithFieldsAs(from string, of func(field string) bool) *Error {
	return e.withFields(func(field, description string) (string, string) {
		if of(field) {
			return from, field + " " + description
		}
		return field, description
	})
}

func (e *Error) withFields(change func(field, description string) (string, string)) *Error {
	c := e.copy()
	c.fields = make([]*errdetails.BadRequest_FieldViolation, len(e.fields))
	for i, f := range e.fields {
		field, description := change(f.GetField(), f.GetDescription())
		c.fields[i] = &errdetails.BadRequest_FieldViolation{Field: field, Description: description}
	}
	return c
}

// Within returns an error whose invalid fields are those of a part of the message, such as "appointments", with the path of the part before theirs.
// Other errors stay as they are.
func Within(part string, err error) error {
	if e, ok := errors.AsType[*Error](err); ok && len(e.fields) > 0 {
		return e.WithFieldsRenamed(func(field string) string { return part + "." + field })
	}
	return err
}

// WithRetryAfter returns a copy with the delay before a retry makes sense.
func (e *Error) WithRetryAfter(d time.Duration) *Error {
	c := e.copy()
	c.retryAfter = d
	return c
}

// WithDetail returns a copy with a message of the contract that says more: gRPC carries it as a detail of the status, REST in
// the member "details" of the problem.
func (e *Error) WithDetail(m proto.Message) *Error {
	c := e.copy()
	c.extra = append(slices.Clone(e.extra), m)
	return c
}

// WithRequestID returns a copy with the id of the request in all logs.
func (e *Error) WithRequestID(id string) *Error {
	c := e.copy()
	c.requestID = id
	return c
}

// Error describes both halves. It is for logs only, never for clients.
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

// Is reports whether e and target are the same value of New or copies of it. Two
// values with the same code and reason are different errors. An error that another
// service sent matches no value of this process; compare its [ReasonOf].
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
func (e *Error) Message() string {
	switch e.unnamed {
	case 0:
		return e.message
	case 1:
		return e.message + "; 1 more field is not named"
	default:
		return e.message + "; " + strconv.Itoa(e.unnamed) + " more fields are not named"
	}
}

// RetryAfter returns the delay before a retry makes sense, 0 when it is not known. UNAVAILABLE and DEADLINE_EXCEEDED
// always have one.
func (e *Error) RetryAfter() time.Duration {
	if e.retryAfter == 0 && (e.code == codes.Unavailable || e.code == codes.DeadlineExceeded) {
		return defaultRetryAfter
	}
	return e.retryAfter
}

// Fields returns the invalid fields. The caller must not change them.
func (e *Error) Fields() []*errdetails.BadRequest_FieldViolation { return e.fields }

// Details returns the messages that describe the error further. The caller must not change them.
func (e *Error) Details() []proto.Message { return e.extra }

// GRPCStatus returns the public half as a status with ErrorInfo, with BadRequest when
// there are invalid fields, with RetryInfo when there is a delay, and with RequestInfo when the request is known. The package
// google.golang.org/grpc/status calls this method by its name.
func (e *Error) GRPCStatus() *status.Status {
	details := []protoadapt.MessageV1{protoadapt.MessageV1Of(&errdetails.ErrorInfo{
		Reason: e.reason, Domain: Domain, Metadata: e.metadata,
	})}
	if len(e.fields) > 0 {
		details = append(details, protoadapt.MessageV1Of(&errdetails.BadRequest{FieldViolations: e.fields}))
	}
	if delay := e.RetryAfter(); delay > 0 {
		details = append(details, protoadapt.MessageV1Of(&errdetails.RetryInfo{RetryDelay: durationpb.New(delay)}))
	}
	if e.requestID != "" {
		details = append(details, protoadapt.MessageV1Of(&errdetails.RequestInfo{RequestId: e.requestID}))
	}
	for _, m := range e.extra {
		details = append(details, protoadapt.MessageV1Of(m))
	}
	plain := status.New(e.code, e.Message())
	full, err := plain.WithDetails(details...)
	if err != nil { // only for code OK, which an Error never has
		return plain
	}
	return full
}

// InvalidField returns INVALID_ARGUMENT INVALID_FIELDS for one field. WithField adds
// more fields.
func InvalidField(field, description string) *Error {
	return New(codes.InvalidArgument, apiv1.ErrorReason_ERROR_REASON_INVALID_FIELDS,
		"the request has invalid fields").WithField(field, description)
}

// NotFound returns NOT_FOUND with the message "<what> not found". Use it also for a
// resource that exists and that the caller may not see.
func NotFound(what string) *Error {
	return New(codes.NotFound, apiv1.ErrorReason_ERROR_REASON_NOT_FOUND, what+" not found")
}

// ErrEtagMismatch is ABORTED ETAG_MISMATCH: the resource has changed since the
// caller read it.
var ErrEtagMismatch = New(codes.Aborted, apiv1.ErrorReason_ERROR_REASON_ETAG_MISMATCH,
	"the resource has changed since it was read")

// Internal returns INTERNAL with a neutral message and a cause, which is logged.
func Internal(cause error) *Error {
	return New(codes.Internal, apiv1.ErrorReason_ERROR_REASON_INTERNAL,
		"something went wrong on our side").WithCause(cause)
}

// ReasonOf returns the reason of an *Error or of a status of Salon in err, "" when there
// is none.
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
