package apierr_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
)

var errDriver = errors.New("pq: password of anna@example.com is hunter2")

func TestPublicHalf(t *testing.T) {
	t.Parallel()
	e := apierr.New(codes.FailedPrecondition, appointmentv1.ErrorReason_ERROR_REASON_SLOT_UNAVAILABLE, "the time is taken").
		WithField("segments[0].start_time", "is taken").
		WithField("segments[1].start_time", "is taken too").
		WithRetryAfter(1500 * time.Millisecond).
		WithCause(errDriver)
	s := status.Convert(e)
	if s.Code() != codes.FailedPrecondition || s.Message() != "the time is taken" {
		t.Errorf("got %v", s)
	}
	var (
		info  *errdetails.ErrorInfo
		bad   *errdetails.BadRequest
		retry *errdetails.RetryInfo
	)
	for _, d := range s.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			info = d
		case *errdetails.BadRequest:
			bad = d
		case *errdetails.RetryInfo:
			retry = d
		default:
			t.Errorf("unexpected detail %T", d)
		}
	}
	if info.GetReason() != "SLOT_UNAVAILABLE" || info.GetDomain() != "salon" {
		t.Errorf("got %v", info)
	}
	if len(bad.GetFieldViolations()) != 2 || bad.GetFieldViolations()[1].GetField() != "segments[1].start_time" {
		t.Errorf("got %v", bad)
	}
	if retry.GetRetryDelay().AsDuration() != 1500*time.Millisecond {
		t.Errorf("got %v", retry)
	}
	if strings.Contains(s.Proto().String(), "hunter2") {
		t.Error("the private half is sent")
	}
	if !strings.Contains(e.Error(), "hunter2") {
		t.Error("the private half is not logged")
	}
}

func TestCopies(t *testing.T) {
	t.Parallel()
	base := apierr.InvalidField("a", "is bad")
	one, two := base.WithField("b", "is bad"), base.WithField("c", "is bad")
	if len(base.Fields()) != 1 || one.Fields()[1].GetField() != "b" || two.Fields()[1].GetField() != "c" {
		t.Errorf("copies share fields: %v, %v, %v", base, one, two)
	}
	renamed := base.WithFieldsRenamed(func(field string) string { return "in." + field })
	if renamed.Fields()[0].GetField() != "in.a" || base.Fields()[0].GetField() != "a" {
		t.Errorf("renamed: %v, %v", renamed, base)
	}
	if e := base.WithCause(errDriver).WithRetryAfter(time.Second); !errors.Is(e.Cause(), errDriver) || e.RetryAfter() != time.Second {
		t.Errorf("got %v", e)
	}
	if base.Cause() != nil || base.RetryAfter() != 0 {
		t.Errorf("a copy changed its original: %v", base)
	}
}

// Two sentinel errors that are the same to a client.
var (
	errNoOffering  = apierr.New(codes.FailedPrecondition, appointmentv1.ErrorReason_ERROR_REASON_NOT_OFFERED, "not offered")
	errNotOffering = apierr.New(codes.FailedPrecondition, appointmentv1.ErrorReason_ERROR_REASON_NOT_OFFERED, "not offered")
)

func TestIdentity(t *testing.T) {
	t.Parallel()
	notFound := apierr.NotFound("master")
	field := errNoOffering.WithField("segments[0].service_id", "is not offered")
	for _, tt := range []struct {
		name        string
		err, target error
		want        bool
	}{
		{"itself", errNoOffering, errNoOffering, true},
		{"another of the same code and reason", errNoOffering, errNotOffering, false},
		{"with a cause", errNoOffering.WithCause(errDriver), errNoOffering, true},
		{"with a field", field, errNoOffering, true},
		{"with a time to retry", errNoOffering.WithRetryAfter(time.Second), errNoOffering, true},
		{"with all of them", field.WithRetryAfter(time.Second).WithCause(errDriver), errNoOffering, true},
		{"wrapped", fmt.Errorf("book: %w", field), errNoOffering, true},
		{"joined", errors.Join(io.EOF, field), errNoOffering, true},
		{"a copy of another", field, errNotOffering, false},
		{"an original in its copy", errNoOffering, field, true},
		{"two copies of one", field, errNoOffering.WithCause(errDriver), true},
		{"its cause", errNoOffering.WithCause(errDriver), errDriver, true},
		{"a sentinel as the cause", errNoOffering.WithCause(notFound), notFound, true},
		{"somebody else's error", errNoOffering, errDriver, false},
		{"two things not found", apierr.NotFound("master"), apierr.NotFound("salon"), false},
		{"the same thing not found twice", apierr.NotFound("master"), apierr.NotFound("master"), false},
		{"a thing not found, with a cause", notFound.WithCause(errDriver), notFound, true},
		{"through From", apierr.From(fmt.Errorf("book: %w", field)), errNoOffering, true},
		{"received from another service", apierr.From(errNoOffering.GRPCStatus().Err()), errNoOffering, false},
	} {
		if got := errors.Is(tt.err, tt.target); got != tt.want {
			t.Errorf("%s: errors.Is = %v", tt.name, got)
		}
	}
}

func TestReasons(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  *apierr.Error
		code codes.Code
		want string
	}{
		{apierr.InvalidField("f", "d"), codes.InvalidArgument, "INVALID_FIELDS"},
		{apierr.NotFound("x"), codes.NotFound, "NOT_FOUND"},
		{apierr.ErrEtagMismatch, codes.Aborted, "ETAG_MISMATCH"},
		{apierr.Internal(errDriver), codes.Internal, "INTERNAL"},
		{apierr.New(codes.Internal, apiv1.ErrorReason(999), "no such reason"), codes.Internal, "INTERNAL"},
	} {
		if tt.err.Code() != tt.code || tt.err.ReasonName() != tt.want {
			t.Errorf("got %v, want %v %s", tt.err, tt.code, tt.want)
		}
	}
}

// TestBoundedFields: an error names 16 fields, and says how many more there are.
func TestBoundedFields(t *testing.T) {
	t.Parallel()
	e := apierr.InvalidField("f0", "is bad")
	for i, want := range map[int]string{15: "the request has invalid fields", 16: "1 more field is not named", 39: "24 more fields are not named"} {
		got := e
		for n := range i {
			got = got.WithField("f", strings.Repeat("x", n))
		}
		st := got.GRPCStatus()
		if len(got.Fields()) != 16 || !strings.HasSuffix(st.Message(), want) {
			t.Errorf("%d fields: %d are named, %q", i+1, len(got.Fields()), st.Message())
		}
		if again := apierr.From(st.Err()).GRPCStatus(); again.Message() != st.Message() {
			t.Errorf("from another service: %q became %q", st.Message(), again.Message())
		}
	}
}

// TestTransientErrors: what passes by itself says when to come back, and every error can carry the request's id.
func TestTransientErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want time.Duration
	}{
		{status.Error(codes.Unavailable, "away"), time.Second},
		{context.DeadlineExceeded, time.Second},
		{apierr.New(codes.Unavailable, apiv1.ErrorReason_ERROR_REASON_UNAVAILABLE, "away").WithRetryAfter(5 * time.Second), 5 * time.Second},
		{apierr.NotFound("master"), 0},
		{apierr.Internal(nil), 0},
	} {
		sent := apierr.From(c.err).WithRequestID("my-id")
		received := apierr.From(sent.GRPCStatus().Err())
		var retry time.Duration
		var ids []string
		for _, d := range received.GRPCStatus().Details() {
			switch d := d.(type) {
			case *errdetails.RetryInfo:
				retry = d.GetRetryDelay().AsDuration()
			case *errdetails.RequestInfo:
				ids = append(ids, d.GetRequestId())
			}
		}
		if retry != c.want || received.RetryAfter() != c.want || len(ids) != 1 || ids[0] != "my-id" {
			t.Errorf("%v: retry after %v, ids %v", c.err, retry, ids)
		}
	}
}
