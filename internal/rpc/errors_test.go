package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/rpc"
)

func TestErrors(t *testing.T) {
	t.Parallel()
	rich := apierr.New(codes.FailedPrecondition, userv1.ErrorReason_ERROR_REASON_LAST_ADMIN, "the last one").
		WithField("role", "is needed").WithRetryAfter(2 * time.Second).WithCause(errors.New("hunter2"))
	tests := []struct {
		name  string
		err   error
		want  string
		level string
		cause string // part of the log line's error
	}{
		{"ours", rich, "FailedPrecondition LAST_ADMIN", "debug", "hunter2"},
		{"ours, wrapped", fmt.Errorf("hunter2: %w", rich), "FailedPrecondition LAST_ADMIN", "debug", "hunter2"},
		{"anything", errors.New("hunter2"), "Internal INTERNAL", "error", "hunter2"},
		{"a foreign status", status.Error(codes.Unknown, "hunter2"), "Internal INTERNAL", "error", "hunter2"},
		{"the database", &pgconn.PgError{Code: "42P01", Message: "hunter2"}, "Internal INTERNAL", "error", "hunter2"},
		{"a deadlock", &pgconn.PgError{Code: "40P01", Message: "hunter2"}, "Aborted CONTENTION", "debug", "hunter2"},
		{"a service down", status.Error(codes.Unavailable, "hunter2"), "Unavailable UNAVAILABLE", "warn", "hunter2"},
		{"cancelled", fmt.Errorf("hunter2: %w", context.Canceled), "Canceled CANCELLED", "debug", "hunter2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := &masters{get: func(context.Context, *userv1.GetMasterRequest) (*userv1.Master, error) { return nil, tt.err }}
			inBoth(t, rpc.ServerConfig{}, m, func(t *testing.T, e *env) {
				ctx := rpc.WithRequestInfo(t.Context(), rpc.RequestInfo{ID: "req-7"})
				_, err := e.masters().GetMaster(ctx, &userv1.GetMasterRequest{MasterId: someID})
				check(t, err, tt.want)
				got := apierr.From(err)
				if strings.Contains(got.GRPCStatus().Proto().String(), "hunter2") {
					t.Errorf("the private half is sent: %v", got.GRPCStatus().Proto())
				}
				if tt.want == "FailedPrecondition LAST_ADMIN" &&
					(got.Message() != "the last one" || len(got.Fields()) != 1 || got.RetryAfter() != 2*time.Second) {
					t.Errorf("the public half is lost: %v", got.GRPCStatus().Proto())
				}
				line := e.log.lines(t, 1)[0]
				cause, _ := line["error"].(string)
				if line["level"] != tt.level || line["request_id"] != "req-7" || !strings.Contains(cause, tt.cause) {
					t.Errorf("got %v", line)
				}
			})
		})
	}
}

func TestAccessLog(t *testing.T) {
	t.Parallel()
	inBoth(t, rpc.ServerConfig{}, &masters{}, func(t *testing.T, e *env) {
		req := &userv1.GetMasterRequest{MasterId: someID}
		resp, err := userv1.NewMasterServiceClient(e.service.For("user")).GetMaster(asAdmin(t), req)
		check(t, err, "")
		line := e.log.lines(t, 1)[0]
		for key, want := range map[string]any{
			"level": "debug", "message": "call", "service": "user", "method": "/salon.user.v1.MasterService/GetMaster", "code": "OK",
			"user_id": "user-admin", "internal": true, "client_ip": "203.0.113.9", "request_id": "req-9",
			"request_bytes": float64(proto.Size(req)), "response_bytes": float64(proto.Size(resp)),
		} {
			if line[key] != want {
				t.Errorf("%s is %v, want %v", key, line[key], want)
			}
		}
		if _, ok := line["duration_ms"].(float64); !ok {
			t.Errorf("no duration in %v", line)
		}
		for _, private := range []string{"Bearer", "authorization", someID, credential(t).Mint("user")[:20]} {
			if strings.Contains(fmt.Sprint(line), private) {
				t.Errorf("%q is logged: %v", private, line)
			}
		}
	})
}

// raw sends its bytes, whatever the message is.
type raw []byte

func (r raw) Marshal(any) ([]byte, error) { return r, nil }
func (r raw) Unmarshal([]byte, any) error { return nil }
func (r raw) Name() string                { return "proto" }

func TestUnreadable(t *testing.T) {
	t.Parallel()
	m := &masters{get: func(context.Context, *userv1.GetMasterRequest) (*userv1.Master, error) {
		t.Error("reached the handler")
		return nil, nil
	}}
	inBoth(t, rpc.ServerConfig{}, m, func(t *testing.T, e *env) {
		if !e.remote {
			t.Skip("messages are not encoded in one process")
		}
		for name, tt := range map[string]struct {
			message []byte
			want    string
		}{
			"cut short":  {[]byte{0x0a, 0x7f, 'x'}, "InvalidArgument MALFORMED_REQUEST"},
			"not UTF-8":  {[]byte{0x0a, 0x02, 0xc3, 0x28}, "InvalidArgument MALFORMED_REQUEST"},
			"not proto":  {[]byte(`{"masterId": "x"}`), "InvalidArgument MALFORMED_REQUEST"},
			"the marker": {[]byte{0xf8, 0xff, 0xff, 0xff, 0x0f, 0x01}, "InvalidArgument MALFORMED_REQUEST"},
			"too large":  {make([]byte, rpc.MaxMessageSize+1), "ResourceExhausted MESSAGE_TOO_LARGE"},
		} {
			t.Run(name, func(t *testing.T) {
				opts := []grpc.CallOption{grpc.ForceCodec(raw(tt.message)), grpc.MaxCallSendMsgSize(2 * rpc.MaxMessageSize)}
				err := e.outsider.For("user").Invoke(t.Context(), "/salon.user.v1.MasterService/GetMaster", &userv1.GetMasterRequest{}, &userv1.Master{}, opts...)
				check(t, err, tt.want)
			})
		}
		for _, line := range e.log.lines(t, 4) { // gRPC itself refuses what is too large
			if line["code"] != "InvalidArgument" {
				t.Errorf("got %v", line)
			}
		}
	})
}

func TestUnknownMethods(t *testing.T) {
	t.Parallel()
	inBoth(t, rpc.ServerConfig{}, &masters{}, func(t *testing.T, e *env) {
		for _, method := range []string{
			"/salon.user.v1.MasterService/Nope",
			"/salon.user.v1.Nope/GetMaster",
			"/salon.appointment.v1.AppointmentService/GetAppointment", // in the contract, not registered here
			"/x/y",
		} {
			for name, c := range map[string]grpc.ClientConnInterface{
				"outsider": e.outsider.For("user"), "service": e.service.For("user"), "gateway": e.service.Public("user"),
			} {
				err := c.Invoke(asAdmin(t), method, &userv1.GetMasterRequest{}, &userv1.Master{})
				if err == nil || apierr.From(err).ReasonName() != "NO_SUCH_METHOD" {
					t.Errorf("%s as %s: got %v", method, name, err)
				}
			}
		}
		if n := counted(t, e, "Nope", "") + counted(t, e, "y", ""); n != 0 {
			t.Errorf("callers made %v series of metrics", n)
		}
	})
}
