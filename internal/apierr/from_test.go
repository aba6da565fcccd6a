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

	"github.com/beauty-salon/platform/internal/apierr"
)

func TestFrom(t *testing.T) {
	t.Parallel()
	notFound := apierr.NotFound("master")
	tests := []struct {
		name   string
		in     error
		code   codes.Code
		reason string
	}{
		{"ours", notFound, codes.NotFound, "NOT_FOUND"},
		{"ours, wrapped", fmt.Errorf("load: %w", notFound), codes.NotFound, "NOT_FOUND"},
		{"ours, joined", errors.Join(io.EOF, notFound), codes.NotFound, "NOT_FOUND"},
		{"ours, over the network", notFound.GRPCStatus().Err(), codes.NotFound, "NOT_FOUND"},
		{"ours, over the network and wrapped", fmt.Errorf("ask: %w", notFound.GRPCStatus().Err()), codes.NotFound, "NOT_FOUND"},
		{"cancelled", fmt.Errorf("query: %w", context.Canceled), codes.Canceled, "CANCELLED"},
		{"out of time", fmt.Errorf("query: %w", context.DeadlineExceeded), codes.DeadlineExceeded, "DEADLINE_EXCEEDED"},
		{"gRPC out of time", status.FromContextError(context.DeadlineExceeded).Err(), codes.DeadlineExceeded, "DEADLINE_EXCEEDED"},
		{"anything", io.ErrUnexpectedEOF, codes.Internal, "INTERNAL"},
		{"gRPC unavailable", status.Error(codes.Unavailable, "hunter2"), codes.Unavailable, "UNAVAILABLE"},
		{"gRPC too large", status.Error(codes.ResourceExhausted, "grpc: received message larger than max (9 vs. 8)"), codes.ResourceExhausted, "MESSAGE_TOO_LARGE"},
		{"gRPC exhausted", status.Error(codes.ResourceExhausted, "hunter2"), codes.ResourceExhausted, "RATE_LIMITED"},
		{"gRPC unimplemented", status.Error(codes.Unimplemented, "hunter2"), codes.Unimplemented, "NO_SUCH_METHOD"},
		{"gRPC unauthenticated", status.Error(codes.Unauthenticated, "hunter2"), codes.Unauthenticated, "UNAUTHENTICATED"},
		{"gRPC denied", status.Error(codes.PermissionDenied, "hunter2"), codes.PermissionDenied, "PERMISSION_DENIED"},
		{"gRPC invalid", status.Error(codes.InvalidArgument, "hunter2"), codes.InvalidArgument, "MALFORMED_REQUEST"},
		{"gRPC out of range", status.Error(codes.OutOfRange, "hunter2"), codes.InvalidArgument, "MALFORMED_REQUEST"},
		{"gRPC not found", status.Error(codes.NotFound, "hunter2"), codes.NotFound, "NOT_FOUND"},
		{"gRPC aborted", status.Error(codes.Aborted, "hunter2"), codes.Aborted, "CONTENTION"},
		{"gRPC exists", status.Error(codes.AlreadyExists, "hunter2"), codes.Internal, "INTERNAL"},
		{"gRPC precondition", status.Error(codes.FailedPrecondition, "hunter2"), codes.Internal, "INTERNAL"},
		{"gRPC unknown", status.Error(codes.Unknown, "hunter2"), codes.Internal, "INTERNAL"},
		{"gRPC data loss", status.Error(codes.DataLoss, "hunter2"), codes.Internal, "INTERNAL"},
		{"an unknown code", status.Error(codes.Code(99), "hunter2"), codes.Internal, "INTERNAL"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := apierr.From(tt.in)
			if e.Code() != tt.code || e.ReasonName() != tt.reason {
				t.Errorf("got %v, want %v %s", e, tt.code, tt.reason)
			}
			if strings.Contains(e.GRPCStatus().Message(), "hunter2") {
				t.Errorf("a foreign text is sent: %q", e.GRPCStatus().Message())
			}
			if apierr.ReasonOf(e) != tt.reason {
				t.Errorf("ReasonOf is %q", apierr.ReasonOf(e))
			}
		})
	}
	if apierr.From(nil) != nil {
		t.Error("From(nil) is an error")
	}
	if apierr.From(notFound) != notFound {
		t.Error("an *Error is not returned as it is")
	}
}

func TestFromKeepsTheCause(t *testing.T) {
	t.Parallel()
	wrapped := fmt.Errorf("load master 7: %w", apierr.NotFound("master").WithCause(errDriver))
	if e := apierr.From(wrapped); !strings.Contains(e.Error(), "load master 7") || !errors.Is(e, errDriver) {
		t.Errorf("lost: %v", e)
	}
	if e := apierr.From(status.Error(codes.Unknown, "hunter2")); !strings.Contains(e.Error(), "hunter2") {
		t.Errorf("lost: %v", e)
	}
}

// An error that crosses two services arrives as it was sent.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	sent := apierr.InvalidField("price.amount_minor", "is bad").WithField("name", "is bad").WithRetryAfter(3 * time.Second)
	s, err := sent.GRPCStatus().WithDetails(&errdetails.Help{Links: []*errdetails.Help_Link{{Url: "https://example.com"}}})
	if err != nil {
		t.Fatal(err)
	}
	got := apierr.From(apierr.From(s.Err()).GRPCStatus().Err())
	if got.Code() != sent.Code() || got.ReasonName() != sent.ReasonName() || got.Message() != sent.Message() || got.RetryAfter() != 3*time.Second || len(got.Fields()) != 2 {
		t.Errorf("got %v, want %v", got, sent)
	}
	if n := len(got.GRPCStatus().Details()); n != 4 {
		t.Errorf("got %d details, want 4", n)
	}
}

func TestReasonOf(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"":              io.EOF,
		"NOT_FOUND":     fmt.Errorf("x: %w", apierr.NotFound("x")),
		"ETAG_MISMATCH": apierr.ErrEtagMismatch.GRPCStatus().Err(),
	} {
		if got := apierr.ReasonOf(err); got != want {
			t.Errorf("ReasonOf(%v) = %q, want %q", err, got, want)
		}
	}
}
